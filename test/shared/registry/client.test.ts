import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildImage, indexOf } from "../../../local/demo/build-image.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { send } from "../../../shared/registry/client/http.ts";
import { networkPolicy } from "../../../shared/registry/client/policy.ts";
import { defaultTiming } from "../../../shared/registry/client/timing.ts";
import { openImageSource, type SourceOptions } from "../../../shared/registry/open-source.ts";
import type { PlatformSelection, ResolvedImage } from "../../../shared/registry/types.ts";
import {
  codeOf,
  collect,
  type FaultyRegistry,
  isBlob,
  isManifest,
  silentLog,
  sourceOptions,
  startFaultyRegistry,
} from "../../support/registry.ts";

/** Content that does not compress: the blob is large enough to be cut in the middle. */
function noise(bytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index * 32 < bytes; index++) parts.push(createHash("sha256").update(String(index)).digest());
  return Buffer.concat(parts).subarray(0, bytes);
}

const config = { User: "app", Env: ["PATH=/bin"], Labels: { team: "a" } };
const amd64 = buildImage({ layers: [{ files: [{ path: "large", content: noise(300_000) }] }], config });
const arm64 = buildImage({
  layers: [{ files: [{ path: "b", content: "b" }] }],
  platform: { os: "linux", architecture: "arm64", variant: "v8" },
});
const firstLayer = amd64.layers[0]?.bytes ?? Buffer.alloc(0);

let registry: FaultyRegistry;
beforeAll(async () => {
  registry = await startFaultyRegistry();
  await registry.push(amd64, "team/app", "1");
  await registry.push(indexOf([amd64, arm64]), "team/multi", "1");
});
afterAll(() => registry.close());

const open: FaultyRegistry[] = [];
async function another(...parameters: Parameters<typeof startFaultyRegistry>): Promise<FaultyRegistry> {
  const started = await startFaultyRegistry(...parameters);
  open.push(started);
  return started;
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function resolve(
  name: string,
  options: Partial<SourceOptions> = {},
  platforms: PlatformSelection = "all",
): Promise<ResolvedImage> {
  const source = await openImageSource(name, sourceOptions(options));
  return source.resolve(platforms);
}

async function firstImage(name: string, options: Partial<SourceOptions> = {}) {
  const resolved = await resolve(name, options);
  const image = await resolved.images[0]?.open();
  if (image === undefined) throw new Error("no image");
  return image;
}

async function pull(name: string, options: Partial<SourceOptions> = {}): Promise<Buffer> {
  return collect((await firstImage(name, options)).openLayer(0));
}

describe("pulling", () => {
  test("an image by tag and by digest", async () => {
    for (const reference of [
      "team/app:1",
      `team/app@${amd64.manifest.digest}`,
      `team/app:9@${amd64.manifest.digest}`,
    ]) {
      const resolved = await resolve(`${registry.address}/${reference}`);
      expect(resolved).toMatchObject({ digest: amd64.manifest.digest, kind: "image", attestations: [] });
      const image = await resolved.images[0]?.open();
      expect(image).toMatchObject({
        digest: amd64.manifest.digest,
        platform: { os: "linux", architecture: "amd64" },
        configuration: {
          config: { user: "app", environment: ["PATH=/bin"], labels: { team: "a" } },
          diffIds: amd64.diffIds,
          history: [{ createdBy: "COPY . / # demo" }],
        },
      });
    }
    let counted = 0;
    const bytes = await pull(`${registry.address}/team/app:1`, { onBytes: (count) => (counted += count) });
    expect(bytes).toEqual(firstLayer);
    expect(counted).toBe(firstLayer.length);
  });

  test("the wanted platforms of an index, opened only when asked for", async () => {
    const before = registry.seen.length;
    const resolved = await resolve(`${registry.address}/team/multi:1`, {}, ["linux/arm64"]);
    expect(registry.seen.length - before).toBe(1);
    expect(resolved.kind).toBe("index");
    expect(resolved.images.map(({ platform }) => platform)).toEqual([arm64.platform]);
    expect((await resolved.images[0]?.open())?.digest).toBe(arm64.manifest.digest);
    expect((await resolve(`${registry.address}/team/multi:1`)).images).toHaveLength(2);
    const none = resolve(`${registry.address}/team/multi:1`, {}, ["linux/s390x"]);
    await expect(none).rejects.toThrow(
      expect.objectContaining({ code: "no-such-platform", message: expect.stringContaining("linux/arm64/v8") }),
    );
    const single = resolve(`${registry.address}/team/app:1`, {}, ["linux/arm64"]);
    expect(await codeOf(single)).toBe("no-such-platform");
  });

  test("attestations and artefacts of an index are remembered and not opened", async () => {
    const attestation = {
      ...arm64.manifest,
      digest: `sha256:${"0".repeat(64)}`,
      platform: { os: "unknown", architecture: "unknown" },
      annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "x" },
    };
    const { bytes: _, ...descriptor } = attestation;
    await registry.push(indexOf([amd64], { extra: [descriptor] }), "team/attested", "1");
    const resolved = await resolve(`${registry.address}/team/attested:1`);
    expect(resolved.images.map(({ digest }) => digest)).toEqual([amd64.manifest.digest]);
    expect(resolved.attestations).toEqual([descriptor]);
  });

  test("indexes in indexes, one image once, and an entry without a platform", async () => {
    const inner = indexOf([amd64, arm64], { format: "docker" });
    registry.putManifest("team/nested", inner.manifest.digest, inner.manifest);
    for (const image of [amd64, arm64]) registry.putManifest("team/nested", image.manifest.digest, image.manifest);
    const { bytes: _, ...descriptor } = inner.manifest;
    const { bytes: __, ...bare } = amd64.manifest;
    await registry.push(indexOf([], { extra: [descriptor, bare] }), "team/nested", "1");
    const resolved = await resolve(`${registry.address}/team/nested:1`);
    expect(resolved.images.map(({ digest }) => digest)).toEqual([amd64.manifest.digest, arm64.manifest.digest]);
  });

  test("an index that contains itself comes to an end", async () => {
    const self = { mediaType: "application/vnd.oci.image.index.v1+json", digest: `sha256:${"1".repeat(64)}`, size: 5 };
    registry.putManifest("team/loop", "1", {
      mediaType: self.mediaType,
      bytes: Buffer.from(JSON.stringify({ manifests: [self] })),
    });
    expect(await codeOf(resolve(`${registry.address}/team/loop:1`))).toBe("image-gone");
  });

  test("a registry that is called like a scheme", async () => {
    expect((await openImageSource("dir:5000/app:1", sourceOptions())).name).toBe("dir:5000/app:1");
    expect(await codeOf(openImageSource("dir:5000", sourceOptions()))).toBe("image-gone");
  });

  test("manifests without a media type of their own, and with a strange Content-Type", async () => {
    const manifest = JSON.parse(amd64.manifest.bytes.toString());
    delete manifest.mediaType;
    registry.putManifest("team/app", "umoci", {
      mediaType: "text/plain",
      bytes: Buffer.from(JSON.stringify(manifest)),
    });
    expect(await pull(`${registry.address}/team/app:umoci`)).toEqual(firstLayer);
  });
});

