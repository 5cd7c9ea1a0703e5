import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoAdvisories } from "../../../local/demo/advisories.ts";
import { buildImage } from "../../../local/demo/build-image.ts";
import { TransientError } from "../../../shared/platform/errors.ts";
import { settingsSchema } from "../../../shared/platform/settings.ts";
import { refreshAdvisories } from "../../../shared/scanning/refresh-advisories.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../../support/registry.ts";
import { zip } from "../advisories/archives.ts";
import { inDirectory, ndjson, onlyFeeds } from "../advisories/support.ts";
import { eventsOf, makeWorld, npmImage, type World } from "./world.ts";

let registry: FaultyRegistry;
beforeAll(async () => {
  registry = await startFaultyRegistry();
});
afterAll(() => registry.close());

const image = npmImage({ minimist: "0.0.8" });
const events = () => eventsOf(registry.address, "team/app");

/** The world with its advisories' upstream in a directory of this machine. */
function upstream(world: World, from: string) {
  const settings = settingsSchema.parse({ advisories: { upstream: from, feeds: onlyFeeds("osv") } });
  return { ...world.platform, settings };
}

async function pushed(world: World) {
  await registry.push(image, "team/app", "1.0");
  const event = events().pushed(image, { tags: ["1.0"] });
  await world.handle(event);
  return event;
}

describe("an empty advisory store", () => {
  it("is said on every scan, as a finding and as a warning, and never passes for an all-clear", async () => {
    const world = await makeWorld({ advisories: false });
    const event = await pushed(world);
    expect(world.findings()).toMatchObject([{ kind: "coverage", rule: "not-evaluated/no-advisories-for npm" }]);
    const report = await world.report(event);
    expect(report.status).toBe("partial");
    expect(report.warnings).toEqual([expect.stringContaining("no advisories in the store")]);
    expect(world.image(image.manifest.digest)?.scan).toMatchObject({ status: "partial", advisories: "none" });
  });

  it("is healed: what was scanned without advisories is scanned again, from its stored inventory", async () => {
    const world = await makeWorld({ advisories: false });
    await pushed(world);
    const empty = buildImage({ layers: [{ files: [{ path: "hello", content: "binary" }] }] });
    await registry.push(empty, "team/app", "empty");
    await world.handle(events().pushed(empty, { tags: ["empty"] }));
    await inDirectory({ "records.ndjson": ndjson(demoAdvisories) }, (directory) =>
      refreshAdvisories(upstream(world, directory)),
    );
    expect(world.published.map(({ type }) => type)).toEqual(["ScanRequested", "ScanRequested"]);
    const asked = registry.seen.length;
    for (const event of world.published) await world.handle(event);
    expect(
      registry.seen.slice(asked).filter((line) => image.layers.some(({ digest }) => line.endsWith(digest))),
    ).toEqual([]);
    expect(world.open().map((line) => line.split(" ")[1])).toEqual(
      ["CVE-2020-7598", "CVE-2021-44906", "no-packages"].sort(),
    );
    const told = await Promise.all(world.published.map((event) => world.report(event)));
    expect(told.flatMap(({ fixed }) => fixed.map(({ rule }) => rule))).toEqual(["not-evaluated/no-advisories-for npm"]);
    expect(world.images().some(({ scan }) => scan?.advisories === "none")).toBe(false);

    // Nobody is left to ask for.
    world.published.length = 0;
    world.pass(24 * 60);
    await inDirectory({ "records.ndjson": ndjson(demoAdvisories) }, (directory) =>
      refreshAdvisories(upstream(world, directory)),
    );
    expect(world.published).toEqual([]);
  });

  it("is healed also when somebody filled it by hand, and asks the same again after an interruption", async () => {
    const world = await makeWorld({ advisories: false });
    await pushed(world);
    await world.fillAdvisories();
    const busy = {
      ...upstream(world, "/nowhere"),
      bus: { publish: () => Promise.reject(new TransientError("busy", "")) },
    };
    await expect(refreshAdvisories(busy)).rejects.toThrow();
    // The upstream is out of reach and the store old: the update fails, and still the images are judged.
    await expect(refreshAdvisories(upstream(world, "/nowhere"))).rejects.toThrow(/nowhere/);
    await expect(refreshAdvisories(upstream(world, "/nowhere"))).rejects.toThrow(/nowhere/);
    expect(new Set(world.published.map(({ id }) => id)).size).toBe(1);
    expect(world.published).toHaveLength(2);
    for (const event of world.published) await world.handle(event);
    expect(world.open()).toHaveLength(2);
    expect(world.completed()).toHaveLength(2);
  });
});

