/** The shards and tables of the new set: those that something touched are laid out anew, the others stay. */
import type { Platform } from "../../platform/ports.ts";
import { ecosystemFamily } from "../ecosystems.ts";
import { layOutShard, layOutTable, type OldShard, type Replacement } from "../set/lay-out.ts";
import type { Manifest, ManifestShard, ManifestTable } from "../set/manifest.ts";
import { areIntact, storeShard, storeTable } from "../set/publish.ts";
import { parseHead } from "../set/shard.ts";
import { openContent, openParts } from "../set/store.ts";
import type { Intake } from "./intake.ts";

type Ports = Pick<Platform, "blobs" | "clock" | "log" | "progress">;

/** What an update does to the sources that are there. */
export interface Turnover {
  readonly intake: Intake;
  readonly before: Manifest | undefined;
  /** Whether shards of that ecosystem family are kept at all. */
  keepsFamily(family: string): boolean;
  /** Everything that the source has in that family goes (or, without a family: its rows of tables). */
  replaces(source: string, family: string | undefined): boolean;
  removes(source: string, id: string): boolean;
  /** Some record of the source is to be removed. */
  removesFrom(source: string): boolean;
  /** The records that a source that told what changed told anew. */
  retold?(source: string): ReadonlySet<string> | undefined;
  /** What was taken in of it does not count. */
  failed(source: string): boolean;
}

/**
 * What was laid out before, by name and by what it was laid out of: another builder may publish meanwhile, and then only
 * what that one touched as well is laid out again.
 */
export type LaidOutBefore = Map<
  string,
  { readonly of: string | undefined; readonly listed: ManifestShard | ManifestTable | undefined }
>;

async function onceOnly<Listed extends ManifestShard | ManifestTable>(
  before: LaidOutBefore,
  key: string,
  of: string | undefined,
  layOut: () => Promise<Listed | undefined>,
): Promise<Listed | undefined> {
  const known = before.get(key);
  if (known !== undefined && known.of === of) return known.listed as Listed | undefined;
  const listed = await layOut();
  before.set(key, { of, listed });
  return listed;
}

/** What holds for one shard (or, without a family, for a table). */
function replacementFor(turnover: Turnover, family?: string): Replacement {
  return {
    replaces: (source) => turnover.replaces(source, family),
    removes: (source, id) => turnover.removes(source, id),
    retells: (source, id) => turnover.retold?.(source)?.has(id) === true,
    failed: (source) => turnover.failed(source),
  };
}

export async function rebuildShards(
  ports: Ports,
  turnover: Turnover,
  laidOutBefore: LaidOutBefore = new Map(),
): Promise<ManifestShard[]> {
  const { intake, before } = turnover;
  const old = new Map(before?.shards.map((shard) => [shard.name, shard]));
  const names = [...new Set([...intake.spool.shards(), ...old.keys()])].filter((name) =>
    turnover.keepsFamily(ecosystemFamily(name)),
  );
  const taken = new Set(intake.spool.shards());
  const shards: ManifestShard[] = [];
  for (const [index, name] of names.sort().entries()) {
    const listed = old.get(name);
    const replacement = replacementFor(turnover, ecosystemFamily(name));
    const isTouched =
      taken.has(name) ||
      listed?.sources.some((source) => replacement.replaces(source) || turnover.removesFrom(source)) === true ||
      (listed !== undefined && (await holdsRetold(ports, turnover, listed)));
    ports.progress.report("shards", index + 1, names.length);
    if (!isTouched && listed !== undefined) {
      shards.push(listed);
      continue;
    }
    const of = listed && `${listed.sha256} ${listed.details.sha256}`;
    const shard = await onceOnly(laidOutBefore, `shard ${name}`, of, async () => {
      const needsOld = listed?.sources.some((source) => !replacement.replaces(source)) === true;
      const oldShard = listed !== undefined && needsOld ? await openOld(ports, listed) : undefined;
      const laidOut = await layOutShard(() => intake.spool.shardLines(name), oldShard, replacement);
      return laidOut && (await storeShard(ports, name, laidOut));
    });
    if (shard !== undefined) shards.push(shard);
  }
  return shards;
}

/**
 * Whether a record that was told anew is in a shard that nothing was added to: it is not about this ecosystem any more.
 * (A shard that is broken is none of this update's business.)
 */
async function holdsRetold(ports: Ports, turnover: Turnover, listed: ManifestShard): Promise<boolean> {
  const anew = new Map(
    listed.sources.flatMap((source) => {
      const ids = turnover.retold?.(source);
      return ids === undefined ? [] : [[source, ids] as const];
    }),
  );
  if (anew.size === 0 || !(await areIntact(ports.blobs, [listed]))) return false;
  const content = await openContent(ports.blobs, listed);
  for (let number = 0; number < content.advisories; number++) {
    const { id, source } = parseHead(content.advisory(number), listed.sha256);
    if (anew.get(source)?.has(id) === true) return true;
  }
  return false;
}

/** A shard that cannot be read does not stop the update: what it had is fetched anew, or was lost anyhow. */
async function openOld(ports: Ports, listed: ManifestShard): Promise<OldShard | undefined> {
  if (!(await areIntact(ports.blobs, [listed, listed.details]))) {
    ports.log.warn("an advisory shard is broken and is laid out without what it had", { shard: listed.name });
    return undefined;
  }
  return { content: await openContent(ports.blobs, listed), details: await openParts(ports.blobs, listed.details) };
}

export async function rebuildTables(
  ports: Ports,
  turnover: Turnover,
  laidOutBefore: LaidOutBefore = new Map(),
): Promise<ManifestTable[]> {
  const { intake, before } = turnover;
  const old = new Map(before?.tables.map((table) => [table.name, table]));
  const taken = new Set(intake.spool.tables());
  const replacement = replacementFor(turnover);
  const tables: ManifestTable[] = [];
  for (const name of new Set([...taken, ...old.keys()])) {
    const listed = old.get(name);
    const isTouched = taken.has(name) || listed?.sources.some((source) => replacement.replaces(source)) === true;
    if (!isTouched && listed !== undefined) {
      tables.push(listed);
      continue;
    }
    const table = await onceOnly(laidOutBefore, `table ${name}`, listed?.sha256, async () => {
      const isReadable = listed !== undefined && (await areIntact(ports.blobs, [listed]));
      const opened = isReadable ? await openParts(ports.blobs, listed) : undefined;
      const laidOut = await layOutTable(() => intake.spool.tableLines(name), opened, replacement);
      if (laidOut === undefined) return undefined;
      return { name, ...(await storeTable(ports, `table-${name}`, laidOut)), sources: [...laidOut.sources] };
    });
    if (table !== undefined) tables.push(table);
  }
  return tables;
}
