/** OSV's evaluation of ranges: https://ossf.github.io/osv-schema/#evaluation */
import type { ParsedVersion, VersionScheme } from "../versions/types.ts";
import type { RangeEvent } from "./types.ts";

export type RangeVerdict =
  /** `from` and `to` are the events between which the version lies; there is no `to` when nothing ends the range. */
  | { readonly affected: true; readonly from: string; readonly to?: RangeEvent }
  /** `passed`: the greatest fixed version that it has reached. */
  | { readonly affected: false; readonly passed?: string }
  /** This event's version cannot be read, so nothing can be said. */
  | { readonly unparsable: string };

interface ReadEvent {
  readonly event: RangeEvent;
  /** `undefined`: before every version. */
  readonly at: ParsedVersion | undefined;
}

/** `introduced: 0` is before every version, whatever the scheme. */
const beginning = "0";
const unlimited = "*";

/** Whether an event needs no version to be compared with: it lies before every one, or after. */
function isOpen([kind, text]: RangeEvent): boolean {
  return (kind === "introduced" && text === beginning) || (kind === "limit" && text === unlimited);
}

function readEvents(scheme: VersionScheme, events: readonly RangeEvent[]): readonly ReadEvent[] | string {
  const read: ReadEvent[] = [];
  for (const event of events) {
    const at = isOpen(event) ? undefined : scheme.parse(event[1]);
    if (at === undefined && !isOpen(event)) return event[1];
    read.push({ event, at });
  }
  return read;
}

function order(scheme: VersionScheme, a: ReadEvent, b: ReadEvent): number {
  if (a.at === undefined || b.at === undefined) return Number(a.at !== undefined) - Number(b.at !== undefined);
  return scheme.compare(a.at, b.at);
}

/** The events in version order, or as they were when one cannot be read. The sort is stable, as OSV's is. */
export function sortEvents(scheme: VersionScheme, events: readonly RangeEvent[]): readonly RangeEvent[] {
  const read = readEvents(scheme, events);
  if (typeof read === "string") return events;
  return [...read].sort((a, b) => order(scheme, a, b)).map(({ event }) => event);
}

/** Whether the version lies in the range that these events (in version order) describe, and between which. */
export function judgeRange(scheme: VersionScheme, events: readonly RangeEvent[], version: ParsedVersion): RangeVerdict {
  let from: string | undefined;
  let to: RangeEvent | undefined;
  let passed: string | undefined;
  let limited = false;
  let withinLimit = false;
  for (const event of events) {
    const [kind, text] = event;
    const open = isOpen(event);
    const at = open ? undefined : scheme.parse(text);
    if (!open && at === undefined) return { unparsable: text };
    // Negative: the event lies after the version.
    const position = at === undefined ? 1 : scheme.compare(version, at);
    if (kind === "limit") {
      limited = true;
      withinLimit ||= at === undefined || position < 0;
    } else if (kind === "introduced") {
      if (position >= 0) from = text;
    } else if (kind === "fixed" ? position >= 0 : position > 0) {
      from = undefined;
      if (kind === "fixed") passed = text;
    } else {
      to ??= event;
    }
  }
  if (from === undefined || (limited && !withinLimit)) {
    return passed === undefined ? unaffected : { affected: false, passed };
  }
  return to === undefined ? { affected: true, from } : { affected: true, from, to };
}

const unaffected: RangeVerdict = { affected: false };
