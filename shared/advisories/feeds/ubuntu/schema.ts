/** A record of the Ubuntu CVE tracker as JSON, as far as it is used. */
import * as z from "zod";

/** The rows are the bulk (a record has up to a thousand) and are checked one by one as they are read. */
export const trackerRecord = z.object({
  candidate: z
    .string()
    .max(100)
    .regex(/^CVE-\d{4}-[0-9A-Za-z]{4,19}$/),
  description: z.string().max(1_000_000).nullish(),
  priority: z.string().max(100).nullish(),
  public_date: z.string().max(100).nullish(),
  /** Who gives the score -> vector. */
  cvss: z.record(z.string(), z.string().max(1000)).nullish(),
  /** `jammy`, `esm-infra/jammy` -> source package -> status. */
  packages: z.record(z.string().max(100), z.unknown()),
});

export interface TrackerRecord {
  readonly candidate: string;
  readonly description?: string | null | undefined;
  readonly priority?: string | null | undefined;
  readonly public_date?: string | null | undefined;
  readonly cvss?: Readonly<Record<string, string>> | null | undefined;
  readonly packages: Readonly<Record<string, unknown>>;
}

export interface PackageStatus {
  readonly status: string;
  readonly note?: string | null | undefined;
  readonly priority?: string | null | undefined;
}

const isText = (value: unknown) => value === undefined || value === null || typeof value === "string";

/** Whether that is a row: by hand, as there are a million and a half of them. */
export function isPackageStatus(value: unknown): value is PackageStatus {
  if (typeof value !== "object" || value === null) return false;
  const { status, note, priority } = value as Readonly<Record<string, unknown>>;
  return typeof status === "string" && isText(note) && isText(priority);
}
