/** A process that ends at any write, before or after it had its effect, loses nothing and doubles nothing. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { indexOf } from "../../../local/demo/build-image.ts";
import type { DomainEvent } from "../../../shared/events/types.ts";
import type { Blobs, Table } from "../../../shared/platform/ports.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../../support/registry.ts";
import { at, eventsOf, makeWorld, npmImage, type World } from "./world.ts";

const arm64 = { os: "linux", architecture: "arm64" };
const killed = new Error("killed");

let registry: FaultyRegistry;
beforeAll(async () => {
  registry = await startFaultyRegistry();
});
afterAll(() => registry.close());

/** Ports whose write number `n` (from 1) is the last one: it fails before or after its effect. */
function interrupted(world: World, n: number, when: "before" | "after") {
  let writes = 0;
  const cut = async <T>(write: () => Promise<T>): Promise<T> => {
    const number = ++writes;
    // A process that has ended writes nothing more.
    if (number > n || (number === n && when === "before")) throw killed;
    const result = await write();
    if (number === n) throw killed;
    return result;
  };
  const { table, blobs } = world.platform;
  const cutTable: Table = {
    ...table,
    put: (put) => cut(() => table.put(put)),
    remove: (remove) => cut(() => table.remove(remove)),
    add: (key, amount, expiresAt) => cut(() => table.add(key, amount, expiresAt)),
    transact: (transaction) => cut(() => table.transact(transaction)),
  };
  const cutBlobs: Blobs = {
    ...blobs,
    put: (key, body) => cut(() => blobs.put(key, body)),
    remove: (key) => cut(() => blobs.remove(key)),
  };
  return { ports: { table: cutTable, blobs: cutBlobs }, writes: () => writes };
}

/** What a world remembers; what only counts attempts is left out. */
async function memory(world: World, last: DomainEvent) {
  const findings = world.findings().sort((a, b) => (a.id < b.id ? -1 : 1));
  const timelines = await Promise.all(findings.map(world.transitions));
  return {
    findings: findings.map((finding, index) => ({ ...finding, timeline: timelines[index] })),
    images: world.images().sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    completed: world.completed().sort((a, b) => (a.scanId < b.scanId ? -1 : 1)),
    report: last.type === "ImageDeleted" ? undefined : await world.report(last),
    places: world.platform.table
      .items()
      .filter(({ pk }) => /^(list|images|tags)#/.test(pk))
      .map(({ pk, sk, data }) => ({ pk, sk, data }))
      .sort((a, b) => (`${a.pk} ${a.sk}` < `${b.pk} ${b.sk}` ? -1 : 1)),
  };
}

/**
 * Handles `last` in a fresh world each time, interrupted at every write, and then again. `between`: what happens in the
 * registry before `last`. Gives what an undisturbed run leaves, which every other one must leave too.
 */
async function interruptEverywhere(
  before: readonly DomainEvent[],
  last: DomainEvent,
  between: () => Promise<unknown>,
  mostWrites: number,
) {
  const worlds: World[] = [];
  for (let index = 0; index <= 2 * mostWrites; index++) {
    const world = await makeWorld();
    for (const event of before) await world.handle(event);
    worlds.push(world);
  }
  const take = () => {
    const world = worlds.pop();
    if (world === undefined) throw new Error(`more than ${mostWrites} writes`);
    return world;
  };
  await between();
  const calm = take();
  const counting = interrupted(calm, Number.POSITIVE_INFINITY, "after");
  await calm.handle(last, counting.ports);
  const expected = await memory(calm, last);
  const total = counting.writes();
  for (const when of ["before", "after"] as const) {
    for (let n = 1; n <= total; n++) {
      const world = take();
      await expect(world.handle(last, interrupted(world, n, when).ports)).rejects.toBe(killed);
      await world.handle(last);
      expect(await memory(world, last), `interrupted ${when} write ${n} of ${total}`).toEqual(expected);
    }
  }
  return { ...expected, total };
}

it("a scan of the new index of a tag, which also heals another tag", async () => {
  const name = "team/pushed";
  const events = eventsOf(registry.address, name);
  const one = npmImage({ minimist: "0.0.8", ini: "1.3.5" }, { salt: "one" });
  const amd = npmImage({ ini: "1.3.5", y18n: "4.0.0" }, { salt: "amd" });
  const two = indexOf([amd, npmImage({ y18n: "4.0.0" }, { salt: "arm", platform: arm64 })]);
  await registry.push(one, name, "1.0");
  const before = [
    events.requested({ tag: "next" }, { time: at(0) }),
    events.pushed(one, { tags: ["1.0"], time: at(1) }),
  ];
  const last = events.pushed(two, { tags: ["1.0", "next"], time: at(2) });
  const push = () => Promise.all([registry.push(two, name, "1.0"), registry.push(two, name, "next")]);
  const { completed, report, total } = await interruptEverywhere(before, last, push, 70);
  expect(total).toBeGreaterThan(15);
  expect(completed).toHaveLength(3);
  expect(report?.introduced.map(({ rule }) => rule)).toEqual(["CVE-2020-7774"]);
  expect(report?.fixed.map(({ rule }) => rule).sort()).toEqual([
    "CVE-2020-7598",
    "CVE-2021-44906",
    "scan-failed/image-gone",
  ]);
});

it("a scan that fails on one platform", async () => {
  const name = "team/failing";
  const { pushed } = eventsOf(registry.address, name);
  const broken = npmImage({ ini: "1.3.5" }, { salt: "broken", platform: arm64 });
  const index = indexOf([npmImage({ y18n: "4.0.0" }, { salt: "whole" }), broken]);
  await registry.push(index, name, "1.0");
  const when = ({ path }: { readonly path: string }) => path.endsWith(broken.layers[1]?.digest ?? "");
  registry.fail({ when, act: { corrupt: true }, times: 1000 });
  const { report, findings } = await interruptEverywhere([], pushed(index, { tags: ["1.0"] }), async () => {}, 60);
  expect(report).toMatchObject({ status: "partial", problems: [{ code: "digest-mismatch" }] });
  expect(findings.map(({ rule }) => rule).sort()).toEqual([
    "CVE-2020-7774",
    "scan-failed/digest-mismatch",
    "scan-failed/digest-mismatch",
  ]);
});

it("a deletion that names only the tag of an index", async () => {
  const name = "team/deleted";
  const { pushed, deleted } = eventsOf(registry.address, name);
  const amd = npmImage({ minimist: "0.0.8" }, { salt: "deleted" });
  const arm = npmImage({ y18n: "4.0.0" }, { salt: "deleted too", platform: arm64 });
  const index = indexOf([amd, arm]);
  await registry.push(index, name, "1.0");
  const remove = () =>
    Promise.all(
      [index, amd, arm].map(({ manifest }) =>
        fetch(`${registry.url}/v2/${name}/manifests/${manifest.digest}`, { method: "DELETE" }),
      ),
    );
  const last = deleted({ tags: ["1.0"] }, { time: at(2) });
  const { findings } = await interruptEverywhere([pushed(index, { tags: ["1.0"], time: at(1) })], last, remove, 15);
  expect(findings.map(({ state, timeline }) => ({ state, timeline }))).toEqual(
    Array.from({ length: 3 }, () => ({ state: "resolved", timeline: ["opened", "resolved"] })),
  );
});
