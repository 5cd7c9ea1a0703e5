import { setTimeout as sleep } from "node:timers/promises";

/** Attempts of what the SDK does not retry itself: the part of a batch that failed, a lost race of transactions. */
export const rounds = 8;
const baseMilliseconds = 40;
const longestMilliseconds = 1500;

/**
 * Waits before attempt `round` (0 is the first and does not wait): exponential with full jitter, so that the rivals
 * of a conflict do not meet again. All rounds together wait 3 s on average, 6 s at most.
 */
export async function backoff(round: number): Promise<void> {
  if (round === 0) return;
  await sleep(Math.random() * Math.min(longestMilliseconds, baseMilliseconds * 2 ** round));
}

/**
 * Sends a batch again and again, each time only what failed, until nothing fails; gives what still fails after the
 * last round. `send` resolves with the failed part of what it was given.
 */
export async function untilAllSent<T>(
  all: readonly T[],
  send: (part: readonly T[]) => Promise<readonly T[]>,
  pause: (round: number) => Promise<void> = backoff,
): Promise<readonly T[]> {
  let left = all;
  for (let round = 0; round < rounds && left.length > 0; round++) {
    await pause(round);
    left = await send(left);
  }
  return left;
}

/** Splits into runs of at most `count` elements and `bytes` bytes (an element alone may be larger). */
export function batches<T>(all: readonly T[], count: number, bytes: number, sizeOf: (one: T) => number): T[][] {
  const runs: T[][] = [];
  let run: T[] = [];
  let size = 0;
  for (const one of all) {
    const more = sizeOf(one);
    if (run.length > 0 && (run.length === count || size + more > bytes)) {
      runs.push(run);
      run = [];
      size = 0;
    }
    run.push(one);
    size += more;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}
