import { type Report, reportKey, reportSchema } from "../findings/report.ts";
import { PermanentError } from "../platform/errors.ts";
import type { Blobs } from "../platform/ports.ts";

/** Reads a report. Throws `PermanentError("report-missing" | "report-unreadable")`. */
export async function readReport(blobs: Blobs, id: string): Promise<Report> {
  const bytes = await blobs.get(reportKey(id));
  if (bytes === undefined) throw new PermanentError("report-missing", `report ${id} is not there (any more)`);
  try {
    return reportSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new PermanentError("report-unreadable", `report ${id} cannot be read`, { cause });
  }
}