describe("what cannot be had ends in a code", () => {
  test.each([
    ["a missing tag", "team/app:none", "image-gone"],
    ["a missing repository", "team/none:1", "image-gone"],
    ["a missing digest", `team/app@sha256:${"0".repeat(64)}`, "image-gone"],
  ])("%s", async (_what, reference, code) => {
    expect(await codeOf(resolve(`${registry.address}/${reference}`))).toBe(code);
  });

  test("schema 1, artefacts, junk and wrong layer counts", async () => {
    const put = (tag: string, document: object, mediaType = "application/vnd.oci.image.manifest.v1+json") =>
      registry.putManifest("team/odd", tag, { mediaType, bytes: Buffer.from(JSON.stringify(document)) });
    const manifest = JSON.parse(amd64.manifest.bytes.toString());
    put("schema1", { schemaVersion: 1, fsLayers: [] });
    put("chart", {
      ...manifest,
      config: { ...manifest.config, mediaType: "application/vnd.cncf.helm.config.v1+json" },
    });
    put("junk", [1, 2, 3]);
    put("layers", { ...manifest, layers: [...manifest.layers, ...manifest.layers] });
    for (const tag of ["schema1", "chart", "junk", "layers"]) {
      expect([tag, await codeOf(resolve(`${registry.address}/team/odd:${tag}`))]).toEqual([tag, "not-an-image"]);
    }
    const huge = { mediaType: "application/json", bytes: Buffer.alloc(limits.manifestBytes + 1, " ") };
    registry.putManifest("team/odd", "huge", huge);
    expect(await codeOf(resolve(`${registry.address}/team/odd:huge`))).toBe("manifest-too-large");
  });

  test("documents and layers with wrong bytes", async () => {
    const other = await another();
    await other.push(amd64, "a", "1");
    other.fail({ when: (exchange) => isManifest(exchange), act: { corrupt: true } });
    expect(await codeOf(resolve(`${other.address}/a@${amd64.manifest.digest}`))).toBe("digest-mismatch");
    other.fail({ when: ({ path }) => path.endsWith(amd64.config.digest), act: { corrupt: true } });
    expect(await codeOf(resolve(`${other.address}/a:1`))).toBe("digest-mismatch");
    const image = await firstImage(`${other.address}/a:1`);
    other.fail({ when: isBlob, act: { corrupt: true } });
    expect(await codeOf(collect(image.openLayer(0)))).toBe("digest-mismatch");
    other.fail({ when: isBlob, act: { shortenTo: 1000 } });
    expect(await codeOf(collect(image.openLayer(0)))).toBe("truncated-layer");
    other.fail({ when: isBlob, act: { status: 404 } });
    expect(await codeOf(collect(image.openLayer(0)))).toBe("image-gone");
    expect(await collect(image.openLayer(0))).toEqual(firstLayer);
  });
});

