import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Table } from "../../../shared/platform/ports.ts";
import { closeSet, indexImage, unindexImage } from "../../../shared/rematch/index-image.ts";
import { holdersPartition } from "../../../shared/rematch/keys.ts";
import { membersOf, setsHolding } from "../../../shared/rematch/lookup.ts";
import { anyName, looseName, releaseOf } from "../../../shared/rematch/names.ts";
import { packageSetsOf } from "../../../shared/rematch/sets.ts";
import { memoryTable } from "../../support/memory-table.ts";
import { debian12, digestOf, inventoryOf, type StoredLayer, type StoredPackage } from "../../support/stored-images.ts";

const clock = { now: () => Date.parse("2026-03-01T00:00:00Z") };
const image = (name: string) => ({ registry: "registry.example", repository: name, digest: digestOf(name) });
const deb = (name: string, source = name): StoredPackage => ({
  type: "deb",
  name,
  version: "1",
  source: { name: source, version: "1" },
});
const npm = (name: string): StoredPackage => ({ type: "npm", name, version: "1.0.0" });

async function store(table: Table, name: string, layers: readonly StoredLayer[]): Promise<void> {
  await indexImage({ table, clock }, image(name), inventoryOf(digestOf(name), layers, debian12), "blob");
}

async function holding(table: Table, type: "deb" | "npm", name: string): Promise<string[]> {
  const reach = { type, release: releaseOf(type, { distribution: debian12 }) };
  const found = new Set<string>();
  for (const set of await setsHolding(table, reach, looseName(name))) {
    for (const member of await membersOf({ table, clock }, set)) found.add(member.repository);
  }
  return [...found].sort();
}

const base: StoredLayer = { name: "base", packages: [deb("libssl3", "openssl"), deb("zlib1g", "zlib")] };

describe("the index", () => {
  it("finds exactly the images that hold a package, by its name and its source's, whatever was stored in between", async () => {
    const name = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h");
    const packages = fc.uniqueArray(fc.record({ type: fc.constantFrom("deb", "npm"), name, source: name }), {
      maxLength: 6,
      selector: ({ type, name: own }) => type + own,
    });
    const step = fc.record({
      image: fc.constantFrom("one", "two", "three"),
      layers: fc.array(packages, { maxLength: 3 }),
      gone: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const table = memoryTable(clock);
        const stored = new Map<string, readonly StoredPackage[]>();
        for (const { image: own, layers, gone } of steps) {
          const made = layers.map((some, index) => ({
            name: `layer ${index}`,
            packages: some.map((item) => (item.type === "deb" ? deb(item.name, item.source) : npm(item.name))),
          }));
          if (gone) await unindexImage(table, image(own));
          else await store(table, own, made);
          stored.set(own, gone ? [] : made.flatMap((layer) => layer.packages));
        }
        for (const type of ["deb", "npm"] as const) {
          for (const wanted of ["a", "b", "c", "h"]) {
            const expected = [...stored].filter(([, some]) =>
              some.some((item) => item.type === type && (item.name === wanted || item.source?.name === wanted)),
            );
            expect(await holding(table, type, wanted)).toEqual(expected.map(([own]) => own).sort());
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("writes the names of a shared layer once, and of a rebuild only what is new in it", async () => {
    const table = memoryTable(clock);
    await store(table, "one", [base, { name: "app 1", packages: [npm("left")] }]);
    const holders = () => table.items().filter(({ pk }) => pk.startsWith("holders#"));
    const versions = () => holders().reduce((sum, { version }) => sum + version, 0);
    const before = versions();
    await store(table, "two", [base, { name: "app 2", packages: [npm("left")] }]);
    expect(versions()).toBe(before);
    await store(table, "three", [base, { name: "app 3", packages: [npm("right")] }]);
    // The name, and what stands for any name.
    expect(versions()).toBe(before + 2);
    expect(await holding(table, "deb", "openssl")).toEqual(["one", "three", "two"]);
  });

  it("costs one read for an image that is indexed as it is", async () => {
    const table = memoryTable(clock);
    await store(table, "one", [base]);
    const calls: string[] = [];
    const watched = new Proxy(table, {
      get(target, call) {
        calls.push(String(call));
        return Reflect.get(target, call);
      },
    });
    await store(watched, "one", [base]);
    expect(calls).toEqual(["get"]);
  });

  it("keeps the pieces of a long list that did not change", () => {
    const names = Array.from({ length: 2000 }, (_, index) => npm(`package-${index}`));
    const setsOf = (packages: readonly StoredPackage[]) =>
      packageSetsOf(inventoryOf(digestOf("x"), [{ name: "app", packages }], debian12));
    const [before, after] = [setsOf(names), setsOf([...names, npm("package-1000a")])];
    expect(before.length).toBeGreaterThan(5);
    expect(before.every((set) => set.names.length <= 512)).toBe(true);
    const known = new Set(before.map(({ id }) => id));
    expect(after.filter(({ id }) => !known.has(id))).toHaveLength(1);
  });

  it("bounds the keys of hostile names", async () => {
    const table = memoryTable(clock);
    const name = "é".repeat(5000);
    await store(table, "one", [{ name: "app", packages: [npm(name), npm("..."), npm("*")] }]);
    expect(await holding(table, "npm", name)).toEqual(["one"]);
  });
});

describe("a set that nobody has any more", () => {
  const setsLeft = (table: ReturnType<typeof memoryTable>) =>
    table.items().filter(({ pk }) => pk.startsWith("holders#") || pk.startsWith("package-set#"));

  it("is taken out when it is looked up, and comes back with the next image", async () => {
    const table = memoryTable(clock);
    await store(table, "one", [base]);
    await unindexImage(table, image("one"));
    expect(await holding(table, "deb", "zlib")).toEqual([]);
    expect(setsLeft(table)).toEqual([]);
    await store(table, "two", [base]);
    expect(await holding(table, "deb", "zlib")).toEqual(["two"]);
  });

  it("stays for an image that joined while it was being closed", async () => {
    const table = memoryTable(clock);
    await store(table, "one", [base]);
    await unindexImage(table, image("one"));
    const [set] = await setsHolding(table, { type: "deb", release: "debian:12" }, anyName);
    if (set === undefined) throw new Error("no set");
    const joining = store(table, "two", [base]);
    await closeSet({ table, clock }, set, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return (await table.query({ pk: `members#${set.id}` })).items.length > 0;
    });
    await joining;
    expect(await holding(table, "deb", "openssl")).toEqual(["two"]);
  });

  it("is opened again by an image when whoever was closing it ended half way", async () => {
    const later = { now: () => clock.now() + 10 * 60_000 };
    const table = memoryTable(clock);
    await store(table, "one", [base]);
    await unindexImage(table, image("one"));
    const [set] = await setsHolding(table, { type: "deb", release: "debian:12" }, anyName);
    if (set === undefined) throw new Error("no set");
    const halfWay = new Proxy(table, {
      get: (target, call) =>
        call === "remove" ? async () => Promise.reject(new Error("killed")) : Reflect.get(target, call),
    });
    await expect(closeSet({ table: halfWay, clock }, set, async () => false)).rejects.toThrow("killed");
    await table.remove({ pk: holdersPartition("deb", "openssl"), sk: `debian:12#${set.id}` });
    await indexImage({ table, clock: later }, image("two"), inventoryOf(digestOf("two"), [base], debian12), "blob");
    expect(await holding(table, "deb", "openssl")).toEqual(["two"]);
  });
});
