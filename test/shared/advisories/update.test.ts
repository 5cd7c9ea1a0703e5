import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { advisoryWarnings } from "../../../shared/advisories/age.ts";
import { manifestKey, readManifest, shardPrefix } from "../../../shared/advisories/set/manifest.ts";
import { openAdvisories } from "../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import { openAdvisoriesStatus } from "../../../shared/advisories/status.ts";
import { updateAdvisories } from "../../../shared/advisories/update/update.ts";
import { settingsSchema } from "../../../shared/platform/settings.ts";
import { tar, zip, zstdLong } from "./archives.ts";
import { day, inDirectory, load, ndjson, onlyFeeds, type TestPorts, testPorts } from "./support.ts";

function record(id: string, ecosystem: string, name: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    id,
    modified: "2026-02-01T00:00:00Z",
    summary: `about ${id}`,
    affected: [
      {
        package: { ecosystem, name },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.0" }] }],
      },
    ],
    ...more,
  };
}

const kev = {
  title: "catalogue",
  catalogVersion: "2026.02.01",
  vulnerabilities: [
    { cveID: "CVE-2024-1", dateAdded: "2026-01-31" },
    { cveID: "not a cve", dateAdded: "2026-01-31" },
    { cveID: "CVE-2024-1234", dateAdded: "2026-02-01" },
  ],
};

const settings = (more: object = {}) => advisorySettings.parse(more);

async function idsOf(ports: TestPorts, ecosystem: string, name: string): Promise<readonly string[]> {
  const advisories = await openAdvisories(ports.blobs);
  return (await advisories.lookup(ecosystem, name)).map(({ advisory }) => advisory.id);
}

