import { cvssScorer } from "../../reading/cvss.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import type { Feed } from "../../types.ts";
import { readTrackerRecord } from "./read.ts";
import { trackerRecord } from "./schema.ts";
import { recordOfText } from "./text.ts";
import { upstream } from "./upstream.ts";

const score = cvssScorer();

const isJson = (document: Buffer) => /^\s*\{/.test(document.toString("latin1", 0, 64));
/** After comments and other fields, within the first lines. */
const isText = (document: Buffer) => /^Candidate: *CVE-\d{4}-\w+ *\r?$/m.test(document.toString("latin1", 0, 4096));

/** The Ubuntu CVE tracker, as JSON and in the text of its own files, with what only Ubuntu Pro fixes. */
export const feed: Feed = {
  name: "ubuntu",
  recognises: (document) =>
    isJson(document)
      ? /"candidate"\s*:\s*"CVE-/.test(document.toString("latin1", 0, 1024)) && document.includes('"packages"')
      : isText(document),
  read(document, context) {
    const record = isJson(document) ? parseJson(document) : recordOfText(document.toString("utf8"));
    return [readTrackerRecord(checked(trackerRecord, record), context, score)];
  },
  upstream,
};
