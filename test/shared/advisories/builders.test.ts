/** Several builders of one store, turns that end before everything is read, and clocks that are wrong. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { advisoryWarnings } from "../../../shared/advisories/age.ts";
import { manifestKey, readManifest } from "../../../shared/advisories/set/manifest.ts";
import { ageOf, openAdvisories } from "../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import { updateAdvisories, updateDueAdvisories } from "../../../shared/advisories/update/update.ts";
import { zip } from "./archives.ts";
import { day, load, onlyFeeds, type TestPorts, testPorts } from "./support.ts";

const hour = day / 24;

function record(id: string, ecosystem: string, name = "one") {
  const ranges = [{ type: "ECOSYSTEM", events: [{ introduced: "0" }] }];
  return { id, modified: "2026-02-28T00:00:00Z", affected: [{ package: { ecosystem, name }, ranges }] };
}

async function idsOf(ports: TestPorts, ecosystem: string, name = "one"): Promise<readonly string[]> {
  const advisories = await openAdvisories(ports.blobs);
  const found = await advisories.lookup(ecosystem, name);
  advisories.release();
  return found.map(({ advisory }) => advisory.id);
}

/** The same store, in which something happens right before a shard of npm is written, or before it is looked whether it is there. */
function meanwhile(ports: TestPorts, what: "put" | "has", happens: () => Promise<unknown>): TestPorts {
  let left = 1;
  const once = async (request: string, key: string) => {
    if (request === what && /shards\/npm/.test(key) && left-- > 0) await happens();
  };
  const { blobs } = ports;
  return {
    ...ports,
    blobs: {
      ...blobs,
      put: async (key, ...rest) => {
        await once("put", key);
        await blobs.put(key, ...rest);
      },
      has: async (key) => {
        await once("has", key);
        return await blobs.has(key);
      },
    },
  };
}

describe("two builders at once", () => {
  test.each([
    ["while the other lays out", "put"],
    ["when the other is about to publish", "has"],
  ] as const)("neither loses what the other wrote: %s", async (_when, what) => {
    const ports = testPorts();
    await load([record("CVE-2026-0001", "Debian:12"), record("GHSA-old", "npm")], { ports });
    const first = meanwhile(ports, what, async () => {
      ports.time.now += 1000;
      await load([record("CVE-2026-0002", "Debian:12"), record("RUSTSEC-1", "crates.io")], { ports });
      expect(await idsOf(ports, "Debian:12")).toEqual(["CVE-2026-0002"]);
    });
    ports.time.now += 1000;
    const { result } = await load([record("GHSA-new", "npm"), record("GO-1", "Go")], { ports: first });
    expect(await idsOf(ports, "Debian:12")).toEqual(["CVE-2026-0002"]);
    expect(await idsOf(ports, "crates.io")).toEqual(["RUSTSEC-1"]);
    expect(await idsOf(ports, "npm")).toEqual(["GHSA-new"]);
    expect(await idsOf(ports, "Go")).toEqual(["GO-1"]);
    const manifest = await readManifest(ports.blobs);
    expect(manifest?.sources.map(({ name }) => name)).toEqual([
      "osv/files/Debian",
      "osv/files/Go",
      "osv/files/crates.io",
      "osv/files/npm",
    ]);
    expect(result.set).toBe(manifest?.set);
  });

  test("of a source that both read, what was read later counts, whoever publishes first", async () => {
    const ports = testPorts();
    await load([record("GHSA-old", "npm")], { ports });
    ports.time.now += 1000;
    const slow = meanwhile(ports, "put", async () => {
      ports.time.now += 1000;
      await load([record("GHSA-later", "npm")], { ports });
    });
    await load([record("GHSA-earlier", "npm"), record("GO-1", "Go")], { ports: slow });
    expect(await idsOf(ports, "npm")).toEqual(["GHSA-later"]);
    expect(await idsOf(ports, "Go")).toEqual(["GO-1"]);
  });

  test("one that is always overtaken gives up, and nothing is lost", async () => {
    const ports = testPorts();
    await load([record("GHSA-old", "npm")], { ports });
    let others = 0;
    const put: TestPorts["blobs"]["put"] = async (at, ...rest) => {
      await ports.blobs.put(at, ...rest);
      if (!/shards\/go/.test(at)) return;
      ports.time.now += 1000;
      await load([record(`CVE-2026-100${others++}`, "Debian:12")], { ports });
    };
    // Its shard is laid out again at each try, because the others bring advisories of the same ecosystem.
    const always = { ...ports, blobs: { ...ports.blobs, put } };
    const go = load([record("GO-1", "Go"), record("CVE-2026-0001", "Debian:12", "two")], { ports: always });
    await expect(go.then(() => others)).resolves.toBeLessThan(5);
    expect(await idsOf(ports, "npm")).toEqual(["GHSA-old"]);
    expect(await idsOf(ports, "Debian:12")).toHaveLength(1);
  });

  test("a blob that was removed before its manifest was written fails that builder, not the set", async () => {
    const ports = testPorts();
    await load([record("GHSA-old", "npm")], { ports });
    const put: TestPorts["blobs"]["put"] = async (at, ...rest) => {
      await ports.blobs.put(at, ...rest);
      if (/shards\/npm-[0-9a-f]+$/.test(at)) await ports.blobs.remove(at);
    };
    const unlucky = { ...ports, blobs: { ...ports.blobs, put } };
    await expect(load([record("GHSA-new", "npm")], { ports: unlucky })).rejects.toMatchObject({
      code: "advisory-shard-gone",
    });
    expect(await idsOf(ports, "npm")).toEqual(["GHSA-old"]);
  });
});

