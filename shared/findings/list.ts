import * as z from "zod";
import { PermanentError } from "../platform/errors.ts";
import type { Table } from "../platform/ports.ts";
import { findingKey, findingsOf, listPartition, listShards } from "./keys.ts";
import { atLeast, byPriority, priorityRanks } from "./priority.ts";
import { type ListedFinding, readFinding, readListed } from "./store.ts";
import type { Finding, FindingKind, FindingState, Resource, Severity } from "./types.ts";

export interface FindingFilter {
  readonly state: FindingState;
  readonly kind?: FindingKind;
  /** At least this severity. */
  readonly severity?: Severity;
  /** Exactly this rule: a CVE, an advisory, a check. */
  readonly rule?: string;
  /** Images of this `registry/repository`. */
  readonly repository?: string;
  readonly resource?: Resource;
  readonly fixable?: boolean;
  readonly exploited?: boolean;
  readonly running?: boolean;
}

export interface FindingPage {
  readonly findings: readonly Finding[];
  /** Opaque; pass it to get the next page. A page may be short, even empty, and still have one. */
  readonly next?: string;
}

/** List entries read for one page before it is cut short. */
const scanBudget = 5000;

const cursorSchema = z.tuple([z.int().min(0).max(priorityRanks), z.int().min(0).max(listShards), z.string().max(1500)]);

/**
 * Findings in order of priority (known exploited and critical first, and of equal ones those that run), filtered.
 * Throws `PermanentError("bad-cursor")` for a cursor that was not made here.
 */
export async function listFindings(
  table: Table,
  filter: FindingFilter,
  limit: number,
  cursor?: string,
): Promise<FindingPage> {
  if (filter.resource !== undefined) return listOfResource(table, filter.resource, filter, limit, cursor);
  let [rank, shard, after] = decodeCursor(cursor);
  const chosen: ListedFinding[] = [];
  let read = 0;
  while (rank < priorityRanks) {
    const room = Math.min(1000, scanBudget - read, Math.max(limit, 100));
    const page = await table.query({
      pk: listPartition(filter.state, rank, shard),
      limit: room,
      ...(after === "" ? {} : { after }),
    });
    for (const item of page.items) {
      read++;
      after = item.sk;
      const listed = readListed(item);
      if (!matches(listed, rank, filter)) continue;
      chosen.push(listed);
      if (chosen.length === limit)
        return { findings: await load(table, chosen), next: encodeCursor(rank, shard, after) };
    }
    if (page.next === undefined) {
      after = "";
      shard = (shard + 1) % listShards;
      if (shard === 0) rank = nextRank(rank, filter);
    }
    if (read >= scanBudget && rank < priorityRanks) {
      return { findings: await load(table, chosen), next: encodeCursor(rank, shard, after) };
    }
  }
  return { findings: await load(table, chosen) };
}

/** Even ranks hold what runs, odd ones what does not: a filter on running skips half of them. */
function nextRank(rank: number, filter: FindingFilter): number {
  return filter.running === undefined ? rank + 1 : rank + (rank % 2 === (filter.running ? 0 : 1) ? 2 : 1);
}

function matches(listed: ListedFinding, rank: number, filter: FindingFilter): boolean {
  return (
    (filter.kind === undefined || listed.kind === filter.kind) &&
    (filter.severity === undefined || atLeast(listed.severity, filter.severity)) &&
    (filter.rule === undefined || listed.rule === filter.rule) &&
    (filter.repository === undefined ||
      (listed.resource.type === "image" && listed.resource.id.startsWith(`${filter.repository}@`))) &&
    (filter.fixable === undefined || (listed.fixedVersion !== undefined) === filter.fixable) &&
    (filter.exploited === undefined || listed.exploited === filter.exploited) &&
    (filter.running === undefined || (rank % 2 === 0) === filter.running)
  );
}

async function load(table: Table, chosen: readonly ListedFinding[]): Promise<Finding[]> {
  const items = await table.batchGet(chosen.map(({ resource, id }) => findingKey(resource, id)));
  const byId = new Map(items.map((item) => [item.sk, readFinding(item).finding]));
  return chosen.flatMap(({ id }) => byId.get(id) ?? []);
}

async function listOfResource(
  table: Table,
  resource: Resource,
  filter: FindingFilter,
  limit: number,
  cursor: string | undefined,
): Promise<FindingPage> {
  const all: Finding[] = [];
  let after: string | undefined;
  do {
    const page = await table.query({ pk: findingsOf(resource), ...(after === undefined ? {} : { after }) });
    for (const item of page.items) {
      const { finding } = readFinding(item);
      const rank = finding.running.length > 0 ? 0 : 1;
      if (finding.state === filter.state && matches(finding, rank, filter)) all.push(finding);
    }
    after = page.next;
  } while (after !== undefined);
  all.sort((a, b) => byPriority(a, b) || (a.id < b.id ? -1 : 1));
  const last = decodeCursor(cursor)[2];
  const start = last === "" ? 0 : all.findIndex((finding) => finding.id === last) + 1;
  const findings = all.slice(start, start + limit);
  const end = findings.at(-1);
  return end !== undefined && start + limit < all.length
    ? { findings, next: encodeCursor(0, 0, end.id) }
    : { findings };
}

function encodeCursor(rank: number, shard: number, after: string): string {
  return Buffer.from(JSON.stringify([rank, shard, after])).toString("base64url");
}

function decodeCursor(cursor: string | undefined): [number, number, string] {
  if (cursor === undefined) return [0, 0, ""];
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch (cause) {
    throw new PermanentError("bad-cursor", "the cursor is not one that was handed out here", { cause });
  }
}
