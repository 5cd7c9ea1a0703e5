import { PermanentError } from "../../../platform/errors.ts";
import { decompressedFile } from "../../sources/compressed.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { linesOf } from "../../sources/lines.ts";
import type { FeedUpstream } from "../../types.ts";
import { csvHeader } from "./schema.ts";

const file = "epss_scores-current.csv.gz";
const rowsPerDocument = 5000;

/** The rows, some thousands to a document, each below the line that tells their day. */
async function* documentsIn(path: string): AsyncGenerator<SourceDocument> {
  let header: Buffer | undefined;
  let rows: Buffer[] = [];
  const newline = Buffer.from("\n");
  const document = (): SourceDocument => ({ file, bytes: Buffer.concat([header ?? newline, newline, ...rows]) });
  for await (const line of linesOf(decompressedFile(path), 4096)) {
    if (header === undefined) {
      if (line === undefined || !csvHeader.test(line.toString("latin1"))) {
        throw new PermanentError("advisories-refused", `${file} does not begin as EPSS scores do`);
      }
      header = Buffer.from(line);
      continue;
    }
    if (line !== undefined) rows.push(Buffer.from(line), newline);
    if (rows.length < rowsPerDocument * 2) continue;
    yield document();
    rows = [];
  }
  if (rows.length > 0) yield document();
}

export const upstream: FeedUpstream = {
  url: "https://epss.empiricalsecurity.com",
  enabled: true,
  attribution: "EPSS, FIRST.org and Empirical Security, https://www.first.org/epss/",
  redistributable: true,
  staleAfterHours: 72,
  parts: () => [""],
  async fetch(_part, fetcher) {
    const fetched = await fetcher.file(file, { conditional: true });
    if (fetched.unchanged) return fetched;
    return { unchanged: false, extent: "whole", documents: documentsIn(fetched.path) };
  },
};
