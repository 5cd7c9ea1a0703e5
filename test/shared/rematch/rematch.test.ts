import { describe, expect, it } from "vitest";
import { advisoriesOf } from "../../../shared/advisories/set/store.ts";
import { runningKey } from "../../../shared/images/keys.ts";
import { recordPresence } from "../../../shared/images/store.ts";
import { indexOlderImages } from "../../../shared/rematch/older-images.ts";
import { handleRematchMessage, rematchMessage } from "../../../shared/rematch/requests.ts";
import { startFaultyRegistry } from "../../support/registry.ts";
import { debian12, digestOf, inventoryOf, type StoredLayer, storeImage } from "../../support/stored-images.ts";
import { eventsOf, npmImage } from "../scanning/world.ts";
import { completed, follow, type RematchWorld, record, rematchWorld } from "./world.ts";

const base: StoredLayer = {
  name: "debian",
  packages: [
    { type: "deb", name: "libssl3", version: "3.0.11-1", source: { name: "openssl", version: "3.0.11-1" } },
    { type: "deb", name: "openssl", version: "3.0.11-1" },
    { type: "deb", name: "zlib1g", version: "1:1.2.13", source: { name: "zlib", version: "1:1.2.13" } },
  ],
};
const app = (name: string, ...packages: readonly (readonly [string, string])[]): StoredLayer => ({
  name,
  packages: packages.map(([own, version]) => ({ type: "npm", name: own, version })),
});

/** Images by name, on the Debian base, each with its own npm packages. */
async function stored(world: RematchWorld, images: Readonly<Record<string, readonly (readonly [string, string])[]>>) {
  for (const [name, packages] of Object.entries(images)) {
    const inventory = inventoryOf(digestOf(name), [base, app(name, ...packages)], debian12);
    await storeImage(world.platform, name, inventory);
  }
}

const first = [record("CVE-2026-0001", "left", "npm", "1.0.0"), record("CVE-2026-0002", "zlib", "Debian:12")];

async function begin(images: Readonly<Record<string, readonly (readonly [string, string])[]>>): Promise<RematchWorld> {
  const world = await rematchWorld();
  await world.publish(first);
  await stored(world, images);
  await world.settle();
  return world;
}

const openOf = (world: RematchWorld) =>
  world
    .findings()
    .filter(({ state }) => state === "open")
    .map(({ resource, rule, subject }) => `${resource.id.replace(/^[^/]+\/|@.*/g, "")} ${rule} ${subject}`)
    .sort();

describe("the first announcement", () => {
  it("has images matched wholly that an earlier set judged", async () => {
    const world = await begin({ web: [["left", "0.9.0"]] });
    expect(openOf(world)).toEqual([
      "web CVE-2026-0001 pkg:npm/left@0.9.0",
      "web CVE-2026-0002 pkg:deb/debian/zlib1g@1:1.2.13",
    ]);
  });
});

