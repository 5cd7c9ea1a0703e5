import { reconcile } from "../findings/reconcile.ts";
import type { Finding, Severity } from "../findings/types.ts";
import { nameOf } from "./arn.ts";
import { assessedKinds, type Observed } from "./observe.ts";
import type { Run } from "./run.ts";

export interface Outcome {
  readonly introduced: readonly Finding[];
  readonly fixed: readonly Finding[];
  readonly open: Readonly<Record<Severity, number>>;
}

/**
 * Makes the findings of every resource equal to what was observed. Resources that have nothing to say, and had nothing
 * at the last read, are left alone (most of a large cluster) unless an earlier run was interrupted.
 */
export async function reconcileObserved(run: Run, observed: readonly Observed[]): Promise<Outcome> {
  const introduced: Finding[] = [];
  const fixed: Finding[] = [];
  const open: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  const before = new Set((run.previous?.resources ?? []).map(({ resource }) => resource.id));
  for (const { resource, observations, skipped } of observed) {
    if (skipped) {
      for (const { severity } of observations) open[severity]++;
      continue;
    }
    if (observations.length === 0 && !before.has(resource.id) && !run.recovering) continue;
    const outcome = await reconcile(run.platform, { resource, kinds: assessedKinds, observations, cause: run.cause });
    introduced.push(...outcome.introduced);
    fixed.push(...outcome.fixed);
    for (const { severity } of outcome.open) open[severity]++;
  }
  return { introduced, fixed: fixed.filter((finding) => !isSuperseded(finding, observed)), open };
}

/** A field that deviates to yet another value is not mended: its new finding takes the place of the old one. */
function isSuperseded(finding: Finding, observed: readonly Observed[]): boolean {
  if (finding.kind !== "drift") return false;
  const now = observed.find(({ resource }) => resource.id === finding.resource.id)?.observations ?? [];
  return now.some(({ kind, rule }) => kind === "drift" && rule === finding.rule);
}

/** A resource's own name, for people. */
export function resourceName(finding: Finding): string {
  return nameOf(finding.resource.id);
}
