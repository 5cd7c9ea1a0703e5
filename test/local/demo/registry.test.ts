import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { buildImage, digestOf, indexOf } from "../../../local/demo/build-image.ts";
import { type RegistryOptions, startRegistry } from "../../../local/demo/registry.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(options: RegistryOptions = {}) {
  const registry = await startRegistry(options);
  closing.push(() => registry.close());
  return registry;
}

/** Takes notifications; refuses the first ones. */
async function receiver(refusals = 0) {
  const events: { readonly [name: string]: unknown }[] = [];
  const headers: unknown[] = [];
  let left = refusals;
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      headers.push([request.headers.authorization, request.headers["content-type"]]);
      if (left-- > 0) return void response.writeHead(503).end();
      events.push(...(body as { events: typeof events }).events);
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => new Promise((done) => server.close(() => done()).closeAllConnections()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, events, headers };
}

const image = buildImage({ layers: [{ files: [{ path: "etc/.wh.gone" }, { path: "a", content: "a" }] }] });

test("the same input gives the same bytes", () => {
  const again = buildImage({ layers: [{ files: [{ path: "etc/.wh.gone" }, { path: "a", content: "a" }] }] });
  expect(again.manifest.digest).toBe(image.manifest.digest);
  expect(digestOf(gunzipSync(image.layers[0]?.bytes ?? ""))).toBe(image.diffIds[0]);
});

describe("the in-process registry", () => {
  test("takes blobs in one piece and in chunks, and refuses wrong ones", async () => {
    const { url } = await start();
    const bytes = Buffer.from("some bytes");
    const digest = digestOf(bytes);
    const post = (query = "", body?: Buffer) =>
      fetch(`${url}/v2/a/b/blobs/uploads/${query}`, { method: "POST", ...(body === undefined ? {} : { body }) });
    expect((await fetch(`${url}/v2/a/b/blobs/${digest}`)).status).toBe(404);
    expect((await post(`?digest=sha256:${"0".repeat(64)}`, bytes)).status).toBe(400);
    expect((await post(`?digest=${digest}`, bytes)).status).toBe(201);

    const begun = await post();
    const location = new URL(begun.headers.get("location") ?? "", url);
    expect(begun.status).toBe(202);
    for (const piece of ["chunked ", "bytes"]) {
      expect((await fetch(location, { method: "PATCH", body: piece })).status).toBe(202);
    }
    const ended = await fetch(`${location.href}?digest=${digestOf(Buffer.from("chunked bytes"))}`, { method: "PUT" });
    expect(ended.status).toBe(201);
    expect((await fetch(location, { method: "PATCH", body: "more" })).status).toBe(404);
  });

  test("serves ranges, heads, tags and deletes", async () => {
    const registry = await start();
    await registry.push(image, "a/b", "1");
    const digest = registry.putBlob(Buffer.from("0123456789"));
    const get = (range: string) => fetch(`${registry.url}/v2/a/b/blobs/${digest}`, { headers: { range } });
    const part = await get("bytes=3-5");
    expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([206, "bytes 3-5/10", "345"]);
    expect(await (await get("bytes=8-")).text()).toBe("89");
    expect((await get("bytes=10-")).status).toBe(416);
    const head = await fetch(`${registry.url}/v2/a/b/manifests/1`, { method: "HEAD" });
    expect(head.headers.get("docker-content-digest")).toBe(image.manifest.digest);
    expect(head.headers.get("content-length")).toBe(String(image.manifest.size));
    expect(await (await fetch(`${registry.url}/v2/a/b/tags/list`)).json()).toEqual({ name: "a/b", tags: ["1"] });
    const manifest = `${registry.url}/v2/a/b/manifests/${image.manifest.digest}`;
    expect((await fetch(manifest, { method: "DELETE" })).status).toBe(202);
    expect((await fetch(`${registry.url}/v2/a/b/manifests/1`)).status).toBe(404);
  });

  test("notifies of pushes and deletes, by whom, until it is heard", async () => {
    const hook = await receiver(1);
    const auth = { kind: "basic", username: "ann", password: "p" } as const;
    const registry = await start({ auth, notifications: { url: hook.url, headers: { authorization: "Bearer s" } } });
    await registry.push(image, "a/b", "1");
    const authorization = `Basic ${Buffer.from("ann:p").toString("base64")}`;
    const at = `${registry.url}/v2/a/b/manifests/`;
    const headers = { authorization, "content-type": image.manifest.mediaType };
    await fetch(`${at}2`, { method: "PUT", headers, body: image.manifest.bytes });
    await fetch(`${at}${image.manifest.digest}`, { method: "DELETE", headers: { authorization } });
    await registry.notified();
    const target = {
      mediaType: image.manifest.mediaType,
      digest: image.manifest.digest,
      repository: "a/b",
      url: `http://${registry.address}/v2/a/b/manifests/${image.manifest.digest}`,
    };
    expect(hook.events).toMatchObject([
      { action: "push", target: { ...target, tag: "1" }, request: { host: registry.address }, actor: {} },
      { action: "push", target: { ...target, tag: "2" }, actor: { name: "ann" } },
      { action: "delete", target },
    ]);
    expect(new Set(hook.events.map((event) => event["id"])).size).toBe(3);
    expect(hook.headers[0]).toEqual(["Bearer s", "application/vnd.docker.distribution.events.v1+json"]);
  });

  test("an index notifies for each of its images, by digest, and then for itself", async () => {
    const hook = await receiver();
    const registry = await start({ notifications: { url: hook.url } });
    const index = indexOf([image]);
    await registry.push(index, "a", "1");
    await registry.notified();
    const targets = hook.events.map((event) => event["target"]);
    expect(targets).toMatchObject([{ digest: image.manifest.digest }, { digest: index.manifest.digest, tag: "1" }]);
    expect(targets[0]).not.toHaveProperty("tag");
  });
});
