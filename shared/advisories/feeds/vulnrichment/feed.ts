/** What CISA adds to CVE records: https://github.com/cisagov/vulnrichment , https://cveproject.github.io/cve-schema/ */
import * as z from "zod";
import { cvssScorer } from "../../reading/cvss.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import { firstByteOf, openingBracket, openingQuote } from "../../reading/peek.ts";
import { repositoryUpstream } from "../../reading/repository.ts";
import type { CvssRow, Feed, FeedRecord } from "../../types.ts";

const score = cvssScorer();

const id = z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/);
const scored = z.object({ vectorString: z.string().max(300) }).optional();
const container = z.object({
  providerMetadata: z.object({ shortName: z.string().max(256).optional() }).optional(),
  metrics: z
    .array(
      z.object({
        cvssV4_0: scored,
        cvssV3_1: scored,
        cvssV3_0: scored,
        cvssV2_0: scored,
        other: z.object({ type: z.string().max(256), content: z.record(z.string(), z.unknown()) }).optional(),
      }),
    )
    .max(100)
    .optional(),
  problemTypes: z
    .array(z.object({ descriptions: z.array(z.object({ cweId: z.string().max(100).optional() })).max(100) }))
    .max(100)
    .optional(),
});
/** The container alone, and a whole record. */
const alone = container.extend({ cveId: id });
const record = z.object({
  cveMetadata: z.object({ cveId: id, state: z.string().max(100).optional() }),
  containers: z.object({ adp: z.array(z.unknown()).max(100).optional() }),
});
const ssvc = z.object({ options: z.array(z.record(z.string(), z.unknown())).max(100) });

/** SSVC's decision point `Exploitation`: https://www.cisa.gov/ssvc */
function exploitationOf({ metrics = [] }: z.infer<typeof container>): string | undefined {
  for (const { other } of metrics) {
    if (other?.type !== "ssvc") continue;
    for (const option of ssvc.safeParse(other.content).data?.options ?? []) {
      const { Exploitation: told } = option;
      if (told === "active" || told === "poc" || told === "none") return told;
    }
  }
  return undefined;
}

function rowOf(key: string, told: z.infer<typeof container>): FeedRecord {
  const vectors = (told.metrics ?? []).flatMap(({ cvssV4_0, cvssV3_1, cvssV3_0, cvssV2_0 }) => [
    { type: "CVSS_V4", score: cvssV4_0?.vectorString ?? "" },
    { type: "CVSS_V3", score: cvssV3_1?.vectorString ?? cvssV3_0?.vectorString ?? "" },
    { type: "CVSS_V2", score: cvssV2_0?.vectorString ?? "" },
  ]);
  const cvss = score(vectors);
  const named = (told.problemTypes ?? []).flatMap(({ descriptions }) =>
    descriptions.flatMap(({ cweId }) => cweId ?? []),
  );
  const cwes = [...new Set(named.filter((name) => /^CWE-[0-9]{1,6}$/.test(name)))].sort();
  const exploitation = exploitationOf(told);
  if (cvss === undefined && cwes.length === 0 && (exploitation ?? "none") === "none") {
    return { kind: "ignored", reason: "nothing-said" };
  }
  const value: CvssRow = {
    ...(cvss !== undefined && { cvss }),
    ...(cwes.length > 0 && { cwes }),
    by: "CISA",
    ...(exploitation !== undefined && { exploitation }),
  };
  return { kind: "row", table: "cvss", key, value };
}

function readWhole(value: unknown): FeedRecord {
  const { cveMetadata, containers } = checked(record, value);
  if (cveMetadata.state === "REJECTED") return { kind: "ignored", reason: "rejected" };
  const adp = (containers.adp ?? []).map((one) => checked(container, one));
  const cisa = adp.find(({ providerMetadata }) => providerMetadata?.shortName === "CISA-ADP");
  return cisa === undefined ? { kind: "ignored", reason: "nothing-said" } : rowOf(cveMetadata.cveId, cisa);
}

const upstream = repositoryUpstream(
  { name: "cisagov/vulnrichment", branch: "develop", files: /\/CVE-[0-9-]+\.json$/ },
  {
    // There is nothing smaller than the whole repository.
    enabled: false,
    licence: "CC0-1.0",
    attribution: "CISA Vulnrichment, https://github.com/cisagov/vulnrichment",
    redistributable: true,
    staleAfterHours: 7 * 24,
  },
);

export const feed: Feed = {
  name: "vulnrichment",
  upstream,
  recognises: (document) =>
    (firstByteOf(document, "cveId") === openingQuote &&
      firstByteOf(document, "metrics") === openingBracket &&
      /^\s*\{\s*"cveId"/.test(document.toString("latin1", 0, 64))) ||
    (document.includes('"CVE_RECORD"') && document.includes('"CISA-ADP"')),
  read(document) {
    const value = parseJson(document);
    if (typeof value === "object" && value !== null && "containers" in value) return [readWhole(value)];
    const told = checked(alone, value);
    return [rowOf(told.cveId, told)];
  },
};
