import { cvssScorer } from "../../reading/cvss.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import { firstByteOf, openingBracket } from "../../reading/peek.ts";
import type { CvssRow, Feed, FeedRecord } from "../../types.ts";
import { type NvdCve, nvdMember, nvdPage } from "./schema.ts";
import { upstream } from "./upstream.ts";

const score = cvssScorer();

const nist = "nvd@nist.gov";
/** Under this name CISA adds scores to the CVE list, which the NVD repeats. */
const cisa = "134c704f-9b21-4f2e-b353-91534d8c8dc0";
const publishers: readonly (readonly [by: string, is: (source: string) => boolean])[] = [
  ["NVD", (source) => source === nist],
  ["CISA", (source) => source === cisa],
  // Whoever assigned the CVE.
  ["CNA", () => true],
];

/** The score of the NVD itself, else one that it repeats; of each the newest version of CVSS. */
function scoreOf({ metrics = {} }: NvdCve): Pick<CvssRow, "cvss" | "by"> | undefined {
  const versions = [
    ["CVSS_V4", metrics.cvssMetricV40],
    ["CVSS_V3", metrics.cvssMetricV31],
    ["CVSS_V3", metrics.cvssMetricV30],
    ["CVSS_V2", metrics.cvssMetricV2],
  ] as const;
  for (const [by, is] of publishers) {
    const vectors = versions.flatMap(([type, told]) =>
      (told ?? []).filter(({ source }) => is(source)).map(({ cvssData }) => ({ type, score: cvssData.vectorString })),
    );
    const cvss = score(vectors);
    if (cvss !== undefined) return { cvss, by };
  }
  return undefined;
}

function recordOf(cve: NvdCve): FeedRecord {
  if (cve.vulnStatus === "Rejected") return { kind: "ignored", reason: "rejected" };
  const scored = scoreOf(cve);
  // Without a score it would hide the row of somebody who has one.
  if (scored === undefined) return { kind: "ignored", reason: "no-score" };
  const told = (cve.weaknesses ?? []).flatMap(({ description }) => description.map(({ value }) => value));
  const cwes = [...new Set(told.filter((name) => /^CWE-[0-9]{1,6}$/.test(name)))].sort();
  return { kind: "row", table: "cvss", key: cve.id, value: { ...scored, ...(cwes.length > 0 && { cwes }) } };
}

/** Scores of the National Vulnerability Database: single CVEs, pages of its API, and its feeds. */
export const feed: Feed = {
  name: "nvd",
  upstream,
  recognises(document) {
    const head = document.toString("latin1", 0, 400);
    if (/^\s*\{\s*"cve"\s*:\s*\{/.test(head)) return document.includes('"vulnStatus"');
    return /"format"\s*:\s*"NVD_CVE"/.test(head) && firstByteOf(document, "vulnerabilities") === openingBracket;
  },
  read(document) {
    const value = parseJson(document);
    const members =
      typeof value === "object" && value !== null && "cve" in value ? [value] : checked(nvdPage, value).vulnerabilities;
    return members.map((member) => recordOf(checked(nvdMember, member).cve));
  },
};
