/** How long a registry is waited for, and how often it is asked again. */
import { setTimeout as sleep } from "node:timers/promises";
import { TransientError } from "../../platform/errors.ts";

export interface Timing {
  /** Until connected. */
  readonly connectMilliseconds: number;
  /** Until an answer begins, and then between two pieces of it. */
  readonly idleMilliseconds: number;
  /** Tries of one request, and of one blob without progress. */
  readonly tries: number;
  /** The first pause is up to this long, each further one up to twice the one before. */
  readonly backoffMilliseconds: number;
  /** The longest pause; a longer `Retry-After` gives the work back to the queue instead. */
  readonly longestPauseMilliseconds: number;
}

export const defaultTiming: Timing = {
  connectMilliseconds: 10_000,
  idleMilliseconds: 30_000,
  tries: 5,
  backoffMilliseconds: 250,
  longestPauseMilliseconds: 20_000,
};

/** Pauses before try `attempt` (1 is the second); gives up with the error itself when the pause would be too long. */
export async function pause(error: TransientError, attempt: number, timing: Timing): Promise<void> {
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  if (asked > timing.longestPauseMilliseconds) throw error;
  // Full jitter: many scanners that failed together do not come back together.
  const backoff =
    Math.random() * Math.min(timing.backoffMilliseconds * 2 ** (attempt - 1), timing.longestPauseMilliseconds);
  await sleep(Math.max(asked, backoff));
}

/** Runs until it succeeds, fails permanently, or has failed `tries` times. */
export async function withRetries<Result>(timing: Timing, attempt: () => Promise<Result>): Promise<Result> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransientError) || tried >= timing.tries) throw error;
      await pause(error, tried, timing);
    }
  }
}

/** Seconds of a `Retry-After` header: a number or a date (RFC 9110, 10.2.3). */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  // `Date.parse` alone would take "-3" for a year.
  const date = /^[A-Z][a-z]{2}, \d/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
