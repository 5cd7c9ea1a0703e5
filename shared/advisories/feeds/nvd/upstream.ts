/**
 * The NVD's data feeds: https://nvd.nist.gov/vuln/data-feeds : one file for each year, and one with what changed in
 * the last eight days.
 */
import { PermanentError } from "../../../platform/errors.ts";
import { decompressedFile } from "../../sources/compressed.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { jsonMembers } from "../../sources/json-members.ts";
import type { FeedUpstream, Fetched, Fetcher } from "../../types.ts";

/** CVEs of the years before are in the file of this one. */
const firstYear = 2002;
const day = 24 * 60 * 60 * 1000;
/** The file of changes covers eight days; one is left for clocks and for the hours between its builds. */
const changesCover = 7 * day;

const fileOf = (name: string) => `nvdcve-2.0-${name}.json.gz`;

async function* documentsIn(path: string, file: string): AsyncGenerator<SourceDocument> {
  for await (const { bytes } of jsonMembers(decompressedFile(path), ["vulnerabilities"])) {
    yield bytes === undefined ? { file, bytes: Buffer.alloc(0), problem: "larger than allowed" } : { file, bytes };
  }
}

async function* everyYear(fetcher: Fetcher, years: readonly number[]): AsyncGenerator<SourceDocument> {
  for (const [index, year] of years.entries()) {
    const file = fileOf(String(year));
    const isLast = index === years.length - 1;
    const fetched = await fetcher.file(file).catch((error: unknown) => {
      // In the first days of a year it has no file.
      if (isLast && error instanceof PermanentError) return { unchanged: true } as const;
      throw error;
    });
    if (!fetched.unchanged) yield* documentsIn(fetched.path, file);
    fetcher.progress(index + 1, years.length);
  }
}

/** When a file was built, and the hash of its content: `lastModifiedDate:2026-02-01T03:00:01-05:00`, `sha256:...`. */
async function builtAt(fetcher: Fetcher): Promise<string> {
  const meta = (await fetcher.bytes("nvdcve-2.0-modified.meta", { mostBytes: 4096 })).toString("latin1");
  const time = /^lastModifiedDate:(\S{1,40})\s*$/m.exec(meta)?.[1];
  if (time === undefined || Number.isNaN(Date.parse(time))) {
    throw new PermanentError("advisories-refused", "nvdcve-2.0-modified.meta does not tell when it was built");
  }
  return new Date(time).toISOString();
}

async function fetchChanges(fetcher: Fetcher, built: string): Promise<Fetched> {
  const file = fileOf("modified");
  const fetched = await fetcher.file(file);
  if (fetched.unchanged) return fetched;
  return {
    unchanged: false,
    extent: "changes",
    documents: documentsIn(fetched.path, file),
    cursors: () => ({ built }),
  };
}

export const upstream: FeedUpstream = {
  url: "https://nvd.nist.gov/feeds/json/cve/2.0",
  // More than a hundred megabytes at first, for CVEs that hardly any publisher leaves without a severity.
  enabled: false,
  attribution:
    "National Vulnerability Database, NIST: this product uses its data but is not endorsed or certified by the NVD",
  redistributable: true,
  staleAfterHours: 72,
  parts: () => [""],
  async fetch(_part, fetcher) {
    const built = await builtAt(fetcher);
    const known = fetcher.cursors["built"];
    if (known === built) return { unchanged: true };
    if (known !== undefined && Date.parse(built) - Date.parse(known) < changesCover)
      return fetchChanges(fetcher, built);
    const last = new Date(fetcher.now()).getUTCFullYear();
    const years = Array.from({ length: Math.max(1, last - firstYear + 1) }, (_, index) => firstYear + index);
    return { unchanged: false, extent: "whole", documents: everyYear(fetcher, years), cursors: () => ({ built }) };
  },
};
