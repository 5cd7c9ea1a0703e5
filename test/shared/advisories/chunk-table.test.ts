import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildTable, chunkCache, openTable } from "../../../shared/advisories/set/chunk-table.ts";
import type { ByteRange } from "../../../shared/platform/ports.ts";

const byBytes = (a: string, b: string) => Buffer.from(a).compare(Buffer.from(b));

function opened(content: Readonly<Record<string, unknown>>, cache = chunkCache(0)) {
  const rows = Object.keys(content)
    .sort(byBytes)
    .map((key) => ({ key, value: Buffer.from(JSON.stringify(content[key])) }));
  const built = buildTable(rows);
  const ranges: ByteRange[] = [];
  const fetch = async (range: ByteRange) => {
    ranges.push(range);
    return built.bytes.subarray(range.offset, range.offset + range.length);
  };
  const table = openTable(built.bytes.subarray(0, built.head.bytes), fetch, "t", cache);
  return { built, table, ranges, fetched: () => ranges.reduce((sum, { length }) => sum + length, 0) };
}

const keys = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const contents = fc.dictionary(keys, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 60 });

describe("a table that is read in parts", () => {
  test("gives every row that was put in, and nothing for other keys", async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.array(keys, { maxLength: 5 }), async (content, others) => {
        const { table } = opened(content);
        const found = await table.lookup([...Object.keys(content), ...others]);
        expect(Object.fromEntries(found)).toEqual(JSON.parse(JSON.stringify(content)));
        const all: string[] = [];
        for await (const { key } of table.all()) all.push(key);
        expect(all).toEqual(Object.keys(content).sort(byBytes));
      }),
      { numRuns: 100 },
    );
  });

  test("fetches only the chunks that hold what is asked, neighbours together", async () => {
    const content = Object.fromEntries(
      Array.from({ length: 5000 }, (_, n) => [`key-${String(n).padStart(5, "0")}`, `${n} `.repeat(40 + (n % 7))]),
    );
    const few = opened(content);
    expect(await few.table.lookup(["key-00007", "key-00008", "key-04999", "nobody"])).toHaveProperty("size", 3);
    expect(few.ranges).toHaveLength(2);
    expect(few.fetched()).toBeLessThan(few.built.bytes.length / 10);
    const all = opened(content);
    expect(await all.table.lookup(Object.keys(content))).toHaveProperty("size", 5000);
    expect(all.ranges.length).toBeLessThan(4);
  });

  test("what was unpacked is not fetched again, within the bytes that may be held", async () => {
    const content = Object.fromEntries(
      Array.from({ length: 3000 }, (_, n) => [`key-${String(n).padStart(5, "0")}`, `${n} `.repeat(40)]),
    );
    const [first = "", last = ""] = [Object.keys(content)[0], Object.keys(content).at(-1)];
    const { table, ranges } = opened(content, chunkCache(1_000_000));
    for (let round = 0; round < 3; round++) {
      const found = await table.lookup([first, last]);
      expect([found.get(first), found.get(last)]).toEqual([content[first], content[last]]);
    }
    expect(ranges).toHaveLength(2);
    // Room for about one chunk: the other one is always gone.
    const small = opened(content, chunkCache(60_000));
    for (let round = 0; round < 3; round++) {
      await small.table.lookup([first]);
      await small.table.lookup([first]);
      await small.table.lookup([last]);
    }
    expect(small.ranges).toHaveLength(6);
  });

  test("with changed bytes gives a typed error or what was put in, never anything else", async () => {
    const content = { alpha: 1, beta: { deep: ["x"] }, gamma: "g".repeat(500) };
    const { built } = opened(content);
    await fc.assert(
      fc.asyncProperty(fc.nat(built.bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(built.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        try {
          const fetch = async ({ offset, length }: ByteRange) => bytes.subarray(offset, offset + length);
          const table = openTable(bytes.subarray(0, built.head.bytes), fetch, "t");
          for (const [key, value] of await table.lookup(Object.keys(content))) {
            expect(value).toEqual(content[key as keyof typeof content]);
          }
        } catch (error) {
          expect(error).toMatchObject({ name: "PermanentError", code: "advisory-shard-broken" });
        }
      }),
      { numRuns: 500 },
    );
  });
});