describe("from files", () => {
  test("reads every kind of file below a directory, and counts what it does not take", async () => {
    const ports = testPorts();
    const files = {
      "a.ndjson": ndjson([
        record("GHSA-aaaa-aaaa-aaaa", "npm", "one"),
        { name: "not OSV", affected: "1.0" },
        record("RUSTSEC-1", "Hackage", "one"),
      ]),
      "b.ndjson.zst": zstdLong(
        ndjson([record("GHSA-bbbb-bbbb-bbbb", "npm", "two"), record("GHSA-gone-gone-gone", "npm", "two")]),
      ),
      "c.json": JSON.stringify(record("GHSA-cccc-cccc-cccc", "npm", "three"), undefined, 2),
      "d.json.zst": zstdLong(JSON.stringify(record("PYSEC-2024-4", "PyPI", "Four.Five"))),
      "e.zip": zip({
        "GHSA-dddd.json": JSON.stringify(record("GHSA-dddd-dddd-dddd", "npm", "four")),
        "notes.txt": "no",
      }),
      "f.tar.zst": zstdLong(tar({ "kev/known.json": JSON.stringify(kev), "kev/schema.json": "{}", "README.md": "x" })),
      "withdrawn-ids.txt": "GHSA-gone-gone-gone\n\nGHSA-other-other-1\n",
      "picture.png": "no",
    };
    const result = await inDirectory(files, (directory) => updateAdvisories(ports, settings(), directory));
    expect(result.files).toEqual(
      [
        { file: "a.ndjson", records: 1, unrecognised: 1, ignored: 1, withdrawn: 0, quarantined: 0 },
        { file: "b.ndjson.zst", records: 2, unrecognised: 0, ignored: 0, withdrawn: 0, quarantined: 0 },
        { file: "c.json", records: 1, unrecognised: 0, ignored: 0, withdrawn: 0, quarantined: 0 },
        { file: "d.json.zst", records: 1, unrecognised: 0, ignored: 0, withdrawn: 0, quarantined: 0 },
        { file: "e.zip", records: 1, unrecognised: 0, ignored: 0, withdrawn: 0, quarantined: 0 },
        { file: "f.tar.zst", records: 1, unrecognised: 1, ignored: 0, withdrawn: 0, quarantined: 0 },
        { file: "withdrawn-ids.txt", records: 0, unrecognised: 0, ignored: 0, withdrawn: 2, quarantined: 0 },
      ].map((count) => (count.file === "f.tar.zst" ? { ...count, records: 1 } : count)),
    );
    expect(result).toMatchObject({ exploited: 1, shards: 2, newestRecord: "2026-02-01T00:00:00.000Z", changed: true });
    expect(await idsOf(ports, "npm", "two")).toEqual(["GHSA-bbbb-bbbb-bbbb"]);
    expect(await idsOf(ports, "npm", "four")).toEqual(["GHSA-dddd-dddd-dddd"]);
    expect(await idsOf(ports, "PyPI", "four_five")).toEqual(["PYSEC-2024-4"]);
    expect(await idsOf(ports, "Hackage", "one")).toEqual([]);
    const last = ports.progressed.at(-1);
    expect(last?.done).toBe(last?.total);
  });

  test("a single zip will do", async () => {
    const ports = testPorts();
    const archive = zip({ "a.json": JSON.stringify(record("GHSA-aaaa-aaaa-aaaa", "npm", "one")) });
    await inDirectory({ "all.zip": archive }, (directory) =>
      updateAdvisories(ports, settings(), `${directory}/all.zip`),
    );
    expect(await idsOf(ports, "npm", "one")).toEqual(["GHSA-aaaa-aaaa-aaaa"]);
  });

  test("malformed records are quarantined by their id, the first twenty are told, and the rest is kept", async () => {
    const good = record("GHSA-good-good-good", "npm", "one");
    const bad = Array.from({ length: 25 }, (_, n) => ({
      ...record(`GHSA-bad-${n}`, "npm", "one"),
      modified: "yesterday",
    }));
    const { ports, result } = await load([
      good,
      ...bad,
      { ...good, id: "tab\there" },
      { ...good, id: "GHSA-deep", affected: [{ package: { ecosystem: "npm", name: 7 } }] },
    ]);
    expect(result.quarantined.count).toBe(27);
    expect(result.quarantined.first).toHaveLength(20);
    expect(result.quarantined.first[0]).toMatchObject({
      file: "records.ndjson",
      id: "GHSA-bad-0",
      reason: expect.stringMatching(/^modified: /),
    });
    expect(await idsOf(ports, "npm", "one")).toEqual(["GHSA-good-good-good"]);
    const cut = await inDirectory(
      { "x.ndjson": `${JSON.stringify(good)}\n${JSON.stringify(good).slice(0, -9)}\n` },
      (directory) => updateAdvisories(ports, settings(), directory),
    );
    expect(cut.quarantined).toMatchObject({ count: 1, first: [{ id: "GHSA-good-good-good" }] });
  });

  test("what one publisher withdraws, another may still say under the same name", async () => {
    const secdb = {
      distroversion: "v3.19",
      reponame: "main",
      packages: [{ pkg: { name: "one", secfixes: { "2.0-r0": ["CVE-2024-1234"] } } }],
    };
    const withdrawn = record("CVE-2024-1234", "Alpine:v3.19", "one", { withdrawn: "2026-02-02T00:00:00Z" });
    const { ports } = await load([secdb, withdrawn]);
    expect(await idsOf(ports, "Alpine:v3.19", "one")).toEqual(["CVE-2024-1234"]);
  });

  test("of several records with one id the newest counts", async () => {
    const older = record("GHSA-aaaa-aaaa-aaaa", "npm", "one", {
      modified: "2026-01-01T00:00:00+02:00",
      summary: "older",
    });
    const newer = record("GHSA-aaaa-aaaa-aaaa", "npm", "two", { summary: "newer" });
    const { ports, advisories } = await load([newer, older]);
    expect(await idsOf(ports, "npm", "one")).toEqual([]);
    expect((await advisories.lookup("npm", "two"))[0]?.advisory.summary).toBe("newer");
  });

  test("equal records make an equal set in whatever order they are read", async () => {
    const records = ["a", "b", "c", "d"].map((name) => record(`GHSA-${name}`, "npm", name));
    const first = await load(records);
    const second = await load([...records].reverse());
    expect(second.result.set).toBe(first.result.set);
  });

  test("versions that the ranges cover are not kept, the others are", async () => {
    const versions = ["0.1", "1.9", "2.0", "3.0", "trunk"];
    const { advisories } = await load([
      { ...record("PYSEC-2024-1", "PyPI", "p"), affected: [{ ...record("", "PyPI", "p").affected[0], versions }] },
    ]);
    expect((await advisories.lookup("PyPI", "p"))[0]?.affected.versions).toEqual(["2.0", "3.0", "trunk"]);
  });

  test("replaces the ecosystems it brings and keeps the others, with their age", async () => {
    const ports = testPorts();
    await load([record("GHSA-aaaa-aaaa-aaaa", "npm", "one"), record("CVE-2024-1111", "Debian:12", "bash")], {
      ports,
      kev,
    });
    ports.time.now += 10 * day;
    const { result, advisories } = await load([record("GHSA-bbbb-bbbb-bbbb", "npm", "one")], { ports });
    expect(result.sources.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "kev/files kept",
      "osv/files/Debian kept",
      "osv/files/npm updated",
    ]);
    expect(await idsOf(ports, "npm", "one")).toEqual(["GHSA-bbbb-bbbb-bbbb"]);
    expect(await idsOf(ports, "Debian:12", "bash")).toEqual(["CVE-2024-1111"]);
    expect(advisories.exploited("CVE-2024-1234")).toBe("2026-02-01");
    const warned = advisoryWarnings(
      { ...advisories.age(), newestRecord: "2026-03-10T00:00:00Z" },
      settings(),
      ports.time.now,
    );
    expect(warned).toEqual([
      expect.stringContaining("the advisories of kev/files were last updated 10 days ago"),
      expect.stringContaining("the advisories of osv/files/Debian were last updated 10 days ago"),
    ]);
    const { result: narrowed } = await load([record("GHSA-bbbb-bbbb-bbbb", "npm", "one")], {
      ports,
      ecosystems: ["npm"],
    });
    expect(narrowed.sources.map(({ name }) => name)).toEqual(["kev/files", "osv/files/npm"]);
  });

  test.each([
    ["a missing directory", {}, "/nowhere", "advisory-source-missing"],
    ["a directory without advisories", { "x.json": "{}" }, "", "advisories-none-found"],
    [
      "a zip that is cut off",
      { "x.zip": zip({ "a.json": JSON.stringify(record("GHSA-1", "npm", "x")) }).subarray(0, -30) },
      "",
      "advisory-file-broken",
    ],
    [
      "a compressed file that is cut off",
      { "x.ndjson.zst": zstdLong(ndjson([record("GHSA-1", "npm", "x")])).subarray(0, -30) },
      "",
      "advisory-file-broken",
    ],
    ["a compressed file that is none", { "x.ndjson.zst": "hello" }, "", "advisory-file-broken"],
    [
      "a tar that is cut off",
      { "x.tar": tar({ "a.json": JSON.stringify(record("GHSA-1", "npm", "x")) }).subarray(0, 700) },
      "",
      "advisory-file-broken",
    ],
  ])("%s leaves the present set in use", async (_, files, suffix, code) => {
    const { ports } = await load([record("GHSA-kept-kept-kept", "npm", "one")]);
    const failing = inDirectory(files, (directory) => updateAdvisories(ports, settings(), directory + suffix));
    await expect(failing).rejects.toMatchObject({ name: "PermanentError", code });
    expect(await idsOf(ports, "npm", "one")).toEqual(["GHSA-kept-kept-kept"]);
  });
});

