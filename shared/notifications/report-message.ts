/** The message about one scan or assessment; a change of the advisories has one of its own. */
import type { Report, ReportedFinding } from "../findings/report.ts";
import { limits } from "../platform/limits.ts";
import { actionsOf } from "./actions.ts";
import {
  actionSection,
  type Fact,
  imageLink,
  type Message,
  type MessageItem,
  minuteOf,
  pathPart,
  type Section,
  section,
  shownNames,
  titleLength,
  under,
  warningsOf,
} from "./message.ts";
import { type Problem, problemsOf } from "./problems.ts";
import { rematchMessage } from "./rematch-message.ts";
import type { RouteMatch } from "./route.ts";
import { countSeverities, namesOf, plain, safeLink, severitiesOf, worst } from "./text.ts";

/** The message about one report for one route. Pure. `linkBase` is the platform's own address, for links. */
export function reportMessage(id: string, report: Report, match: RouteMatch, linkBase?: string): Message {
  if (report.kind === "advisories") return rematchMessage(id, report, match, linkBase);
  const { introduced, fixed } = match;
  const severity = worst(introduced.map((finding) => finding.severity));
  const hidden = report.introduced.length - match.introduced.length;
  return {
    id,
    title: titleOf(report, introduced, fixed),
    ...(severity === undefined ? {} : { severity }),
    facts: factsOf(report, match, linkBase),
    warnings: warningsOf(report),
    sections: [
      ...(report.status === "failed" ? [failureSection(report)] : []),
      ...actionSection(actionsOf(introduced), introduced),
      ...problemSection("New", introduced, linkBase),
      ...problemSection("Fixed", fixed, linkBase),
    ],
    footer: [
      `Route ${match.route.name}`,
      `${report.kind} ${plain(report.id, 64)}`,
      minuteOf(report.endedAt),
      ...(hidden > 0 ? [`${hidden} more new ${hidden === 1 ? "finding is" : "findings are"} outside this route`] : []),
    ].join(" · "),
  };
}

function titleOf(report: Report, introduced: readonly ReportedFinding[], fixed: readonly ReportedFinding[]): string {
  const exploited = introduced.filter((finding) => finding.exploited).length;
  const news = [
    ...(report.status === "failed" ? [`${report.kind} failed`] : []),
    ...(report.status !== "failed" && introduced.length > 0 ? [`${introduced.length} new`] : []),
    ...(exploited > 0 ? [`${exploited} known exploited`] : []),
    ...(fixed.length > 0 ? [`${fixed.length} fixed`] : []),
  ].join(", ");
  return plain(`${plain(shortName(report), 90)}: ${news}`, titleLength);
}

/** The image's name without its registry, which the facts show. */
function shortName({ subject }: Report): string {
  const host = subject.repository?.slice(0, subject.repository.indexOf("/") + 1) ?? "";
  return subject.name.startsWith(host) ? subject.name.slice(host.length) : subject.name;
}

function factsOf(report: Report, { introduced, fixed }: RouteMatch, linkBase: string | undefined): readonly Fact[] {
  const { subject } = report;
  const link = imageLink(linkBase, subject.digest);
  const running = subject.running.map((service) => plain(service, 80));
  const optional = (label: string, text: string): readonly Fact[] => (text === "" ? [] : [{ label, text }]);
  return [
    ...(running.length > 0 ? [{ label: "Running in", text: namesOf(running, shownNames) }] : []),
    {
      label: report.kind === "scan" ? "Image" : "Cluster",
      text: plain(subject.name, 200),
      ...(link === undefined ? {} : { link }),
    },
    ...optional("New", severitiesOf(countSeverities(introduced))),
    ...optional("Fixed", severitiesOf(countSeverities(fixed))),
    ...optional("Open now", report.status === "failed" ? "" : severitiesOf(report.open) || "nothing"),
    ...optional("Compared with", plain(report.comparedWith ?? "", 200)),
    ...optional("Cause", plain(report.cause, 200)),
    ...optional("Digest", plain(subject.digest ?? "", 140).slice(0, "sha256:".length + 12)),
  ];
}

function failureSection(report: Report): Section {
  const items = report.problems.slice(0, limits.itemsPerMessage).map(({ code, message }) => ({
    exploited: false,
    text: plain(code, 80) || "unknown",
    detail: plain(message, 300),
  }));
  return section(`Why the ${report.kind} failed`, items, report.problems.length - items.length);
}

function problemSection(
  heading: string,
  findings: readonly ReportedFinding[],
  linkBase: string | undefined,
): readonly Section[] {
  if (findings.length === 0) return [];
  const shown = problemsOf(findings).slice(0, limits.itemsPerMessage);
  const items = shown.map((problem) => problemItem(problem, linkBase));
  const told = shown.reduce((sum, problem) => sum + problem.findings, 0);
  return [section(`${heading} (${findings.length})`, items, findings.length - told)];
}

function problemItem({ finding, components, resources }: Problem, linkBase: string | undefined): MessageItem {
  const vulnerability = finding.kind === "vulnerability";
  const own = linkBase === undefined ? undefined : under(linkBase, `v1/findings/${pathPart(finding.id)}`);
  const link = safeLink(finding.link) ?? own;
  const installed = plain(finding.installedVersion ?? "", 60);
  const fix = finding.fixedVersion === undefined ? "(no fix yet)" : `→ ${plain(finding.fixedVersion, 60)}`;
  const title = plain(finding.title, 160);
  const rule = plain(finding.rule, 100);
  const detail = [
    vulnerability
      ? `${namesOf(components, shownNames)} ${installed} ${fix}`.replace(/ {2,}/g, " ")
      : [plain(finding.component ?? finding.subject, 120), rule].filter((part) => part !== "").join(" · "),
    ...(vulnerability && title !== rule ? [title] : []),
    ...(resources > 1 ? [`in ${resources} images`] : []),
  ];
  return {
    severity: finding.severity,
    exploited: finding.exploited,
    text: (vulnerability ? rule : title) || rule || "unnamed",
    ...(link === undefined ? {} : { link }),
    detail: detail.filter((part) => part !== "").join(" — "),
  };
}
