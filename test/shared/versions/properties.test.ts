/** What holds for every scheme of the registry. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareVersions, type SchemeName, schemeNames, versionScheme } from "../../../shared/versions/compare.ts";
import { mutate, randomOf } from "../../support/version-mutations.ts";
import { anyVersion, versions } from "./generators.ts";

/** Where upstream's own order has circles, and what has none. */
const withoutCircles: Partial<Readonly<Record<SchemeName, (version: string) => boolean>>> = {
  // A release counts only against a release.
  pacman: (version) => /-[0-9.]+$/.test(version),
  // `10` < `1a` (as words), `1a` < `2` (as words), `2` < `10` (as numbers).
  conan: (version) => version.split(/[.+-]/).every((item) => /^(?:[A-Za-z_].*|[0-9]+(?:_[0-9]+)*)?$/.test(item)),
};

describe.each(schemeNames)("%s", (name) => {
  const scheme = versionScheme(name);
  const compare = (a: string, b: string) => Math.sign(compareVersions(name, a, b));
  const readable = versions[name].filter((version) => scheme.parse(version) !== undefined);

  test("is reflexive and antisymmetric", () => {
    fc.assert(
      fc.property(readable, readable, (a, b) => {
        expect(compare(a, a)).toBe(0);
        expect(compare(a, b)).toBe(0 - compare(b, a));
      }),
      { numRuns: 2000 },
    );
  });

  test("is transitive, and equals are interchangeable", () => {
    const version = readable.filter(withoutCircles[name] ?? (() => true));
    fc.assert(
      fc.property(version, version, version, (...triple) => {
        const [a, b, c] = triple.sort(compare);
        expect([compare(a, b), compare(b, c)]).not.toContain(1);
        expect(compare(a, c)).toBe(Math.min(compare(a, b), compare(b, c)));
      }),
      { numRuns: 2000 },
    );
  });

  test("orders hostile text or refuses it", () => {
    const random = randomOf(7);
    const mutated = fc.tuple(versions[name], fc.nat(4)).map(([version, times]) => {
      let text = version;
      for (let count = 0; count < times; count++) text = mutate(text, random);
      return text;
    });
    const anything = fc.oneof(mutated, anyVersion, fc.string({ maxLength: 700 }), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const [left, right] = [scheme.parse(a), scheme.parse(b)];
        if (left !== undefined) expect(scheme.compare(left, left)).toBe(0);
        if (left === undefined || right === undefined) return;
        const order = scheme.compare(left, right);
        expect(order).not.toBeNaN();
        expect(Math.sign(order)).toBe(0 - Math.sign(scheme.compare(right, left)));
      }),
      { numRuns: 2000 },
    );
  });

  test("refuses nothing and too much", () => {
    for (const text of ["", "1".repeat(513)]) expect(scheme.parse(text)).toBeUndefined();
  });

  test("takes time in proportion to the length", () => {
    for (const piece of ["-", "_p", ".0", "~", "1-", "_alpha1", "-a", ".dev", "0", "a1", "+1", "^", ".-", "_1"]) {
      const long = `1${piece.repeat(600)}`.slice(0, 512);
      const started = performance.now();
      for (const last of ["", "x", "1", "\u0000"]) {
        const [a, b] = [scheme.parse(long), scheme.parse(`${long.slice(0, -1)}${last}`)];
        if (a !== undefined && b !== undefined) scheme.compare(a, b);
      }
      expect(performance.now() - started, piece).toBeLessThan(2000);
    }
  });
});