describe("the published set", () => {
  test("no reader sees a half-published set: the manifest is written last, once", async () => {
    const ports = testPorts();
    const writes: string[] = [];
    ports.blobs.put = async (key, body) => {
      writes.push(key);
      ports.blobs.content.set(key, Uint8Array.from(body));
    };
    await load([record("GHSA-aaaa-aaaa-aaaa", "npm", "one"), record("CVE-2024-1111", "Debian:12", "bash")], {
      ports,
      kev,
    });
    expect(writes.filter((key) => key === manifestKey)).toHaveLength(1);
    expect(writes.at(-1)).toBe(manifestKey);
    const failing = { ...ports, blobs: { ...ports.blobs, put: async () => Promise.reject(new Error("disk full")) } };
    await expect(load([record("GHSA-bbbb-bbbb-bbbb", "npm", "one")], { ports: failing })).rejects.toThrow("disk full");
    expect(await idsOf(ports, "npm", "one")).toEqual(["GHSA-aaaa-aaaa-aaaa"]);
  });

  test("a former set can be read for a day, and goes with the next update after it", async () => {
    const ports = testPorts();
    const { advisories: former } = await load([record("GHSA-aaaa-aaaa-aaaa", "npm", "one")], { ports });
    ports.blobs.content.set(`${shardPrefix}left-behind-by-a-crash`, Buffer.from("x"));
    ports.time.now += 3 * day;
    await load([record("GHSA-bbbb-bbbb-bbbb", "npm", "one")], { ports });
    expect((await former.lookup("npm", "one"))[0]?.advisory.id).toBe("GHSA-aaaa-aaaa-aaaa");
    const shards = () => [...ports.blobs.content.keys()].filter((key) => key.startsWith(shardPrefix));
    expect(shards()).toHaveLength(5);
    ports.time.now += day / 2;
    await load([record("GHSA-cccc-cccc-cccc", "npm", "one")], { ports });
    expect(shards()).toHaveLength(7);
    ports.time.now += day;
    await load([record("GHSA-cccc-cccc-cccc", "npm", "one")], { ports });
    expect(shards()).toHaveLength(4);
    ports.time.now += day;
    await load([record("GHSA-cccc-cccc-cccc", "npm", "one")], { ports });
    expect(shards()).toHaveLength(2);
    former.release();
    await expect(former.lookup("npm", "one")).rejects.toMatchObject({
      name: "TransientError",
      code: "advisory-shard-gone",
    });
  });

  test("two builders at once: the set is one of theirs, whole", async () => {
    const ports = testPorts();
    await load([record("GHSA-0000-0000-0000", "npm", "one")], { ports });
    const builders = ["a", "b", "c"].map((name) =>
      load(
        [
          record(`GHSA-${name}`, "npm", "one"),
          record(`CVE-2024-111${name.charCodeAt(0)}`, "Debian:12", "bash", { summary: name }),
        ],
        { ports },
      ),
    );
    await Promise.all(builders);
    const [npm] = await idsOf(ports, "npm", "one");
    const advisories = await openAdvisories(ports.blobs);
    const [debian] = await advisories.lookup("Debian:12", "bash");
    expect(`GHSA-${debian?.advisory.summary}`).toBe(npm);
  });

  test("a broken shard and a broken manifest are refused by name, and the next update repairs them", async () => {
    const { ports } = await load([record("GHSA-aaaa-aaaa-aaaa", "npm", "one")], { kev });
    const manifest = await readManifest(ports.blobs);
    const blob = manifest?.shards[0]?.blob ?? "";
    const bytes = Uint8Array.from(ports.blobs.content.get(blob) ?? []);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    ports.blobs.content.set(blob, bytes);
    await expect(idsOf(ports, "npm", "one")).rejects.toMatchObject({
      name: "PermanentError",
      code: "advisory-shard-broken",
    });
    ports.blobs.content.set(manifestKey, Buffer.from('{"schema":"portwarden.advisories/2"}'));
    await expect(openAdvisories(ports.blobs)).rejects.toMatchObject({ code: "advisory-manifest-broken" });
    await load([record("GHSA-aaaa-aaaa-aaaa", "npm", "one")], { ports });
    expect(await idsOf(ports, "npm", "one")).toEqual(["GHSA-aaaa-aaaa-aaaa"]);
  });

  test("status tells what is held, whose it is and how old", async () => {
    const ports = testPorts();
    const platform = { ...ports, settings: settingsSchema.parse({}) };
    expect(await openAdvisoriesStatus.read(platform)).toMatchObject({
      set: "none",
      shards: [],
      warnings: [expect.stringContaining("no advisories")],
    });
    await load([record("GHSA-aaaa-aaaa-aaaa", "npm", "one")], { ports, kev });
    ports.time.now += 6 * day;
    const status = openAdvisoriesStatus.schema.parse(await openAdvisoriesStatus.read(platform));
    expect(status).toMatchObject({
      warnings: [expect.stringContaining("6 days ago")],
      sources: [
        { name: "kev/files", records: 1 },
        { name: "osv/files/npm", records: 1, databases: [{ name: "GitHub", licence: "CC-BY-4.0" }] },
      ],
      shards: [{ ecosystem: "npm", packages: 1, advisories: 1 }],
      exploited: { count: 1 },
    });
  });

  test("fresh advisories give no warning, old records in a fresh store do", async () => {
    const now = Date.parse("2026-03-01T00:00:00Z");
    const age = { set: "x", updatedAt: "2026-02-28T00:00:00Z", newestRecord: "2026-02-27T00:00:00Z" };
    expect(advisoryWarnings(age, settings(), now)).toEqual([]);
    expect(advisoryWarnings({ ...age, newestRecord: "2025-02-27T00:00:00Z" }, settings(), now)).toEqual([
      expect.stringContaining("367 days old"),
    ]);
    expect(advisoryWarnings(age, settings({ warnAfterDays: 1 }), now + 1)).toEqual([
      expect.stringContaining("1 days ago"),
    ]);
  });
});

