/** The HTTP API through the real door: served by the embedded host, over the network. */
import { readFileSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect as connectSocket } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { demoAdvisories } from "../../../local/demo/advisories.ts";
import { indexOf } from "../../../local/demo/build-image.ts";
import { updateAdvisories } from "../../../shared/advisories/update/update.ts";
import { openApiDocument } from "../../../shared/api/openapi.ts";
import { routes } from "../../../shared/api/routes.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { productVersion } from "../../../shared/platform/version.ts";
import { removeDirectory, startTestHost, type TestHost } from "../../support/host.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../../support/registry.ts";
import { inDirectory, ndjson } from "../advisories/support.ts";
import { npmImage } from "../scanning/world.ts";

let host: TestHost;
let registry: FaultyRegistry;
const image = npmImage({ minimist: "0.0.8", ini: "1.3.5", y18n: "4.0.0" });
const index = indexOf([npmImage({ ini: "1.3.5" }, { salt: "of an index" })]);

beforeAll(async () => {
  host = await startTestHost({
    settings: {
      notifications: {
        routes: [{ name: "team", target: { channel: "email", from: "a@example.com", to: ["b@example.com"] } }],
      },
    },
  });
  registry = await startFaultyRegistry({
    notifications: { url: `${host.url}/v1/hooks/distribution`, headers: { authorization: "Bearer hook-secret" } },
  });
  await inDirectory({ "records.ndjson": ndjson(demoAdvisories) }, (directory) =>
    updateAdvisories(host.platform, host.platform.settings.advisories, directory),
  );
  await registry.push(image, "team/shop", "1.0");
  await registry.push(index, "team/many", "1.0");
  await registry.notified();
  await host.idle({ heldBack: "ignored" });
});
afterAll(async () => {
  await registry.close();
  await host.stop();
  removeDirectory(host.data);
});

type JsonSchema = z.core.JSONSchema.JSONSchema;

const openApi = JSON.parse(
  JSON.stringify(openApiDocument(productVersion)).replaceAll("#/components/schemas/", "#/$defs/"),
) as {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: JsonSchema }> }> }>
  >;
  components: { schemas?: Record<string, JsonSchema> };
};

