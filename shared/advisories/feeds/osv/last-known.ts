/**
 * GitHub writes a range without a fix as one without an end, and says beside it up to where the version is known to be
 * affected: `<= 1.2.3`, `< 1.2.3`.
 */
import type { RangeEvent } from "../../types.ts";

/** The range with its end, where it has none of its own. What comes before the end stays; no fix is claimed. */
export function withKnownEnd(events: readonly RangeEvent[], lastKnown: unknown): readonly RangeEvent[] {
  if (typeof lastKnown !== "string" || lastKnown.length > 512) return events;
  if (events.some(([kind]) => kind !== "introduced")) return events;
  const [, operator, version] = /^\s*(<=?)\s*([^\s,<>=]+)\s*$/.exec(lastKnown) ?? [];
  if (version === undefined) return events;
  return [...events, [operator === "<" ? "limit" : "last_affected", version]];
}