describe("from an export over HTTP", () => {
  let server: Server;
  let base = "";
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let asked: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers["if-none-match"] ?? "-"}`);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    asked = [];
    answer = serve({
      "/export/npm/all.zip": zip({
        "a.json": JSON.stringify(record("GHSA-aaaa-aaaa-aaaa", "npm", "one")),
        "b.json": JSON.stringify(record("CVE-2024-9", "Debian:12", "x")),
      }),
      "/export/Red%20Hat/all.zip": zip({
        "r.json": JSON.stringify(
          record("RHSA-2024:1", "Red Hat:enterprise_linux:9::baseos", "bash", { related: ["CVE-2024-1111"] }),
        ),
      }),
      "/known_exploited_vulnerabilities.json": Buffer.from(JSON.stringify(kev)),
    });
  });

  function serve(files: Readonly<Record<string, Buffer>>) {
    return (request: IncomingMessage, response: ServerResponse) => {
      const body = files[request.url ?? ""];
      if (body === undefined) return void response.writeHead(404).end();
      const etag = `"${body.length}"`;
      if (request.headers["if-none-match"] === etag) return void response.writeHead(304).end();
      response.writeHead(200, { etag, "content-length": body.length }).end(body);
    };
  }

  const remote = (more: object = {}) =>
    settings({
      upstream: `${base}/export/`,
      feeds: { ...onlyFeeds("osv", "kev"), kev: { enabled: true, url: base } },
      ecosystems: ["npm", "Red Hat"],
      ...more,
    });

  test("takes each ecosystem's archive, and asks again only for what changed", async () => {
    const ports = testPorts();
    const first = await updateAdvisories(ports, remote());
    expect(first.sources.map(({ name, state, records }) => `${name} ${state} ${records}`)).toEqual([
      "kev updated 1",
      "osv/Red Hat updated 1",
      "osv/npm updated 1",
    ]);
    expect(first).toMatchObject({ exploited: 1, shards: 2 });
    expect(await idsOf(ports, "Red Hat:enterprise_linux:9::appstream", "bash")).toEqual(["RHSA-2024:1"]);
    expect(asked.filter((line) => !line.includes("modified_id"))).toEqual([
      "/known_exploited_vulnerabilities.json -",
      "/export/Red%20Hat/all.zip -",
      "/export/npm/all.zip -",
    ]);
    ports.time.now += day;
    asked = [];
    const second = await updateAdvisories(ports, remote());
    expect(second).toMatchObject({ set: first.set, changed: false, exploited: 1 });
    expect(second.sources.map(({ state }) => state)).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect(asked.every((line) => line.includes("modified_id") || /"\d+"$/.test(line))).toBe(true);
    const { sources = [] } = (await openAdvisories(ports.blobs)).age();
    expect(new Set(sources.map(({ updatedAt }) => updatedAt))).toEqual(new Set(["2026-03-02T00:00:00.000Z"]));
  });

  test("one ecosystem that fails keeps what it had; the others go on", async () => {
    const ports = testPorts();
    await updateAdvisories(ports, remote());
    ports.time.now += day;
    const whole = zip({ "a.json": JSON.stringify(record("GHSA-bbbb-bbbb-bbbb", "npm", "one")) });
    answer = (request, response) => {
      if (request.url?.includes("npm"))
        return void response.writeHead(200, { "content-length": whole.length }).end(whole);
      response.writeHead(200).end(whole.subarray(0, 60));
    };
    const result = await updateAdvisories(ports, remote());
    expect(result.sources).toMatchObject([
      { name: "kev", state: "kept", updatedAt: "2026-03-01T00:00:00.000Z" },
      {
        name: "osv/Red Hat",
        state: "kept",
        updatedAt: "2026-03-01T00:00:00.000Z",
        reason: expect.stringMatching(/./),
      },
      { name: "osv/npm", state: "updated", updatedAt: "2026-03-02T00:00:00.000Z" },
    ]);
    expect(result.manifests.after.sources.map(({ failure }) => failure?.since)).toEqual([
      "2026-03-02T00:00:00.000Z",
      "2026-03-02T00:00:00.000Z",
      undefined,
    ]);
    expect(result.exploited).toBe(1);
    expect(await idsOf(ports, "npm", "one")).toEqual(["GHSA-bbbb-bbbb-bbbb"]);
    expect(await idsOf(ports, "Red Hat:enterprise_linux:9", "bash")).toEqual(["RHSA-2024:1"]);
  });

  test("an archive that is suddenly nearly empty is not believed", async () => {
    const many = Array.from(
      { length: 1000 },
      (_, n) => [`${n}.json`, JSON.stringify(record(`GHSA-${n}`, "npm", `p${n}`))] as const,
    );
    const ports = testPorts();
    answer = serve({ "/export/npm/all.zip": zip(Object.fromEntries(many)) });
    await updateAdvisories(ports, remote({ ecosystems: ["npm"], feeds: onlyFeeds("osv") }));
    answer = serve({ "/export/npm/all.zip": zip(Object.fromEntries(many.slice(0, 50))) });
    await expect(
      updateAdvisories(ports, remote({ ecosystems: ["npm"], feeds: onlyFeeds("osv") })),
    ).rejects.toMatchObject({
      code: "advisories-shrunken",
      message: expect.stringContaining("only 50 records of osv/npm, 1000 before"),
    });
    expect(await idsOf(ports, "npm", "p999")).toEqual(["GHSA-999"]);
  });

  test("without a network: what to do, and how old what is there is", async () => {
    const ports = testPorts();
    const away = () => updateAdvisories(ports, remote({ upstream: "http://127.0.0.1:9/export" }));
    await expect(away()).rejects.toMatchObject({
      name: "TransientError",
      code: "advisories-unreachable",
      message: expect.stringContaining("The store is empty"),
    });
    await updateAdvisories(ports, remote());
    ports.time.now += 4 * day;
    await expect(away()).rejects.toThrow(
      /present advisories of 2026-03-01.* \(4 days old\) stay in use.*--from <directory or zip>/,
    );
    expect(await idsOf(ports, "npm", "one")).toEqual(["GHSA-aaaa-aaaa-aaaa"]);
  });
});
