import { expect } from "vitest";

/** The promise rejects with a `PermanentError` of this code. */
export async function expectPermanent(promise: Promise<unknown>, code: string): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: "PermanentError", code });
}

/** Waits until the probe gives a value that satisfies; fails with what it gave last. */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  satisfies: (value: T) => boolean,
  milliseconds = 20_000,
): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await probe();
    if (satisfies(value)) return value;
    if (Date.now() > end) throw new Error(`not within ${milliseconds} ms; last seen: ${JSON.stringify(value)}`);
    await sleep(5);
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
