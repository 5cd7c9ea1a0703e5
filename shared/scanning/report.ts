/** The report of one scan: what it changed, against the tag's previous image where there is one. Pure. */
import { byPriority } from "../findings/priority.ts";
import type { Report, ReportedFinding } from "../findings/report.ts";
import type { Finding, Severity } from "../findings/types.ts";
import { isExcluded } from "../vex/types.ts";
import { isScanFailure, quietMarks } from "./observe.ts";

/** A finding as reports carry it; `linkBase` is the address of the API, without trailing slash. */
export function reported(finding: Finding, linkBase: string | undefined): ReportedFinding {
  const component = componentOf(finding);
  return {
    id: finding.id,
    kind: finding.kind,
    rule: finding.rule,
    subject: finding.subject,
    title: finding.title,
    severity: finding.severity,
    exploited: finding.exploited,
    ...(component === undefined ? {} : { component: component.name, installedVersion: component.version }),
    ...(finding.fixedVersion === undefined ? {} : { fixedVersion: finding.fixedVersion }),
    resource: finding.resource,
    ...(linkBase === undefined ? {} : { link: `${linkBase}/v1/findings/${finding.id}` }),
  };
}

/** The package a vulnerability finding is about. */
export function componentOf(finding: Finding): { readonly name: string; readonly version: string } | undefined {
  const component = finding.evidence["package"];
  if (typeof component !== "object" || component === null || Array.isArray(component)) return undefined;
  const { name, version } = component;
  return typeof name === "string" && typeof version === "string" ? { name, version } : undefined;
}

/** Whether messages leave it out (it stays in lists). */
export function isQuiet(finding: Pick<Finding, "kind" | "evidence">): boolean {
  const { marks } = finding.evidence;
  const told = Array.isArray(marks) ? marks.filter((mark) => typeof mark === "string") : [];
  return finding.kind === "malicious" ? isExcluded(told) : told.some((mark) => quietMarks.has(mark));
}

/** The same problem, whichever image or platform has it. */
function problemKey(finding: Finding): string {
  return `${finding.kind}|${finding.rule}|${componentOf(finding)?.name ?? finding.subject}`;
}

export interface Changes {
  readonly introduced: readonly Finding[];
  readonly fixed: readonly Finding[];
  readonly open: readonly Finding[];
  /** Open findings of the tag's previous image, when this image was scanned for the first time. */
  readonly previous?: readonly Finding[];
  /** Everything was read and judged: what the previous image had and this one has not is fixed. */
  readonly complete: boolean;
}

/** What is new, what is fixed and what is open, each problem once over all platforms, best first to act on. */
export function summarise(
  changes: Changes,
  linkBase: string | undefined,
): Pick<Report, "introduced" | "fixed" | "open"> & { readonly quiet: number } {
  const before = new Set((changes.previous ?? []).map(problemKey));
  const now = new Set(changes.open.map(problemKey));
  const failing = changes.open.some(isScanFailure);
  const introduced = unique(changes.introduced.filter((finding) => !before.has(problemKey(finding))));
  const fixed = unique([
    // A scan that fails for another reason than the last one has mended nothing.
    ...changes.fixed.filter((finding) => !(failing && isScanFailure(finding))),
    ...(changes.complete ? (changes.previous ?? []) : []),
  ]).filter((finding) => !now.has(problemKey(finding)));
  const open: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const finding of unique(changes.open)) open[finding.severity]++;
  const loud = introduced.filter((finding) => !isQuiet(finding));
  return {
    introduced: loud.sort(byPriority).map((finding) => reported(finding, linkBase)),
    fixed: fixed
      .filter((finding) => !isQuiet(finding))
      .sort(byPriority)
      .map((finding) => reported(finding, linkBase)),
    open,
    quiet: introduced.length - loud.length,
  };
}

function unique(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>();
  for (const finding of findings) {
    const key = `${problemKey(finding)}|${componentOf(finding)?.version ?? ""}`;
    if (!seen.has(key)) seen.set(key, finding);
  }
  return [...seen.values()];
}
