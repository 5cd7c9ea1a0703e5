import { byPriority } from "../findings/priority.ts";
import { type Report, type ReportedFinding, reportKey } from "../findings/report.ts";
import type { Finding } from "../findings/types.ts";
import { reported } from "../scanning/report.ts";
import { nameOf } from "./arn.ts";
import { type Outcome, resourceName } from "./reconcile-observed.ts";
import type { Ending, Run } from "./run.ts";
import type { Watch } from "./watch.ts";

const listedProblems = 50;

/** What woke the assessment, for people: the newest call with an author, else the newest event, else the sweep. */
export function causeText(watch: Watch): string {
  const pending = watch.hints.filter(({ generation }) => generation > watch.assessed);
  const newest = pending.findLast(({ actor }) => actor !== undefined) ?? pending.findLast(({ sweep }) => !sweep);
  if (newest === undefined) return "scheduled sweep";
  return (newest.actor === undefined ? newest.name : `${newest.name} by ${newest.actor}`).slice(0, 512);
}

/** Writes the report that messages are made from, and returns it. */
export async function putClusterReport(run: Run, ending: Ending, outcome: Outcome): Promise<Report> {
  const { platform, previous, watch } = run;
  const { assessment } = ending;
  const linkBase = platform.settings.notifications.linkBase?.replace(/\/+$/, "");
  const tell = (findings: readonly Finding[]): ReportedFinding[] =>
    [...findings].sort(byPriority).map((finding) => ({
      ...reported(finding, linkBase),
      component: componentOf(finding),
    }));
  const report: Report = {
    schema: "portwarden.report/1",
    id: run.id,
    kind: "assessment",
    subject: { name: nameOf(watch.cluster), tags: [], running: [] },
    status: assessment.unread.length > 0 ? "partial" : "complete",
    problems: problemsOf(ending),
    introduced: tell(outcome.introduced),
    fixed: tell(outcome.fixed),
    ...(previous === undefined ? {} : { comparedWith: `the state read at ${watch.readAt ?? previous.readAt}` }),
    open: { ...outcome.open },
    warnings: [],
    cause: run.cause.detail ?? "",
    startedAt: run.readAt,
    endedAt: new Date(platform.clock.now()).toISOString(),
  };
  await platform.blobs.put(reportKey(run.id), Buffer.from(JSON.stringify(report)), "application/json");
  return report;
}

/** The resource and the part of it, for people: a drift's subject without the hash of the state it drifted to. */
function componentOf(finding: Finding): string {
  const part = finding.kind === "drift" ? finding.subject.replace(/#[0-9a-f]+$/, "") : finding.subject;
  return `${resourceName(finding)} ${part}`.trim();
}

function problemsOf({ assessment, running }: Ending): Report["problems"] {
  const unanswered = assessment.results.filter(({ status }) => status === "NOT_EVALUATED");
  const problems = [
    ...assessment.unread.map(({ what, why }) => ({
      code: "cluster-unread",
      message: `${what}: ${why}`.slice(0, 1000),
    })),
    ...unanswered.map(({ check, resource, why = "" }) => ({
      code: "not-evaluated",
      message: `${check} of ${nameOf(resource)}: ${why}`.slice(0, 1000),
    })),
    ...(running?.unknown ?? []).map((image) => ({
      code: "running-image-without-digest",
      message: `${image} runs, but ECS reports no digest for it`,
    })),
  ];
  const omitted = problems.length - listedProblems;
  const more = { code: "more-problems", message: `${omitted} more; the assessment document lists all` };
  return omitted > 0 ? [...problems.slice(0, listedProblems), more] : problems;
}
