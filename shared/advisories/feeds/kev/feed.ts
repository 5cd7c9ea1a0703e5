import * as z from "zod";
import { PermanentError } from "../../../platform/errors.ts";
import { firstByteOf, openingBracket, openingQuote } from "../../peek.ts";
import { documentsOf } from "../../sources/files.ts";
import type { Feed, FeedUpstream } from "../../types.ts";

/** CISA's catalogue of known exploited vulnerabilities: https://www.cisa.gov/known-exploited-vulnerabilities-catalog */
const catalogue = z.object({
  catalogVersion: z.string(),
  vulnerabilities: z.array(z.object({ cveID: z.string(), dateAdded: z.string() })).max(100_000),
});
const cve = /^CVE-[0-9]{4}-[0-9]{4,19}$/;
const day = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

const upstream: FeedUpstream = {
  url: "https://www.cisa.gov/sites/default/files/feeds",
  enabled: true,
  licence: "CC0-1.0",
  attribution: "CISA Known Exploited Vulnerabilities Catalog",
  redistributable: true,
  staleAfterHours: 7 * 24,
  parts: () => [""],
  async fetch(_part, fetcher) {
    const fetched = await fetcher.file("known_exploited_vulnerabilities.json", { conditional: true });
    if (fetched.unchanged) return fetched;
    return { unchanged: false, extent: "whole", documents: documentsOf(fetched.path, "kev.json") };
  },
};

export const feed: Feed = {
  name: "kev",
  upstream,
  recognises: (document) =>
    firstByteOf(document, "catalogVersion") === openingQuote &&
    firstByteOf(document, "vulnerabilities") === openingBracket,
  read(document) {
    let parsed: z.infer<typeof catalogue>;
    try {
      parsed = catalogue.parse(JSON.parse(document.toString("utf8")));
    } catch (error) {
      throw new PermanentError("advisory-malformed", "not a catalogue of known exploited vulnerabilities", {
        cause: error,
      });
    }
    return parsed.vulnerabilities
      .filter((entry) => cve.test(entry.cveID) && day.test(entry.dateAdded))
      .map((entry) => ({ kind: "exploited", cve: entry.cveID, since: entry.dateAdded }));
  },
};
