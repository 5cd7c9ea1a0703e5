import { PermanentError } from "../../platform/errors.ts";

/** A publisher's time (or day) as ISO 8601 in UTC. Throws `PermanentError("advisory-malformed")`: no calendar has every text that looks like one. */
export function isoTime(text: string): string {
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw new PermanentError("advisory-malformed", `${JSON.stringify(text.slice(0, 60))} is no time`);
  return new Date(at).toISOString();
}
