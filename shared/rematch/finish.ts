/** The end of a re-match: one report of the whole change, and the event that has it told. */
import * as z from "zod";
import { outboxWrite } from "../events/outbox.ts";
import { byPriority } from "../findings/priority.ts";
import { type Report, type ReportedFinding, reportKey } from "../findings/report.ts";
import { type Severity, severities } from "../findings/types.ts";
import { limits } from "../platform/limits.ts";
import type { Platform } from "../platform/ports.ts";
import { blobsOfChange, type Change, keysOfChange, readDocument, retentionSeconds } from "./change.ts";
import { type BatchResult, batchResultSchema } from "./documents.ts";

type FinishPorts = Pick<Platform, "table" | "blobs" | "clock" | "log">;

const planSchema = z.object({ batches: z.int(), plannedAt: z.iso.datetime() });

/** Writes the report and its event, once. `undone`: batches that are not waited for any longer. */
export async function finishRematch(
  { table, blobs, clock, log }: FinishPorts,
  change: Change,
  undone: readonly number[] = [],
): Promise<void> {
  const keys = keysOfChange(change.id);
  if ((await table.get(keys.report)) !== undefined) return;
  const plan = planSchema.parse((await table.get(keys.plan))?.data);
  const all = emptyResult();
  for (let number = 0; number < plan.batches; number++) {
    if (undone.includes(number)) continue;
    add(all, await readDocument(blobs, blobsOfChange(change.id).result(number), batchResultSchema));
  }
  const now = clock.now();
  const report = reportOf(change, all, plan.plannedAt, new Date(now).toISOString(), undone.length);
  await blobs.put(reportKey(report.id), Buffer.from(JSON.stringify(report)), "application/json");
  const event = {
    type: "RematchCompleted" as const,
    id: `rematch-completed:${report.id}`,
    time: report.endedAt,
    data: {
      reportId: report.id,
      status: report.status === "complete" ? ("complete" as const) : ("partial" as const),
      images: all.matched,
      introduced: report.introduced.length,
      fixed: report.fixed.length,
      escalated: report.escalated?.length ?? 0,
    },
  };
  const expiresAt = Math.floor(now / 1000) + retentionSeconds;
  await table.transact([
    { put: { ...keys.report, data: event.data, expiresAt, condition: { ifAbsent: true } } },
    outboxWrite(event, now),
  ]);
  log.info("the re-match is complete", { change: change.id, ...event.data });
}

type Mutable = { -readonly [Name in keyof BatchResult]: BatchResult[Name] };

function emptyResult(): Mutable {
  return { matched: 0, changed: 0, skipped: 0, problems: [], introduced: [], fixed: [], escalated: [], quiet: 0 };
}

function add(all: Mutable, one: BatchResult): void {
  all.matched += one.matched;
  all.changed += one.changed;
  all.skipped += one.skipped;
  all.quiet += one.quiet;
  all.problems.push(...one.problems);
  all.introduced.push(...one.introduced);
  all.fixed.push(...one.fixed);
  all.escalated.push(...one.escalated);
}

function reportOf(change: Change, all: BatchResult, startedAt: string, endedAt: string, undone: number): Report {
  const warnings: string[] = [];
  if (undone > 0) warnings.push(`${undone} batches of images are not done yet: their findings come without a message`);
  if (all.quiet > 0) {
    warnings.push(`${all.quiet} more matches on kernel headers, unimportant or vendor-patched packages are recorded`);
  }
  const best = (findings: readonly ReportedFinding[], what: string) => {
    const sorted = [...findings].sort(mostUrgent);
    const more = sorted.length - limits.findingsPerReport;
    if (more > 0) warnings.push(`${more} more ${what} findings are recorded, not listed`);
    return sorted.slice(0, limits.findingsPerReport);
  };
  const open: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { severity } of all.introduced) open[severity]++;
  return {
    schema: "portwarden.report/1",
    id: change.id,
    kind: "advisories",
    subject: { name: `advisories ${change.after.slice(0, 12)}`, tags: [], running: [] },
    status: undone > 0 || all.problems.length > 0 ? "partial" : "complete",
    problems: all.problems.slice(0, 50),
    introduced: best(all.introduced, "new"),
    fixed: best(all.fixed, "fixed"),
    escalated: best(all.escalated, "newly exploited"),
    images: { matched: all.matched, changed: all.changed },
    open,
    warnings,
    cause: change.everything ? "everything was matched again" : "the advisories changed",
    startedAt,
    endedAt,
  };
}

/** As findings are ordered: known exploited and critical first, of equal ones those that run. */
function mostUrgent(a: ReportedFinding, b: ReportedFinding): number {
  const ranked = ({ fixedVersion, running, ...rest }: ReportedFinding) => ({
    ...rest,
    running: running === true ? ["somewhere"] : [],
    ...(fixedVersion !== undefined && { fixedVersion }),
  });
  return (
    byPriority(ranked(a), ranked(b)) ||
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    order(a.id, b.id)
  );
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
