import * as z from "zod";
import { checked, parseJson } from "../../reading/json-document.ts";
import { fetchWhole, memberDocuments } from "../../sources/whole-file.ts";
import type { EndOfLifeRow, Feed, FeedRecord } from "../../types.ts";

const path = "api/v1/products/full";

const date = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/)
  .nullish();
const name = z
  .string()
  .max(200)
  .regex(/^[\w.+-]+(?: [\w.+-]+)*$/);

/** One product of https://endoflife.date/docs/api/v1/ */
const product = z.object({
  name,
  releases: z.array(z.object({ name, isEol: z.boolean().nullish(), eolFrom: date, eoesFrom: date })).max(10_000),
});
const products = z.object({ result: z.array(z.unknown()).max(10_000) });

/** A release that is looked after without an end in sight has no row. */
function rowsOf(told: z.infer<typeof product>): readonly FeedRecord[] {
  return told.releases.flatMap((release): readonly FeedRecord[] => {
    const { eolFrom, eoesFrom, isEol } = release;
    const isOver = isEol === true;
    if (typeof eolFrom !== "string" && !isOver) return [];
    const value: EndOfLifeRow = {
      ...(typeof eolFrom === "string" && { date: eolFrom }),
      ...(typeof eoesFrom === "string" && { extended: eoesFrom }),
    };
    return [{ kind: "row", table: "end-of-life", key: `${told.name}:${release.name}`, value }];
  });
}

/** Until when software is looked after: endoflife.date, product by product or as the list of all. */
export const feed: Feed = {
  name: "endoflife",
  recognises: (document) =>
    /^\s*\{/.test(document.toString("latin1", 0, 64)) &&
    document.includes('"eolFrom"') &&
    document.includes('"releases"'),
  read(document) {
    const value = parseJson(document);
    const all =
      typeof value === "object" && value !== null && "result" in value ? checked(products, value).result : [value];
    return all.flatMap((item) => rowsOf(checked(product, item)));
  },
  upstream: {
    url: "https://endoflife.date",
    enabled: true,
    licence: "MIT",
    attribution: "endoflife.date, https://endoflife.date",
    redistributable: true,
    staleAfterHours: 24 * 14,
    parts: () => [""],
    fetch: (_part, fetcher) => fetchWhole(fetcher, path, (stored) => memberDocuments(stored, path, ["result"])),
  },
};
