/** What the table keeps of a scan, so that a repeated event finds it done. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { outboxWrite } from "../events/outbox.ts";
import { type Report, reportKey, reportSchema } from "../findings/report.ts";
import type { Platform, Table } from "../platform/ports.ts";

const retentionSeconds = 400 * 86_400;

/** The identity of a scan: one image or tag, for one cause. 32 hex digits. */
export function scanIdOf(name: string, causeId: string): string {
  return createHash("sha256")
    .update(JSON.stringify([name, causeId]))
    .digest("hex")
    .slice(0, 32);
}

const scanRecordSchema = z.object({ scanId: z.string(), status: z.enum(["complete", "partial", "failed"]) });
export type ScanRecord = z.infer<typeof scanRecordSchema>;

function scanKey(scanId: string) {
  return { pk: `scan#${scanId}`, sk: "scan" };
}

function causeKey(causeId: string, scanId: string) {
  return { pk: `scans-of#${causeId}`, sk: scanId };
}

export async function getScan(table: Table, scanId: string): Promise<ScanRecord | undefined> {
  const item = await table.get(scanKey(scanId));
  return item === undefined ? undefined : scanRecordSchema.parse(item.data);
}

/** The scans that one event or request led to. */
export async function scansOfCause(table: Table, causeId: string): Promise<string[]> {
  const page = await table.query({ pk: causeKey(causeId, "").pk, limit: 100 });
  return page.items.map(({ sk }) => sk);
}

/** The report of a scan or assessment; `undefined` when there is none. */
export async function getReport(platform: Pick<Platform, "blobs">, id: string): Promise<Report | undefined> {
  const bytes = await platform.blobs.get(reportKey(id));
  return bytes === undefined ? undefined : reportSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
}

/**
 * Ends a scan: the report is written, then its record and its event commit together. A second run of the same scan
 * changes nothing.
 */
export async function completeScan(
  platform: Pick<Platform, "table" | "blobs" | "clock">,
  report: Report,
  image: { readonly registry: string; readonly repository: string; readonly digest?: string },
  causeId: string,
): Promise<void> {
  await platform.blobs.put(reportKey(report.id), Buffer.from(JSON.stringify(report)), "application/json");
  const now = platform.clock.now();
  const expiresAt = Math.floor(now / 1000) + retentionSeconds;
  const record: ScanRecord = { scanId: report.id, status: report.status };
  await platform.table.transact([
    { put: { ...scanKey(report.id), data: record, expiresAt, condition: { ifAbsent: true } } },
    { put: { ...causeKey(causeId, report.id), data: {}, expiresAt } },
    outboxWrite(
      {
        type: "ScanCompleted",
        id: `scan-completed:${report.id}`,
        time: report.endedAt,
        data: {
          scanId: report.id,
          registry: image.registry,
          repository: image.repository,
          ...(image.digest === undefined ? {} : { digest: image.digest }),
          status: report.status,
          introduced: report.introduced.length,
          fixed: report.fixed.length,
        },
      },
      now,
    ),
  ]);
}
