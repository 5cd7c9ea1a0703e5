/** Intervals of versions, as publishers write them, and the ranges of affected versions that they leave or make. */
import { PermanentError } from "../../platform/errors.ts";
import type { ParsedVersion, VersionScheme } from "../../versions/types.ts";
import type { RangeEvent } from "../types.ts";

export interface Bound {
  readonly version: string;
  readonly inclusive: boolean;
}

/** Without a bound it is open on that side. */
export interface Interval {
  readonly from?: Bound;
  readonly to?: Bound;
}

/** A version scheme, and the least version after a given one that anybody would publish. */
export interface Line {
  readonly scheme: VersionScheme;
  after(version: string): string;
}

function read({ scheme }: Line, version: string): ParsedVersion {
  const parsed = scheme.parse(version);
  if (parsed === undefined) {
    throw new PermanentError("advisory-malformed", `${JSON.stringify(version.slice(0, 80))} is not a version`);
  }
  return parsed;
}

/** Order of two lower (or two upper) bounds. */
function order(line: Line, a: Bound, b: Bound, isUpper: boolean): number {
  const difference = line.scheme.compare(read(line, a.version), read(line, b.version));
  if (difference !== 0 || a.inclusive === b.inclusive) return difference;
  return a.inclusive === isUpper ? 1 : -1;
}

/** What lies in all of them; it may be empty. Throws `PermanentError("advisory-malformed")`. */
export function intersection(line: Line, intervals: readonly Interval[]): Interval {
  const latest = intervals.flatMap(({ from }) => from ?? []).sort((a, b) => order(line, b, a, false))[0];
  const earliest = intervals.flatMap(({ to }) => to ?? []).sort((a, b) => order(line, a, b, true))[0];
  return { ...(latest !== undefined && { from: latest }), ...(earliest !== undefined && { to: earliest }) };
}

/** The affected range that is this interval. Throws `PermanentError("advisory-malformed")`. */
export function rangeOf(line: Line, { from, to }: Interval): readonly RangeEvent[] {
  for (const bound of [from, to]) if (bound !== undefined) read(line, bound.version);
  return [
    ["introduced", from === undefined ? "0" : from.inclusive ? from.version : line.after(from.version)],
    ...(to === undefined ? [] : [[to.inclusive ? "last_affected" : "fixed", to.version] as const]),
  ];
}

/**
 * The affected range that everything outside of these intervals makes: publishers who tell what is not affected any
 * more. Throws `PermanentError("advisory-malformed")`.
 */
export function rangeOutside(line: Line, intervals: readonly Interval[]): readonly RangeEvent[] {
  const sorted = [...intervals].sort((a, b) => {
    if (a.from === undefined || b.from === undefined)
      return Number(a.from !== undefined) - Number(b.from !== undefined);
    return order(line, a.from, b.from, false);
  });
  const events: RangeEvent[] = [];
  /** Where the last of the intervals so far ends; `undefined`: nowhere. */
  let end: Bound | undefined;
  let isFirst = true;
  for (const { from, to } of sorted) {
    if (isFirst) {
      isFirst = false;
      if (from !== undefined) events.push(["introduced", "0"], endBefore(from));
      end = to;
    } else {
      if (end === undefined) break;
      if (from !== undefined && isGap(line, end, from)) {
        events.push(["introduced", startAfter(line, end)], endBefore(from));
        end = to;
      } else if (to === undefined || order(line, to, end, true) > 0) end = to;
    }
    for (const bound of [from, to]) if (bound !== undefined) read(line, bound.version);
  }
  if (isFirst) events.push(["introduced", "0"]);
  else if (end !== undefined) events.push(["introduced", startAfter(line, end)]);
  return events;
}

function isGap(line: Line, end: Bound, from: Bound): boolean {
  const difference = line.scheme.compare(read(line, end.version), read(line, from.version));
  return difference < 0 || (difference === 0 && !end.inclusive && !from.inclusive);
}

function endBefore({ version, inclusive }: Bound): RangeEvent {
  return [inclusive ? "fixed" : "last_affected", version];
}

function startAfter(line: Line, { version, inclusive }: Bound): string {
  return inclusive ? line.after(version) : version;
}
