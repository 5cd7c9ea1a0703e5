/**
 * `portwarden.scan/1`: the result of one scan as a document, for files and pipelines. Documented in
 * docs/scan-document.md; fields are only ever added.
 */
import * as z from "zod";
import { atLeast } from "../findings/priority.ts";
import { type Severity, severities } from "../findings/types.ts";
import { type AdvisoryAge, isMalicious, unfixedStates, type Vulnerability } from "../matching/types.ts";
import { isExcluded, type VexVerdict, vexSources, vexStatuses } from "../vex/types.ts";
import type { Inspection } from "./inspect.ts";
import { endOfSupportRule, endOfSupportText, isPartial, isSetAside, noPackages } from "./observe.ts";

const scoreSchema = z.object({ vector: z.string(), score: z.number() });
const locationSchema = z.object({ path: z.string(), layer: z.string(), step: z.string().optional() });

const vexSchema = z.object({
  status: z.enum(vexStatuses),
  justification: z.string().optional(),
  impact: z.string().optional(),
  action: z.string().optional(),
  document: z.string(),
  url: z.string().optional(),
  author: z.string().optional(),
  timestamp: z.string().optional(),
  source: z.enum(vexSources),
  origin: z.string(),
  verifiedBy: z.string().optional(),
  contradictions: z
    .array(
      z.object({
        status: z.enum(vexStatuses),
        document: z.string(),
        author: z.string().optional(),
        source: z.enum(vexSources),
        timestamp: z.string().optional(),
      }),
    )
    .optional(),
});

export const scanDocumentSchema = z.object({
  schema: z.literal("portwarden.scan/1"),
  tool: z.object({ name: z.literal("portwarden"), version: z.string() }),
  scannedAt: z.iso.datetime(),
  image: z.object({ name: z.string(), digest: z.string(), kind: z.enum(["image", "index"]) }),
  advisories: z.object({
    set: z.string(),
    updatedAt: z.string().optional(),
    newestRecord: z.string().optional(),
  }),
  /** For people: the age of the advisories, what was not judged. */
  warnings: z.array(z.string()),
  /** `partial`: something could not be read or judged, see `problems` of the images. */
  status: z.enum(["complete", "partial"]),
  /** Vulnerabilities listed that count, by severity. */
  summary: z.record(z.enum(severities), z.int()),
  /** Listed and not counted: VEX says that they do not affect the image, or are fixed. */
  excluded: z.int().optional(),
  /** Listed and not counted: kernel headers, parts of the distribution's packages, what its publisher calls unimportant. */
  setAside: z.int().optional(),
  /** What the filters left out. */
  filtered: z.int(),
  images: z.array(
    z.object({
      digest: z.string(),
      platform: z.string(),
      distribution: z.string().optional(),
      packages: z.int(),
      vulnerabilities: z.array(
        z.object({
          id: z.string(),
          aliases: z.array(z.string()),
          severity: z.enum(severities),
          exploited: z.boolean(),
          cvss: scoreSchema.optional(),
          /** What each source says, the vendor's first. */
          severities: z.array(
            z.object({ by: z.string(), severity: z.enum(severities).optional(), cvss: scoreSchema.optional() }),
          ),
          /** Probability of exploitation in the next 30 days, 0 to 1. */
          epss: z.object({ probability: z.number(), percentile: z.number().optional(), date: z.string() }).optional(),
          summary: z.string(),
          description: z.string().optional(),
          package: z.object({
            purl: z.string(),
            type: z.string(),
            name: z.string(),
            version: z.string(),
            source: z.string().optional(),
            /** purl of the distribution's package that brought it. */
            ownedBy: z.string().optional(),
          }),
          fix: z.object({
            state: z.enum(["fixed", ...unfixedStates]),
            version: z.string().optional(),
            /** The publisher's words for why there is none. */
            reason: z.string().optional(),
          }),
          marks: z.array(z.string()),
          /** Not counted, for one of its marks. */
          setAside: z.literal(true).optional(),
          /** What VEX says of it; with `vex-not-affected` or `vex-fixed` among the marks it is listed and not counted. */
          vex: vexSchema.optional(),
          sources: z.array(z.object({ id: z.string(), database: z.string(), url: z.string().optional() })),
          evidence: z.object({
            comparison: z.string(),
            shard: z.string(),
            locations: z.array(locationSchema),
          }),
        }),
      ),
      problems: z.array(
        z.object({ reason: z.string(), detail: z.string(), count: z.int(), path: z.string().optional() }),
      ),
    }),
  ),
});
export type ScanDocument = z.infer<typeof scanDocumentSchema>;
export type ListedVulnerability = ScanDocument["images"][number]["vulnerabilities"][number];

export interface ScanFilter {
  /** At least this severity. */
  readonly severity?: Severity;
  readonly ignoreUnfixed: boolean;
  /** Count what is set aside by default, too. */
  readonly comprehensive?: boolean;
}

export interface DocumentInput {
  readonly name: string;
  readonly digest: string;
  readonly kind: "image" | "index";
  readonly version: string;
  readonly scannedAt: string;
  readonly advisories: AdvisoryAge;
  readonly warnings: readonly string[];
  readonly inspections: readonly Inspection[];
  readonly filter: ScanFilter;
}

