import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, type Json } from "../../../shared/drift/canonical.ts";
import { apply, difference } from "../../../shared/drift/difference.ts";

/** Small alphabets, so that two values share members; names that objects treat specially are names like any other. */
const name = fc.constantFrom("a", "b", "c", "/", "~", "~1", "", "__proto__", "constructor", "0");
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, 1, "", "x", "y"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
}));

describe("difference", () => {
  test("applied to before it gives after, and says nothing of what is the same", () => {
    fc.assert(
      fc.property(value, value, (before, after) => {
        expect(canonicalJson(apply(before, difference(before, after)))).toBe(canonicalJson(after));
        expect(difference(before, structuredClone(before))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  test("is bounded without leaving anything out", () => {
    fc.assert(
      fc.property(value, value, fc.integer({ min: 1, max: 3 }), (before, after, most) => {
        const found = difference(before, after, most);
        expect(found.length).toBeLessThanOrEqual(most);
        expect(canonicalJson(apply(before, found))).toBe(canonicalJson(after));
      }),
      { numRuns: 1000 },
    );
  });

  test("goes as deep as objects go, and takes lists as a whole", () => {
    const before = { service: { groups: ["a", "b"], "odd/name": { privileged: false } } };
    const after = { service: { groups: ["a", "c"], "odd/name": { privileged: true }, added: 1 } };
    expect(difference(before, after)).toEqual([
      { path: "/service/added", after: 1 },
      { path: "/service/groups", before: ["a", "b"], after: ["a", "c"] },
      { path: "/service/odd~1name/privileged", before: false, after: true },
    ]);
  });

  test("ten thousand changed places are told at the level that fits", () => {
    const wide = (value: number): Json =>
      Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`n${index}`, { value }]));
    const found = difference({ all: wide(1), other: 1 }, { all: wide(2), other: 2 });
    expect(found.map(({ path }) => path)).toEqual(["/all", "/other"]);
  });

  test("depth beyond the limit is compared as a whole", () => {
    const nested = (depth: number, leaf: Json): Json => (depth === 0 ? leaf : { in: nested(depth - 1, leaf) });
    const found = difference(nested(500, 1), nested(500, 2));
    expect(found).toHaveLength(1);
    expect(apply(nested(500, 1), found)).toEqual(nested(500, 2));
  });
});
