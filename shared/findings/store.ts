/** Reading findings, and writing one transition of one finding as a set of writes that commit together. */
import * as z from "zod";
import type { Item, Platform, Table, Write } from "../platform/ports.ts";
import { acceptanceKey, findingKey, findingsOf, listKey, timelineKey, timelinePartition } from "./keys.ts";
import {
  type Cause,
  type Finding,
  findingSchema,
  type Resource,
  resourceSchema,
  type TimelineEntry,
  type Transition,
  timelineEntrySchema,
} from "./types.ts";

/** A finding as read: `version` guards the next write. */
export interface StoredFinding {
  readonly finding: Finding;
  readonly version: number;
}

const listedSchema = findingSchema.pick({
  id: true,
  kind: true,
  rule: true,
  severity: true,
  exploited: true,
  fixedVersion: true,
  resource: true,
  state: true,
});
/** What the list keeps of a finding: enough to filter by. */
export type ListedFinding = z.infer<typeof listedSchema>;

export function readListed(item: Item): ListedFinding {
  return listedSchema.parse(item.data);
}

export function readFinding(item: Item): StoredFinding {
  return { finding: findingSchema.parse(item.data), version: item.version };
}

/** Every finding of a resource, whatever its state. */
export async function findingsOfResource(table: Table, resource: Resource): Promise<StoredFinding[]> {
  const found: StoredFinding[] = [];
  let after: string | undefined;
  do {
    const page = await table.query({ pk: findingsOf(resource), ...(after === undefined ? {} : { after }) });
    for (const item of page.items) found.push(readFinding(item));
    after = page.next;
  } while (after !== undefined);
  return found;
}

const timelineRecordSchema = z.object({ entry: timelineEntrySchema, resource: resourceSchema });

/** One finding by its id; `undefined` when there is none. */
export async function getFinding(table: Table, id: string): Promise<StoredFinding | undefined> {
  const newest = await table.query({ pk: timelinePartition(id), prefix: "entry#", direction: "backward", limit: 1 });
  const item = newest.items[0];
  if (item === undefined) return undefined;
  const { resource } = timelineRecordSchema.parse(item.data);
  const stored = await table.get(findingKey(resource, id));
  return stored === undefined ? undefined : readFinding(stored);
}

/** The newest transitions of a finding, oldest first; at most 1,000. */
export async function getTimeline(table: Table, id: string): Promise<TimelineEntry[]> {
  const page = await table.query({ pk: timelinePartition(id), prefix: "entry#", direction: "backward", limit: 1000 });
  return page.items.map((item) => timelineRecordSchema.parse(item.data).entry).reverse();
}

/** One change of a finding: from what was read (nothing, when it is new) to what it is now. */
export interface Change {
  readonly before: StoredFinding | undefined;
  readonly after: Finding;
  /** Absent: details are refreshed without an entry in the timeline. */
  readonly transition?: { readonly name: Transition; readonly note?: string };
}

/** The writes of one change: the finding, its timeline entry, its place in the list, its acceptance. */
export function writesOf(change: Change, cause: Cause, now: number): Write[] {
  const { before, after, transition } = change;
  const version = before?.version ?? 0;
  const condition = before === undefined ? ({ ifAbsent: true } as const) : { ifVersion: version };
  const writes: Write[] = [
    { put: { ...findingKey(after.resource, after.id), data: after, time: cause.time, condition } },
  ];
  if (transition !== undefined) {
    const entry: TimelineEntry = {
      transition: transition.name,
      at: new Date(now).toISOString(),
      cause,
      state: after.state,
      severity: after.severity,
      ...(transition.note === undefined ? {} : { note: transition.note }),
    };
    writes.push({ put: { ...timelineKey(after.id, version + 1), data: { entry, resource: after.resource } } });
  }
  const place = listKey(after);
  const oldPlace = before === undefined ? undefined : listKey(before.finding);
  if (oldPlace !== undefined && (oldPlace.pk !== place.pk || oldPlace.sk !== place.sk)) {
    writes.push({ remove: oldPlace });
  }
  writes.push({ put: { ...place, data: listedSchema.parse(after) } });
  return [...writes, ...acceptanceWrites(before?.finding, after)];
}

function acceptanceWrites(before: Finding | undefined, after: Finding): Write[] {
  const old = before?.state === "accepted" ? before.acceptance?.until : undefined;
  const current = after.state === "accepted" ? after.acceptance?.until : undefined;
  if (old === current) return [];
  const writes: Write[] = [];
  if (old !== undefined) writes.push({ remove: acceptanceKey(old, after.id) });
  if (current !== undefined) {
    writes.push({ put: { ...acceptanceKey(current, after.id), data: { id: after.id, resource: after.resource } } });
  }
  return writes;
}

/** The most writes one change can need. */
export const writesPerChange = 6;

/**
 * Commits changes in transactions as large as the table takes. `false` when somebody else wrote one of the findings
 * in between: what was committed before stays (every change stands for itself), and the caller reads again.
 */
export async function commitChanges(
  platform: Pick<Platform, "table" | "clock">,
  changes: readonly Change[],
  cause: Cause,
  transactionSize = 99,
): Promise<boolean> {
  let batch: Write[] = [];
  const flush = async (): Promise<boolean> => {
    if (batch.length === 0) return true;
    const { written } = await platform.table.transact(batch);
    batch = [];
    return written;
  };
  for (const change of changes) {
    const writes = writesOf(change, cause, platform.clock.now());
    if (batch.length + writes.length > transactionSize && !(await flush())) return false;
    batch.push(...writes);
  }
  return flush();
}
