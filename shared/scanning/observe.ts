/** From what an image holds to what is claimed about it. Pure. */
import type { FindingKind, Observation } from "../findings/types.ts";
import type { Inventory } from "../inventory/types.ts";
import { type EndOfSupport, isMalicious, type MatchResult, type Vulnerability } from "../matching/types.ts";
import { isExcluded, type VexRemark, type VexVerdict, vexMarks } from "../vex/types.ts";
import { observeSecrets } from "./observe-secrets.ts";

/** Marks that keep a finding out of messages: it is recorded, and lists show it. */
export const quietMarks: ReadonlySet<string> = new Set([
  "kernel-headers",
  "notice",
  // Records about other systems alone.
  "only-darwin",
  "only-macos",
  "only-windows",
  "owned-by-os-package",
  "unimportant",
  "unmaintained",
  vexMarks.not_affected,
  vexMarks.fixed,
]);

/** Whether a vulnerability is listed, but by default neither counted nor told of, whatever VEX says of it. */
export function isSetAside(found: Pick<Vulnerability, "marks">): boolean {
  return !isMalicious(found) && found.marks.some((mark) => quietMarks.has(mark) && !isExcluded([mark]));
}

const locationsShown = 10;
const text = (value: string, length: number) => (value.length > length ? `${value.slice(0, length - 1)}…` : value);

/** One finding per vulnerability and package, per secret, and per way in which the image could not be judged. */
export function observe(
  inventory: Inventory,
  match: MatchResult,
  vexRemarks: readonly VexRemark[] = [],
): Observation[] {
  const origins = new Map(inventory.packages.map(({ purl, origin }) => [purl, origin]));
  return [
    ...match.vulnerabilities.map((found) =>
      vulnerabilityObservation(found, inventory, origins.get(found.package.purl)),
    ),
    ...observeSecrets(inventory),
    ...coverage(inventory, match),
    ...vexCoverage(vexRemarks),
  ];
}

/** The kinds of findings that come from matching packages with advisories. */
export function isMatched({ kind }: { readonly kind: FindingKind }): boolean {
  return kind === "vulnerability" || kind === "malicious";
}

function titleOf({ id, summary, package: { name } }: Vulnerability): string {
  return summary === "" ? `${id} in ${name}` : summary;
}

function vulnerabilityObservation(
  found: Vulnerability,
  inventory: Inventory,
  origin: "base" | "own" | undefined,
): Observation {
  const layers = new Map(inventory.layers.map((layer) => [layer.diffId, layer.createdBy]));
  const malicious = isMalicious(found);
  const summary = found.summary === "" ? found.id : found.summary;
  return {
    kind: malicious ? "malicious" : "vulnerability",
    rule: text(found.id, 256),
    subject: text(found.package.purl, 1024),
    title: text(malicious ? `malicious package ${found.package.name}: ${summary}` : titleOf(found), 512),
    severity: found.severity,
    exploited: found.exploited,
    ...(found.fix.state === "fixed" ? { fixedVersion: text(found.fix.version, 256) } : {}),
    evidence: {
      package: { ...found.package },
      fix: found.fix.state,
      ...(found.fix.state !== "fixed" && found.fix.reason !== undefined && { fixReason: text(found.fix.reason, 200) }),
      ...(origin === undefined ? {} : { origin }),
      locations: found.evidence.locations.slice(0, locationsShown).map((location) => ({
        path: location.path,
        layer: location.layer,
        step: text(layers.get(location.layer) ?? "", 300),
      })),
      locationCount: found.evidence.locations.length,
      comparison: text(found.evidence.comparison, 512),
      advisories: found.evidence.shard,
      aliases: found.aliases.slice(0, 20),
      sources: found.sources.slice(0, 10).map(({ id, database }) => ({ id, database })),
      marks: [...found.marks],
      ...(found.vex === undefined ? {} : { vex: vexEvidence(found.vex) }),
      ...(found.cvss === undefined ? {} : { cvss: { ...found.cvss } }),
      severities: found.severities.slice(0, 10).map((one) => ({ ...one })),
      ...(found.epss === undefined ? {} : { epss: { ...found.epss } }),
    },
    links: found.sources.flatMap(({ url }) => (url === undefined || !URL.canParse(url) ? [] : [url])).slice(0, 5),
  };
}

/** As evidence of a finding: bounded like everything in it. */
function vexEvidence({ contradictions, ...said }: VexVerdict): Observation["evidence"] {
  const texts = Object.entries(said).map(([name, value]) => [name, text(value, 1000)]);
  const others = (contradictions ?? []).map((other) => ({ ...other, document: text(other.document, 300) }));
  return { ...Object.fromEntries(texts), ...(others.length > 0 && { contradictions: others }) };
}

const vexRemarksShown = 50;

