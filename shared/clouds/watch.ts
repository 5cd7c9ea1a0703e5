/** What the product remembers of each cluster it watches: one item per cluster, written only under its version. */
import { randomBytes } from "node:crypto";
import * as z from "zod";
import { clusterChanged } from "../events/types.ts";
import { TransientError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Key, Platform, Put, Table } from "../platform/ports.ts";

/** A cluster, wherever it runs. */
export const clusterRef = clusterChanged.pick({ provider: true, account: true, region: true, cluster: true });
export type ClusterRef = z.infer<typeof clusterRef>;

/** A hint that something changed. A sweep is one too, but no event: it names no author and explains no change. */
export const hintSchema = clusterChanged.shape.cause.extend({
  id: z.string().min(1).max(256),
  sweep: z.boolean().default(false),
  /** The watch's count when it was noted. */
  generation: z.int().min(0),
});
export type Hint = z.infer<typeof hintSchema>;

const milliseconds = z.int().min(0);

export const watchSchema = clusterRef.extend({
  /** Counts the hints; `assessed` is the count that the last finished assessment covers. */
  generation: z.int().min(0),
  assessed: z.int().min(0),
  /** First and last hint that wait for a re-read, and when the wake-up that was sent for them is due. */
  pendingSince: milliseconds.optional(),
  lastHintAt: milliseconds.optional(),
  wakeAt: milliseconds.optional(),
  /** The newest hints, pending and past, oldest first: a change is explained by them. */
  hints: z.array(hintSchema),
  /** Ids of the newest events, so that a repeat is known. */
  seen: z.array(z.string()),
  /** Who is assessing now, and until when they may. */
  lease: z.object({ by: z.string(), until: milliseconds }).optional(),
  /** Key of the hashes that stand for values of this cluster; never leaves this item. */
  salt: z.string(),
  /** The last assessment that changed something, and when the cluster was last read. */
  assessment: z.string().optional(),
  readAt: z.iso.datetime().optional(),
});
export type Watch = z.infer<typeof watchSchema>;

export interface StoredWatch {
  readonly watch: Watch;
  /** 0: not stored yet. */
  readonly version: number;
}

export function watchKey(ref: Pick<ClusterRef, "cluster">): Key {
  return { pk: `cluster#${ref.cluster}`, sk: "watch" };
}

/** The list of known clusters of a region: small items, apart from the watches. */
function listPartition(ref: Pick<ClusterRef, "provider" | "region">): string {
  return `clusters#${ref.provider}#${ref.region}`;
}

export function listKey(ref: ClusterRef): Key {
  return { pk: listPartition(ref), sk: ref.cluster };
}

export async function getWatch(table: Table, ref: ClusterRef): Promise<StoredWatch | undefined> {
  const item = await table.get(watchKey(ref));
  return item === undefined ? undefined : { watch: watchSchema.parse(item.data), version: item.version };
}

export function newWatch(ref: ClusterRef): StoredWatch {
  const salt = randomBytes(32).toString("hex");
  return { watch: { ...pickRef(ref), generation: 0, assessed: 0, hints: [], seen: [], salt }, version: 0 };
}

/** Only the parts that name the cluster. */
export function pickRef({ provider, account, region, cluster }: ClusterRef): ClusterRef {
  return { provider, account, region, cluster };
}

/** The write of a watch that was read as `before`; fails when somebody else wrote it since. */
export function watchPut(before: StoredWatch, watch: Watch): Put {
  const condition = before.version === 0 ? ({ ifAbsent: true } as const) : { ifVersion: before.version };
  return { ...watchKey(watch), data: watch, condition };
}

/** Clusters known in a region, of one account or of all. */
export async function knownClusters(
  table: Table,
  where: { readonly provider: "ecs"; readonly region: string; readonly account?: string },
): Promise<ClusterRef[]> {
  const known: ClusterRef[] = [];
  let after: string | undefined;
  do {
    const page = await table.query({ pk: listPartition(where), ...(after === undefined ? {} : { after }) });
    for (const item of page.items) {
      const ref = clusterRef.parse(item.data);
      if (where.account === undefined || where.account === ref.account) known.push(ref);
    }
    after = page.next;
  } while (after !== undefined);
  return known;
}

const attempts = 20;

/**
 * Changes a cluster's watch. `change` gives what it becomes, or `undefined` to leave it; it runs again when another
 * writer was faster. Returns the watch as it is then. Throws `TransientError("cluster-conflict")` when others never rest.
 */
export async function updateWatch(
  platform: Pick<Platform, "table">,
  ref: ClusterRef,
  change: (watch: Watch, stored: boolean) => Watch | undefined,
): Promise<Watch> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const before = (await getWatch(platform.table, ref)) ?? newWatch(ref);
    const after = change(before.watch, before.version > 0);
    if (after === undefined) return before.watch;
    // The list first: a cluster that is listed and not yet watched is harmless, the other way round is not.
    if (before.version === 0) await platform.table.put({ ...listKey(ref), data: pickRef(ref) });
    const { written } = await platform.table.put(watchPut(before, after));
    if (written) return after;
  }
  throw new TransientError("cluster-conflict", `${ref.cluster} is being written by others`);
}

/** Adds a hint to a watch: newest kept, repeats unchanged. */
export function withHint(watch: Watch, hint: Omit<Hint, "generation">, now: number): Watch {
  const generation = watch.generation + 1;
  const hints = bounded([...watch.hints, { ...hint, generation }].sort(byTime));
  return {
    ...watch,
    generation,
    pendingSince: watch.pendingSince ?? now,
    lastHintAt: now,
    hints,
    seen: [...watch.seen, hint.id].slice(-limits.seenEventsPerCluster),
  };
}

/** Hints with an author explain changes; the others, of which a busy cluster sends many, make room for them. */
function bounded(hints: readonly Hint[]): Hint[] {
  const excess = hints.length - limits.causesPerCluster;
  if (excess <= 0) return [...hints];
  const expendable = new Set([...hints].sort((a, b) => value(a) - value(b) || byTime(a, b)).slice(0, excess));
  return hints.filter((hint) => !expendable.has(hint));
}

function value({ actor, resource }: Hint): number {
  return (actor === undefined ? 0 : 2) + (resource === undefined ? 0 : 1);
}

function byTime(a: Hint, b: Hint): number {
  return Date.parse(a.time) - Date.parse(b.time) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
