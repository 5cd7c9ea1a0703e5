/** Every feed that has an upstream, fetched from a server that has all of them in small: the whole way to the shards. */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { feed as osv } from "../../../shared/advisories/feeds/osv/feed.ts";
import { feeds } from "../../../shared/advisories/registry.generated.ts";
import { readManifest } from "../../../shared/advisories/set/manifest.ts";
import { openAdvisories } from "../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import type { Feed } from "../../../shared/advisories/types.ts";
import { updateAdvisories } from "../../../shared/advisories/update/update.ts";
import { testPorts } from "./support.ts";
import { osvRecord, redHatVex, upstreams } from "./upstreams.ts";

const withUpstream = (feeds as readonly Feed[]).filter(({ upstream }) => upstream !== undefined);
const ecosystems = [
  ...(osv.upstream?.parts(() => true) ?? []),
  "Amazon Linux",
  "Arch",
  "Fedora",
  "Oracle Linux",
].sort();

type UpdateResult = Awaited<ReturnType<typeof updateAdvisories>>;

const files = new Map<string, string | Uint8Array>();
/** Folders whose every file answers 500. */
const broken = new Set<string>();
const asked: { readonly path: string; readonly status: number }[] = [];
const ports = testPorts();
let server: Server;
let base = "";

beforeAll(async () => {
  for (const [name, its] of Object.entries(upstreams(2026))) {
    for (const [path, content] of Object.entries(its)) files.set(`${name}/${path}`, content);
  }
  server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1);
    const body = files.get(path);
    const etag = `"${createHash("sha256")
      .update(body ?? "")
      .digest("hex")
      .slice(0, 16)}"`;
    const status = broken.has(path.split("/")[0] ?? "")
      ? 500
      : body === undefined
        ? 404
        : request.headers["if-none-match"] === etag
          ? 304
          : 200;
    asked.push({ path, status });
    response.writeHead(status, { etag }).end(status === 200 ? body : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function update(): Promise<UpdateResult> {
  asked.length = 0;
  const chosen = withUpstream.map(({ name }) => [name, { enabled: true, url: `${base}/${name}` }] as const);
  return updateAdvisories(ports, advisorySettings.parse({ ecosystems, feeds: Object.fromEntries(chosen) }));
}

const inState = (result: UpdateResult, ...states: readonly string[]) =>
  result.sources.filter(({ state }) => states.includes(state)).map(({ name }) => name);

const every = withUpstream.flatMap(({ name, upstream }) =>
  (upstream?.parts((ecosystem) => ecosystems.includes(ecosystem.split(":", 1)[0] ?? "")) ?? []).map((part) =>
    part === "" ? name : `${name}/${part}`,
  ),
);

describe("every feed", () => {
  test("has an upstream here", () => {
    expect(Object.keys(upstreams(2026)).sort()).toEqual(withUpstream.map(({ name }) => name).sort());
  });

  test("is read whole the first time, with its licence and attribution in the manifest", async () => {
    const result = await update();
    expect(result.sources.filter(({ state }) => state !== "updated")).toEqual([]);
    expect(result.sources.map(({ name }) => name)).toEqual([...every].sort());
    expect(result.quarantined.first).toEqual([]);
    expect(result.files.reduce((sum, { unrecognised }) => sum + unrecognised, 0)).toBe(0);
    expect(result.sources.filter(({ records }) => records === 0)).toEqual([]);
    for (const source of (await readManifest(ports.blobs))?.sources ?? []) {
      const upstream = withUpstream.find(({ name }) => name === source.feed)?.upstream;
      const { attribution, redistributable, licence, staleAfterHours } = source;
      expect({ attribution, redistributable, licence, staleAfterHours }).toEqual({
        attribution: upstream?.attribution,
        redistributable: upstream?.redistributable,
        licence: upstream?.licence,
        staleAfterHours: upstream?.staleAfterHours,
      });
      expect(source.from).toBe(`${base}/${source.feed}`);
    }
    const forbidden = withUpstream.filter(({ upstream }) => upstream?.redistributable === false);
    expect(forbidden.map(({ name }) => name)).toEqual(["chainguard", "wolfi"]);
    expect(forbidden.every(({ upstream }) => upstream?.enabled === false)).toBe(true);
  });

  test("is not read again while nothing has changed", async () => {
    const result = await update();
    // Bodhi is asked for what was pushed since, and has nothing.
    expect(inState(result, "updated", "kept")).toEqual(["fedora"]);
    expect(result.changed).toBe(false);
    // Whatever has a validator is asked for with it; what is left leads to the rest, and is small.
    const index = /(?:\/|mirror\.list|repomd\.xml|\.meta|index\/db\.json|_since=[^/]*|page=1&size=100)$/;
    expect(asked.filter(({ path, status }) => status !== 304 && !index.test(path))).toEqual([]);
  });

  test("is asked for what changed alone", async () => {
    const record = { ...osvRecord("TEST-npm-2", "npm", "b"), modified: "2026-02-20T00:00:00Z" };
    files.set("osv/npm/modified_id.csv", `${record.modified},${record.id}\n2026-01-02T00:00:00Z,TEST-npm-1\n`);
    files.set("osv/npm/TEST-npm-2.json", JSON.stringify(record));
    files.set(
      "red-hat/csaf/v2/vex/changes.csv",
      `"2026/cve-2026-1001.json","2026-02-20T00:00:00+00:00"\n"2026/cve-2026-1000.json","2026-02-09T00:00:00+00:00"\n`,
    );
    files.set("red-hat/csaf/v2/vex/2026/cve-2026-1001.json", redHatVex("CVE-2026-1001"));
    const result = await update();
    expect(inState(result, "updated", "kept")).toEqual(["fedora", "osv/npm", "red-hat/vex"]);
    const advisories = await openAdvisories(ports.blobs);
    const ids = async (ecosystem: string, name: string) =>
      (await advisories.lookup(ecosystem, name)).map(({ advisory }) => advisory.id);
    expect(await ids("npm", "a")).toEqual(["TEST-npm-1"]);
    expect(await ids("npm", "b")).toEqual(["TEST-npm-2"]);
    expect(await ids("Red Hat:enterprise_linux:9", "a")).toEqual(["CVE-2026-1000", "CVE-2026-1001"]);
  });

  test("that is down or cut off keeps what it had and is told, while the others go on", async () => {
    broken.add("debian-tracker");
    const whole = files.get("oracle/com.oracle.elsa-all.xml.bz2")?.toString() ?? "";
    files.set("oracle/com.oracle.elsa-all.xml.bz2", whole.slice(0, -60));
    files.set(
      "alpine/v3.20/main.json",
      (files.get("alpine/v3.20/main.json")?.toString() ?? "").replace("1.2-r3", "1.2-r4"),
    );
    const result = await update();
    expect(inState(result, "updated")).toEqual(["alpine", "fedora"]);
    const kept = result.sources.filter(({ state }) => state === "kept");
    expect(kept).toEqual([
      expect.objectContaining({ name: "debian-tracker", records: 1, reason: expect.stringContaining("answered 500") }),
      expect.objectContaining({ name: "oracle", records: 1, reason: expect.stringContaining("cut off") }),
    ]);
    const manifest = await readManifest(ports.blobs);
    const failed = manifest?.sources.filter(({ failure }) => failure !== undefined).map(({ name }) => name);
    expect(failed).toEqual(["debian-tracker", "oracle"]);
    const advisories = await openAdvisories(ports.blobs);
    expect(await advisories.lookup("Debian:12", "a")).not.toEqual([]);
    expect(await advisories.lookup("Oracle Linux:9", "a")).not.toEqual([]);

    broken.clear();
    files.set("oracle/com.oracle.elsa-all.xml.bz2", whole);
    expect(inState(await update(), "kept")).toEqual([]);
    const healed = await readManifest(ports.blobs);
    expect(healed?.sources.filter(({ failure }) => failure !== undefined)).toEqual([]);
  });
});