/** An OSV export; `answers` decides what a request is answered with, `undefined`: 500. */
const servers: (() => void)[] = [];
afterEach(() => {
  for (const close of servers.splice(0)) close();
});

async function serve(answer: (path: string) => Promise<Buffer | undefined> | Buffer | undefined): Promise<string> {
  const server = createServer((request, response) => {
    void Promise.resolve(answer((request.url ?? "").slice(1))).then((body) => {
      response.writeHead(body === undefined ? 500 : 200);
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  servers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const exported = (path: string): Buffer => {
  const [ecosystem = ""] = decodeURIComponent(path).split("/");
  return zip({ "a.json": JSON.stringify(record(`${ecosystem}-1`, ecosystem)) });
};

function settingsFor(upstream: string, ...ecosystems: readonly string[]) {
  return advisorySettings.parse({ upstream, ecosystems, feeds: onlyFeeds("osv"), warnAfterDays: 30 });
}

describe("sources whose turn it is", () => {
  test("are asked every six hours, after a failure earlier; the rest is left alone", async () => {
    const ports = testPorts();
    const asked: string[] = [];
    let broken = true;
    const settings = settingsFor(
      await serve((path) => {
        asked.push(path);
        return broken && path.startsWith("Go") ? undefined : exported(path);
      }),
      "npm",
      "Go",
    );
    const partsAsked = () => new Set(asked.splice(0).map((path) => path.split("/")[0]));
    await updateDueAdvisories(ports, settings);
    expect(partsAsked()).toEqual(new Set(["Go", "npm"]));
    ports.time.now += hour / 4;
    expect(await updateDueAdvisories(ports, settings)).toBeUndefined();
    ports.time.now += hour / 4;
    // It alone is due and fails: that is no failure of the whole.
    const again = await updateDueAdvisories(ports, settings);
    expect(again?.sources.map(({ name, state }) => [name, state])).toEqual([
      ["osv/Go", "kept"],
      ["osv/npm", "kept"],
    ]);
    expect(partsAsked()).toEqual(new Set(["Go"]));
    broken = false;
    ports.time.now += hour / 2;
    await updateDueAdvisories(ports, settings);
    expect(partsAsked()).toEqual(new Set(["Go"]));
    expect(await idsOf(ports, "Go")).toEqual(["Go-1"]);
    ports.time.now += 5 * hour;
    await updateDueAdvisories(ports, settings);
    expect(partsAsked()).toEqual(new Set(["npm"]));
  });

  test("one that never answered is listed, with its reason, and ages", async () => {
    const ports = testPorts();
    const settings = settingsFor(
      await serve((path) => (path.startsWith("Go") ? undefined : exported(path))),
      "npm",
      "Go",
    );
    await updateAdvisories(ports, settings);
    const told = async () => (await readManifest(ports.blobs))?.sources.find(({ name }) => name === "osv/Go");
    expect(await told()).toMatchObject({ records: 0, failure: { reason: expect.stringContaining("500") } });
    ports.time.now += 8 * day;
    await updateDueAdvisories(ports, settings);
    const source = await told();
    expect(Date.parse(source?.failure?.at ?? "") - Date.parse(source?.failure?.since ?? "")).toBe(8 * day);
    const warnings = advisoryWarnings(ageOf(await readManifest(ports.blobs)), settings, ports.time.now);
    expect(warnings).toEqual([expect.stringMatching(/osv\/Go .*never read.*500/)]);
    // Nobody wants it any more.
    await updateAdvisories(ports, settingsFor(settings.upstream, "npm"));
    expect(await told()).toBeUndefined();
  });
});

describe("a turn that ends before everything is read", () => {
  test("keeps what it read, and the next turn begins with what is left", async () => {
    const ports = testPorts();
    const asked: string[] = [];
    const ecosystems = ["npm", "PyPI", "Go", "Maven", "NuGet"];
    const settings = settingsFor(
      await serve((path) => {
        asked.push(path.split("/")[0] ?? "");
        // Each part takes five minutes.
        ports.time.now += 5 * 60_000;
        return exported(path);
      }),
      ...ecosystems,
    );
    const first = await updateDueAdvisories(ports, settings, ports.time.now + 11 * 60_000);
    expect(first?.left).toHaveLength(ecosystems.length - new Set(asked).size);
    expect(first?.left.length).toBeGreaterThan(0);
    const readAtFirst = [...new Set(asked.splice(0))];
    for (const ecosystem of readAtFirst) expect(await idsOf(ports, ecosystem)).toEqual([`${ecosystem}-1`]);
    for (let turn = 0; turn < 5 && (await updateDueAdvisories(ports, settings, ports.time.now + 11 * 60_000)); turn++) {
      ports.time.now += hour / 2;
    }
    for (const ecosystem of ecosystems) expect(await idsOf(ports, ecosystem)).toEqual([`${ecosystem}-1`]);
    // None of them was read twice within its six hours.
    expect(asked.filter((ecosystem) => readAtFirst.includes(ecosystem))).toEqual([]);
  });

  test("breaks off the source that takes too long, and does not let it go first again", async () => {
    const ports = testPorts();
    const asked: string[] = [];
    let release = () => {};
    const settings = settingsFor(
      await serve((path) => {
        const ecosystem = path.split("/")[0] ?? "";
        asked.push(ecosystem);
        if (ecosystem !== "PyPI") return exported(path);
        return new Promise((resolve) => {
          release = () => resolve(undefined);
        });
      }),
      "PyPI",
      "npm",
    );
    // The first to be asked is the one that hangs; its turn has a third of a second.
    await updateAdvisories(ports, settingsFor(settings.upstream, "npm"));
    ports.time.now += 7 * hour;
    asked.length = 0;
    await updateDueAdvisories(ports, settings, ports.time.now + 300);
    release();
    expect(asked[0]).toBe("PyPI");
    ports.time.now += hour / 2;
    asked.length = 0;
    await updateDueAdvisories(ports, settings, ports.time.now + 300);
    release();
    expect(asked[0]).toBe("npm");
    const manifest = await readManifest(ports.blobs);
    expect(manifest?.sources.find(({ name }) => name === "osv/PyPI")?.failure?.reason).toMatch(/time of the turn/);
  });
});

describe("a clock that is wrong", () => {
  test("times that are yet to come count as stale, at once, and do not keep sources from being asked", async () => {
    const ports = testPorts();
    const settings = settingsFor(await serve(exported), "npm");
    const right = ports.time.now;
    ports.time.now += 400 * day;
    await updateAdvisories(ports, settings);
    ports.time.now = right;
    const warnings = async () => advisoryWarnings(ageOf(await readManifest(ports.blobs)), settings, ports.time.now);
    expect(await warnings()).toEqual([expect.stringMatching(/in the future/)]);
    await updateDueAdvisories(ports, settings);
    expect(await warnings()).toEqual([]);
    // Blobs of former sets are removed in their time, whatever was noted of them.
    const manifest = JSON.parse(Buffer.from(ports.blobs.content.get(manifestKey) ?? []).toString("utf8"));
    expect(Object.values(manifest.retired)).not.toContainEqual(
      expect.objectContaining({ at: expect.stringMatching(/^2027/) }),
    );
  });
});
