/** Updates that bring only what changed, and what a set says otherwise than the one before. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { exportAdvisories, importAdvisories } from "../../../shared/advisories/set/carry.ts";
import { changedPackages } from "../../../shared/advisories/set/diff.ts";
import { openAdvisories } from "../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import { type UpdateResult, updateAdvisories } from "../../../shared/advisories/update/update.ts";
import { zip } from "./archives.ts";
import { day, load, onlyFeeds, type TestPorts, testPorts } from "./support.ts";

function record(id: string, name: string, more: Readonly<Record<string, unknown>> = {}, ecosystem = "npm") {
  const ranges = [{ type: "SEMVER", events: [{ introduced: "0" }, { fixed: "2.0.0" }] }];
  const affected = [{ package: { ecosystem, name }, ranges }];
  return { id, modified: "2026-02-01T00:00:00Z", summary: `about ${id}`, affected, ...more };
}

async function changesOf(ports: TestPorts, { manifests }: UpdateResult): Promise<readonly string[]> {
  const changed: string[] = [];
  for await (const { ecosystem, package: name } of changedPackages(ports.blobs, manifests.before, manifests.after)) {
    changed.push(`${ecosystem} ${name}`);
  }
  return changed;
}

describe("what a new set says otherwise", () => {
  const records = ["a", "b", "c", "d"].map((name) => record(`GHSA-${name}`, name));

  test("is told by package, and by nothing that no finding rests on", async () => {
    const ports = testPorts();
    const first = await load(records, { ports });
    expect(await changesOf(ports, first.result)).toEqual(["npm a", "npm b", "npm c", "npm d"]);
    const worded = records.map((one) => ({ ...one, summary: "other words", modified: "2026-02-02T00:00:00Z" }));
    const second = await load(worded, { ports });
    expect(second.result.changed).toBe(true);
    expect(await changesOf(ports, second.result)).toEqual([]);
    const [a, b, , d] = worded;
    const other = [
      a,
      record("GHSA-b", "b", { severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }] }),
      d,
      record("GHSA-e", "e"),
      record("GHSA-f", "bash", {}, "Debian:12"),
    ];
    const third = await load(other, { ports });
    expect(b).toBeDefined();
    expect(await changesOf(ports, third.result)).toEqual(["Debian:12 bash", "npm b", "npm c", "npm e"]);
    const fourth = await load(other, { ports });
    expect(fourth.result.changed).toBe(false);
    expect(await changesOf(ports, fourth.result)).toEqual([]);
  });
});

describe("an upstream with a list of changes", () => {
  let server: Server;
  let base = "";
  let files: Record<string, Buffer> = {};
  let asked: string[] = [];
  let answers: (url: string) => Buffer | "cut" | undefined = () => undefined;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = request.url ?? "";
      asked.push(`${url}${request.headers.range === undefined ? "" : ` ${request.headers.range}`}`);
      const body = answers(url) ?? files[url];
      if (body === undefined) return void response.writeHead(404).end();
      if (body === "cut") {
        const whole = files[url] ?? Buffer.alloc(0);
        const start = Number(/bytes=([0-9]+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        const headers = { etag: '"one"', "content-length": whole.length - start };
        response.writeHead(start > 0 ? 206 : 200, headers).write(whole.subarray(start, start + 40));
        return void setTimeout(() => response.destroy(), 20);
      }
      const start = Number(/bytes=([0-9]+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, { etag: '"one"', "content-length": body.length - start });
      response.end(body.subarray(start));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const settings = (more: object = {}) =>
    advisorySettings.parse({ upstream: base, feeds: onlyFeeds("osv"), ecosystems: ["npm"], ...more });
  const publish = (records: readonly { readonly id: string; readonly modified: string }[]) => {
    const sorted = [...records].sort((x, y) => (x.modified < y.modified ? 1 : -1));
    files["/npm/modified_id.csv"] = Buffer.from(sorted.map(({ modified, id }) => `${modified},${id}\n`).join(""));
    files["/npm/all.zip"] = zip(Object.fromEntries(records.map((one) => [`${one.id}.json`, JSON.stringify(one)])));
    for (const one of records) files[`/npm/${one.id}.json`] = Buffer.from(JSON.stringify(one));
  };
  const idsOf = async (ports: TestPorts, name: string) =>
    (await (await openAdvisories(ports.blobs)).lookup("npm", name)).map(({ advisory }) => advisory.id);
  const first = [record("GHSA-1", "one"), record("GHSA-2", "two"), record("GHSA-3", "three")];

  beforeEach(() => {
    files = {};
    asked = [];
    answers = () => undefined;
    publish(first);
  });

  test("is asked for the changed records alone; withdrawn ones go, the others stay", async () => {
    const ports = testPorts();
    const newest = record("GHSA-0", "zero", { modified: "2026-02-28T00:00:00Z" });
    publish([...first, newest]);
    await updateAdvisories(ports, settings());
    expect(asked).toEqual(["/npm/modified_id.csv", "/npm/all.zip"]);
    publish([
      newest,
      record("GHSA-1", "one"),
      record("GHSA-2", "two", { modified: "2026-03-01T00:00:00Z", withdrawn: "2026-03-01T00:00:00Z" }),
      record("GHSA-3", "other", { modified: "2026-03-01T00:00:01Z" }),
      record("GHSA-4", "four", { modified: "2026-03-01T00:00:02Z" }),
    ]);
    asked = [];
    ports.time.now += day;
    const result = await updateAdvisories(ports, settings());
    // The archive may have been some hours older than the list: what was new then is asked for once more.
    const changed = ["/npm/GHSA-0.json", "/npm/GHSA-2.json", "/npm/GHSA-3.json", "/npm/GHSA-4.json"];
    expect(asked.sort()).toEqual([...changed, "/npm/modified_id.csv"]);
    expect(await changesOf(ports, result)).toEqual(["npm four", "npm other", "npm three", "npm two"]);
    expect(await idsOf(ports, "one")).toEqual(["GHSA-1"]);
    expect(await idsOf(ports, "two")).toEqual([]);
    expect(await idsOf(ports, "three")).toEqual([]);
    expect(await idsOf(ports, "other")).toEqual(["GHSA-3"]);
    asked = [];
    const same = await updateAdvisories(ports, settings());
    expect(same).toMatchObject({ changed: false, sources: [{ name: "osv/npm", state: "unchanged" }] });
    expect(asked).toEqual(["/npm/modified_id.csv"]);
  });

  test("what a record says no more goes, also where it says nothing new", async () => {
    const ports = testPorts();
    const about = (...ecosystems: readonly string[]) => ({
      affected: ecosystems.map((ecosystem) => ({
        package: { ecosystem, name: "both" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }] }],
      })),
    });
    const wanted = settings({ ecosystems: ["npm", "NuGet"], feeds: onlyFeeds("osv") });
    files["/NuGet/modified_id.csv"] = Buffer.from("2026-01-01T00:00:00Z,GHSA-9\n");
    files["/NuGet/all.zip"] = zip({ "GHSA-9.json": JSON.stringify(record("GHSA-9", "nine", about("NuGet"))) });
    files["/NuGet/GHSA-9.json"] = Buffer.from(JSON.stringify(record("GHSA-9", "nine", about("NuGet"))));
    publish([
      ...first,
      record("GHSA-5", "five", about("npm", "NuGet")),
      record("GHSA-6", "six", about("npm", "NuGet")),
    ]);
    await updateAdvisories(ports, wanted);
    const held = async (ecosystem: string) =>
      (await (await openAdvisories(ports.blobs)).lookup(ecosystem, "both")).map(({ advisory }) => advisory.id);
    expect([await held("npm"), await held("NuGet")]).toEqual([
      ["GHSA-5", "GHSA-6"],
      ["GHSA-5", "GHSA-6", "GHSA-9"],
    ]);
    publish([
      ...first,
      record("GHSA-5", "five", { ...about("npm"), modified: "2026-03-01T00:00:00Z" }),
      record("GHSA-6", "six", { ...about("Hackage"), modified: "2026-03-01T00:00:00Z" }),
    ]);
    await updateAdvisories(ports, wanted);
    expect([await held("npm"), await held("NuGet")]).toEqual([["GHSA-5"], ["GHSA-9"]]);
  });

  test("a change that cannot be fetched is told, holds up no other, and is asked for again", async () => {
    const ports = testPorts();
    await updateAdvisories(ports, settings());
    publish([...first, record("GHSA-4", "four", { modified: "2026-03-01T00:00:02Z" })]);
    const { "/npm/GHSA-4.json": kept, ...others } = files;
    files = others;
    expect((await updateAdvisories(ports, settings())).quarantined).toMatchObject({
      count: 1,
      first: [{ file: "npm/GHSA-4.json" }],
    });
    expect(await idsOf(ports, "four")).toEqual([]);
    files["/npm/GHSA-4.json"] = kept ?? Buffer.alloc(0);
    asked = [];
    await updateAdvisories(ports, settings());
    expect(asked).toEqual(["/npm/modified_id.csv", "/npm/GHSA-4.json"]);
    expect(await idsOf(ports, "four")).toEqual(["GHSA-4"]);
    expect(await idsOf(ports, "one")).toEqual(["GHSA-1"]);
  });

  test("a download that breaks off is taken up where it broke off, a few times", async () => {
    const ports = testPorts();
    let cuts = 2;
    answers = (url) => (url === "/npm/all.zip" && cuts-- > 0 ? "cut" : undefined);
    await updateAdvisories(ports, settings());
    expect(asked.filter((line) => line.includes("all.zip"))).toEqual([
      "/npm/all.zip",
      "/npm/all.zip bytes=40-",
      "/npm/all.zip bytes=80-",
    ]);
    expect(await idsOf(ports, "three")).toEqual(["GHSA-3"]);
    answers = (url) => (url === "/npm/all.zip" ? "cut" : undefined);
    await expect(updateAdvisories(testPorts(), settings())).rejects.toMatchObject({
      name: "TransientError",
      code: "advisories-unreachable",
    });
  });

  test("a broken shard is fetched anew as a whole", async () => {
    const ports = testPorts();
    await updateAdvisories(ports, settings());
    for (const [key, body] of ports.blobs.content) {
      if (key.includes("npm-details")) ports.blobs.content.set(key, body.subarray(0, body.length - 1));
    }
    asked = [];
    await updateAdvisories(ports, settings());
    expect(asked).toContain("/npm/all.zip");
    expect(await idsOf(ports, "three")).toEqual(["GHSA-3"]);
  });
});

describe("a set in one file", () => {
  async function written(ports: TestPorts): Promise<Buffer> {
    const output = new PassThrough({ highWaterMark: 1 << 26 });
    await exportAdvisories(ports, output);
    return output.read() as Buffer;
  }
  const stream = async function* (bytes: Buffer) {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  };
  const records = [record("GHSA-1", "one"), record("CVE-2024-1111", "bash", {}, "Debian:12")];

  test("comes out as it went in, without what must not be passed on", async () => {
    const { ports } = await load([...records, record("CGA-1", "openssl", {}, "Wolfi")], {
      ecosystems: ["npm", "Debian", "Wolfi"],
    });
    const output = new PassThrough({ highWaterMark: 1 << 26 });
    const carried = await exportAdvisories(ports, output);
    expect(carried).toMatchObject({ shards: 2, leftOut: ["osv/files/Wolfi", "Wolfi"] });
    const there = testPorts();
    expect(await importAdvisories(there, stream(output.read() as Buffer))).toMatchObject({ set: carried.set });
    const advisories = await openAdvisories(there.blobs);
    expect(advisories.shards).toEqual(["Debian:12", "npm"]);
    expect((await advisories.lookup("npm", "one"))[0]?.advisory.summary).toBe("about GHSA-1");
  });

  test("with a changed or missing byte is refused, and the present set stays", async () => {
    const { ports } = await load(records);
    const bytes = await written(ports);
    const carried = (await openAdvisories(ports.blobs)).age().set;
    const { ports: there } = await load([record("GHSA-kept", "kept")]);
    const before = (await openAdvisories(there.blobs)).age().set;
    for (let at = 700; at < bytes.length - 1024; at += 61) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await importAdvisories(there, stream(changed)).then(
        // Padding, or a member of a header that nobody reads: the content is whole.
        ({ set }) => expect(set).toBe(carried),
        (error: unknown) => expect(error).toMatchObject({ name: "PermanentError" }),
      );
    }
    const fresh = await load([record("GHSA-kept", "kept")]);
    await expect(importAdvisories(fresh.ports, stream(bytes.subarray(0, bytes.length - 2000)))).rejects.toMatchObject({
      code: "advisory-file-broken",
    });
    expect((await openAdvisories(fresh.ports.blobs)).age().set).toBe(before);
  });

  test("an empty store has nothing to carry", async () => {
    await expect(exportAdvisories(testPorts(), new PassThrough())).rejects.toMatchObject({ code: "advisories-none" });
  });
});
