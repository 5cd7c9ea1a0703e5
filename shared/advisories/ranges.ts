/** OSV's evaluation of ranges: https://ossf.github.io/osv-schema/#evaluation */
import type { ParsedVersion, VersionScheme } from "../versions/types.ts";
import type { RangeEvent } from "./types.ts";

export type RangeVerdict =
  /** `from` and `to` are the events between which the version lies; there is no `to` when nothing ends the range. */
  | { readonly affected: true; readonly from: string; readonly to?: RangeEvent }
  | { readonly affected: false }
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

function readEvents(scheme: VersionScheme, events: readonly RangeEvent[]): readonly ReadEvent[] | string {
  const read: ReadEvent[] = [];
  for (const event of events) {
    const [kind, text] = event;
    if ((kind === "introduced" && text === beginning) || (kind === "limit" && text === unlimited)) {
      read.push({ event, at: undefined });
      continue;
    }
    const at = scheme.parse(text);
    if (at === undefined) return text;
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
  const read = readEvents(scheme, events);
  if (typeof read === "string") return { unparsable: read };
  let from: string | undefined;
  let to: RangeEvent | undefined;
  let limited = false;
  let withinLimit = false;
  for (const { event, at } of read) {
    const [kind, text] = event;
    // Negative: the event lies after the version.
    const position = at === undefined ? 1 : scheme.compare(version, at);
    if (kind === "limit") {
      limited = true;
      withinLimit ||= at === undefined || position < 0;
    } else if (kind === "introduced") {
      if (position >= 0) from = text;
    } else if (kind === "fixed" ? position >= 0 : position > 0) {
      from = undefined;
    } else {
      to ??= event;
    }
  }
  if (from === undefined || (limited && !withinLimit)) return { affected: false };
  return to === undefined ? { affected: true, from } : { affected: true, from, to };
}
