/**
 * The message that a person gets about one report or digest, independent of the channel. Everything in it
 * is bounded and printable, but still hostile text: each channel escapes it in its own way.
 */
import type { Report, ReportedFinding } from "../findings/report.ts";
import type { Severity } from "../findings/types.ts";
import { limits } from "../platform/limits.ts";
import { type Action, actionSeverity, actionTitle, actionWorth } from "./actions.ts";
import { counted, plain, safeLink } from "./text.ts";

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
