/**
 * The Go vulnerability database at its own place: https://go.dev/doc/security/vuln/database#api . Its records have the
 * form of OSV, so the OSV feed reads them; here is only how they are fetched.
 */
import * as z from "zod";
import { PermanentError } from "../../../platform/errors.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { fetchEach } from "../../sources/each.ts";
import { zipDocuments } from "../../sources/zip.ts";
import type { Feed, FeedUpstream, Fetcher } from "../../types.ts";

const archive = "vulndb.zip";
/** More changed records than this are cheaper to fetch with the whole archive. */
const mostChanges = 1000;

const database = z.object({ modified: z.iso.datetime() });
const list = z
  .array(z.object({ id: z.string().regex(/^GO-[0-9]{4}-[0-9]{4,10}$/), modified: z.iso.datetime() }))
  .max(1_000_000);

async function* wholeArchive(path: string, progress: Fetcher["progress"]): AsyncGenerator<SourceDocument> {
  for await (const document of zipDocuments(path, archive, progress)) {
    if (/(?:^|\/)ID\/GO-[0-9-]+\.json$/.test(document.entry ?? "")) yield document;
  }
}

/** A small file of the index. Throws `PermanentError("advisories-refused")` for what is something else. */
async function indexOf<Schema extends z.ZodType>(
  fetcher: Fetcher,
  name: string,
  schema: Schema,
): Promise<z.infer<Schema>> {
  try {
    return checked(schema, parseJson(await fetcher.bytes(`index/${name}`, { mostBytes: 64 * 1024 * 1024 })));
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "advisory-malformed") throw error;
    throw new PermanentError("advisories-refused", `index/${name}: ${error.message}`, { cause: error });
  }
}

const upstream: FeedUpstream = {
  url: "https://vuln.go.dev",
  // OSV exports the same records.
  enabled: false,
  licence: "CC-BY-4.0",
  attribution: "Go Vulnerability Database, https://go.dev/security/vuln",
  redistributable: true,
  staleAfterHours: 14 * 24,
  parts: (wants) => (wants("Go") ? [""] : []),
  async fetch(_part, fetcher) {
    const { modified } = await indexOf(fetcher, "db.json", database);
    const since = fetcher.cursors["modified"];
    if (since === modified) return { unchanged: true };
    const cursors = () => ({ modified });
    if (since !== undefined) {
      const all = await indexOf(fetcher, "vulns.json", list);
      const ids = all.filter((one) => Date.parse(one.modified) > Date.parse(since)).map(({ id }) => id);
      if (ids.length <= mostChanges) {
        const paths = ids.map((id) => `ID/${id}.json`);
        const { documents, missing } = fetchEach(fetcher, paths, { again: fetcher.cursors["missing"] });
        return {
          unchanged: false,
          extent: "changes",
          documents,
          cursors: () => ({ ...cursors(), missing: missing() }),
        };
      }
    }
    const fetched = await fetcher.file(archive);
    if (fetched.unchanged) return fetched;
    return { unchanged: false, extent: "whole", documents: wholeArchive(fetched.path, fetcher.progress), cursors };
  },
};

export const feed: Feed = {
  name: "go-vulndb",
  recognises: () => false,
  read: () => [],
  upstream,
};