/** What of the VEX attached to the image was not used: one finding for each document and reason. */
function vexCoverage(remarks: readonly VexRemark[]): Observation[] {
  const own = remarks.filter(({ source }) => source === "attestation");
  const groups = Map.groupBy(own, ({ reason, subject }) => JSON.stringify([reason, subject]));
  return [...groups.values()].slice(0, vexRemarksShown).flatMap((group): Observation[] => {
    const [first] = group;
    if (first === undefined) return [];
    const more = group.length > 1 ? ` (and ${group.length - 1} more)` : "";
    return [
      {
        kind: "coverage",
        rule: text(`vex-not-used/${first.reason}`, 256),
        subject: text(first.subject, 1024),
        title: text(`VEX not used: ${first.detail}${more}`, 512),
        severity: "unknown",
        exploited: false,
        evidence: { details: group.slice(0, 10).map(({ detail }) => text(detail, 500)), count: group.length },
        links: [],
      },
    ];
  });
}

/**
 * Reasons that leave the answer unknown for every package of a type. Software that no package manager installed
 * (`generic`) has no advisories anywhere: it is listed as not judged, and does not make every such scan partial.
 */
const blinding = /^(no-advisories-for (?!generic$)|distribution-unknown$)/;

/** Whether something of the image could not be read or judged, so that no finding is no all-clear. */
export function isPartial(inventory: Inventory, match: MatchResult): boolean {
  return (
    inventory.packages.length === 0 ||
    inventory.partial.length > 0 ||
    match.notEvaluated.some(({ reason }) => blinding.test(reason)) ||
    match.endOfSupport?.some(({ subject, over }) => over && subject === "distribution") === true
  );
}

/** The reason given for an image in which no package was found: nothing could be matched, so nothing was passed. */
export const noPackages = { reason: "no-packages", detail: "no package was found: what is in it could not be judged" };

function coverage(inventory: Inventory, match: MatchResult): Observation[] {
  const observations: Observation[] = [];
  if (inventory.packages.length === 0) {
    observations.push({
      kind: "coverage",
      rule: noPackages.reason,
      subject: "packages",
      title: noPackages.detail,
      severity: "unknown",
      exploited: false,
      evidence: { layers: inventory.layers.length },
      links: [],
    });
  }
  observations.push(...(match.endOfSupport ?? []).slice(0, endedShown).map(endOfSupport));
  const byReason = new Map<string, string[]>();
  for (const { purl, reason } of match.notEvaluated) {
    const purls = byReason.get(reason);
    if (purls === undefined) byReason.set(reason, [purl]);
    else purls.push(purl);
  }
  for (const [reason, purls] of byReason) {
    observations.push({
      kind: "coverage",
      rule: notEvaluatedRule(reason),
      subject: "packages",
      title: text(`${purls.length} ${purls.length === 1 ? "package" : "packages"} could not be judged: ${reason}`, 512),
      severity: "unknown",
      exploited: false,
      evidence: { count: purls.length, examples: purls.slice(0, 10) },
      links: [],
    });
  }
  for (const partial of inventory.partial.slice(0, 50)) {
    observations.push({
      kind: "coverage",
      rule: text(`partial/${partial.reason}`, 256),
      subject: text(partial.path ?? partial.layer ?? "image", 1024),
      title: text(`not read whole: ${partial.detail}`, 512),
      severity: "unknown",
      exploited: false,
      evidence: { ...partial },
      links: [],
    });
  }
  return observations;
}

const endedShown = 100;

/** An image on a release that is over passes nothing: no advisories are published about it any more. */
function endOfSupport(ended: EndOfSupport): Observation {
  const isDistribution = ended.subject === "distribution";
  return {
    kind: "coverage",
    rule: endOfSupportRule(ended),
    subject: text(ended.subject, 1024),
    title: text(endOfSupportText(ended), 512),
    severity: ended.over ? (isDistribution ? "high" : "medium") : "low",
    exploited: false,
    evidence: { ...ended },
    links: [],
  };
}

/** For people: since when, and what that means. */
export function endOfSupportText({ name, since, extended, over, reason }: EndOfSupport): string {
  const end = over ? (extended ?? since) : since;
  const day = end === undefined ? "" : ` since ${end}`;
  const words = reason === undefined ? "" : ` (${reason})`;
  if (over) return `${name} is out of support${day}${words}: new vulnerabilities are no longer announced for it`;
  return `${name} is out of support${day} for everybody; longer support ends on ${extended ?? ""}${words}`;
}

export function endOfSupportRule({ subject, over }: EndOfSupport): string {
  const what = subject === "distribution" ? "distribution" : "package";
  return over ? `end-of-support/${what}` : `end-of-standard-support/${what}`;
}

/** The rule of the finding that some packages could not be judged, for a reason. */
export function notEvaluatedRule(reason: string): string {
  return text(`not-evaluated/${reason}`, 256);
}

const failedRule = "scan-failed/";

/** Whether a finding says that its image could not be scanned. */
export function isScanFailure(finding: { readonly kind: string; readonly rule: string }): boolean {
  return finding.kind === "coverage" && finding.rule.startsWith(failedRule);
}

/** The one finding of an image that could not be scanned at all. */
export function failureObservation(code: string, message: string): Observation {
  return {
    kind: "coverage",
    rule: text(`${failedRule}${code}`, 256),
    subject: "image",
    title: text(`the image could not be scanned: ${message}`, 512),
    severity: "unknown",
    exploited: false,
    evidence: { code, message: text(message, 1000) },
    links: [],
  };
}
