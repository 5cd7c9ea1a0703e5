import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type BuiltImage,
  buildImage,
  buildTar,
  digestOf,
  indexOf,
  type LayerFile,
} from "../../../local/demo/build-image.ts";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { openTar } from "../../../shared/registry/archives/tar-index.ts";
import { openImageSource, type SourceOptions } from "../../../shared/registry/open-source.ts";
import type { Image, PlatformSelection, ResolvedImage } from "../../../shared/registry/types.ts";
import { codeOf, collect, silentLog, sourceOptions } from "../../support/registry.ts";
import { sharedData } from "../../support/shared-data.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portwarden-archives-"));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function store(bytes: Uint8Array): Promise<string> {
  files++;
  const path = join(folder, `archive-${files}.tar`);
  await writeFile(path, bytes);
  return path;
}

interface Read {
  readonly resolved: ResolvedImage;
  readonly images: readonly Image[];
  readonly layers: readonly Buffer[];
}

/** Opens, resolves, and reads every layer of every image: all digests are verified on the way. */
async function readAll(
  name: string,
  platforms: PlatformSelection = "all",
  options: Partial<SourceOptions> = {},
): Promise<Read> {
  const source = await openImageSource(name, sourceOptions(options));
  try {
    const resolved = await source.resolve(platforms);
    const images: Image[] = [];
    const layers: Buffer[] = [];
    for (const found of resolved.images) {
      const image = await found.open();
      images.push(image);
      for (const index of image.layers.keys()) layers.push(await collect(image.openLayer(index)));
    }
    return { resolved, images, layers };
  } finally {
    await source.close();
  }
}