/** The document of a scan: worst first, filtered, with everything that was not judged. */
export function scanDocument(input: DocumentInput): ScanDocument {
  const summary: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  let filtered = 0;
  let excluded = 0;
  let aside = 0;
  const isAside = (found: Vulnerability) => input.filter.comprehensive !== true && isSetAside(found);
  let partial = input.advisories.set === "none";
  const images = input.inspections.map((inspection) => {
    const { inventory, match } = inspection;
    const shown = match.vulnerabilities.filter((found) => passes(found, input.filter));
    filtered += match.vulnerabilities.length - shown.length;
    for (const found of shown) {
      if (isExcluded(found.marks)) excluded++;
      else if (isAside(found)) aside++;
      else summary[found.severity]++;
    }
    partial ||= isPartial(inventory, match);
    const { platform, distribution } = inventory;
    return {
      digest: inventory.digest,
      platform: [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/"),
      ...(distribution === undefined
        ? {}
        : { distribution: [distribution.id, distribution.versionId].filter(Boolean).join(" ") }),
      packages: inventory.packages.length,
      vulnerabilities: shown.map((found) => listed(found, inspection, isAside(found))).sort(worstFirst),
      problems: problemsOf(inspection),
    };
  });
  const { set, updatedAt, newestRecord } = input.advisories;
  return {
    schema: "portwarden.scan/1",
    tool: { name: "portwarden", version: input.version },
    scannedAt: input.scannedAt,
    image: { name: input.name, digest: input.digest, kind: input.kind },
    advisories: {
      set,
      ...(updatedAt === undefined ? {} : { updatedAt }),
      ...(newestRecord === undefined ? {} : { newestRecord }),
    },
    warnings: [...input.warnings],
    status: partial ? "partial" : "complete",
    summary,
    ...(excluded > 0 && { excluded }),
    ...(aside > 0 && { setAside: aside }),
    filtered,
    images,
  };
}

function passes(found: Vulnerability, filter: ScanFilter): boolean {
  if (filter.severity !== undefined && !found.exploited && !atLeast(found.severity, filter.severity)) return false;
  return !filter.ignoreUnfixed || found.fix.state === "fixed" || isMalicious(found);
}

function listed(found: Vulnerability, { inventory }: Inspection, setAside: boolean): ListedVulnerability {
  const steps = new Map(inventory.layers.map(({ diffId, createdBy }) => [diffId, createdBy]));
  return {
    id: found.id,
    aliases: [...found.aliases],
    severity: found.severity,
    exploited: found.exploited,
    ...(found.cvss === undefined ? {} : { cvss: { ...found.cvss } }),
    severities: found.severities.map((one) => ({ ...one })),
    ...(found.epss === undefined ? {} : { epss: { ...found.epss } }),
    summary: found.summary,
    ...(found.description === undefined ? {} : { description: found.description }),
    package: { ...found.package },
    fix: { ...found.fix },
    marks: [...found.marks],
    ...(setAside && { setAside }),
    ...(found.vex !== undefined && { vex: vexOf(found.vex) }),
    sources: found.sources.map((source) => ({ ...source })),
    evidence: {
      comparison: found.evidence.comparison,
      shard: found.evidence.shard,
      locations: found.evidence.locations.map((location) => {
        const step = steps.get(location.layer);
        return { ...location, ...(step === undefined ? {} : { step }) };
      }),
    },
  };
}

const vexRemarksShown = 100;

function vexOf({ contradictions, ...said }: VexVerdict): NonNullable<ListedVulnerability["vex"]> {
  return {
    ...said,
    ...(contradictions !== undefined && { contradictions: contradictions.map((one) => ({ ...one })) }),
  };
}

function problemsOf({ inventory, match, vexRemarks }: Inspection): ScanDocument["images"][number]["problems"] {
  const counts = new Map<string, { count: number; example: string }>();
  for (const { purl, reason } of match.notEvaluated) {
    const seen = counts.get(reason);
    if (seen === undefined) counts.set(reason, { count: 1, example: purl });
    else seen.count++;
  }
  return [
    ...(inventory.packages.length === 0 ? [{ ...noPackages, count: 1 }] : []),
    ...inventory.partial.map(({ reason, detail, path }) => ({
      reason,
      detail,
      count: 1,
      ...(path === undefined ? {} : { path }),
    })),
    ...(match.endOfSupport ?? []).map((ended) => ({
      reason: endOfSupportRule(ended),
      detail: endOfSupportText(ended),
      count: 1,
    })),
    ...[...counts].map(([reason, { count, example }]) => ({
      reason,
      detail: `${count} ${count === 1 ? "package" : "packages"} not judged, such as ${example}`,
      count,
    })),
    ...(vexRemarks ?? []).slice(0, vexRemarksShown).map(({ reason, detail, subject }) => ({
      reason,
      detail: `${detail} (${subject})`,
      count: 1,
    })),
  ];
}

function worstFirst(a: ListedVulnerability, b: ListedVulnerability): number {
  return (
    Number(isExcluded(a.marks)) - Number(isExcluded(b.marks)) ||
    Number(a.setAside === true) - Number(b.setAside === true) ||
    Number(b.exploited) - Number(a.exploited) ||
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    (a.package.name < b.package.name ? -1 : a.package.name > b.package.name ? 1 : 0) ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

/** Whether the document lists anything at least this bad that counts. */
export function reaches(document: ScanDocument, least: Severity): boolean {
  return document.images.some(({ vulnerabilities }) =>
    vulnerabilities.some(
      ({ marks, severity, setAside }) => !isExcluded(marks) && setAside !== true && atLeast(severity, least),
    ),
  );
}
