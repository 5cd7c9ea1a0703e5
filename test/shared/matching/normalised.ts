/** A store from advisories in any form: as their publishers write them, and as we keep them. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publish, storeExploited } from "../../../shared/advisories/set/publish.ts";
import { type Advisories, openAdvisories } from "../../../shared/advisories/set/store.ts";
import type { Advisory, Affected, Feed, FeedRecord } from "../../../shared/advisories/types.ts";
import { createIntake, takeIn } from "../../../shared/advisories/update/intake.ts";
import { rebuildShards, rebuildTables } from "../../../shared/advisories/update/rebuild.ts";
import { testPorts } from "../advisories/support.ts";

/** A record as the store keeps it; the rest follows. */
export type Kept = Pick<Advisory, "id"> &
  Partial<Advisory> & {
    readonly affected: readonly (Affected & { readonly ecosystem: string; readonly name: string })[];
  };

export interface Content {
  /** In OSV form. */
  readonly advisories?: readonly Readonly<Record<string, unknown>>[];
  /** In ours: what OSV has no words for (states, products, architectures, symbols). */
  readonly records?: readonly Kept[];
  /** Rows by table and key. */
  readonly tables?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** CVEs that are known to be exploited. */
  readonly exploited?: readonly string[];
}

function recordsOf({ records = [], tables = {} }: Content): readonly FeedRecord[] {
  const rows = Object.entries(tables).flatMap(([table, content]) =>
    Object.entries(content).map(([key, value]): FeedRecord => ({ kind: "row", table, key, value })),
  );
  return [
    ...rows,
    ...records.map(({ affected, ...advisory }): FeedRecord => {
      const { id } = advisory;
      const cves = id.startsWith("CVE-") ? { cves: [id] } : {};
      const modified = "2026-01-01T00:00:00.000Z";
      return {
        kind: "advisory",
        advisory: {
          ...cves,
          database: "Test",
          summary: "",
          url: `https://advisories.example/${id}`,
          modified,
          ...advisory,
        },
        affected: affected.map(({ ecosystem, name, ...rest }) => ({ ecosystem, name, affected: rest })),
      };
    }),
  ];
}

/** What no feed can say is read by one that takes it as it is. */
const asItIs = (content: Content): Feed => ({
  name: "test",
  recognises: (document) => document.length === 0,
  read: () => recordsOf(content),
});

/** The set of 1 March 2026. */
export async function loadContent(content: Content): Promise<Advisories> {
  const ports = testPorts();
  const directory = await mkdtemp(join(tmpdir(), "portwarden-test-"));
  try {
    const spool = join(directory, "spool");
    await mkdir(spool);
    const intake = createIntake(spool);
    async function* documents() {
      for (const advisory of content.advisories ?? []) {
        const bytes = Buffer.from(JSON.stringify({ modified: "2026-01-01T00:00:00Z", ...advisory }));
        yield { file: "advisories", bytes };
      }
      yield { file: "records", bytes: Buffer.alloc(0) };
    }
    await takeIn(intake, documents(), { wants: () => true, part: "files", feed: asItIs(content) });
    if (intake.quarantined.length > 0) throw new Error(JSON.stringify(intake.quarantined));
    const turnover = {
      intake,
      before: undefined,
      keepsFamily: () => true,
      replaces: () => true,
      removes: (_: string, id: string) => intake.withdrawn.has(id),
      removesFrom: () => false,
      failed: () => false,
    };
    const exploited = new Map((content.exploited ?? []).map((cve) => [cve, "2026-01-01"]));
    await publish(ports, {
      sources: [],
      shards: await rebuildShards(ports, turnover),
      tables: await rebuildTables(ports, turnover),
      ...(exploited.size > 0 && { exploited: await storeExploited(ports, exploited, "kev") }),
    });
    return await openAdvisories(ports.blobs);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
