/**
 * Red Hat, CVE by CVE: CSAF VEX documents and records of the Security Data API, which also tell what is not affected
 * and what will not be fixed; and the products that repositories belong to.
 */
import { PermanentError } from "../../../platform/errors.ts";
import { isVexOf, vexDocument } from "../../reading/csaf.ts";
import { cvssScorer } from "../../reading/cvss.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import type { Feed } from "../../types.ts";
import { repositories, securityData } from "./schema.ts";
import { readSecurityData } from "./security-data.ts";
import { upstream } from "./upstream.ts";
import { readVex } from "./vex.ts";

const score = cvssScorer();

type Form = "vex" | "security-data" | "repositories";

const repositoryTable = "red-hat-repositories";

function formOf(document: Buffer): Form | undefined {
  const head = document.toString("latin1", 0, 4096);
  if (isVexOf(document, "https://www.redhat.com")) return "vex";
  if (/^\s*\{\s*"data"\s*:\s*\{/.test(head) && /"cpes"\s*:\s*\[/.test(head)) return "repositories";
  // Members come in any order.
  if (!/^\s*\{/.test(head) || !head.includes('"public_date"') || !head.includes('"bugzilla"')) return undefined;
  const has = (member: string) => document.indexOf(`"${member}"`) >= 0;
  return has("package_state") || has("affected_release") ? "security-data" : undefined;
}

export const feed: Feed = {
  name: "red-hat",
  recognises: (document) => formOf(document) !== undefined,
  read(document, { wants }) {
    switch (formOf(document)) {
      case "vex":
        return readVex(checked(vexDocument, parseJson(document)), wants, score);
      case "security-data":
        return [readSecurityData(checked(securityData, parseJson(document)), wants, score)];
      case "repositories":
        return Object.entries(checked(repositories, parseJson(document)).data)
          .filter(([, { cpes }]) => cpes.length > 0)
          .map(([key, { cpes }]) => ({ kind: "row", table: repositoryTable, key, value: [...cpes].sort() }));
      case undefined:
        throw new PermanentError("advisory-malformed", "not a document of Red Hat's");
    }
  },
  upstream,
};
