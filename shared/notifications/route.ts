import picomatch from "picomatch";
import { atLeast } from "../findings/priority.ts";
import type { Report, ReportedFinding } from "../findings/report.ts";
import type { Route } from "./settings.ts";

/** What of a report goes to one route. */
export interface RouteMatch {
  readonly route: Route;
  readonly introduced: readonly ReportedFinding[];
  readonly fixed: readonly ReportedFinding[];
  /** Open before, and now known to be exploited. */
  readonly escalated?: readonly ReportedFinding[] | undefined;
}

/**
 * The routes that get a message about this report, in their order, each with the part of the report that it asked
 * for. A route for which nothing is new and nothing is fixed gets none. A scan that failed is a `coverage` finding
 * in `introduced`, so it travels like every other finding.
 */
export function matchRoutes(report: Report, routes: readonly Route[]): readonly RouteMatch[] {
  return routes.flatMap((route) => {
    const concerned = concerns(report, route);
    const wanted = (finding: ReportedFinding) => concerned(finding) && wants(route, finding);
    const introduced = report.introduced.filter(wanted);
    const fixed = report.fixed.filter(wanted);
    const escalated = (report.escalated ?? []).filter(wanted);
    if (introduced.length + fixed.length + escalated.length === 0) return [];
    return [{ route, introduced, fixed, ...(escalated.length > 0 && { escalated }) }];
  });
}

/**
 * A route with repository globs is about images only: a cluster has no repository. A report about many images is about
 * those of its findings whose image is in such a repository.
 */
function concerns({ kind, subject }: Report, { when }: Route): (finding: ReportedFinding) => boolean {
  if (when.repositories === undefined) return () => true;
  const matches = picomatch(when.repositories, { dot: true, nonegate: true });
  if (kind === "advisories") return ({ resource }) => resource.type === "image" && matches(repositoryOf(resource.id));
  const concerned = subject.repository !== undefined && matches(subject.repository);
  return () => concerned;
}

/** `registry/repository` of an image's resource. */
export function repositoryOf(resource: string): string {
  return resource.slice(0, resource.lastIndexOf("@"));
}

/**
 * `fixable` and `exploited` ask for something only when true. `fixable` speaks of vulnerabilities: a setting that
 * fails a check, a drift or a failed scan is always for somebody to act on, and is not held back by it.
 */
function wants({ when }: Route, finding: ReportedFinding): boolean {
  if (when.severity !== undefined && !atLeast(finding.severity, when.severity)) return false;
  if (when.kinds !== undefined && !when.kinds.includes(finding.kind)) return false;
  if (when.exploited === true && !finding.exploited) return false;
  return when.fixable !== true || finding.kind !== "vulnerability" || finding.fixedVersion !== undefined;
}
