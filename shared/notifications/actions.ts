import * as z from "zod";
import { byPriority } from "../findings/priority.ts";
import type { ReportedFinding } from "../findings/report.ts";
import { type Severity, severities } from "../findings/types.ts";
import { type SchemeName, versionScheme } from "../versions/compare.ts";
import type { ParsedVersion, VersionScheme } from "../versions/types.ts";
import { builtFromSource, componentName, purlType } from "./problems.ts";
import {
  counted,
  countSeverities,
  namesOf,
  plain,
  type SeverityCounts,
  severitiesOf,
  sumCounts,
  totalOf,
  worst,
} from "./text.ts";

/** One thing to do and what it is worth. Plain data: digests store it. */
export const actionSchema = z.object({
  kind: z.enum(["upgrade", "remove", "correct", "review"]),
  /** Packages that move together, or the title of what to correct. */
  names: z.array(z.string()).min(1),
  from: z.string().optional(),
  to: z.string().optional(),
  fixes: z.partialRecord(z.enum(severities), z.int().min(0)),
  exploited: z.boolean(),
  /** In how many images or clusters; more than 1 only in digests. */
  subjects: z.int().min(1),
});
export type Action = z.infer<typeof actionSchema>;

/**
 * What to do about these findings, best first: known exploited, then by worst severity, then by how many it fixes.
 * Vulnerabilities with a fix are grouped by the package to upgrade; those without one have no action. Malicious packages
 * are to be removed. Failed checks
 * are to be corrected, drift and lost coverage to be reviewed.
 */
export function actionsOf(findings: readonly ReportedFinding[]): readonly Action[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    if (finding.kind === "vulnerability" && finding.fixedVersion === undefined) continue;
    const key =
      finding.kind === "vulnerability"
        ? JSON.stringify([purlType(finding), componentName(finding), finding.installedVersion, orderable(finding)])
        : JSON.stringify([finding.kind, finding.rule, finding.title]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return mergeActions(
    [...groups.values()].map((group) => {
      const action = actionOf(group);
      return { action, together: togetherKey(action, purlType(group[0])) };
    }),
    false,
  );
}

/**
 * Equal actions as one each, best first. `acrossSubjects`: they come from different images or clusters, which are
 * counted; else from one, seen several times.
 */
export function mergeEqual(actions: readonly Action[], acrossSubjects: boolean): readonly Action[] {
  const key = ({ kind, names, from, to }: Action) => JSON.stringify([kind, names, from, to]);
  return mergeActions(
    actions.map((action) => ({ action, together: key(action) })),
    acrossSubjects,
  );
}

/** `Upgrade lodash 4.17.15 → 4.17.21`. */
export function actionTitle(action: Action): string {
  const name = namesOf(action.names, 3);
  if (action.kind === "remove")
    return `Remove ${name}: ${action.names.length > 1 ? "malicious packages" : "a malicious package"}`;
  if (action.kind === "correct") return `Correct: ${name}`;
  if (action.kind === "review") return `Review: ${name}`;
  return `Upgrade ${name} ${action.from === undefined ? "to" : `${action.from} →`} ${action.to ?? ""}`.trim();
}

/** `fixes 3 (1 critical, 2 high)`, counted in findings. */
export function actionWorth(action: Action): string {
  const where =
    action.subjects > 1
      ? ` in ${counted(action.subjects, action.kind === "upgrade" || action.kind === "remove" ? "image" : "place")}`
      : "";
  return `${action.kind === "upgrade" ? "fixes" : "concerns"} ${totalOf(action.fixes)}${where} (${severitiesOf(action.fixes)})`;
}

export function actionSeverity(action: Action): Severity | undefined {
  return worst(severities.filter((severity) => (action.fixes[severity] ?? 0) > 0));
}

type Group = [ReportedFinding, ...ReportedFinding[]];

function actionOf(group: Readonly<Group>): Action {
  const [first] = group;
  const common = { fixes: countSeverities(group), exploited: group.some((one) => one.exploited), subjects: 1 };
  if (first.kind === "malicious") return { kind: "remove", names: [componentName(first)], ...common };
  if (first.kind !== "vulnerability") {
    return { kind: first.kind === "posture" ? "correct" : "review", names: [plain(first.title, 160)], ...common };
  }
  const to = group.reduce((latest, one) => (isLater(one, latest) ? one : latest)).fixedVersion ?? "";
  const from = first.installedVersion;
  return {
    kind: "upgrade",
    names: [componentName(first)],
    ...(from === undefined ? {} : { from: plain(from, 80) }),
    to: plain(to, 80),
    ...common,
  };
}

/** What makes two upgrades one: OS packages with equal versions before and after; else only the package itself. */
function togetherKey(action: Action, type: string | undefined): string {
  const bySource = type !== undefined && builtFromSource.has(type) && action.from !== undefined;
  return JSON.stringify([action.kind, type, bySource ? "" : action.names, action.from, action.to]);
}

function mergeActions(
  entries: readonly { readonly action: Action; readonly together: string }[],
  acrossSubjects: boolean,
): readonly Action[] {
  const merged = new Map<string, Action>();
  for (const { action, together } of entries) {
    const known = merged.get(together);
    merged.set(together, known === undefined ? action : joined(known, action, acrossSubjects));
  }
  return [...merged.values()].sort(better);
}

function joined(a: Action, b: Action, acrossSubjects: boolean): Action {
  return {
    ...a,
    names: [...new Set([...a.names, ...b.names])],
    fixes: { ...sumCounts([a.fixes, b.fixes]) },
    exploited: a.exploited || b.exploited,
    subjects: acrossSubjects ? a.subjects + b.subjects : 1,
  };
}

function better(a: Action, b: Action): number {
  const rank = (action: Action) => ({
    severity: actionSeverity(action) ?? "unknown",
    exploited: action.exploited,
    running: [],
    rule: "",
  });
  return byPriority(rank(a), rank(b)) || compareCounts(b.fixes, a.fixes);
}

function compareCounts(a: SeverityCounts, b: SeverityCounts): number {
  for (const severity of severities) {
    const difference = (a[severity] ?? 0) - (b[severity] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** How the packages of each purl type order their versions. */
const schemeOfType: ReadonlyMap<string | undefined, SchemeName> = new Map([
  ["deb", "deb"],
  ["rpm", "rpm"],
  ["apk", "apk"],
  ["npm", "semver"],
  ["pypi", "pep440"],
]);

/** Fixed versions that can be ordered share a group; one that cannot stands alone: an order is never guessed. */
function orderable(finding: ReportedFinding): string {
  return fixedVersionOf(finding) === undefined ? (finding.fixedVersion ?? "") : "";
}

/** Whether `a` is fixed later than `b`, both of one group: the later version has both fixes. */
function isLater(a: ReportedFinding, b: ReportedFinding): boolean {
  const [left, right] = [fixedVersionOf(a), fixedVersionOf(b)];
  return left !== undefined && right !== undefined && left.scheme.compare(left.version, right.version) > 0;
}

function fixedVersionOf(finding: ReportedFinding): { scheme: VersionScheme; version: ParsedVersion } | undefined {
  const name = schemeOfType.get(purlType(finding));
  if (name === undefined || finding.fixedVersion === undefined || finding.fixedVersion.length > 256) return undefined;
  const scheme = versionScheme(name);
  const version = scheme.parse(finding.fixedVersion);
  return version === undefined ? undefined : { scheme, version };
}
