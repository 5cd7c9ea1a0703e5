/**
 * Source packages whose security support ends before their release's: the lists of Debian's package
 * debian-security-support, one for each release.
 */

import { oneLine } from "../../reading/text.ts";
import { fetchWhole, oneDocument } from "../../sources/whole-file.ts";
import type { EndOfLifeRow, Feed, FeedRecord } from "../../types.ts";

const fileName = /(?:^|\/)security-support-ended(?:\.deb(\d{1,3}))?$/;

/** Releases with a list of their own; the package drops a list when the release's own support is over. */
const releases = ["11", "12", "13"];

/** A pattern of names, told beside the names: `php-horde.*` is every name that begins so. */
interface EndedNames extends EndOfLifeRow {
  readonly prefix: string;
}

/** `<source> <last version with support> <date> <words>`; the rest are comments. */
function readLine(line: string): { readonly name: string; readonly row: EndOfLifeRow } | undefined {
  const [, name, date, words = ""] =
    /^([a-z0-9][a-z0-9+.*-]*)\s+\S+\s+(\d{4}-\d{2}-\d{2})(?:\s+(\S.*))?$/.exec(line) ?? [];
  if (name === undefined || date === undefined) return undefined;
  const reason = oneLine(words);
  return { name, row: { date, ...(reason !== "" && { reason }) } };
}

export const feed: Feed = {
  name: "debian-support",
  recognises: (document, file) => fileName.test(file) && document.includes("security support"),
  read(document, _context, file = "") {
    const release = fileName.exec(file)?.[1];
    // The list without a release is a copy of that of the release it was installed on.
    if (release === undefined) return [{ kind: "ignored", reason: "release-not-told" }];
    const records: FeedRecord[] = [];
    const patterns: EndedNames[] = [];
    for (const line of document.toString("utf8").split(/\r?\n/)) {
      const ended = readLine(line);
      if (ended === undefined) continue;
      const { name, row } = ended;
      if (name.endsWith(".*")) patterns.push({ prefix: name.slice(0, -2), ...row });
      else if (!name.includes("*")) {
        records.push({ kind: "row", table: "end-of-life", key: `deb:${name}:${release}`, value: row });
      }
    }
    if (patterns.length === 0) return records;
    return [...records, { kind: "row", table: "end-of-life", key: `deb-prefixes:${release}`, value: patterns }];
  },
  upstream: {
    url: "https://salsa.debian.org/debian/debian-security-support/-/raw/master",
    enabled: true,
    attribution: "debian-security-support, Debian",
    redistributable: true,
    staleAfterHours: 24 * 60,
    parts: (wants) => releases.filter((release) => wants(`Debian:${release}`)),
    fetch(part, fetcher) {
      const name = `security-support-ended.deb${part}`;
      return fetchWhole(fetcher, name, (stored) => oneDocument(stored, name));
    },
  },
};
