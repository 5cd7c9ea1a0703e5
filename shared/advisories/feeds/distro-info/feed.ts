import { PermanentError } from "../../../platform/errors.ts";
import { fetchWhole, oneDocument } from "../../sources/whole-file.ts";
import type { EndOfLifeRow, Feed, FeedRecord } from "../../types.ts";

/** https://salsa.debian.org/debian/distro-info-data: `version,codename,series,created,release,eol,...` */
const files = ["debian.csv", "ubuntu.csv"] as const;
const header = /^version,codename,series,created,release,eol((?:,eol-[a-z]+)*)\r?$/m;
const day = /^\d{4}-\d{2}-\d{2}$/;

function productOf(document: string): "debian" | "ubuntu" | undefined {
  const [, columns] = header.exec(document.slice(0, 200)) ?? [];
  if (columns === undefined) return undefined;
  return columns.includes("eol-esm") ? "ubuntu" : columns.includes("eol-lts") ? "debian" : undefined;
}

/** How many columns after `eol` are of support whose advisories are published: not Debian's ELTS, which a company sells. */
const extensions = { debian: 1, ubuntu: 3 } as const;

/** The last of those that has a date is the longest extension. */
function rowOf(columns: readonly string[], product: keyof typeof extensions): EndOfLifeRow | undefined {
  const date = columns[5]?.trim();
  if (date === undefined || !day.test(date)) return undefined;
  const extended = columns
    .slice(6, 6 + extensions[product])
    .filter((column) => day.test(column) && column > date)
    .sort()
    .at(-1);
  return { date, ...(extended !== undefined && { extended }) };
}

/** Until when Debian's and Ubuntu's releases are looked after. */
export const feed: Feed = {
  name: "distro-info",
  recognises: (document) => productOf(document.toString("latin1", 0, 200)) !== undefined,
  read(document) {
    const text = document.toString("utf8");
    const product = productOf(text);
    if (product === undefined) throw new PermanentError("advisory-malformed", "not a list of releases");
    return text
      .split(/\r?\n/)
      .slice(1)
      .flatMap((line): readonly FeedRecord[] => {
        const columns = line.split(",");
        const version = /^\d+(?:\.\d+)?/.exec(columns[0] ?? "")?.[0];
        const row = rowOf(columns, product);
        if (version === undefined || row === undefined) return [];
        return [{ kind: "row", table: "end-of-life", key: `${product}:${version}`, value: row }];
      });
  },
  upstream: {
    url: "https://salsa.debian.org/debian/distro-info-data/-/raw/main",
    enabled: true,
    licence: "ISC",
    attribution: "distro-info-data, Debian",
    redistributable: true,
    staleAfterHours: 24 * 60,
    parts: () => [...files],
    fetch(part, fetcher) {
      return fetchWhole(fetcher, part, (stored) => oneDocument(stored, part));
    },
  },
};
