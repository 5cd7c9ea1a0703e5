import { PermanentError } from "../../../platform/errors.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import { firstByteOf, openingBracket, openingQuote } from "../../reading/peek.ts";
import type { EpssRow, Feed, FeedRecord } from "../../types.ts";
import { csvHeader, datedRow, day, listing } from "./schema.ts";
import { upstream } from "./upstream.ts";

const table = "epss";
const cve = /^CVE-[0-9]{4}-[0-9]{4,19}$/;

/** A share from 0 to 1. */
function shareOf(text: string | undefined): number | undefined {
  return text !== undefined &&
    /^(?:0?\.[0-9]{1,20}|[01](?:\.[0-9]{1,20})?(?:[eE]-[0-9]{1,3})?)$/.test(text) &&
    Number(text) <= 1
    ? Number(text)
    : undefined;
}

const malformed: FeedRecord = { kind: "ignored", reason: "malformed-row" };

/** The published form: `CVE-1999-0001,0.00383,0.73075` below `#model_version:v2023.03.01,score_date:2025-02-20T00:00:00+0000`. */
function readScores(text: string, date: string): readonly FeedRecord[] {
  return text.split("\n").flatMap((line): readonly FeedRecord[] => {
    if (line === "" || line.startsWith("#") || line.startsWith("cve,")) return [];
    const [key = "", epss, percentile] = line.trimEnd().split(",");
    const probability = shareOf(epss);
    const rank = shareOf(percentile);
    if (!cve.test(key) || probability === undefined) return [malformed];
    const value: EpssRow = { probability, ...(rank !== undefined && { percentile: rank }), date };
    return [{ kind: "row", table, key, value }];
  });
}

/** The days of the first model, as JSON: without ranks. */
function readListing(document: Buffer): readonly FeedRecord[] {
  const { score_date: time, data } = checked(listing, parseJson(document));
  const date = time.slice(0, 10);
  return data.map((entry): FeedRecord => {
    const row = datedRow.safeParse(entry).data;
    if (row === undefined) return malformed;
    return { kind: "row", table, key: row.id, value: { probability: row.epss, date } satisfies EpssRow };
  });
}

/** Exploit Prediction Scoring System: https://www.first.org/epss/data_stats */
export const feed: Feed = {
  name: "epss",
  upstream,
  recognises(document) {
    if (csvHeader.test(document.toString("latin1", 0, 200))) return true;
    return (
      firstByteOf(document.subarray(0, 1000), "score_date") === openingQuote &&
      firstByteOf(document.subarray(0, 1000), "data") === openingBracket
    );
  },
  read(document) {
    const date = csvHeader.exec(document.toString("latin1", 0, 200))?.[1];
    if (date === undefined) return readListing(document);
    if (!day.test(date)) throw new PermanentError("advisory-malformed", "the day of the scores is not a date");
    const records = readScores(document.toString("latin1"), date);
    if (records.length > 0 && records.every((record) => record === malformed)) {
      throw new PermanentError("advisory-malformed", "none of its rows is a score");
    }
    return records;
  },
};
