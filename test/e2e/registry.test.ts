/** The distribution client and the in-process registry against the field's own: docker-registry and skopeo. */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltBlob, blob, buildImage, indexOf } from "../../local/demo/build-image.ts";
import { type Registry, startRegistry } from "../../local/demo/registry.ts";
import { openImageSource, type SourceOptions } from "../../shared/registry/open-source.ts";
import { type DockerRegistry, missingTools, startDockerRegistry } from "../support/docker-registry.ts";
import { codeOf, collect, sourceOptions } from "../support/registry.ts";
import { sharedData } from "../support/shared-data.ts";

const execute = promisify(execFile);
const missing = missingTools("docker-registry", "skopeo");
const MB = 1024 * 1024;

async function skopeo(...parameters: readonly string[]): Promise<string> {
  return (await execute("skopeo", ["--insecure-policy", ...parameters])).stdout;
}

async function resolve(name: string, options: Partial<SourceOptions> = {}) {
  return (await openImageSource(name, sourceOptions(options))).resolve("all");
}

describe.skipIf(missing.length > 0)("with docker-registry and skopeo", () => {
  let folder: string;
  let real: DockerRegistry;
  let demo: Registry;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portwarden-registry-"));
    real = await startDockerRegistry(join(folder, "registry"), { url: "http://127.0.0.1:9", secret: "unused" });
    demo = await startRegistry({ auth: { kind: "bearer", username: "ann", password: "secret" } });
  });
  afterAll(async () => {
    await demo.close();
    await real.stop();
    await rm(folder, { recursive: true });
  });

  test.skipIf(sharedData === undefined)("images that skopeo has pushed are read as skopeo sees them", async () => {
    const archives = globSync(`${sharedData}images/{built,wolfi}/*.tar`).filter((path) => !path.includes("signed"));
    archives.push(`${sharedData}images/docker-archives/hello-world.tar`);
    expect(archives.length).toBeGreaterThan(8);
    for (const path of archives) {
      const repository = `data/${basename(path, ".tar").toLowerCase()}`;
      const digest = await real.push(`oci-archive:${path}`, repository, "1");
      const seen: { readonly Layers: readonly string[]; readonly Architecture: string } = JSON.parse(
        await skopeo("inspect", "--tls-verify=false", `docker://${real.address}/${repository}:1`),
      );
      const resolved = await resolve(`${real.address}/${repository}:1`);
      const image = await resolved.images[0]?.open();
      if (image === undefined) throw new Error("no image");
      expect(resolved.digest).toBe(digest);
      expect(image.platform.architecture).toBe(seen.Architecture);
      expect(image.layers.map((layer) => layer.digest)).toEqual(seen.Layers);
      // Reading to the end is the check: wrong bytes throw.
      for (const index of image.layers.keys()) await collect(image.openLayer(index));
    }
  });

  test("docker-archives become the same layers by way of a registry", async () => {
    const image = buildImage({ layers: [{ files: [{ path: "etc/a", content: "a" }], compression: "none" }] });
    const layout = join(folder, "small");
    await writeLayout(layout, [image.config, ...image.layers, image.manifest], image.manifest);
    const archive = join(folder, "small.tar");
    await skopeo("copy", `oci:${layout}:1`, `docker-archive:${archive}:team/small:1`);
    const source = await openImageSource(`docker-archive:${archive}:team/small:1`, sourceOptions());
    const saved = await source.resolve("all");
    expect(saved.digest).toBe(image.config.digest);
    const opened = await saved.images[0]?.open();
    expect(opened?.layers.map((layer) => layer.digest)).toEqual(image.diffIds);
    await source.close();
    await real.push(`docker-archive:${archive}`, "team/small", "1");
    const pulled = await (await resolve(`${real.address}/team/small:1`)).images[0]?.open();
    expect(pulled?.configuration.diffIds).toEqual(image.diffIds);
  });

  test("an index goes from the in-process registry to the real one, and is the same there", async () => {
    const images = ["amd64", "arm64"].map((architecture) =>
      buildImage({
        layers: [{ files: [{ path: "arch", content: architecture }] }],
        platform: { os: "linux", architecture },
      }),
    );
    const index = indexOf(images);
    await demo.push(index, "team/multi", "1");
    const from = `docker://${demo.address}/team/multi:1`;
    const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    await skopeo("copy", "--all", ...plain, "--src-creds=ann:secret", from, `docker://${real.address}/team/multi:1`);
    for (const address of [demo.address, real.address]) {
      const credentials = () => Promise.resolve({ kind: "basic", username: "ann", password: "secret" } as const);
      const resolved = await resolve(`${address}/team/multi:1`, { credentials });
      expect(resolved.digest).toBe(index.manifest.digest);
      for (const found of resolved.images) await collect((await found.open()).openLayer(0));
      expect(resolved.images.map((found) => found.digest)).toEqual(images.map((one) => one.manifest.digest));
    }
  });

  test("skopeo pushes to the in-process registry in its own way", async () => {
    const image = buildImage({ layers: [{ files: [{ path: "x", content: "x" }] }] });
    const layout = join(folder, "pushed");
    await writeLayout(layout, [image.config, ...image.layers, image.manifest], image.manifest);
    const target = `docker://${demo.address}/team/pushed:1`;
    await skopeo("copy", "--dest-tls-verify=false", "--dest-creds=ann:secret", `oci:${layout}:1`, target);
    const seen = await skopeo("inspect", "--raw", "--tls-verify=false", "--creds=ann:secret", target);
    expect(JSON.parse(seen)).toMatchObject({ config: { digest: image.config.digest } });
  });

  test("what was deleted is gone", async () => {
    const image = buildImage({ layers: [{ files: [{ path: "y", content: "y" }] }] });
    const layout = join(folder, "deleted");
    await writeLayout(layout, [image.config, ...image.layers, image.manifest], image.manifest);
    const digest = await real.push(`oci:${layout}:1`, "team/deleted", "1");
    await real.remove("team/deleted", digest);
    expect(await codeOf(resolve(`${real.address}/team/deleted:1`))).toBe("image-gone");
    expect(await codeOf(resolve(`${real.address}/team/deleted@${digest}`))).toBe("image-gone");
  });

  test("a large layer is streamed: memory does not grow with it", async () => {
    const layout = join(folder, "large");
    const layer = await writeLargeLayer(layout, 400 * MB);
    const config = blob(
      "application/vnd.oci.image.config.v1+json",
      Buffer.from(
        JSON.stringify({
          os: "linux",
          architecture: "amd64",
          config: {},
          rootfs: { type: "layers", diff_ids: [layer.digest] },
        }),
      ),
    );
    const { bytes: _, ...configDescriptor } = config;
    const document = { schemaVersion: 2, mediaType: manifestType, config: configDescriptor, layers: [layer] };
    const manifest = blob(manifestType, Buffer.from(JSON.stringify(document)));
    await writeLayout(layout, [config, manifest], manifest);
    await real.push(`oci:${layout}:1`, "team/large", "1");
    const image = await (await resolve(`${real.address}/team/large:1`)).images[0]?.open();
    const before = process.memoryUsage().rss;
    let most = before;
    let size = 0;
    const start = performance.now();
    if (image === undefined) throw new Error("no image");
    for await (const chunk of image.openLayer(0)) {
      size += chunk.length;
      most = Math.max(most, process.memoryUsage.rss());
    }
    const seconds = (performance.now() - start) / 1000;
    console.log(`${Math.round(size / MB / seconds)} MB/s, ${Math.round((most - before) / MB)} MB more memory`);
    expect(size).toBe(image.layers[0]?.size);
    expect(size).toBeGreaterThan(390 * MB);
    expect(most - before).toBeLessThan(150 * MB);
  });
});

const manifestType = "application/vnd.oci.image.manifest.v1+json";

async function writeLayout(folder: string, blobs: readonly BuiltBlob[], root: BuiltBlob): Promise<void> {
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  for (const one of blobs) await writeFile(join(folder, "blobs", one.digest.replace(":", "/")), one.bytes);
  const { bytes: _, ...descriptor } = root;
  const annotations = { "org.opencontainers.image.ref.name": "1" };
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptor, annotations }] }),
  );
}

/** Writes random bytes as a layer; nothing looks inside it here. */
async function writeLargeLayer(folder: string, size: number) {
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  const path = join(folder, "blobs/sha256/unnamed");
  const file = await open(path, "w");
  const running = createHash("sha256");
  const piece = randomBytes(4 * MB);
  for (let written = 0; written < size; written += piece.length) {
    piece.writeUInt32LE(written % 2 ** 32, 0);
    running.update(piece);
    await file.write(piece);
  }
  await file.close();
  const hex = running.digest("hex");
  await rename(path, join(folder, "blobs/sha256", hex));
  return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: `sha256:${hex}`, size };
}