describe("faults that pass", () => {
  const name = () => `${registry.address}/team/app:1`;
  const options = { timing: { backoffMilliseconds: 1, idleMilliseconds: 300, connectMilliseconds: 300 } };

  test("429, 5xx and cut connections are tried again", async () => {
    registry.fail({ when: isManifest, act: { status: 429, headers: { "retry-after": "0" } } });
    registry.fail({ when: isManifest, act: { status: 503 } });
    registry.fail({ when: isManifest, act: { reset: true } });
    registry.fail({ when: isBlob, act: { status: 500 } });
    registry.fail({ when: isBlob, act: { reset: true } });
    expect(await pull(name())).toEqual(firstLayer);
  });

  test("Retry-After is waited for when it is short, and handed on when it is long", async () => {
    registry.fail({ when: isManifest, act: { status: 429, headers: { "retry-after": "1" } } });
    const start = performance.now();
    await resolve(name());
    expect(performance.now() - start).toBeGreaterThan(900);
    registry.fail({ when: isManifest, act: { status: 503, headers: { "retry-after": "3600" } } });
    const long = resolve(name());
    await expect(long).rejects.toThrow(expect.objectContaining({ name: "TransientError", retryAfterSeconds: 3600 }));
  });

  test("a fault that stays is transient, after a bounded number of tries", async () => {
    const before = registry.seen.length;
    registry.fail({ when: isManifest, act: { status: 502 }, times: 5 });
    await expect(resolve(name())).rejects.toThrow(expect.objectContaining({ name: "TransientError" }));
    expect(registry.seen.length - before).toBe(5);
  });

  test("a layer goes on where it was cut, again and again while there is progress", async () => {
    const image = await firstImage(name());
    const before = registry.seen.length;
    registry.fail({ when: isBlob, act: { cutAfter: 40_000 }, times: 7 });
    expect(await collect(image.openLayer(0))).toEqual(firstLayer);
    const ranges = registry.seen.slice(before).map((seen) => seen.split(" ")[2]);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range ?? ""))).toBe(true);
    expect(ranges).toHaveLength(8);
  });

  test("a server that ignores Range is read again up to the place", async () => {
    const image = await firstImage(name());
    registry.fail({ when: isBlob, act: { cutAfter: 100_000 } });
    registry.fail({ when: ({ request }) => request.headers.range !== undefined, act: { ignoreRange: true } });
    expect(await collect(image.openLayer(0))).toEqual(firstLayer);
  });

  test("a layer that never gets further is transient", async () => {
    const image = await firstImage(name());
    registry.fail({ when: isBlob, act: { cutAfter: 0 }, times: 5 });
    await expect(collect(image.openLayer(0))).rejects.toThrow(expect.objectContaining({ name: "TransientError" }));
  });

  test("silence is a fault, before and inside an answer", async () => {
    registry.fail({ when: isManifest, act: { delayMilliseconds: 900 } });
    const resolved = await resolve(name(), options);
    const image = await resolved.images[0]?.open();
    let first = true;
    const stuck = await another({
      intercept: ({ request, response, stored, route }) => {
        if (route.kind !== "blob" || stored === undefined || request.headers.range !== undefined || !first)
          return false;
        first = false;
        response.writeHead(200, { "content-length": stored.bytes.length });
        response.write(stored.bytes.subarray(0, 50));
        return true;
      },
    });
    await stuck.push(amd64, "a", "1");
    expect(image?.digest).toBe(amd64.manifest.digest);
    expect(await pull(`${stuck.address}/a:1`, options)).toEqual(firstLayer);
  });

  test("a drip is as good as silence", async () => {
    const image = await firstImage(name(), { timing: { ...options.timing, tries: 1 } });
    const dripping = await another({
      intercept: ({ response, route, stored }) => {
        if (route.kind !== "blob" || stored === undefined || stored.bytes.length < 1000) return false;
        response.writeHead(200, { "content-length": stored.bytes.length });
        let sent = 0;
        const timer = setInterval(() => response.write(stored.bytes.subarray(sent, ++sent)), 50);
        response.once("close", () => clearInterval(timer));
        return true;
      },
    });
    await dripping.push(amd64, "a", "1");
    const slow = await firstImage(`${dripping.address}/a:1`, { timing: { ...options.timing, tries: 1 } });
    const start = performance.now();
    const failed = collect(slow.openLayer(0));
    await expect(failed).rejects.toThrow(expect.objectContaining({ code: "registry-timeout" }));
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(image.digest).toBe(slow.digest);
  });

  test("an answer that is none is transient", async () => {
    const odd = await another({
      intercept: ({ request }) => {
        request.socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
        return true;
      },
    });
    const failed = resolve(`${odd.address}/a:1`, { timing: { ...options.timing, tries: 1 } });
    await expect(failed).rejects.toThrow(expect.objectContaining({ code: "registry-unreachable" }));
  });

  test("nobody listening is transient", async () => {
    const gone = await another();
    await gone.close();
    await expect(resolve(`${gone.address}/a:1`)).rejects.toThrow(expect.objectContaining({ name: "TransientError" }));
  });

  test("a reader that stops early leaves nothing open", async () => {
    const image = await firstImage(name());
    for await (const chunk of image.openLayer(0)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await collect(image.openLayer(0))).toEqual(firstLayer);
  });
});