/** The schema that the document gives for an answer; an answer of another status is a failure. */
function documented(method: string, path: string, status: number): z.ZodType {
  const route = routes.find(
    (candidate) =>
      candidate.method === method.toLowerCase() &&
      new RegExp(`^${candidate.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path),
  );
  const answer = openApi.paths[route?.path ?? ""]?.[method.toLowerCase()]?.responses[String(status)];
  const schema = answer?.content?.["application/json"]?.schema;
  if (schema === undefined) throw new Error(`${status} of ${method} ${path} is not documented`);
  return z.fromJSONSchema({ ...schema, $defs: openApi.components.schemas ?? {} });
}

/** Asks, and checks the answer against the document. */
async function call(method: "GET" | "POST", path: string, body?: unknown) {
  const response = await host.ask(path, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const value = (await response.json()) as Record<string, unknown>;
  const checked = documented(method, path.replace(/\?.*$/, ""), response.status).safeParse(value);
  if (!checked.success)
    throw new Error(`${method} ${path}: ${z.prettifyError(checked.error)}\n${JSON.stringify(value)}`);
  return { status: response.status, value };
}
const get = (path: string) => call("GET", path);
const post = (path: string, body?: unknown) => call("POST", path, body);

interface ListedFinding {
  readonly id: string;
  readonly rule: string;
  readonly severity: string;
}
const findingsAt = async (query = "") =>
  (await get(`/v1/findings${query}`)).value as unknown as { findings: ListedFinding[]; next?: string };

describe("the door", () => {
  it("is closed without the token, and says nothing else", async () => {
    for (const authorization of [
      undefined,
      "",
      "Bearer",
      "Bearer wrong",
      `Basic ${host.token}`,
      `Bearer ${host.token}x`,
    ]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      for (const path of ["/v1/findings", "/v1/images", "/v1/queues", "/v1/unheard-of", "/metrics"]) {
        const response = await fetch(`${host.url}${path}`, { headers });
        expect(response.status, `${path} ${authorization}`).toBe(401);
        expect(await response.json()).toMatchObject({ code: "unauthorised" });
      }
    }
    const accepted = await fetch(`${host.url}/v1/findings/x/accept`, { method: "POST", body: "{}" });
    expect(accepted.status).toBe(401);
  });

  it("stands on loopback only, and its token is for its owner's eyes", async () => {
    const { port } = new URL(host.url);
    const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    for (const { address } of addresses.filter(({ internal, family }) => !internal && family === "IPv4")) {
      const outcome = await new Promise((resolve) => {
        const socket = connectSocket({ host: address, port: Number(port), timeout: 1000 });
        socket.once("connect", () => resolve("connected")).once("error", () => resolve("refused"));
        socket.once("timeout", () => resolve("refused"));
      });
      expect(outcome, address).toBe("refused");
    }
    for (const file of ["token", "server.json"]) expect(statSync(join(host.data, file)).mode & 0o777, file).toBe(0o600);
    expect(readFileSync(join(host.data, "token"), "utf8").trim()).toBe(host.token);
  });

  it("answers for its health and describes itself to anyone", async () => {
    const health = await fetch(`${host.url}/healthz`);
    expect([health.status, await health.json()]).toEqual([200, { status: "ok", version: productVersion }]);
    const description = await fetch(`${host.url}/openapi.json`);
    expect(await description.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument(productVersion))));
    const counters = await (await host.ask("/metrics")).text();
    expect(counters).toMatch(/^portwarden_scans_total\{status="complete"\} [1-9]/m);
  });

  it("names what it answers to when the method is another, and knows no other routes", async () => {
    const refused: [string, string, string][] = [
      ["DELETE", "/v1/findings", "GET"],
      ["POST", "/v1/images", "GET"],
      ["GET", "/v1/scans", "POST"],
      ["PUT", "/v1/queues/scan-image/redrive", "POST"],
      ["POST", "/healthz", "GET"],
    ];
    for (const [method, path, allow] of refused) {
      const response = await host.ask(path, { method });
      expect([response.status, response.headers.get("allow")], `${method} ${path}`).toEqual([405, allow]);
      expect(await response.json()).toMatchObject({ code: "method-not-allowed" });
    }
    for (const path of [
      "/",
      "/v1/",
      "/v1/none",
      "/v2/findings",
      "/v1/findings/",
      "/../etc/passwd",
      "/v1/findings/a/b/c",
    ]) {
      expect((await host.ask(path)).status, path).toBe(404);
    }
    expect((await host.ask("/v1/findings", { method: "HEAD" })).status).toBe(200);
  });
});

describe("findings", () => {
  it("come by priority, page by page, filtered", async () => {
    const all = await findingsAt("?limit=1000");
    expect(all.findings.map(({ severity }) => severity)).toEqual(["critical", "high", "high", "high", "medium"]);
    const paged: ListedFinding[] = [];
    let query = "?limit=2";
    for (;;) {
      const page = await findingsAt(query);
      expect(page.findings.length).toBeLessThanOrEqual(2);
      paged.push(...page.findings);
      if (page.next === undefined) break;
      query = `?limit=2&cursor=${encodeURIComponent(page.next)}`;
    }
    expect(paged).toEqual(all.findings);

    const repository = encodeURIComponent(`${registry.address}/team/shop`);
    const resource = encodeURIComponent(`${registry.address}/team/shop@${image.manifest.digest}`);
    const counts: Record<string, number> = {
      "?severity=high": 4,
      "?severity=critical": 1,
      "?rule=CVE-2020-7788": 2,
      [`?repository=${repository}`]: 4,
      [`?image=${resource}`]: 4,
      [`?image=${resource}&severity=high&limit=1`]: 1,
      "?fixable=true": 5,
      "?fixable=false": 0,
      "?exploited=true": 0,
      "?running=true": 0,
      "?kind=posture": 0,
      "?state=resolved": 0,
      "?state=accepted": 0,
    };
    for (const [filter, count] of Object.entries(counts)) {
      expect((await findingsAt(filter)).findings, filter).toHaveLength(count);
    }
  });

  it("are accepted until a date, by whom and why, and not when there is nothing to accept", async () => {
    const { findings } = await findingsAt("?rule=CVE-2020-7774");
    const id = findings[0]?.id ?? "";
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const { value } = await post(`/v1/findings/${id}/accept`, { reason: "not reachable", until: tomorrow });
    expect(value).toMatchObject({
      finding: { state: "accepted", acceptance: { by: "local", reason: "not reachable", until: tomorrow } },
      timeline: [{ transition: "opened" }, { transition: "accepted", cause: { kind: "person", detail: "local" } }],
    });
    expect((await get(`/v1/findings/${id}`)).value).toEqual(value);
    expect((await findingsAt("?state=accepted")).findings.map((one) => one.id)).toEqual([id]);
    expect((await findingsAt("?rule=CVE-2020-7774")).findings).toEqual([]);
    // An offset is taken, and told as UTC.
    const offset = await post(`/v1/findings/${id}/accept`, { reason: "again", until: "2099-01-01T02:00:00+02:00" });
    expect(offset.value).toMatchObject({ finding: { acceptance: { until: "2099-01-01T00:00:00.000Z" } } });

    const body = { reason: "r", until: tomorrow };
    const none = `/v1/findings/${"0".repeat(32)}`;
    expect(await get(none)).toMatchObject({ status: 404, value: { code: "not-found" } });
    expect(await post(`${none}/accept`, body)).toMatchObject({ status: 404, value: { code: "finding-unknown" } });
    const past = { reason: "r", until: "2020-01-01T00:00:00Z" };
    expect(await post(`/v1/findings/${id}/accept`, past)).toMatchObject({
      status: 400,
      value: { code: "acceptance-in-the-past" },
    });
  });
});

describe("images and scans", () => {
  it("are shown with their tags, where they are and what was found", async () => {
    const { value } = await get(`/v1/images/${image.manifest.digest}`);
    expect(value).toMatchObject({
      images: [{ repository: "team/shop", tags: ["1.0"], present: true, running: [], scan: { status: "complete" } }],
    });
    expect((await get(`/v1/images/${encodeURIComponent(image.manifest.digest)}`)).value).toEqual(value);
    const list = await get("/v1/images");
    expect((list.value["images"] as { kind: string }[]).map(({ kind }) => kind).sort()).toEqual([
      "image",
      "image",
      "index",
    ]);
    const repository = encodeURIComponent(`${registry.address}/team/many`);
    expect((await get(`/v1/images?repository=${repository}`)).value["images"]).toHaveLength(2);
    const first = await get("/v1/images?limit=1");
    expect(first.value["images"]).toHaveLength(1);
    const rest = await get(`/v1/images?cursor=${encodeURIComponent(String(first.value["next"]))}`);
    expect(rest.value["images"]).toHaveLength(2);
    expect(await get(`/v1/images/sha256:${"0".repeat(64)}`)).toMatchObject({ status: 404 });
  });

  it("are asked for by name, and their result is found by the request", async () => {
    const asked = await post("/v1/scans", { image: `${registry.address}/team/shop:1.0` });
    expect(asked).toMatchObject({ status: 202, value: { status: "queued" } });
    const request = String(asked.value["request"]);
    await host.idle({ heldBack: "ignored" });
    const { value } = await get(`/v1/scans/${request}`);
    expect(value).toMatchObject({
      status: "complete",
      cause: "api: local",
      introduced: [],
      subject: { tags: ["1.0"] },
    });
    expect((await get(`/v1/scans/${String(value["id"])}`)).value).toEqual(value);
    expect(await get(`/v1/scans/request:${"0".repeat(8)}`)).toMatchObject({ status: 404 });
    expect(await get(`/v1/scans/${"0".repeat(32)}`)).toMatchObject({ status: 404 });

    const missing = await post("/v1/scans", { image: `${registry.address}/team/none@sha256:${"1".repeat(64)}` });
    await host.idle({ heldBack: "ignored" });
    expect((await get(`/v1/scans/${String(missing.value["request"])}`)).value).toMatchObject({
      status: "failed",
      problems: [{ code: "image-gone" }],
    });
  });

  it.each([
    "docker-archive:/etc/passwd",
    "dir:/",
    "http://registry.example/app",
    "Registry.example/APP",
    "[::1]:5000/app",
    "registry.example/app:",
    "registry.example/app@sha256:12",
    "../../etc/passwd",
    "a\u0000b",
    `registry.example/${"a".repeat(256)}`,
  ])("are not asked for by what no registry holds: %s", async (name) => {
    const before = await host.platform.queues.status();
    expect(await post("/v1/scans", { image: name })).toMatchObject({ status: 400 });
    await host.idle({ heldBack: "ignored" });
    expect(await host.platform.queues.status()).toEqual(before);
  });
});

describe("operations", () => {
  it("show advisories, queues and deliveries", async () => {
    expect((await get("/v1/advisories")).value).toMatchObject({ warnings: [], shards: [{ ecosystem: "npm" }] });
    const { queues } = (await get("/v1/queues")).value as { queues: { name: string }[] };
    expect(queues.map(({ name }) => name)).toContain("publish-outbox");
    expect(queues.map(({ name }) => name)).toContain("scan-image");
    const { deliveries } = (await get("/v1/deliveries")).value as { deliveries: { id: string; state: string }[] };
    expect(deliveries.map(({ state }) => state)).toContain("sent");
    expect((await get("/v1/deliveries?state=failed")).value).toEqual({ deliveries: [] });
    const sent = deliveries[0]?.id ?? "";
    expect(await post(`/v1/deliveries/${sent}/resend`)).toMatchObject({
      status: 409,
      value: { code: "delivery-not-resendable" },
    });
    expect(await post(`/v1/deliveries/${"0".repeat(32)}/resend`)).toMatchObject({ status: 404 });
    expect(await post("/v1/queues/scan-image/redrive")).toMatchObject({ status: 200, value: { moved: 0 } });
    const everything = { everything: true };
    expect(await post("/v1/advisories/rematch", everything)).toMatchObject({
      status: 202,
      value: { status: "queued" },
    });
    await host.idle({ heldBack: "ignored" });
    expect(host.logged.some(({ line }) => line === "info the re-match is complete")).toBe(true);
    expect(await post("/v1/queues/none/redrive")).toMatchObject({ status: 404, value: { code: "queue-unknown" } });
  });
});

describe("bad input", () => {
  const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  it.each([
    "/v1/findings?sevrity=high",
    "/v1/findings?severity=severe",
    "/v1/findings?state=gone",
    "/v1/findings?fixable=yes",
    "/v1/findings?limit=0",
    "/v1/findings?limit=1001",
    "/v1/findings?limit=ten",
    "/v1/findings?cursor=zzz",
    `/v1/findings?cursor=${cursor([-1, 0, ""])}`,
    `/v1/findings?cursor=${cursor([0, 0, "\ud800"])}`,
    `/v1/findings?cursor=${cursor([0, 0, "x".repeat(1400)])}`,
    `/v1/findings?cursor=${"a".repeat(5000)}`,
    "/v1/findings/not-an-id",
    "/v1/images?repository=a&unknown=b",
    "/v1/images?cursor=e30",
    "/v1/images/sha256:12",
    "/v1/deliveries?state=lost",
    `/v1/deliveries?cursor=${"a".repeat(2000)}`,
    "/v1/scans/%2e%2e%2fsecrets",
  ])("is 400, with what is wrong: %s", async (path) => {
    const { status, value } = await get(path);
    expect(status).toBe(400);
    expect(String(value["message"]).length).toBeLessThan(2100);
  });

  it("is 400 for a body that is not what the route takes", async () => {
    const { findings } = await findingsAt("?limit=1");
    const accept = `/v1/findings/${findings[0]?.id}/accept`;
    const until = "2099-01-01T00:00:00Z";
    const deep = `${'{"a":'.repeat(100)}1${"}".repeat(100)}`;
    const bodies: [string, unknown][] = [
      [accept, ""],
      [accept, "{"],
      [accept, "[]"],
      [accept, { reason: "", until }],
      [accept, { reason: "r" }],
      [accept, { reason: "r", until: "2099-01-01" }],
      [accept, { reason: "r", until, by: "somebody else" }],
      [accept, { reason: "r".repeat(2001), until }],
      ["/v1/scans", deep],
      ["/v1/scans", { image: 5 }],
      ["/v1/scans", { image: "" }],
      ["/v1/scans", `{"image":"\udcff`],
    ];
    for (const [path, body] of bodies)
      expect((await post(path, body)).status, JSON.stringify(body).slice(0, 80)).toBe(400);
  });

  it("is 413 when it is too large, whether or not it says so before", async () => {
    const large = JSON.stringify({ image: "a".repeat(limits.requestBytes) });
    expect((await post("/v1/scans", large)).status).toBe(413);
    const { port } = new URL(host.url);
    let sent = 0;
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          port,
          host: "127.0.0.1",
          method: "POST",
          path: "/v1/scans",
          headers: { authorization: `Bearer ${host.token}` },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on("error", (error) => (sent > 0 ? undefined : reject(error)));
      // Chunked, and without an end: only a bound on what is read can stop it.
      const chunk = Buffer.alloc(64 * 1024, 0x20);
      const write = () => {
        sent += chunk.length;
        if (sent > 64 * limits.requestBytes) reject(new Error("it takes everything"));
        else if (!request.destroyed) request.write(chunk, () => setImmediate(write));
      };
      write();
    });
    expect(status).toBe(413);
    expect(sent).toBeLessThan(32 * limits.requestBytes);
    expect((await get("/v1/queues")).status).toBe(200);
  });

  it("does not upset the server, whatever the request line and the headers are", async () => {
    const { port } = new URL(host.url);
    const requests = [
      "GET /v1/findings HTTP/1.1\r\nHost: %%%\r\n\r\n",
      "GET http://else.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
      "BREW /v1/findings HTTP/1.1\r\nHost: x\r\n\r\n",
      `GET /v1/findings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${"x".repeat(20_000)}\r\n\r\n`,
      "POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n",
    ];
    for (const text of requests) {
      const answer = await new Promise<string>((resolve) => {
        let received = "";
        const socket = connectSocket({ host: "127.0.0.1", port: Number(port) }, () => socket.write(text));
        socket.on("data", (data) => {
          received += data.toString("latin1");
          socket.end();
        });
        socket.on("close", () => resolve(received));
        socket.on("error", () => resolve(received));
      });
      expect(answer.slice(0, 12), text.slice(0, 40)).not.toMatch(/ 5\d\d$/);
    }
    expect((await fetch(`${host.url}/healthz`)).status).toBe(200);
  });
});
