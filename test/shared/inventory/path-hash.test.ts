import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  collectAncestors,
  collectPathHashes,
  pathSetOf,
  pathState,
  pathStates,
} from "../../../shared/inventory/path-hash.ts";
import { emptyName, readName } from "../../../shared/inventory/tar/name.ts";

function collect(paths: Iterable<string>): ReturnType<typeof collectPathHashes> {
  const hashes = collectPathHashes(300_000);
  for (const path of paths) {
    const { high, low } = pathState(path);
    hashes.add(high, low);
  }
  return hashes;
}

describe("path hashes", () => {
  it("a hundred thousand paths and their repeats, page by page", () => {
    const paths = Array.from({ length: 100_000 }, (_, at) => `usr/share/d${at % 1000}/file-${at}`);
    const hashes = collect([...paths, ...paths.slice(0, 10)]);
    expect([hashes.count, collect([...paths, ...paths]).intoSet().size]).toEqual([100_010, 100_000]);
    const states = [0, 9, 10, 99_999].map((at) => pathState(paths[at] ?? ""));
    const last = hashes.lastIndexes([...states, pathState("nowhere")]);
    expect(states.map(last)).toEqual([100_000, 100_009, 10, 99_999]);
    expect(last(pathState("nowhere"))).toBe(-1);
    const set = hashes.intoSet(collect(paths.slice(50_000)).intoSet());
    expect(set.size).toBe(50_000);
    expect(paths.filter((path) => set.has(pathState(path)))).toEqual(paths.slice(0, 50_000));
    expect(set.has(pathState("usr/share/d1/file-2"))).toBe(false);
    const again = pathSetOf(set.bytes);
    expect([again.size, again.has(pathState(paths[1] ?? ""))]).toEqual([50_000, true]);
  });

  it("bytes of a name and text of a path agree, whole and step by step", () => {
    const part = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
      .filter((one) => !/[/\0]|^\.{1,2}$/.test(one));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const path = parts.join("/").toWellFormed();
        const bytes = Buffer.from(path);
        const name = emptyName();
        readName(name, bytes, 0, bytes.length);
        expect({ high: name.high, low: name.low }).toEqual(pathState(path));
        expect([...pathStates(path)].at(-1)).toEqual(pathState(path));
        const ancestors = collectAncestors(1000);
        ancestors.add(name.bytes, name.start, name.base);
        const leading = path
          .split("/")
          .slice(0, -1)
          .map((_, at, all) => all.slice(0, at + 1).join("/"));
        expect(ancestors.hashes.count).toBe(leading.length);
        const found = ancestors.hashes.intoSet();
        expect(leading.every((one) => found.has(pathState(one)))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
