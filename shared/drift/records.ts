/** Drift records: what one read found changed, before and after, and who did it. Kept in the table, newest last. */
import * as z from "zod";
import type { Item, Put, Table } from "../platform/ports.ts";
import { changeKey, changeSchema, type ToldChange } from "./deviations.ts";

const retentionSeconds = 400 * 86_400;
/** Changes listed in one record: an item holds 350 kB. */
const listedChanges = 20;

export const driftRecordSchema = z.object({
  id: z.string(),
  /** The cluster's full identifier. */
  scope: z.string(),
  detectedAt: z.iso.datetime(),
  since: z.iso.datetime().optional(),
  changes: z.array(changeSchema).max(listedChanges),
  /** Changes beyond those; the canonical documents hold all of them. */
  omitted: z.int().min(0),
  /** Hashes of the canonical documents before and after. */
  before: z.string(),
  after: z.string(),
});
export type DriftRecord = z.infer<typeof driftRecordSchema>;

function recordKey(scope: string, id: string) {
  return { pk: `drift#${scope}`, sk: id };
}

/** Ids order by time: the time of the read that found it, then the assessment. */
export function recordId(readAt: string, assessment: string): string {
  return `${readAt}#${assessment}`;
}

export function recordPut(record: Omit<DriftRecord, "omitted">): Put {
  const changes = record.changes.slice(0, listedChanges);
  const data: DriftRecord = { ...record, changes, omitted: record.changes.length - changes.length };
  return { ...recordKey(record.scope, record.id), data, expiresAt: expiryOf(record.detectedAt) };
}

/** The write that tells in an earlier record who made a change; `undefined` when the record is gone. */
export async function explainedPut(
  table: Table,
  scope: string,
  id: string,
  changes: readonly ToldChange[],
): Promise<Put | undefined> {
  const item = await table.get(recordKey(scope, id));
  if (item === undefined) return undefined;
  const record = readRecord(item);
  const who = new Map(changes.map((change) => [changeKey(change), change.who]));
  const told = record.changes.map((change) => ({ ...change, who: who.get(changeKey(change)) ?? change.who }));
  return { ...recordKey(scope, id), data: { ...record, changes: told }, expiresAt: expiryOf(record.detectedAt) };
}

/** The newest drift records of a cluster, newest first. */
export async function driftRecords(table: Table, scope: string, limit = 100): Promise<DriftRecord[]> {
  const page = await table.query({ pk: recordKey(scope, "").pk, direction: "backward", limit });
  return page.items.map(readRecord);
}

function readRecord(item: Item): DriftRecord {
  return driftRecordSchema.parse(item.data);
}

function expiryOf(detectedAt: string): number {
  return Math.floor(Date.parse(detectedAt) / 1000) + retentionSeconds;
}