describe("signing in", () => {
  const basic = { kind: "basic", username: "ann", password: "pass:word" } as const;

  test("anonymous tokens, one for many requests", async () => {
    const other = await another({ auth: { kind: "bearer" } });
    await other.push(amd64, "team/app", "1");
    expect(await pull(`${other.address}/team/app:1`)).toEqual(firstLayer);
    expect(other.seen.filter((seen) => seen.includes("/token"))).toHaveLength(1);
  });

  test("a password for a token", async () => {
    const other = await another({ auth: { ...basic, kind: "bearer" } });
    await other.push(amd64, "team/app", "1");
    const asked: string[] = [];
    const credentials = (host: string) => {
      asked.push(host);
      return Promise.resolve(basic);
    };
    expect(await pull(`${other.address}/team/app:1`, { credentials })).toEqual(firstLayer);
    expect(asked).toEqual([other.address]);
    expect(await codeOf(pull(`${other.address}/team/app:1`))).toBe("registry-forbidden");
  });

  test("a refresh token for a token", async () => {
    const other = await another({ auth: { kind: "bearer", username: "ann", refreshToken: "long-lived" } });
    await other.push(amd64, "team/app", "1");
    const credentials = () => Promise.resolve({ kind: "refresh", token: "long-lived" } as const);
    expect(await pull(`${other.address}/team/app:1`, { credentials })).toEqual(firstLayer);
    expect(other.seen).toContain("POST /token");
    const wrong = () => Promise.resolve({ kind: "refresh", token: "other" } as const);
    expect(await codeOf(pull(`${other.address}/team/app:1`, { credentials: wrong }))).toBe("registry-forbidden");
  });

  test("basic authentication", async () => {
    const other = await another({ auth: basic });
    await other.push(amd64, "team/app", "1");
    expect(await pull(`${other.address}/team/app:1`, { credentials: () => Promise.resolve(basic) })).toEqual(
      firstLayer,
    );
    for (const wrong of [undefined, { ...basic, password: "no" }, { kind: "refresh", token: "x" } as const]) {
      const options = { credentials: () => Promise.resolve(wrong) };
      expect(await codeOf(pull(`${other.address}/team/app:1`, options))).toBe("registry-forbidden");
    }
  });

  test("a bearer token as it is, offered once and then sent at once", async () => {
    const seen: unknown[] = [];
    const other = await another({
      intercept: ({ request, response }) => {
        seen.push(request.headers.authorization);
        if (request.headers.authorization === "Bearer static") return false;
        response.writeHead(401, { "www-authenticate": 'Bearer realm="https://unused.example/token"' }).end();
        return true;
      },
    });
    await other.push(amd64, "a", "1");
    const credentials = (token: string) => () => Promise.resolve({ kind: "bearer", token } as const);
    expect(await pull(`${other.address}/a:1`, { credentials: credentials("static") })).toEqual(firstLayer);
    expect(seen).toEqual([undefined, ...Array.from({ length: 3 }, () => "Bearer static")]);
    expect(await codeOf(pull(`${other.address}/a:1`, { credentials: credentials("wrong") }))).toBe(
      "registry-forbidden",
    );
  });

  test("a token that has expired is replaced", async () => {
    const other = await another({ auth: { kind: "bearer", expiresInSeconds: 0.05 } });
    await other.push(amd64, "team/app", "1");
    const image = await firstImage(`${other.address}/team/app:1`);
    await new Promise((done) => setTimeout(done, 80));
    expect(await collect(image.openLayer(0))).toEqual(firstLayer);
  });

  test("a token service that is busy is tried again", async () => {
    const other = await another({ auth: { kind: "bearer" } });
    await other.push(amd64, "team/app", "1");
    other.fail({ when: ({ route }) => route.kind === "token", act: { status: 503 }, times: 2 });
    expect(await pull(`${other.address}/team/app:1`)).toEqual(firstLayer);
  });

  test("403, and 401 without a way in", async () => {
    registry.fail({ when: isManifest, act: { status: 403 } });
    expect(await codeOf(resolve(`${registry.address}/team/app:1`))).toBe("registry-forbidden");
    registry.fail({ when: isManifest, act: { status: 401 } });
    expect(await codeOf(resolve(`${registry.address}/team/app:1`))).toBe("registry-forbidden");
    registry.fail({ when: isManifest, act: { status: 401, headers: { "www-authenticate": 'Bearer realm="::"' } } });
    expect(await codeOf(resolve(`${registry.address}/team/app:1`))).toBe("registry-forbidden");
  });
});

