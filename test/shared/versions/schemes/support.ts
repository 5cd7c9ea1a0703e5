import fc from "fast-check";
import { expect } from "vitest";
import type { VersionScheme } from "../../../../shared/versions/types.ts";

function order(scheme: VersionScheme, a: string, b: string): number {
  const [left, right] = [scheme.parse(a), scheme.parse(b)];
  if (left === undefined || right === undefined) throw new Error(`${scheme.name} does not read ${a} and ${b}`);
  return Math.sign(scheme.compare(left, right)) + 0;
}

/** The list ascends strictly. */
export function expectAscending(scheme: VersionScheme, list: readonly string[]): void {
  for (const [i, a] of list.entries()) {
    for (const [j, b] of list.entries()) expect(order(scheme, a, b), `${a} against ${b}`).toBe(Math.sign(i - j));
  }
}

export function expectEqual(scheme: VersionScheme, versions: readonly string[]): void {
  for (const a of versions) for (const b of versions) expect(order(scheme, a, b), `${a} against ${b}`).toBe(0);
}

export function expectRefused(scheme: VersionScheme, texts: readonly string[]): void {
  for (const text of texts) expect(scheme.parse(text), JSON.stringify(text)).toBeUndefined();
}

/** Reflexive, antisymmetric and transitive, and equals are interchangeable. */
export function expectTotalOrder(scheme: VersionScheme, versions: fc.Arbitrary<string>): void {
  fc.assert(
    fc.property(versions, versions, versions, (a, b, c) => {
      expect(order(scheme, a, a)).toBe(0);
      expect(order(scheme, a, b)).toBe(0 - order(scheme, b, a));
      const [ab, bc] = [order(scheme, a, b), order(scheme, b, c)];
      if (ab <= 0 && bc <= 0) expect(order(scheme, a, c)).toBe(Math.min(ab, bc));
    }),
    { numRuns: 5000 },
  );
}

/** Any text of the greatest length is read or refused in time linear in it. */
export function expectQuick(scheme: VersionScheme, pieces: readonly string[]): void {
  const texts = pieces.flatMap((piece) =>
    ["1", ""].flatMap((start) => ["", "x", "!"].map((end) => (start + piece.repeat(512)).slice(0, 511) + end)),
  );
  const started = performance.now();
  for (const text of texts) {
    const parsed = scheme.parse(text);
    if (parsed !== undefined) expect(scheme.compare(parsed, parsed)).toBe(0);
  }
  expect((performance.now() - started) / texts.length).toBeLessThan(20);
}
