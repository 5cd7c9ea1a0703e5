import { isVexOf, vexDocument } from "../../reading/csaf.ts";
import { cvssScorer } from "../../reading/cvss.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import type { Feed } from "../../types.ts";
import { readOval } from "./oval.ts";
import { releaseOfFile, upstream } from "./upstream.ts";
import { readVex } from "./vex.ts";

const score = cvssScorer();

const isOval = (document: Buffer) =>
  /^<definition\s[^>]*\bid="oval:org\.opensuse\.security:def:/.test(document.toString("latin1", 0, 512));

/** SUSE and openSUSE, CVE by CVE, fixed or not: OVAL definitions and CSAF VEX documents. */
export const feed: Feed = {
  name: "suse",
  recognises: (document) => isOval(document) || isVexOf(document, "https://www.suse.com/"),
  read(document, { wants }, file = "") {
    if (isOval(document)) return [readOval(document, wants, score, releaseOfFile(file))];
    return readVex(checked(vexDocument, parseJson(document)), wants, score);
  },
  upstream,
};