describe("where requests may go", () => {
  const settings = (changes: Partial<SourceOptions["settings"]>) => ({
    settings: { allow: [], insecure: [], allowPrivate: [], ...changes },
  });

  test("only to registries of the allow-list", async () => {
    const options = settings({ allow: ["ghcr.io", "*.example"], allowPrivate: ["127.0.0.1"] });
    expect(await codeOf(resolve(`${registry.address}/team/app:1`, options))).toBe("registry-not-allowed");
    const allowed = settings({ allow: ["127.0.0.1:*"], allowPrivate: ["127.0.0.1"] });
    expect((await resolve(`${registry.address}/team/app:1`, allowed)).kind).toBe("image");
  });

  test("not into private networks, by address or by name", async () => {
    const port = registry.address.split(":")[1];
    for (const host of ["127.0.0.1", "localhost", "0x7f.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"]) {
      const options = settings({ insecure: [`${host}:${port}`] });
      const before = registry.seen.length;
      expect([host, await codeOf(resolve(`${host}:${port}/team/app:1`, options))]).toEqual([
        host,
        "registry-not-allowed",
      ]);
      expect(registry.seen.length).toBe(before);
    }
    const named = settings({ insecure: [`localhost:${port}`], allowPrivate: ["localhost"] });
    expect((await resolve(`localhost:${port}/team/app:1`, named)).kind).toBe("image");
    const metadata = settings({ insecure: ["169.254.169.254"], allowPrivate: ["169.254.169.254"] });
    expect(await codeOf(resolve("169.254.169.254/team/app:1", metadata))).toBe("registry-not-allowed");
  });

  /** A registry that sends blob requests elsewhere. */
  async function redirecting(location: () => string, status = 307) {
    const other = await another({
      auth: { kind: "basic", username: "u", password: "p" },
      intercept: ({ route, request, response }) => {
        if (route.kind !== "blob" || request.headers.authorization === undefined) return false;
        response.writeHead(status, { location: location() }).end();
        return true;
      },
    });
    await other.push(amd64, "team/app", "1");
    return other;
  }
  const credentials = () => Promise.resolve({ kind: "basic", username: "u", password: "p" } as const);

  test("redirects are followed, and the credentials stay behind", async () => {
    const authorizations: unknown[] = [];
    const storage = await another({
      intercept: ({ request }) => {
        authorizations.push(request.headers.authorization);
        return false;
      },
    });
    await storage.push(amd64, "store", "1");
    for (const status of [301, 302, 303, 307, 308]) {
      const other = await redirecting(() => `${storage.url}/v2/store/blobs/${amd64.config.digest}`, status);
      const image = await firstImage(`${other.address}/team/app:1`, { credentials });
      expect(image.configuration.config.user).toBe("app");
    }
    expect(authorizations).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  test("not on to private networks, to plain HTTP, to other schemes, nor round for ever", async () => {
    const storage = await another();
    const port = storage.address.split(":")[1];
    // The registry itself is one of the allowed hosts; what it leads to is another host, which is not.
    const options = {
      credentials,
      ...settings({ insecure: ["127.0.0.1:*", `localhost:${port}`], allowPrivate: [] }),
    };
    for (const [location, code] of [
      ["http://169.254.169.254/latest/meta-data/", "registry-not-allowed"],
      ["http://storage.example/blob", "registry-not-allowed"],
      ["file:///etc/passwd", "registry-not-allowed"],
      ["ftp://127.0.0.1/x", "registry-not-allowed"],
      ["https://169.254.169.254/", "registry-not-allowed"],
      ["https://[fd00:ec2::254]/", "registry-not-allowed"],
      ["http://", "registry-redirects"],
    ] as const) {
      const other = await redirecting(() => location);
      const allowed = {
        ...options,
        settings: { ...options.settings, allowPrivate: ["127.0.0.1"] },
        timing: { tries: 1 },
      };
      expect([location, await codeOf(pull(`${other.address}/team/app:1`, allowed))]).toEqual([location, code]);
    }
    expect(storage.seen).toEqual([]);
    let hops = 0;
    const loop = await redirecting(() => {
      hops++;
      return `/v2/team/app/blobs/${amd64.config.digest}?hop=${hops}`;
    });
    const once = { credentials, timing: { tries: 1 } };
    await expect(pull(`${loop.address}/team/app:1`, once)).rejects.toThrow(
      expect.objectContaining({ code: "registry-redirects" }),
    );
    expect(hops).toBe(limits.redirects + 1);
  });

  test("a public registry leads into no private network, by name either", async () => {
    const victim = await another();
    const first = await another({
      intercept: ({ response }) => {
        response.writeHead(302, { location: `http://localhost:${victim.address.split(":")[1]}/secret` }).end();
        return true;
      },
    });
    // The first hop stands in for a public host: its address is allowed, the registry's own name is not.
    const policy = networkPolicy({ allow: [], insecure: ["localhost:*"], allowPrivate: ["127.0.0.1"] });
    const request = { method: "GET", url: new URL(`${first.url}/v2/`), headers: {} } as const;
    const sent = (registry: string) => send(request, { policy, timing: defaultTiming, registry });
    expect(await codeOf(sent("public.example"))).toBe("registry-not-allowed");
    expect(victim.seen).toEqual([]);
    const response = await sent("127.0.0.1");
    response.destroy();
    expect(victim.seen).toEqual(["GET /secret"]);
  });

  test("a token service in a private network gets no password", async () => {
    const victim = await another();
    const port = victim.address.split(":")[1];
    const other = await another({
      intercept: ({ response }) => {
        response.writeHead(401, { "www-authenticate": `Bearer realm="http://localhost:${port}/token"` }).end();
        return true;
      },
    });
    const name = `${other.address}/team/app:1`;
    expect(await codeOf(resolve(name, { credentials, ...settings({ allowPrivate: ["127.0.0.1"] }) }))).toBe(
      "registry-not-allowed",
    );
    expect(victim.seen).toEqual([]);
  });

  test("no log line and no error holds a credential", async () => {
    const lines: string[] = [];
    const write = (message: string, fields?: object) => void lines.push(message + JSON.stringify(fields));
    const log = { ...silentLog, debug: write, info: write, warn: write, error: write };
    const other = await another({ auth: { kind: "bearer", username: "u", password: "hunter2" } });
    await other.push(amd64, "a", "1");
    other.fail({ when: isBlob, act: { cutAfter: 1000 }, times: 3 });
    const right = () => Promise.resolve({ kind: "basic", username: "u", password: "hunter2" } as const);
    await pull(`${other.address}/a:1`, { log, credentials: right });
    const wrong = () => Promise.resolve({ kind: "basic", username: "u", password: "hunter3" } as const);
    const failed = await pull(`${other.address}/a:1`, { log, credentials: wrong }).catch((error: unknown) =>
      String(error),
    );
    expect(lines.length).toBeGreaterThan(0);
    expect(String(failed) + lines.join()).not.toMatch(/hunter|Bearer|Basic/);
  });
});
