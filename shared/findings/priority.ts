import { type Finding, type Severity, severities } from "./types.ts";

/** How many priority ranks there are: six severities, each running or not. */
export const priorityRanks = severities.length * 2;

/**
 * Our order of what to act on, 0 first: known exploited counts as critical, and what runs comes before what does
 * not. Severity stays the source's word.
 */
export function priorityRank(finding: Pick<Finding, "severity" | "exploited" | "running">): number {
  const severity = finding.exploited ? 0 : severities.indexOf(finding.severity);
  return severity * 2 + (finding.running.length > 0 ? 0 : 1);
}

/** Whether `severity` is at least as bad as `least`. */
export function atLeast(severity: Severity, least: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(least);
}

/** Orders findings for people: rank, then known exploited, then fixable, then rule. */
export function byPriority(
  a: Pick<Finding, "severity" | "exploited" | "running" | "fixedVersion" | "rule">,
  b: Pick<Finding, "severity" | "exploited" | "running" | "fixedVersion" | "rule">,
): number {
  return (
    priorityRank(a) - priorityRank(b) ||
    Number(b.exploited) - Number(a.exploited) ||
    Number(b.fixedVersion !== undefined) - Number(a.fixedVersion !== undefined) ||
    (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0)
  );
}
