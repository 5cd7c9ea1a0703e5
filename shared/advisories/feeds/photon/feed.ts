/** Photon OS: one row for each package that a CVE was looked at in. https://github.com/vmware/photon/wiki */
import * as z from "zod";
import type { Severity } from "../../../findings/types.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import { affectedOf, type Statement } from "../../reading/statements.ts";
import { oneLine } from "../../reading/text.ts";
import { undated } from "../../reading/undated.ts";
import type { Feed, FeedRecord } from "../../types.ts";
import { releaseOfFile, upstream } from "./upstream.ts";

const row = z.object({
  cve_id: z.string().regex(/^[A-Z]{2,10}-[0-9]{4}-[0-9]{1,19}$/),
  pkg: z.string().regex(/^[A-Za-z0-9][\w.+-]{0,200}$/),
  cve_score: z.number().min(0).max(10).nullish(),
  aff_ver: z.string().max(1000).nullish(),
  res_ver: z.string().max(200).nullish(),
  status: z.string().max(100).nullish(),
});
type Row = z.infer<typeof row>;

function saysOf({ status, res_ver: fixed }: Row): Statement["says"] | undefined {
  const word = (status ?? "").toLowerCase();
  if (word === "not affected") return { state: "not-affected", reason: "Not Affected" };
  if (fixed && /^[\w.:+~^]+-[\w.+~^]+$/.test(fixed)) return { fixed };
  // Said to be fixed, but not since when.
  return word === "fixed" || word === "" ? undefined : { state: "open", reason: oneLine(status ?? "") };
}

/** CVSS 3.1, section 5. */
function severityOf(score: number): Severity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  return score >= 4 ? "medium" : "low";
}

function readRow(told: Row, release: string): FeedRecord {
  const says = saysOf(told);
  if (says === undefined) return { kind: "ignored", reason: "no-version" };
  const { cve_id: id, pkg: name, cve_score: score } = told;
  const statement: Statement = { ecosystem: `Photon OS:${release}`, name, says };
  return {
    kind: "advisory",
    scope: `${release} ${name}`,
    advisory: {
      id,
      ...(id.startsWith("CVE-") && { cves: [id] }),
      database: "Photon OS",
      summary: oneLine(told.aff_ver && told.aff_ver !== "NA" ? `${name}: ${told.aff_ver}` : name),
      ...(typeof score === "number" && score > 0 && { severity: severityOf(score) }),
      url: `https://github.com/vmware/photon/wiki/Security-Updates-${release.split(".", 1)[0]}`,
      modified: undated,
    },
    // Names are of source packages and of binary ones, and not told apart.
    affected: affectedOf([statement, { ...statement, source: true }]),
  };
}

export const feed: Feed = {
  name: "photon",
  recognises: (document, file) =>
    releaseOfFile(file) !== undefined && /^[\s[]*\{\s*"cve_id"/.test(document.toString("latin1", 0, 256)),
  read(document, { wants }, file = "") {
    const release = releaseOfFile(file) ?? "";
    if (!wants(`Photon OS:${release}`)) return [{ kind: "ignored", reason: "other-ecosystem" }];
    const rows = checked(z.union([row.transform((one) => [one]), z.array(row).max(1_000_000)]), parseJson(document));
    return rows.map((told) => readRow(told, release));
  },
  upstream,
};