describe("a change of the advisories", () => {
  it("opens, changes and resolves findings of the packages that it is about, and of no others", async () => {
    const world = await begin({
      web: [
        ["left", "0.9.0"],
        ["right", "2.0.0"],
      ],
      job: [["other", "1.0.0"]],
    });
    await world.publish([
      record("CVE-2026-0002", "zlib", "Debian:12", "1:1.2.14", "CRITICAL"),
      record("CVE-2026-0003", "right", "npm", "3.0.0"),
    ]);
    const [, report] = await world.settle();
    expect(openOf(world)).toEqual([
      "job CVE-2026-0002 pkg:deb/debian/zlib1g@1:1.2.13",
      "web CVE-2026-0002 pkg:deb/debian/zlib1g@1:1.2.13",
      "web CVE-2026-0003 pkg:npm/right@2.0.0",
    ]);
    expect(report?.introduced.map(({ rule }) => rule)).toEqual(["CVE-2026-0003"]);
    expect(report?.fixed.map(({ rule }) => rule)).toEqual(["CVE-2026-0001"]);
    const changed = world
      .findings()
      .find(({ rule, resource }) => rule === "CVE-2026-0002" && resource.id.includes("web"));
    expect(changed).toMatchObject({ fixedVersion: "1:1.2.14", last: { transition: "changed" } });
    expect(changed?.last.cause).toMatchObject({ kind: "advisories" });
    expect(changed?.last.cause.detail).toMatch(/^advisories [0-9a-f]{16} \(.*Debian:12 [0-9a-f]{16}.*\)$/);
    // A part that was not asked about stays as it was.
    const resolved = world.findings().find(({ rule }) => rule === "CVE-2026-0001");
    expect(resolved?.state).toBe("resolved");
  });

  it("finds a Debian package by its source's name, and PyPI's and NuGet's in any spelling", async () => {
    const world = await rematchWorld();
    await world.publish(first);
    const python = { name: "py", packages: [{ type: "pypi" as const, name: "Zope.Interface", version: "5.0" }] };
    await storeImage(world.platform, "py", inventoryOf(digestOf("py"), [base, python], debian12));
    await world.settle();
    await world.publish([
      ...first,
      record("CVE-2026-0004", "openssl", "Debian:12", "3.0.12-1"),
      record("CVE-2026-0005", "zope-interface", "PyPI"),
    ]);
    await world.settle();
    expect(openOf(world)).toEqual(
      expect.arrayContaining([
        "py CVE-2026-0004 pkg:deb/debian/libssl3@3.0.11-1",
        "py CVE-2026-0004 pkg:deb/debian/openssl@3.0.11-1",
        "py CVE-2026-0005 pkg:pypi/Zope.Interface@5.0",
      ]),
    );
  });

  it("is about malicious packages too, and about edge where an image installs from it alone", async () => {
    const world = await begin({ web: [["left-pad", "2.0.0"]] });
    const alpine = { id: "alpine", versionId: "3.18.4", idLike: [] };
    const apk = { name: "apk", packages: [{ type: "apk" as const, name: "busybox", version: "1.36.1-r0" }] };
    const repository = (release: string) => ({
      type: "apk" as const,
      url: `https://mirror.example/${release}/main`,
      release,
      location: { path: "etc/apk/repositories", layer: digestOf("apk") },
    });
    for (const [name, release] of [
      ["edge", "edge"],
      ["stable", "v3.18"],
    ] as const) {
      const inventory = inventoryOf(digestOf(name), [apk], alpine);
      await storeImage(world.platform, name, { ...inventory, repositories: [repository(release)] });
    }
    const others = [record("CVE-2026-0020", "none", "Alpine:edge"), record("CVE-2026-0021", "none", "Alpine:v3.18")];
    await world.publish([...first, ...others, record("MAL-2026-0", "none", "npm")]);
    await world.settle();
    await world.publish([
      ...first,
      ...others,
      record("MAL-2026-0", "none", "npm"),
      record("MAL-2026-1", "left-pad", "npm"),
      record("CVE-2026-0022", "busybox", "Alpine:edge", "1.36.1-r5"),
    ]);
    await world.settle();
    expect(
      openOf(world)
        .filter((line) => /MAL|0022/.test(line))
        .map((line) => line.split(" ").slice(0, 2).join(" ")),
    ).toEqual(["edge CVE-2026-0022", "web MAL-2026-1"]);
  });

  it("touches no image of another release, and none that lacks the package", async () => {
    const world = await begin({ web: [["left", "0.9.0"]] });
    const debian11 = { ...debian12, versionId: "11", codename: "bullseye" };
    await storeImage(world.platform, "old", inventoryOf(digestOf("old"), [base], debian11));
    await world.publish([
      ...first,
      record("CVE-2026-0004", "openssl", "Debian:12"),
      record("CVE-2026-0009", "none", "npm"),
    ]);
    const [, report] = await world.settle();
    expect(report?.images).toEqual({ matched: 1, changed: 1 });
    expect(openOf(world).some((line) => line.startsWith("old"))).toBe(false);
  });

  it("that says nothing else of any package is not announced", async () => {
    const world = await begin({ web: [["left", "0.9.0"]] });
    const before = world.published.length;
    await world.settle();
    expect(world.published.length).toBe(before);
  });

  it("is told once, whatever comes twice", async () => {
    const world = await begin({ web: [["right", "2.0.0"]] });
    await world.publish([...first, record("CVE-2026-0003", "right", "npm")]);
    await world.settle();
    const done = completed(world).length;
    const all = world.published.slice();
    for (const event of all) await follow(world.full, event);
    expect(completed(world).length).toBe(done);
    expect(await world.transitions(findingOf(world, "CVE-2026-0003"))).toEqual(["opened"]);
  });

  it("leaves its documents for 90 days", async () => {
    const world = await begin({ web: [["right", "2.0.0"]] });
    const changes = () =>
      new Set(
        [...world.platform.blobs.content.keys()].flatMap((key) => /^rematch\/([0-9a-f]+)\//.exec(key)?.[1] ?? []),
      );
    await world.publish([...first, record("CVE-2026-0003", "right", "npm")]);
    await world.settle();
    expect(changes().size).toBe(2);
    world.pass(91 * 24 * 60);
    await world.publish(first);
    await world.settle();
    expect(changes().size).toBe(1);
  });

  it("announces also what was published by a process that ended before it could", async () => {
    const world = await begin({ web: [["right", "2.0.0"]] });
    await world.publish([...first, record("CVE-2026-0003", "right", "npm")]);
    await world.publish([...first, record("CVE-2026-0003", "right", "npm"), record("CVE-2026-0005", "right", "npm")]);
    await world.settle();
    expect(openOf(world).filter((line) => line.includes("right"))).toHaveLength(2);
  });

  it("reaches an image that was scanned by its ecosystem's first shard only now", async () => {
    const world = await begin({ web: [["left", "0.9.0"]] });
    const crate = { name: "rust", packages: [{ type: "cargo" as const, name: "tokio", version: "1.0.0" }] };
    await storeImage(world.platform, "rust", inventoryOf(digestOf("rust"), [crate]));
    await world.settle({ everything: true, gone: false });
    expect(world.findings().some(({ rule, state }) => rule.includes("no-advisories-for") && state === "open")).toBe(
      true,
    );
    await world.publish([...first, record("CVE-2026-0006", "serde", "crates.io")]);
    await world.settle();
    expect(world.findings().find(({ rule }) => rule.includes("no-advisories-for"))?.state).toBe("resolved");
  });
});

describe("what is known to be exploited", () => {
  it("comes first in every image that has it, and is told so", async () => {
    const world = await begin({ web: [["left", "0.9.0"]], job: [["left", "0.8.0"]], not: [["left", "1.0.0"]] });
    await world.publish(first, ["CVE-2026-0001"]);
    const [, report] = await world.settle();
    expect(report?.escalated?.map(({ rule, exploited }) => [rule, exploited])).toEqual([
      ["CVE-2026-0001", true],
      ["CVE-2026-0001", true],
    ]);
    expect(report?.introduced).toEqual([]);
    expect(await world.transitions(findingOf(world, "CVE-2026-0001"))).toEqual(["opened", "changed"]);
  });
});

describe("images that are gone", () => {
  const gone = async (running: boolean) => {
    const world = await begin({ web: [["right", "2.0.0"]] });
    const image = { registry: "registry.example", repository: "web", digest: digestOf("web") };
    world.pass(1);
    await recordPresence(world.platform.table, image, false, new Date(world.platform.clock.now()).toISOString());
    if (running) await world.platform.table.put({ ...runningKey(image.digest, "c"), data: { services: ["svc"] } });
    await world.publish([...first, record("CVE-2026-0003", "right", "npm")]);
    return world;
  };

  it("are left out, unless asked for", async () => {
    const world = await gone(false);
    await world.settle();
    expect(openOf(world).some((line) => line.includes("right"))).toBe(false);
    await world.settle({ everything: true, gone: false });
    expect(openOf(world).some((line) => line.includes("right"))).toBe(false);
    await world.settle({ everything: true, gone: true });
    expect(openOf(world).some((line) => line.includes("right"))).toBe(true);
  });

  it("are matched again where they still run", async () => {
    const world = await gone(true);
    const reports = await world.settle();
    expect(reports.at(-1)?.introduced).toMatchObject([{ rule: "CVE-2026-0003", running: true }]);
  });
});

describe("an image without a stored inventory", () => {
  it("is scanned", async () => {
    const world = await begin({ web: [["right", "2.0.0"]] });
    for (const key of world.platform.blobs.content.keys()) {
      if (key.startsWith("inventories/")) world.platform.blobs.content.delete(key);
    }
    await world.publish([...first, record("CVE-2026-0003", "right", "npm")]);
    await world.settle();
    expect(world.published.filter(({ type }) => type === "ScanRequested")).toHaveLength(1);
  });
});

describe("images that were scanned before the index was there", () => {
  const older = async (count: number) => {
    const world = await rematchWorld();
    await world.publish(first);
    const { set } = (await advisoriesOf(world.platform.blobs)).age();
    for (let number = 0; number < count; number++) {
      const layers = [base, app(`app-${number}`, ["left", "0.9.0"])];
      await storeImage(world.platform, `old-${number}`, inventoryOf(digestOf(`old-${number}`), layers, debian12), set);
    }
    for (const { pk, sk } of world.platform.table.items()) {
      if (/^(holders|members|package-set|releases)/.test(pk) || sk.startsWith("indexed#")) {
        await world.platform.table.remove({ pk, sk });
      }
    }
    return world;
  };

  it("are added from their stored inventories, and matched again once", async () => {
    const world = await older(3);
    await indexOlderImages(world.full);
    expect(world.published.map(({ type }) => type)).toEqual(["AdvisoriesChanged"]);
    for (let index = 0; index < world.published.length; index++) await follow(world.full, world.published[index]);
    expect(openOf(world).filter((line) => line.includes("CVE-2026-0001"))).toHaveLength(3);
    await indexOlderImages(world.full);
    expect(world.published.filter(({ type }) => type === "AdvisoriesChanged")).toHaveLength(1);
  });

  it("are gone on with where the last run ended", async () => {
    const world = await older(450);
    let pages = 0;
    const table = {
      ...world.full.table,
      query: async (query: Parameters<typeof world.full.table.query>[0]) => {
        if (query.pk.startsWith("images#") && ++pages > 6) throw new Error("killed");
        return world.full.table.query(query);
      },
    };
    await expect(indexOlderImages({ ...world.full, table })).rejects.toThrow("killed");
    const indexed = () => world.platform.table.items().filter(({ sk }) => sk.startsWith("indexed#")).length;
    const before = indexed();
    expect(before).toBeGreaterThanOrEqual(200);
    expect(before).toBeLessThan(450);
    await indexOlderImages(world.full);
    expect(indexed()).toBe(450);
  });
});

describe("a set that is replaced while it is in use", () => {
  /** The world's platform, which replaces the advisories when the first inventory is read. */
  function replacing(world: RematchWorld, records: readonly object[]) {
    let replaced = false;
    const { blobs } = world.full;
    const get: typeof blobs.get = async (key, range) => {
      const body = await blobs.get(key, range);
      if (!replaced && key.startsWith("inventories/")) {
        replaced = true;
        await world.publish(records);
      }
      return body;
    };
    return { ...world.full, blobs: { ...blobs, get } };
  }

  it("has a re-match done again with the new one", async () => {
    const world = await begin({ web: [["right", "2.0.0"]] });
    await world.publish([...first, record("CVE-2026-0003", "right", "npm", "3.0.0")]);
    const from = world.published.length;
    const platform = replacing(world, [...first, record("CVE-2026-0003", "right", "npm", "1.0.0")]);
    await handleRematchMessage(world.full, { kind: "ask", everything: false, gone: false });
    for (let index = from; index < world.published.length; index++) await follow(platform, world.published[index]);
    expect(openOf(world).some((line) => line.includes("right"))).toBe(false);
  });

  it("has a scan written again with the new one", async () => {
    const registry = await startFaultyRegistry();
    try {
      const world = await rematchWorld();
      await world.publish(first);
      const pushed = npmImage({ left: "0.9.0" });
      await registry.push(pushed, "team/app", "1.0");
      const event = eventsOf(registry.address, "team/app").pushed(pushed, { tags: ["1.0"] });
      await world.handle(event);
      expect(openOf(world)).toHaveLength(1);
      const platform = replacing(world, [record("CVE-2026-0007", "left", "npm")]);
      const again = eventsOf(registry.address, "team/app").requested({ digest: pushed.manifest.digest });
      await world.handle(again, { blobs: platform.blobs });
      expect(openOf(world).map((line) => line.split(" ")[1])).toEqual(["CVE-2026-0007"]);
      // What was scanned is found by the next change.
      await world.settle();
      await world.publish([record("CVE-2026-0008", "left", "npm")]);
      await world.settle();
      expect(openOf(world).map((line) => line.split(" ")[1])).toEqual(["CVE-2026-0008"]);
    } finally {
      await registry.close();
    }
  });
});

describe("a re-match of which batches are missing", () => {
  it("is told without them once nothing moves any more", async () => {
    const world = await begin({ web: [["right", "2.0.0"]] });
    await world.publish([...first, record("CVE-2026-0003", "right", "npm")]);
    const from = world.published.length;
    await handleRematchMessage(world.full, { kind: "ask", everything: false, gone: false });
    const event = world.published[from];
    if (event?.type !== "AdvisoriesChanged") throw new Error("not announced");
    await handleRematchMessage(world.full, event);
    const wake = world.waiting.at(-1);
    expect(wake?.delaySeconds).toBe(900);
    await handleRematchMessage(world.full, rematchMessage.parse(wake?.body));
    expect(completed(world).at(-1)).toMatchObject({ status: "partial", images: 0 });
  });
});

function findingOf(world: RematchWorld, rule: string) {
  const finding = world.findings().find((one) => one.rule === rule);
  if (finding === undefined) throw new Error(`no finding ${rule}`);
  return finding;
}
