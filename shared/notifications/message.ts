/**
 * The message that a person gets about one scan, assessment or digest, independent of the channel. Everything in it
 * is bounded and printable, but still hostile text: each channel escapes it in its own way.
 */
import type { Report, ReportedFinding } from "../findings/report.ts";
import type { Severity } from "../findings/types.ts";
import { limits } from "../platform/limits.ts";
import { type Action, actionSeverity, actionsOf, actionTitle, actionWorth } from "./actions.ts";
import { type Problem, problemsOf } from "./problems.ts";
import { rematchMessage } from "./rematch-message.ts";
import type { RouteMatch } from "./route.ts";
import { counted, countSeverities, namesOf, plain, safeLink, severitiesOf, worst } from "./text.ts";

export interface Message {
  /** The delivery's id: the same for every attempt to deliver this message. */
  readonly id: string;
  /** One line: what about, and the numbers. At most 140 characters. */
  readonly title: string;
  /** The worst of what is new; absent when there is only good news. */
  readonly severity?: Severity;
  readonly facts: readonly Fact[];
  /** About the data the message rests on: partial scans, old advisories. */
  readonly warnings: readonly string[];
  readonly sections: readonly Section[];
  /** Where it comes from: route, scan, time. */
  readonly footer: string;
}

export interface Fact {
  readonly label: string;
  readonly text: string;
  readonly link?: string;
}

export interface Section {
  readonly heading: string;
  /** At most `limits.itemsPerMessage`. */
  readonly items: readonly MessageItem[];
  /** How many are not shown. */
  readonly more: number;
  /** A sentence instead of, or after, the items. */
  readonly note?: string;
}

export interface MessageItem {
  readonly severity?: Severity;
  readonly exploited: boolean;
  /** What people recognise: the CVE, the action, the image. */
  readonly text: string;
  readonly link?: string;
  readonly detail?: string;
}

export const titleLength = 140;
/** How many actions, warnings and names are worth reading before the rest. */
const shownActions = Math.ceil(limits.itemsPerMessage / 2);
export const shownWarnings = 5;
export const shownNames = 5;

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

/** The section of best actions; none when there is nothing to do about. */
export function actionSection(actions: readonly Action[], about: readonly ReportedFinding[] = []): readonly Section[] {
  const unfixed = about.filter((finding) => finding.kind === "vulnerability" && finding.fixedVersion === undefined);
  const note = unfixed.length === 0 ? undefined : `No fixed version is known yet for ${unfixed.length} of the new.`;
  if (actions.length === 0 && note === undefined) return [];
  const items = actions.slice(0, shownActions).map((action): MessageItem => {
    const severity = actionSeverity(action);
    return {
      ...(severity === undefined ? {} : { severity }),
      exploited: action.exploited,
      text: plain(actionTitle(action), 300),
      detail: actionWorth(action),
    };
  });
  return [section("What to do first", items, actions.length - items.length, note)];
}

export function section(heading: string, items: readonly MessageItem[], more: number, note?: string): Section {
  return { heading, items, more, ...(note === undefined ? {} : { note }) };
}

/** `2026-11-22 07:30 UTC`. */
export function minuteOf(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

/** Link to an image's page of this platform. */
export function imageLink(linkBase: string | undefined, digest: string | undefined): string | undefined {
  return linkBase === undefined || digest === undefined ? undefined : under(linkBase, `v1/images/${pathPart(digest)}`);
}

export function under(linkBase: string, path: string): string | undefined {
  return safeLink(`${linkBase.replace(/\/+$/, "")}/${path}`);
}

export function pathPart(id: string): string {
  return encodeURIComponent(plain(id, 140)).replaceAll("%3A", ":");
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

export function warningsOf(report: Report): readonly string[] {
  const partial =
    report.status === "partial"
      ? report.problems.map(
          ({ code, message }) => `Not everything was read: ${plain(message, 240)} (${plain(code, 60)})`,
        )
      : [];
  const all = [...report.warnings.map((warning) => plain(warning, 300)), ...partial].filter((text) => text !== "");
  const shown = all.slice(0, shownWarnings);
  return all.length > shown.length ? [...shown, `and ${counted(all.length - shown.length, "more warning")}`] : shown;
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
