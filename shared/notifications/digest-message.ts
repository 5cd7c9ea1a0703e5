import * as z from "zod";
import type { Report } from "../findings/report.ts";
import { severities } from "../findings/types.ts";
import { limits } from "../platform/limits.ts";
import { type Action, actionSchema, actionsOf, mergeEqual } from "./actions.ts";
import { actionSection, imageLink, type Message, type MessageItem, section, shownWarnings } from "./message.ts";
import type { RouteMatch } from "./route.ts";
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

/** What a digest keeps of one report: enough for its line, and its best actions. */
export const digestEntrySchema = z.object({
  name: z.string(),
  kind: z.enum(["scan", "assessment", "advisories"]),
  status: z.enum(["complete", "partial", "failed"]),
  endedAt: z.iso.datetime(),
  digest: z.string().optional(),
  running: z.array(z.string()),
  introduced: z.partialRecord(z.enum(severities), z.int()),
  exploited: z.int(),
  fixed: z.partialRecord(z.enum(severities), z.int()),
  warnings: z.array(z.string()),
  actions: z.array(actionSchema),
});
export type DigestEntry = z.infer<typeof digestEntrySchema>;

/** Of one report; keeps an entry near 6 kB. */
const keptActions = 20;
const shownNames = 5;

/** Sums a report up for a digest. Pure. */
export function digestEntry(report: Report, match: RouteMatch): DigestEntry {
  const { introduced, fixed } = match;
  const { subject } = report;
  return {
    name: plain(subject.name, 200),
    kind: report.kind,
    status: report.status,
    endedAt: report.endedAt,
    ...(subject.digest === undefined ? {} : { digest: plain(subject.digest, 140) }),
    running: subject.running.slice(0, 20).map((service) => plain(service, 80)),
    introduced: { ...countSeverities(introduced) },
    exploited: introduced.filter((finding) => finding.exploited).length,
    fixed: { ...countSeverities(fixed) },
    warnings: report.warnings.slice(0, shownWarnings).map((warning) => plain(warning, 300)),
    actions: actionsOf(introduced)
      .slice(0, keptActions)
      .map((action) => ({ ...action, names: action.names.slice(0, 20) })),
  };
}

/** The message of one digest. Pure. `complete` is false when there were more entries than are given. */
export function digestMessage(
  about: { readonly id: string; readonly route: string; readonly bucket: string; readonly linkBase?: string },
  entries: readonly DigestEntry[],
  complete: boolean,
): Message {
  const subjects = subjectsOf(entries);
  const introduced = sumCounts(subjects.map((subject) => subject.introduced));
  const fixed = sumCounts(subjects.map((subject) => subject.fixed));
  const exploited = subjects.reduce((sum, subject) => sum + subject.exploited, 0);
  const severity = worst(severities.filter((one) => (introduced[one] ?? 0) > 0));
  const hourly = about.bucket.includes("T");
  const period = hourly ? `${about.bucket.replace("T", " ")}:00 UTC` : about.bucket;
  const items = subjects.slice(0, limits.itemsPerMessage).map((subject) => subjectItem(subject, about.linkBase));
  const facts = [
    ["Period", `${hourly ? "the hour from" : "the day"} ${period}`],
    ["Reports", `${entries.length} about ${counted(subjects.length, "image or cluster", "images and clusters")}`],
    ["New", severitiesOf(introduced)],
    ["Fixed", severitiesOf(fixed)],
  ] as const;
  return {
    id: about.id,
    title: [
      `${hourly ? "Hourly" : "Daily"} digest ${period}: ${totalOf(introduced)} new`,
      ...(exploited > 0 ? [`${exploited} known exploited`] : []),
      `${totalOf(fixed)} fixed`,
    ].join(", "),
    ...(severity === undefined ? {} : { severity }),
    facts: facts.filter(([, text]) => text !== "").map(([label, text]) => ({ label, text })),
    warnings: warningsOf(entries, complete),
    sections: [
      ...actionSection(
        mergeEqual(
          subjects.flatMap((subject) => subject.actions),
          true,
        ),
      ),
      section("By image and cluster, what runs first", items, subjects.length - items.length),
    ],
    footer: `Route ${about.route} · digest ${about.bucket}`,
  };
}

interface Subject extends Omit<DigestEntry, "actions" | "introduced" | "fixed"> {
  readonly introduced: SeverityCounts;
  readonly fixed: SeverityCounts;
  readonly actions: readonly Action[];
}

/** One per image name or cluster, its newest report giving the state: what runs first, then the worst. */
function subjectsOf(entries: readonly DigestEntry[]): readonly Subject[] {
  const groups = Map.groupBy(entries, (entry) => JSON.stringify([entry.kind, entry.name]));
  return [...groups.values()]
    .flatMap((group): readonly Subject[] => {
      const newest = group.reduce<DigestEntry | undefined>(
        (a, b) => (a === undefined || b.endedAt >= a.endedAt ? b : a),
        undefined,
      );
      if (newest === undefined) return [];
      return [
        {
          ...newest,
          introduced: sumCounts(group.map((entry) => entry.introduced)),
          exploited: group.reduce((sum, entry) => sum + entry.exploited, 0),
          fixed: sumCounts(group.map((entry) => entry.fixed)),
          actions: mergeEqual(
            group.flatMap((entry) => entry.actions),
            false,
          ),
        },
      ];
    })
    .sort(bySubject);
}

function bySubject(a: Subject, b: Subject): number {
  const rank = (subject: Subject) => severities.findIndex((severity) => (subject.introduced[severity] ?? 0) > 0);
  const unsigned = (index: number) => (index < 0 ? severities.length : index);
  return (
    Number(b.running.length > 0) - Number(a.running.length > 0) ||
    b.exploited - a.exploited ||
    unsigned(rank(a)) - unsigned(rank(b)) ||
    totalOf(b.introduced) - totalOf(a.introduced) ||
    (a.name < b.name ? -1 : 1)
  );
}

function subjectItem(subject: Subject, linkBase: string | undefined): MessageItem {
  const severity = worst(severities.filter((one) => (subject.introduced[one] ?? 0) > 0));
  const link = imageLink(linkBase, subject.digest);
  const numbers = (counts: SeverityCounts, word: string) =>
    totalOf(counts) === 0 ? [] : [`${totalOf(counts)} ${word} (${severitiesOf(counts)})`];
  const detail = [
    ...(subject.status === "failed" ? [`${subject.kind} failed`] : []),
    ...(subject.status === "partial" ? ["not everything was read"] : []),
    ...numbers(subject.introduced, "new"),
    ...numbers(subject.fixed, "fixed"),
    ...(subject.running.length > 0 ? [`running in ${namesOf(subject.running, shownNames)}`] : []),
  ];
  return {
    ...(severity === undefined ? {} : { severity }),
    exploited: subject.exploited > 0,
    text: subject.name,
    ...(link === undefined ? {} : { link }),
    detail: detail.join(" · "),
  };
}

function warningsOf(entries: readonly DigestEntry[], complete: boolean): readonly string[] {
  const cut = complete ? [] : [`Only the first ${entries.length} reports of this period are summed up here.`];
  const distinct = new Set(entries.flatMap((entry) => entry.warnings));
  return [...cut, ...[...distinct].slice(0, shownWarnings)];
}