describe("a store that cannot be read", () => {
  it("stops scans before they say anything, and is written anew by the next refresh", async () => {
    const world = await makeWorld();
    await world.platform.blobs.put("advisories/manifest.json", Buffer.from("{"));
    await expect(pushed(world)).rejects.toMatchObject({ code: "advisory-manifest-broken" });
    expect(world.findings()).toEqual([]);
    expect(world.completed()).toEqual([]);
    await expect(refreshAdvisories(upstream(world, "/nowhere"))).rejects.toThrow(/nowhere/);
    await inDirectory({ "records.ndjson": ndjson(demoAdvisories) }, (directory) =>
      refreshAdvisories(upstream(world, directory)),
    );
    await pushed(world);
    expect(world.open()).toHaveLength(2);
  });
});

describe("a refresh", () => {
  it("does nothing to a store that was just filled", async () => {
    const world = await makeWorld();
    const blobs = new Map(world.platform.blobs.content);
    // The store was filled at the beginning of the day.
    world.pass(-11.8 * 60);
    await refreshAdvisories(upstream(world, "/nowhere"));
    // Only which set is announced is noted, for what changes from now on.
    world.platform.blobs.content.delete("advisories/announced.json");
    expect(world.platform.blobs.content).toEqual(blobs);
  });

  it("counts and logs the sources whose advisories are too old, until they are read again", async () => {
    const world = await makeWorld({ advisories: false });
    const logged: unknown[] = [];
    const log = { ...world.platform.log, error: (message: string, fields?: object) => logged.push([message, fields]) };
    let isDown = false;
    const server = createServer((request, response) => {
      const [ecosystem = ""] = (request.url ?? "").slice(1).split("/");
      const down = isDown && ecosystem === "Go";
      const modified = new Date(world.platform.clock.now()).toISOString();
      const affected = [{ package: { ecosystem, name: "one" }, versions: ["1.0.0"] }];
      response.writeHead(down ? 503 : 200);
      response.end(down ? "" : zip({ "a.json": JSON.stringify({ id: `GO-${ecosystem}`, modified, affected }) }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const { port } = server.address() as AddressInfo;
    const settings = settingsSchema.parse({
      advisories: { upstream: `http://127.0.0.1:${port}`, ecosystems: ["npm", "Go"], feeds: onlyFeeds("osv") },
    });
    const refresh = async () => {
      world.counted.clear();
      await refreshAdvisories({ ...world.platform, log, settings });
      return world.counted.get("stale-advisory-sources");
    };
    expect(await refresh()).toBe(0);
    isDown = true;
    world.pass(8 * 24 * 60);
    expect(await refresh()).toBe(1);
    expect(logged).toEqual([
      [
        "advisories are older than they may be",
        expect.objectContaining({ source: "osv/Go", failure: expect.stringContaining("503") }),
      ],
    ]);
    isDown = false;
    world.pass(30);
    expect(await refresh()).toBe(0);
    server.close();
  });

  it("without a network fails, with the age of what there is, which stays in use", async () => {
    const world = await makeWorld();
    world.pass(6 * 24 * 60);
    const server = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const { port } = server.address() as AddressInfo;
    await expect(refreshAdvisories(upstream(world, `http://127.0.0.1:${port}`))).rejects.toThrow(/6 days old/);
    server.close();
    const event = await pushed(world);
    const report = await world.report(event);
    expect(report.introduced).toHaveLength(2);
    expect(report.warnings).toEqual([expect.stringContaining("last updated 6 days ago")]);
  });
});
