import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildShard } from "../../../shared/advisories/set/build-shard.ts";
import { readShard } from "../../../shared/advisories/set/shard.ts";
import { openAdvisories } from "../../../shared/advisories/set/store.ts";
import type { ByteRange } from "../../../shared/platform/ports.ts";
import { load } from "./support.ts";

function shardOf(content: Readonly<Record<string, readonly string[]>>): Buffer {
  const ids = [...new Set(Object.values(content).flat())].sort();
  const packages = Object.entries(content)
    .map(([name, its]) => ({
      name,
      entries: its.map((id) => ({ advisory: ids.indexOf(id), affected: Buffer.from('{"versions":["1"]}') })),
      fingerprint: Buffer.from(`${name}${its.join()}`.padEnd(8)),
    }))
    .sort((a, b) => Buffer.from(a.name).compare(Buffer.from(b.name)));
  return buildShard(
    packages,
    ids.map((id) => Buffer.from(JSON.stringify({ id, summary: `é ${id}` }))),
  );
}

const names = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const contents = fc.dictionary(names, fc.uniqueArray(fc.constantFrom("A-1", "B-2", "C-3", "D-4"), { minLength: 1 }), {
  maxKeys: 30,
});

describe("a shard", () => {
  test("gives for every package what was put in, in byte order of the names, and nothing for others", () => {
    fc.assert(
      fc.property(contents, names, (content, other) => {
        const shard = readShard(shardOf(content), "hash");
        for (const [name, ids] of Object.entries(content)) {
          expect(shard.lookup(name).map(({ advisory }) => advisory.id)).toEqual(ids);
        }
        expect(new Set(shard.names())).toEqual(new Set(Object.keys(content)));
        if (!Object.hasOwn(content, other)) expect(shard.lookup(other)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test("with changed bytes gives a typed error or an answer, never another error and never an endless search", () => {
    const whole = shardOf({ alpha: ["A-1", "B-2"], beta: ["B-2"], gamma: ["C-3"], delta: ["D-4", "A-1"] });
    const mutation = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), cut: fc.nat(whole.length) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean(), (mutations, cuts) => {
        let bytes = Buffer.from(whole);
        for (const { at, byte, cut } of mutations) {
          bytes[at % Math.max(1, bytes.length)] = byte;
          if (cuts) bytes = bytes.subarray(0, cut);
        }
        try {
          const shard = readShard(bytes, "hash");
          for (const name of ["alpha", "beta", "zeta", ...[...shard.names()].slice(0, 20)]) {
            for (const { advisory, affected } of shard.lookup(name)) expect([advisory, affected]).toHaveLength(2);
          }
        } catch (error) {
          expect(error).toMatchObject({ name: "PermanentError", code: "advisory-shard-broken" });
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("opened shards", () => {
  const records = ["npm", "PyPI", "Debian:12"].map((ecosystem) => ({
    id: `X-${ecosystem.slice(0, 3)}`,
    modified: "2026-02-01T00:00:00Z",
    affected: [{ package: { ecosystem, name: "one" }, versions: ["1"] }],
  }));

  test.each([
    ["shard", /\/npm-[0-9a-f]{64}$/],
    ["table of details", /\/npm-details-[0-9a-f]{64}$/],
  ])("any change of the stored bytes is refused by the hash: of a %s", async (_, pattern) => {
    const { ports } = await load(records);
    const [key, stored] = [...ports.blobs.content].find(([name]) => pattern.test(name)) ?? ["", new Uint8Array()];
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Uint8Array.from(stored);
        changed[at] = (changed[at] ?? 0) ^ flip;
        ports.blobs.content.set(key, changed);
        const advisories = await openAdvisories(ports.blobs);
        await expect(advisories.lookup("npm", "one")).rejects.toMatchObject({ code: "advisory-shard-broken" });
      }),
      { numRuns: 100 },
    );
  });

  test("are read once, let go when the cache is full, when nobody asks, and when told to", async () => {
    const { ports } = await load(records);
    let reads = 0;
    const counted = {
      ...ports.blobs,
      get: async (key: string, range?: ByteRange) => {
        if (key.includes("/shards/") && range === undefined) reads++;
        return await ports.blobs.get(key, range);
      },
    };
    const ask = async (advisories: Awaited<ReturnType<typeof openAdvisories>>, ecosystem: string) => {
      const before = reads;
      expect(await advisories.lookup(ecosystem, "one")).toHaveLength(1);
      return reads - before;
    };
    const roomy = await openAdvisories(counted, { idleMilliseconds: 40 });
    expect(await Promise.all([ask(roomy, "npm"), ask(roomy, "npm")])).toContain(1);
    expect(await ask(roomy, "npm")).toBe(0);
    roomy.release();
    expect(await ask(roomy, "npm")).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await ask(roomy, "npm")).toBe(1);
    const tight = await openAdvisories(counted, { cacheBytes: 1 });
    expect([await ask(tight, "npm"), await ask(tight, "PyPI"), await ask(tight, "npm")]).toEqual([1, 1, 1]);
  });

  test("an ecosystem that the set lacks has no shard", async () => {
    const { advisories } = await load(records);
    expect(await advisories.shard("Maven")).toBeUndefined();
    expect(await advisories.lookup("Debian:99", "one")).toEqual([]);
  });
});
