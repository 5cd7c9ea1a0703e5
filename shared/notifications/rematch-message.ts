/** The message about one change of the advisories: each vulnerability once, with how many images it is in. */
import type { Report, ReportedFinding } from "../findings/report.ts";
import { severities } from "../findings/types.ts";
import { limits } from "../platform/limits.ts";
import {
  type Fact,
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
import { componentName } from "./problems.ts";
import { type RouteMatch, repositoryOf } from "./route.ts";
import { counted, countSeverities, namesOf, plain, safeLink, severitiesOf, worst } from "./text.ts";

/** One vulnerability over all images. */
interface Told {
  /** The worst of its findings. */
  readonly finding: ReportedFinding;
  readonly images: readonly string[];
  /** Those of them that run. */
  readonly running: readonly string[];
  readonly components: readonly string[];
  /** Versions that fix it; several where packages or releases differ. */
  readonly fixes: readonly string[];
}

/** One message for one route: what the change means for the images that the route is about. Pure. */
export function rematchMessage(id: string, report: Report, match: RouteMatch, linkBase?: string): Message {
  const { introduced, fixed, escalated = [], route } = match;
  const [now, urgent, over] = [introduced, escalated, fixed].map(vulnerabilitiesOf) as [Told[], Told[], Told[]];
  const severity = worst([...introduced, ...escalated].map((finding) => finding.severity));
  const hidden = report.introduced.length - introduced.length;
  return {
    id,
    title: titleOf(now, urgent, over),
    ...(severity === undefined ? {} : { severity }),
    facts: factsOf(report, match),
    warnings: warningsOf(report),
    sections: [
      ...listed("Now known to be exploited", urgent, "is exploited, in", linkBase),
      ...listed("New", now, "now affects", linkBase),
      ...listed("No longer affects", over, "no longer affects", linkBase),
    ],
    footer: [
      `Route ${route.name}`,
      `advisories ${plain(report.id, 64)}`,
      minuteOf(report.endedAt),
      ...(hidden > 0 ? [`${hidden} more new ${hidden === 1 ? "finding is" : "findings are"} outside this route`] : []),
    ].join(" · "),
  };
}

function vulnerabilitiesOf(findings: readonly ReportedFinding[]): Told[] {
  const told = [...Map.groupBy(findings, ({ rule }) => rule).values()].flatMap((group): Told[] => {
    const [finding] = [...group].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
    if (finding === undefined) return [];
    return [
      {
        finding,
        images: [...new Set(group.map(({ resource }) => resource.id))],
        running: [...new Set(group.flatMap(({ resource, running }) => (running === true ? [resource.id] : [])))],
        components: [...new Set(group.map(componentName))],
        fixes: [...new Set(group.flatMap(({ fixedVersion }) => fixedVersion ?? []))],
      },
    ];
  });
  return told.sort(mostUrgent);
}

/** Exploited before the rest, then by severity, then what runs most. */
function mostUrgent(a: Told, b: Told): number {
  return (
    Number(b.finding.exploited) - Number(a.finding.exploited) ||
    severities.indexOf(a.finding.severity) - severities.indexOf(b.finding.severity) ||
    b.running.length - a.running.length ||
    b.images.length - a.images.length ||
    (a.finding.rule < b.finding.rule ? -1 : 1)
  );
}

/** `14 images, 3 running`. */
function extent(all: readonly Told[]): string {
  const images = new Set(all.flatMap((one) => one.images)).size;
  const running = new Set(all.flatMap((one) => one.running)).size;
  return `${counted(images, "image")}${running > 0 ? `, ${running} running` : ""}`;
}

/** `fix: 3.0.15`. */
function fixText({ fixes }: Told): string {
  return fixes.length === 0 ? "no fix yet" : `fix: ${plain(namesOf(fixes, 3), 120)}`;
}

function titleOf(now: readonly Told[], urgent: readonly Told[], over: readonly Told[]): string {
  const [one] = urgent.length > 0 ? urgent : now;
  if (one === undefined) {
    const [first] = over;
    const what =
      first !== undefined && over.length === 1 ? plain(first.finding.rule, 60) : `${over.length} vulnerabilities`;
    return plain(`${what} no longer ${over.length === 1 ? "affects" : "affect"} ${extent(over)}`, titleLength);
  }
  const all = urgent.length > 0 ? urgent : now;
  const rule = plain(one.finding.rule, 60);
  const single =
    urgent.length > 0 ? `${rule} is now known to be exploited: ${extent(all)}` : `${rule} now affects ${extent(all)}`;
  const many =
    urgent.length > 0
      ? `${all.length} vulnerabilities are now known to be exploited: ${extent(all)}`
      : `${all.length} vulnerabilities now affect ${extent(all)}`;
  const more = urgent.length > 0 && now.length > 0 ? `; ${now.length} new` : "";
  return plain(all.length === 1 ? `${single}; ${fixText(one)}${more}` : `${many}${more}`, titleLength);
}

function factsOf(report: Report, { introduced, fixed, escalated = [] }: RouteMatch): readonly Fact[] {
  const all = [...introduced, ...escalated];
  const running = [
    ...new Set(all.flatMap(({ resource, running: runs }) => (runs === true ? [repositoryOf(resource.id)] : []))),
  ];
  const repositories = [...new Set(all.map(({ resource }) => repositoryOf(resource.id)))];
  const fact = (label: string, text: string): readonly Fact[] => (text === "" ? [] : [{ label, text }]);
  const names = (list: readonly string[]) =>
    namesOf(
      list.map((name) => plain(name, 80)),
      shownNames,
    );
  return [
    ...fact("Running", running.length === 0 ? "" : names(running)),
    ...fact("Repositories", repositories.length === 0 ? "" : names(repositories)),
    ...fact("New", severitiesOf(countSeverities(introduced))),
    ...fact("Fixed", severitiesOf(countSeverities(fixed))),
    ...fact("Matched again", report.images === undefined ? "" : counted(report.images.matched, "image")),
    ...fact("Cause", plain(report.cause, 200)),
  ];
}

function listed(heading: string, all: readonly Told[], verb: string, linkBase: string | undefined): readonly Section[] {
  if (all.length === 0) return [];
  const shown = all.slice(0, limits.itemsPerMessage);
  const items = shown.map((one) => item(one, verb, linkBase));
  return [section(`${heading} (${all.length})`, items, all.length - shown.length)];
}

function item(told: Told, verb: string, linkBase: string | undefined): MessageItem {
  const { finding, components } = told;
  const own = linkBase === undefined ? undefined : under(linkBase, `v1/findings/${pathPart(finding.id)}`);
  const link = safeLink(finding.link) ?? own;
  const title = plain(finding.title, 160);
  const rule = plain(finding.rule, 100) || "unnamed";
  const detail = [
    `${verb} ${extent([told])}${verb.startsWith("no longer") ? "" : `; ${fixText(told)}`}`,
    namesOf(components, shownNames),
    ...(title === rule ? [] : [title]),
  ];
  return {
    severity: finding.severity,
    exploited: finding.exploited,
    text: rule,
    ...(link === undefined ? {} : { link }),
    detail: detail.filter((part) => part !== "").join(" — "),
  };
}
