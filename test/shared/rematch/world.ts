/** A platform in memory whose re-matches run to their end, with advisories that can be changed. */
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import { updateAdvisories } from "../../../shared/advisories/update/update.ts";
import type { DomainEvent, EventOf } from "../../../shared/events/types.ts";
import { type Report, reportKey, reportSchema } from "../../../shared/findings/report.ts";
import type { Platform } from "../../../shared/platform/ports.ts";
import { rematchBatch } from "../../../shared/rematch/batch.ts";
import { batchItem } from "../../../shared/rematch/documents.ts";
import { handleRematchMessage, rematchMessage } from "../../../shared/rematch/requests.ts";
import { inDirectory, ndjson } from "../advisories/support.ts";
import { makeWorld, type World } from "../scanning/world.ts";

export interface RematchWorld extends World {
  /** Messages for the queue in front of re-matches that wait, with their delays. */
  readonly waiting: { readonly body: unknown; readonly delaySeconds: number }[];
  readonly full: Platform;
  /** Replaces the advisories by these records, through a real update. */
  publish(records: readonly unknown[], kev?: readonly string[]): Promise<void>;
  /** Announces what changed, and runs all that follows but what waits; the reports that were told. */
  settle(ask?: { everything: boolean; gone: boolean }): Promise<Report[]>;
}

export async function rematchWorld(): Promise<RematchWorld> {
  const world = await makeWorld({ advisories: false });
  const waiting: RematchWorld["waiting"] = [];
  const full = {
    ...world.platform,
    queues: {
      send: async (_queue: string, bodies: readonly unknown[], delaySeconds = 0) => {
        waiting.push(...bodies.map((body) => ({ body, delaySeconds })));
      },
    },
  } as unknown as Platform;
  let update = 0;
  return {
    ...world,
    waiting,
    full,
    async publish(records, kev) {
      update++;
      world.pass(1);
      const files = {
        "records.ndjson": ndjson([...records, record(`FILLER-${update}`, "filler", "npm", "1.0.0")]),
        ...(kev !== undefined && { "kev.json": JSON.stringify(catalogue(kev)) }),
      };
      await inDirectory(files, (directory) => updateAdvisories(full, advisorySettings.parse({}), directory));
    },
    async settle(ask = { everything: false, gone: false }) {
      const from = world.published.length;
      await handleRematchMessage(full, rematchMessage.parse({ kind: "ask", ...ask }));
      const told: Report[] = [];
      for (let index = from; index < world.published.length; index++) await follow(full, world.published[index]);
      for (const event of completed(world)) {
        const bytes = await full.blobs.get(reportKey(event.reportId));
        if (bytes !== undefined) told.push(reportSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8"))));
      }
      return told;
    },
  };
}

export async function follow(platform: Platform, event: DomainEvent | undefined): Promise<void> {
  if (event?.type === "AdvisoriesChanged") await handleRematchMessage(platform, event);
  if (event?.type === "RematchPlanned") {
    const bytes = await platform.blobs.get(event.data.items);
    const items: unknown = JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
    if (!Array.isArray(items)) throw new Error("the items are no list");
    for (const item of items) await rematchBatch(platform, batchItem.parse(item));
  }
}

/** `RematchCompleted` events in the outbox, the oldest first. */
export function completed(world: World): EventOf<"RematchCompleted">["data"][] {
  return world.platform.table
    .items()
    .filter(({ pk }) => pk.startsWith("outbox#rematch-completed:"))
    .sort((a, b) => ((a.time ?? "") < (b.time ?? "") ? -1 : 1))
    .map(({ data }) => (data as { detail: EventOf<"RematchCompleted">["data"] }).detail);
}

/** An advisory in OSV form: versions before `fixed` are affected, or all of them. */
export function record(id: string, name: string, ecosystem: string, fixed?: string, severity = "HIGH"): object {
  return {
    schema_version: "1.6.0",
    id,
    modified: "2026-02-28T00:00:00Z",
    summary: `${id} in ${name}`,
    database_specific: { severity },
    affected: [
      {
        package: { ecosystem, name },
        ranges: [
          {
            type: ecosystem === "npm" ? "SEMVER" : "ECOSYSTEM",
            events: [{ introduced: "0" }, ...(fixed === undefined ? [] : [{ fixed }])],
          },
        ],
      },
    ],
  };
}

function catalogue(cves: readonly string[]): object {
  return {
    title: "CISA Catalog of Known Exploited Vulnerabilities",
    catalogVersion: "2026.03.01",
    dateReleased: "2026-03-01T00:00:00.000Z",
    count: cves.length,
    vulnerabilities: cves.map((cveID) => ({ cveID, dateAdded: "2026-03-01" })),
  };
}
