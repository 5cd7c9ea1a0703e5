/**
 * Red Hat, CVE by CVE: CSAF VEX documents and records of the Security Data API, which also tell what is not affected
 * and what will not be fixed; and the products that repositories belong to.
 */
import type * as z from "zod";
import { messageOf, PermanentError } from "../../../platform/errors.ts";
import type { Feed } from "../../types.ts";
import { cvssScorer } from "../osv/severity.ts";
import { repositories, securityData, vexDocument } from "./schema.ts";
import { readSecurityData } from "./security-data.ts";
import { upstream } from "./upstream.ts";
import { readVex } from "./vex.ts";

const score = cvssScorer();

type Form = "vex" | "security-data" | "repositories";

const repositoryTable = "red-hat-repositories";

function formOf(document: Buffer): Form | undefined {
  const head = document.toString("latin1", 0, 4096);
  if (/"category"\s*:\s*"csaf_vex"/.test(head) && document.indexOf('"https://www.redhat.com"') >= 0) return "vex";
  if (/^\s*\{\s*"data"\s*:\s*\{/.test(head) && /"cpes"\s*:\s*\[/.test(head)) return "repositories";
  // Members come in any order.
  if (!/^\s*\{/.test(head) || !head.includes('"public_date"') || !head.includes('"bugzilla"')) return undefined;
  const has = (member: string) => document.indexOf(`"${member}"`) >= 0;
  return has("package_state") || has("affected_release") ? "security-data" : undefined;
}

function parse<Schema extends z.ZodType>(schema: Schema, document: Buffer): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(document.toString("utf8"));
  } catch (error) {
    throw new PermanentError("advisory-malformed", `not JSON: ${messageOf(error)}`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new PermanentError("advisory-malformed", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

export const feed: Feed = {
  name: "red-hat",
  recognises: (document) => formOf(document) !== undefined,
  read(document, { wants }) {
    switch (formOf(document)) {
      case "vex":
        return readVex(parse(vexDocument, document), wants, score);
      case "security-data":
        return [readSecurityData(parse(securityData, document), wants, score)];
      case "repositories":
        return Object.entries(parse(repositories, document).data)
          .filter(([, { cpes }]) => cpes.length > 0)
          .map(([key, { cpes }]) => ({ kind: "row", table: repositoryTable, key, value: [...cpes].sort() }));
      case undefined:
        throw new PermanentError("advisory-malformed", "not a document of Red Hat's");
    }
  },
  upstream,
};
