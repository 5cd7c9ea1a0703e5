import { PermanentError } from "../../../platform/errors.ts";
import { contentOf } from "../../sources/compressed.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { fetchWhole } from "../../sources/whole-file.ts";
import type { Feed } from "../../types.ts";
import { advisoriesIn, readAdvisory } from "./lists.ts";

/** The lists come to about a megabyte each. */
const mostListBytes = 64 * 1024 * 1024;

/** One document for each advisory. */
async function* documentsOf(stored: string, file: string): AsyncGenerator<SourceDocument> {
  const list = await contentOf(stored, mostListBytes);
  for (const text of advisoriesIn(list.toString("utf8"))) yield { file, bytes: Buffer.from(text) };
}

/** The ids of Debian's updates (DSA, DLA), and what each fixes. */
export const feed: Feed = {
  name: "debian-advisories",
  recognises: (document) => /^\[\d{1,2} [A-Z][a-z]{2} \d{4}\] D[SL]A-\d/.test(document.toString("latin1", 0, 64)),
  read(document, context) {
    return advisoriesIn(document.toString("utf8")).map((text) => {
      const record = readAdvisory(text, context);
      if (record === undefined)
        throw new PermanentError("advisory-malformed", `not an advisory: ${text.slice(0, 100)}`);
      return record;
    });
  },
  upstream: {
    url: "https://salsa.debian.org/security-tracker-team/security-tracker/raw/master/data",
    enabled: true,
    attribution: "Debian security tracker, https://security-tracker.debian.org",
    redistributable: true,
    staleAfterHours: 96,
    parts: (wants) => (wants("Debian:12") ? ["DSA", "DLA"] : []),
    fetch: (part, fetcher) => fetchWhole(fetcher, `${part}/list`, (stored) => documentsOf(stored, `${part}/list`)),
  },
};