function layoutFiles(images: readonly BuiltImage[], index: object): LayerFile[] {
  const blobs = new Map(
    images.flatMap((image) => [image.manifest, image.config, ...image.layers]).map((one) => [one.digest, one.bytes]),
  );
  return [
    { path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    ...[...blobs].map(([digest, content]) => ({ path: `blobs/${digest.replace(":", "/")}`, content })),
    { path: "index.json", content: JSON.stringify(index) },
  ];
}

const plain = ({ mediaType, digest, size }: BuiltImage["manifest"]) => ({ mediaType, digest, size });
const named = (image: BuiltImage, name: string) => ({
  ...plain(image.manifest),
  annotations: { "org.opencontainers.image.ref.name": name },
});

const one = buildImage({ layers: [{ files: [{ path: "etc/one", content: "1" }] }], config: { User: "1" } });
const two = buildImage({
  layers: [{ files: [{ path: "etc/two", content: "2" }] }],
  platform: { os: "linux", architecture: "arm64" },
});

/** The members of what `docker save` writes for these images. */
function savedFiles(
  images: readonly { readonly image: BuiltImage; readonly tags: readonly string[] | null }[],
): LayerFile[] {
  const members: LayerFile[] = [];
  const manifest = images.map(({ image, tags }, position) => {
    const layers = image.layers.map((layer, index) => {
      const path = `${position}-${index}/layer.tar`;
      members.push({ path, content: gunzipSync(layer.bytes) });
      return path;
    });
    members.push({ path: `${position}.json`, content: image.config.bytes });
    return { Config: `${position}.json`, RepoTags: tags, Layers: layers };
  });
  return [...members, { path: "manifest.json", content: JSON.stringify(manifest) }];
}

describe("layouts in archives and directories", () => {
  test("one image, several platforms under one name, several names", async () => {
    const single = await store(buildTar(layoutFiles([one], { manifests: [named(one, "1")] })));
    const { resolved, layers } = await readAll(`oci-archive:${single}`);
    expect(resolved).toMatchObject({ kind: "image", digest: one.manifest.digest });
    expect(layers).toEqual([one.layers[0]?.bytes]);
    expect((await readAll(`oci-archive:${single}:1`)).resolved.digest).toBe(one.manifest.digest);
    expect(await codeOf(readAll(`oci-archive:${single}:2`))).toBe("image-gone");

    const platforms = await store(
      buildTar(layoutFiles([one, two], { manifests: [plain(one.manifest), plain(two.manifest)] })),
    );
    const both = await readAll(`oci-archive:${platforms}`);
    expect(both.resolved.kind).toBe("index");
    expect(both.images.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
    expect((await readAll(`oci-archive:${platforms}`, ["linux/arm64"])).images).toHaveLength(1);

    const names = await store(buildTar(layoutFiles([one, two], { manifests: [named(one, "a"), named(two, "b")] })));
    expect(await codeOf(readAll(`oci-archive:${names}`))).toBe("bad-reference");
    expect((await readAll(`oci-archive:${names}:b`)).resolved.digest).toBe(two.manifest.digest);
    expect((await readAll(`oci-archive:${names}:${one.manifest.digest}`)).resolved.digest).toBe(one.manifest.digest);
  });

  test("a directory, whatever the path has in it, and blobs that are not what they are called", async () => {
    const directory = join(folder, "lay:out");
    for (const { path, content } of layoutFiles([one], { manifests: [named(one, "1")] })) {
      await mkdir(join(directory, path, ".."), { recursive: true });
      await writeFile(join(directory, path), content ?? "");
    }
    expect((await readAll(`oci-layout:${directory}`)).layers).toEqual([one.layers[0]?.bytes]);
    expect((await readAll(`oci-layout:${directory}:1`)).layers).toHaveLength(1);
    const layer = one.layers[0]?.digest.replace(":", "/") ?? "";
    await writeFile(join(directory, "blobs", layer), Buffer.alloc(one.layers[0]?.size ?? 0));
    expect(await codeOf(readAll(`oci-layout:${directory}`))).toBe("digest-mismatch");
    await writeFile(join(directory, "blobs", layer), "short");
    expect(await codeOf(readAll(`oci-layout:${directory}`))).toBe("truncated-layer");
    await rm(join(directory, "blobs", layer));
    expect(await codeOf(readAll(`oci-layout:${directory}`))).toBe("image-gone");
    expect(await codeOf(readAll(`oci-layout:${folder}`))).toBe("not-an-image");
    expect(await codeOf(readAll(`oci-layout:${folder}/none`))).toBe("not-an-image");
  });

  test("a nested index with an attestation", async () => {
    const attestation = { ...plain(two.manifest), platform: { os: "unknown", architecture: "unknown" } };
    const inner = indexOf([one], { extra: [attestation] });
    const members = layoutFiles([one, two], { manifests: [plain(inner.manifest)] });
    members.push({ path: `blobs/${inner.manifest.digest.replace(":", "/")}`, content: inner.manifest.bytes });
    const { resolved } = await readAll(`oci-archive:${await store(buildTar(members))}`);
    expect(resolved.digest).toBe(inner.manifest.digest);
    expect(resolved.images).toHaveLength(1);
    expect(resolved.attestations).toEqual([attestation]);
  });
});

describe("what docker save writes", () => {
  test("the digest is the configuration's, layers are verified against it", async () => {
    const path = await store(buildTar(savedFiles([{ image: one, tags: ["team/app:1"] }])));
    const { resolved, layers, images } = await readAll(`docker-archive:${path}`);
    expect(resolved.digest).toBe(one.config.digest);
    expect(layers.map(digestOf)).toEqual(one.diffIds);
    expect(images[0]?.configuration.config.user).toBe("1");
    expect(await codeOf(readAll(`docker-archive:${path}`, ["linux/s390x"]))).toBe("no-such-platform");

    const files = savedFiles([{ image: one, tags: null }]);
    const swapped = files.map((file) => (file.path.endsWith("layer.tar") ? { ...file, content: buildTar([]) } : file));
    expect(await codeOf(readAll(`docker-archive:${await store(buildTar(swapped))}`))).toBe("digest-mismatch");
  });

  test("several images, by tag, digest or position", async () => {
    const path = await store(
      buildTar(
        savedFiles([
          { image: one, tags: ["alpine:3", "docker.io/team/app:1"] },
          { image: two, tags: null },
        ]),
      ),
    );
    expect(await codeOf(readAll(`docker-archive:${path}`))).toBe("bad-reference");
    for (const reference of ["alpine:3", "docker.io/library/alpine:3", "team/app:1", one.config.digest, "@0"]) {
      expect((await readAll(`docker-archive:${path}:${reference}`)).resolved.digest).toBe(one.config.digest);
    }
    expect((await readAll(`docker-archive:${path}:@1`)).resolved.digest).toBe(two.config.digest);
    expect(await codeOf(readAll(`docker-archive:${path}:none`))).toBe("image-gone");
  });

  test("compressed layers, linked layers, and layers that are not those of the configuration", async () => {
    const layer = one.layers[0]?.bytes ?? Buffer.alloc(0);
    const manifest = (layers: string[]) => JSON.stringify([{ Config: "c.json", RepoTags: [], Layers: layers }]);
    const compressed = await store(
      buildTar([
        { path: "c.json", content: one.config.bytes },
        { path: "real/layer.tar", content: layer },
        { path: "link/layer.tar", linkTo: "../real/layer.tar" },
        { path: "hard.tar", hardLinkTo: "link/layer.tar" },
        { path: "manifest.json", content: manifest(["hard.tar"]) },
      ]),
    );
    const { images, layers } = await readAll(`docker-archive:${compressed}`);
    expect(images[0]?.layers).toEqual([
      { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf(layer), size: layer.length },
    ]);
    expect(layers).toEqual([layer]);

    const warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
    const raw = gunzipSync(layer);
    const cut = await store(
      buildTar([
        { path: "c.json", content: one.config.bytes },
        { path: "a.tar", content: raw },
        { path: "b.tar", content: buildTar([]) },
        { path: "manifest.json", content: manifest(["a.tar", "b.tar"]) },
      ]),
    );
    const other = await readAll(`docker-archive:${cut}`, "all", { log });
    expect(other.resolved.digest).not.toBe(one.config.digest);
    expect(other.images[0]?.configuration.diffIds).toEqual([digestOf(raw), digestOf(buildTar([]))]);
    expect(warnings).toHaveLength(1);
  });

  test("the first format, without a manifest", async () => {
    const [base, top] = ["a".repeat(64), "b".repeat(64)];
    const tar = gunzipSync(one.layers[0]?.bytes ?? "");
    const path = await store(
      buildTar([
        {
          path: `${top}/json`,
          content: JSON.stringify({
            id: top,
            parent: base,
            os: "linux",
            architecture: "arm64",
            config: { User: "u" },
            container_config: { Cmd: ["/bin/sh", "-c", "x"] },
          }),
        },
        { path: `${top}/layer.tar`, content: buildTar([]) },
        { path: `${base}/json`, content: JSON.stringify({ id: base }) },
        { path: `${base}/layer.tar`, content: tar },
        { path: "repositories", content: JSON.stringify({ "team/app": { latest: top } }) },
      ]),
    );
    const { images, layers } = await readAll(`docker-archive:${path}:team/app:latest`);
    expect(layers).toEqual([tar, buildTar([])]);
    expect(images[0]).toMatchObject({
      platform: { os: "linux", architecture: "arm64" },
      configuration: {
        config: { user: "u" },
        diffIds: layers.map(digestOf),
        history: [{}, { createdBy: "/bin/sh -c x" }],
      },
    });
    const loop = { path: "repositories", content: JSON.stringify({ x: { y: top } }) };
    const self = { path: `${top}/json`, content: JSON.stringify({ parent: top }) };
    expect(await codeOf(readAll(`docker-archive:${await store(buildTar([loop, self]))}`))).toBe("manifest-too-large");
  });

  test("documents that are missing, malformed or lead outside", async () => {
    const archive = async (manifest: unknown, ...more: LayerFile[]) =>
      `docker-archive:${await store(buildTar([{ path: "manifest.json", content: JSON.stringify(manifest) }, ...more]))}`;
    const entry = { Config: "c.json", RepoTags: null, Layers: [] };
    expect(await codeOf(readAll(await archive([])))).toBe("not-an-image");
    expect(await codeOf(readAll(await archive({})))).toBe("not-an-image");
    expect(await codeOf(readAll(await archive([entry])))).toBe("not-an-image");
    expect(await codeOf(readAll(await archive([{ ...entry, Config: "/etc/passwd" }])))).toBe("not-an-image");
    const link = { path: "c.json", linkTo: "/etc/passwd" };
    expect(await codeOf(readAll(await archive([entry], link)))).toBe("not-an-image");
    const round = [
      { path: "c.json", linkTo: "d.json" },
      { path: "d.json", linkTo: "c.json" },
    ];
    expect(await codeOf(readAll(await archive([entry], ...round)))).toBe("not-an-image");
  });
});

describe("tar files", () => {
  test("long names, and names with dots and slashes", async () => {
    const long = `${"folder/".repeat(30)}file`;
    const tar = await openTar(
      await store(
        buildTar([
          { path: long, content: "long" },
          { path: "./a//b/./c", content: "dots" },
        ]),
      ),
    );
    const text = async (name: string) => {
      const member = tar.find(name);
      return member && (await collect(tar.read(member))).toString();
    };
    expect(await text(long)).toBe("long");
    expect(await text("a/b/c")).toBe("dots");
    expect(await text("none")).toBeUndefined();
    await tar.close();
  });

  test("what is no archive, or a compressed one", async () => {
    expect(await codeOf(readAll(`docker-archive:${await store(Buffer.alloc(5000, "x"))}`))).toBe("not-an-image");
    expect(await codeOf(readAll(`docker-archive:${await store(Buffer.alloc(0))}`))).toBe("not-an-image");
    expect(await codeOf(readAll(`docker-archive:${folder}`))).toBe("not-an-image");
    expect(await codeOf(readAll(`docker-archive:${folder}/none.tar`))).toBe("image-gone");
    expect(await codeOf(readAll("docker-archive:"))).toBe("bad-reference");
    expect(await codeOf(readAll("oci-archive:/dev/zero"))).toBe("not-an-image");
    const compressed = readAll(
      `oci-archive:${await store(gzipSync(buildTar(savedFiles([{ image: one, tags: null }]))))}`,
    );
    await expect(compressed).rejects.toThrow(/compressed/);
  });

  test("an archive that was cut short or damaged ends in a permanent error, or is read rightly", async () => {
    const archive = buildTar(savedFiles([{ image: one, tags: null }]));
    const whole = (await readAll(`docker-archive:${await store(archive)}`)).layers.map(digestOf);
    const path = join(folder, "damaged.tar");
    const damage = fc.oneof(
      fc.record({ length: fc.nat(archive.length) }),
      fc.record({ at: fc.nat(archive.length - 1), byte: fc.nat(255) }),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        const bytes = "length" in how ? archive.subarray(0, how.length) : Buffer.from(archive);
        if ("at" in how) bytes[how.at] = how.byte;
        await writeFile(path, bytes);
        try {
          expect((await readAll(`docker-archive:${path}`)).layers.map(digestOf)).toEqual(whole);
        } catch (error) {
          expect(error).toBeInstanceOf(PermanentError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("root filesystems", () => {
  const tar = buildTar([{ path: "etc/os-release", content: "ID=x\n" }]);

  test("a tar file, plain or compressed, is an image of one layer", async () => {
    const stored = await store(tar);
    const { resolved, layers, images } = await readAll(`rootfs:${stored}`, ["linux/arm64"]);
    expect(layers).toEqual([tar]);
    expect(resolved.digest).toBe(digestOf(tar));
    expect(images[0]?.configuration.diffIds).toEqual([digestOf(tar)]);
    const compressed = await readAll(`rootfs:${await store(gzipSync(tar))}`);
    expect(compressed.images[0]?.layers[0]?.mediaType).toMatch(/\+gzip$/);
    expect(compressed.images[0]?.configuration.diffIds).toEqual([]);
    expect(await codeOf(readAll(`rootfs:${folder}/none`))).toBe("image-gone");
    expect(await codeOf(readAll(`rootfs:${folder}`))).toBe("not-an-image");
  });

  test("a directory: links are kept as links, pipes left out, and the same files give the same digest", async () => {
    const root = join(folder, "root");
    await mkdir(join(root, "etc/deep/er"), { recursive: true });
    await mkdir(join(root, "empty"));
    await writeFile(join(root, "etc/os-release"), "ID=x\n");
    await writeFile(join(root, `etc/deep/er/${"n".repeat(120)}`), Buffer.alloc(70_000, 7));
    await symlink("/etc/passwd", join(root, "outside"));
    await symlink("..", join(root, "etc/up"));
    const first = await readAll(`dir:${root}`);
    const path = await store(first.layers[0] ?? Buffer.alloc(0));
    const index = await openTar(path);
    expect([...index.names()].sort()).toEqual(
      [`etc/deep/er/${"n".repeat(120)}`, "etc/os-release", "etc/up", "outside"].sort(),
    );
    const large = index.find(`etc/deep/er/${"n".repeat(120)}`);
    expect(large && (await collect(index.read(large)))).toEqual(Buffer.alloc(70_000, 7));
    await index.close();
    expect((await readAll(`dir:${root}`)).resolved.digest).toBe(first.resolved.digest);
    expect((first.layers[0] ?? Buffer.alloc(0)).includes(await readFile("/etc/passwd"))).toBe(false);
    expect(await codeOf(readAll(`dir:${root}/none`))).toBe("image-gone");
    expect(await codeOf(readAll(`dir:${root}/etc/os-release`))).toBe("not-an-image");
  });

  test("a directory that changes while it is read is not taken for what it was", async () => {
    const root = join(folder, "changing");
    await mkdir(root);
    await writeFile(join(root, "a"), "before");
    const source = await openImageSource(`dir:${root}`, sourceOptions());
    const image = await (await source.resolve("all")).images[0]?.open();
    await writeFile(join(root, "a"), "behind");
    expect(image && (await codeOf(collect(image.openLayer(0))))).toBe("digest-mismatch");
  });
});

describe.skipIf(sharedData === undefined)("real archives (needs the shared test data)", () => {
  const archives = globSync(`${sharedData}images/{docker-archives,layering,built,wolfi}/*.tar`).sort();
  /** Not archives of one image, and how they end. */
  const refused: Readonly<Record<string, string>> = {
    "dive-test-zstd-image.tar": "not-an-image",
    "ggcr-test_link.tar": "bad-reference",
    "oci-archive:ggcr-hello-world-v25.tar": "not-an-image",
  };

  test("are there", () => expect(archives.length).toBeGreaterThan(35));

  test.each(archives.flatMap((path) => [`docker-archive:${path}`, `oci-archive:${path}`]))("%s", async (name) => {
    const file = basename(name);
    const code = refused[file] ?? refused[`${name.split(":")[0]}:${file}`];
    if (code !== undefined) {
      expect(await codeOf(readAll(name))).toBe(code);
      return;
    }
    const { images } = await readAll(name);
    expect(images).toHaveLength(1);
    expect(images[0]?.platform.os).toBe("linux");
    expect(images[0]?.layers.length).toBeGreaterThan(0);
  });

  test("the images of one archive, each by its tag", async () => {
    const path = `${sharedData}images/layering/ggcr-test_link.tar`;
    const first = await readAll(`docker-archive:${path}:bazel/v1/tarball:test_image_1`);
    const third = await readAll(`docker-archive:${path}:bazel/v1/tarball:test_image_3`);
    expect(first.resolved.digest).not.toBe(third.resolved.digest);
    // The third image's first layer is a link to the first image's.
    expect(third.images[0]?.configuration.diffIds.length).toBe(third.layers.length);
  });

  test("BuildKit's attestation and cosign's signatures are set aside", async () => {
    const attested = await readAll(`oci-archive:${sharedData}images/docker-archives/snyk-busybox-attestation.tar`);
    expect(attested.resolved.attestations).toHaveLength(1);
    const signed = await readAll(`oci-archive:${sharedData}images/built/signed-alpine-3.16.oci.tar`);
    expect(signed.resolved.attestations).toHaveLength(2);
  });
});
