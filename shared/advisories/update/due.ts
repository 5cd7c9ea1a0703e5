/** When each source is asked again. */

import type { Manifest, ManifestSource } from "../set/manifest.ts";
import type { AdvisorySettings } from "../settings.ts";
import { enabledParts, type SourcePart } from "./fetch-feeds.ts";

const hourMilliseconds = 60 * 60 * 1000;
/** After a failure; and how much too early a turn may come. */
const retryMilliseconds = 20 * 60 * 1000;
const earlyMilliseconds = 5 * 60 * 1000;
const turnMilliseconds = 30 * 60 * 1000;

/** When it was last asked for, Unix milliseconds; a time that is yet to come tells nothing. */
function lastAsked(source: ManifestSource | undefined, now: number): number {
  const times = [source?.updatedAt, source?.failure?.at].flatMap((time) =>
    time === undefined ? [] : Date.parse(time),
  );
  return Math.max(0, ...times.filter((time) => time <= now + earlyMilliseconds));
}

/**
 * The parts whose turn it is at `now` (Unix milliseconds), those first that were not asked for longest: whatever is left
 * for want of time begins the next turn, and one that takes too long holds up none of the others.
 */
export function dueParts(settings: AdvisorySettings, before: Manifest | undefined, now: number): readonly SourcePart[] {
  const known = new Map(before?.sources.map((source) => [source.name, source]));
  const parts = enabledParts(settings);
  // Of those that were never asked another one is the first at each turn.
  const first = Math.floor(now / turnMilliseconds) % Math.max(1, parts.length);
  return [...parts.slice(first), ...parts.slice(0, first)]
    .map((part) => ({ part, source: known.get(part.name), asked: lastAsked(known.get(part.name), now) }))
    .filter(({ part, source, asked }) => {
      const isFailing = source?.failure !== undefined || source?.from !== part.base;
      const wait = isFailing ? retryMilliseconds : settings.everyHours * hourMilliseconds - earlyMilliseconds;
      return now - asked >= wait;
    })
    .sort((a, b) => a.asked - b.asked)
    .map(({ part }) => part);
}

/** Whether a directory that has everything is to be read again. */
export function isDirectoryDue(settings: AdvisorySettings, before: Manifest | undefined, now: number): boolean {
  const age = before === undefined ? Number.POSITIVE_INFINITY : now - Date.parse(before.updatedAt);
  return age < -earlyMilliseconds || age >= settings.everyHours * hourMilliseconds - earlyMilliseconds;
}
