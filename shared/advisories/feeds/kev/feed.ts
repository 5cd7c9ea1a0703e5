import * as z from "zod";
import { checked, parseJson } from "../../reading/json-document.ts";
import { firstByteOf, openingBracket, openingQuote } from "../../reading/peek.ts";
import { fetchWhole, memberDocuments } from "../../sources/whole-file.ts";
import type { Feed, FeedRecord } from "../../types.ts";

const file = "known_exploited_vulnerabilities.json";

/** CISA's catalogue of known exploited vulnerabilities: https://www.cisa.gov/known-exploited-vulnerabilities-catalog */
const catalogue = z.object({ vulnerabilities: z.array(z.unknown()).max(100_000) });
const entry = z.object({
  cveID: z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/),
  dateAdded: z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/),
});

const recordOf = ({ cveID: cve, dateAdded: since }: z.infer<typeof entry>): FeedRecord => ({
  kind: "exploited",
  cve,
  since,
});

const isEntry = (document: Buffer) =>
  /^\s*\{\s*"cveID"\s*:\s*"/.test(document.toString("latin1", 0, 64)) && document.includes('"dateAdded"');

/** The whole catalogue, or one entry of it. */
export const feed: Feed = {
  name: "kev",
  recognises: (document) =>
    isEntry(document) ||
    (firstByteOf(document, "catalogVersion") === openingQuote &&
      firstByteOf(document, "vulnerabilities") === openingBracket),
  read(document) {
    const value = parseJson(document);
    if (isEntry(document)) return [recordOf(checked(entry, value))];
    // Entries of a whole catalogue cannot be quarantined one by one: the others of a broken one count.
    return checked(catalogue, value).vulnerabilities.flatMap((one) => {
      const { data } = entry.safeParse(one);
      return data === undefined ? [] : [recordOf(data)];
    });
  },
  upstream: {
    url: "https://www.cisa.gov/sites/default/files/feeds",
    enabled: true,
    licence: "CC0-1.0",
    attribution: "CISA Known Exploited Vulnerabilities Catalog",
    redistributable: true,
    staleAfterHours: 7 * 24,
    parts: () => [""],
    fetch: (_part, fetcher) =>
      fetchWhole(fetcher, file, (stored) => memberDocuments(stored, file, ["vulnerabilities"])),
  },
};
