import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { LayerFile } from "../../../local/demo/build-image.ts";
import { buildTar } from "../../../local/demo/build-image.ts";
import { toCycloneDx } from "../../../shared/inventory/cyclonedx.ts";
import { extractorsVersion, readImage, versionOf } from "../../../shared/inventory/read-image.ts";
import { layerRecordsIn, layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import { extractors } from "../../../shared/inventory/registry.generated.ts";
import { PermanentError, TransientError } from "../../../shared/platform/errors.ts";
import { limits } from "../../../shared/platform/limits.ts";
import type { Image } from "../../../shared/registry/types.ts";
import { dpkgStatus, imageOf, inventoryOf, npmPackage, packagesIn, recordOf, recordOfFiles } from "./images.ts";
import { createTar } from "./tar-writer.ts";

const debian: LayerFile = { path: "etc/os-release", content: 'ID=debian\nVERSION_ID="12"\n' };
const lodash = npmPackage("app/", "lodash", "4.17.15");

function blobsInMemory(): {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, body: Uint8Array): Promise<void>;
  keys(): string[];
  damage(): void;
} {
  const blobs = new Map<string, Uint8Array>();
  return {
    get: async (key) => blobs.get(key),
    put: async (key, body) => {
      blobs.set(key, body);
    },
    keys: () => [...blobs.keys()],
    damage: () => {
      for (const [key, body] of blobs) blobs.set(key, body.subarray(0, body.length - 3));
    },
  };
}

describe("reading an image", () => {
  it("gives its packages with purls, layers and history", async () => {
    const image = imageOf([
      { files: [debian, dpkgStatus(["libc6", "2.36-9+deb12u4"])], createdBy: "base" },
      {
        files: [npmPackage("app/", "@s/a", "1.0.0"), npmPackage("lib/", "@s/a", "1.0.0")],
        createdBy: "npm ci",
        compression: "zstd",
      },
    ]);
    const { packages, layers, ...rest } = await readImage(image, { records: layerRecordsInMemory() });
    const [base, own] = image.configuration.diffIds;
    expect(packages).toEqual([
      {
        type: "deb",
        name: "libc6",
        version: "2.36-9+deb12u4",
        architecture: "amd64",
        source: { name: "libc6", version: "2.36-9+deb12u4" },
        purl: "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12",
        locations: [{ path: "var/lib/dpkg/status", layer: base }],
      },
      {
        type: "npm",
        name: "@s/a",
        version: "1.0.0",
        purl: "pkg:npm/%40s/a@1.0.0",
        locations: [
          { path: "app/node_modules/@s/a/package.json", layer: own },
          { path: "lib/node_modules/@s/a/package.json", layer: own },
        ],
      },
    ]);
    expect(layers.map(({ createdBy, diffId }) => [createdBy, diffId])).toEqual([
      ["base", base],
      ["npm ci", own],
    ]);
    expect(rest).toMatchObject({
      schema: "portwarden.inventory/1",
      digest: image.digest,
      distribution: { id: "debian", versionId: "12" },
      partial: [],
      extractors: extractorsVersion,
    });
  });

  it("steps of the history that made no layer are left out", async () => {
    const image = imageOf([{ files: [lodash] }]);
    const history = [
      { createdBy: "ENV A=b", emptyLayer: true },
      { createdBy: "COPY" },
      { createdBy: "CMD", emptyLayer: true },
    ];
    const configuration = { ...image.configuration, history };
    const { layers } = await readImage({ ...image, configuration }, { records: layerRecordsInMemory() });
    expect(layers.map(({ createdBy }) => createdBy)).toEqual(["COPY"]);
  });

  it("the distribution is what os-release leads to", async () => {
    const release = { path: "opt/os-release", content: "ID=wolfi\n" };
    const link = { path: "etc/os-release", linkTo: "../opt/os-release" };
    expect((await inventoryOf([[release], [link]])).distribution?.id).toBe("wolfi");
    const usr = { path: "usr/lib/os-release", content: "ID=alpine\n" };
    expect(
      (await inventoryOf([[release, usr], [{ path: "etc/os-release", linkTo: "/nowhere" }]])).distribution?.id,
    ).toBe("alpine");
    expect((await inventoryOf([[release]])).distribution).toBeUndefined();
  });

  it("a Python package of a distribution names its owner, also through usrmerge", async () => {
    const path = "usr/lib/python3/dist-packages/yaml.egg-info/PKG-INFO";
    const status = dpkgStatus(["python3-yaml", "6.0-3"]);
    const { packages } = await inventoryOf([
      [debian, { path: "lib", linkTo: "usr/lib" }, status],
      [
        { path, content: "Name: PyYAML\nVersion: 6.0\n" },
        { path: "usr/local/lib/yaml.egg-info", content: "Name: PyYAML\nVersion: 6.0\n" },
        { path: "var/lib/dpkg/info/python3-yaml.list", content: `/${path.slice(4)}\n` },
      ],
    ]);
    expect(
      packages
        .filter(({ type }) => type === "pypi")
        .map(({ purl, ownedBy, locations }) => [purl, ownedBy, locations[0]?.path]),
    ).toEqual([
      ["pkg:pypi/pyyaml@6.0", "pkg:deb/debian/python3-yaml@6.0-3?arch=amd64&distro=debian-12", path],
      ["pkg:pypi/pyyaml@6.0", undefined, "usr/local/lib/yaml.egg-info"],
    ]);
  });

  it("broken and oversized files are told of, the rest is read", async () => {
    const bomb = { path: "app/node_modules/big/package.json", content: " ".repeat(9 * 1024 * 1024) };
    const broken = { path: "app/node_modules/b/package.json", content: "{" };
    const inventory = await inventoryOf([[bomb, broken, lodash]]);
    expect(packagesIn(inventory)).toEqual(["lodash@4.17.15"]);
    expect(
      inventory.partial.map(({ reason, path, layer }) => [reason, path, layer === inventory.layers[0]?.diffId]),
    ).toEqual([
      ["fileBytes", bomb.path, true],
      ["unreadable-file", broken.path, true],
    ]);
  });

  it("sparse files and deep paths are told of", async () => {
    const tar = createTar();
    tar.entry({ name: "var/lib/dpkg/status", type: "S", magic: "gnu", content: "Package: a" });
    tar.pax({ path: `${"d/".repeat(limits.pathDepth)}node_modules/a/package.json` });
    tar.entry({ name: "x", content: '{"name":"a","version":"1.0.0"}' });
    const { partial, files } = await recordOf(tar.finish());
    expect(partial.map(({ reason }) => reason).sort()).toEqual(["pathDepth", "sparse-file"]);
    expect(files).toEqual([]);
  });
});

describe("layer records", () => {
  it("a layer is read once, whichever image brings it", async () => {
    const records = layerRecordsIn(blobsInMemory());
    const first = imageOf([{ files: [debian] }, { files: [lodash] }]);
    const second = imageOf([{ files: [debian] }, { files: [npmPackage("", "a", "1.0.0")] }]);
    await readImage(first, { records });
    const inventory = await readImage(second, { records });
    expect([first.opened, second.opened]).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(packagesIn(inventory)).toEqual(["a@1.0.0"]);
    expect(inventory.distribution?.id).toBe("debian");
  });

  it("read back they are what was written, under a key of diffID and versions", async () => {
    const blobs = blobsInMemory();
    const records = layerRecordsIn(blobs);
    const record = await recordOfFiles([
      debian,
      lodash,
      { path: "l", linkTo: "m" },
      { path: "a/.wh.b" },
      { path: "c/.wh..wh..opq" },
    ]);
    await records.put(record);
    expect(await records.get(record.diffId, record.extractors)).toEqual({
      ...record,
      paths: expect.objectContaining({ size: 3, bytes: record.paths.bytes }),
      directories: expect.objectContaining({ size: 0 }),
      implied: expect.objectContaining({ size: record.implied.size }),
    });
    expect(blobs.keys()[0]).toMatch(/^layers\/sha256:[0-9a-f]{64}\/[0-9a-f]{16}$/);
    expect(await records.get(record.diffId, "dpkg@2")).toBeUndefined();
  });

  it("a damaged one counts as missing", async () => {
    const blobs = blobsInMemory();
    const records = layerRecordsIn(blobs);
    const image = imageOf([{ files: [lodash] }]);
    await readImage(image, { records });
    blobs.damage();
    expect(packagesIn(await readImage(image, { records }))).toEqual(["lodash@4.17.15"]);
    expect(image.opened).toEqual([2]);
  });

  it("the same layer twice in an image is read once", async () => {
    const image = imageOf([{ files: [lodash] }, { files: [] }, { files: [lodash] }, { files: [] }]);
    await readImage(image, { records: layerRecordsInMemory(), concurrency: 4 });
    expect(image.opened).toEqual([1, 1, 0, 0]);
  });

  it("the largest layer is read first, and what is above it still decides", async () => {
    const random = { path: "large", content: Buffer.from(crypto.getRandomValues(new Uint8Array(40_000))) };
    const image = imageOf([
      { files: [lodash] },
      { files: [random, npmPackage("app/", "lodash", "4.17.21")] },
      { files: [debian] },
    ]);
    const order: number[] = [];
    const openLayer = (index: number) => {
      order.push(index);
      return image.openLayer(index);
    };
    const inventory = await readImage({ ...image, openLayer }, { records: layerRecordsInMemory(), concurrency: 1 });
    expect(order[0]).toBe(1);
    expect(order).toHaveLength(3);
    expect(inventory.layers.map(({ diffId }) => diffId)).toEqual(image.configuration.diffIds);
    expect(packagesIn(inventory)).toEqual(["lodash@4.17.21"]);
  });

  it("names the extractors it depends on", () => {
    const names = extractorsVersion.split(" ").map((one) => one.split("@")[0]);
    expect(new Set(names)).toEqual(new Set(extractors.map(({ name }) => name)));
    const [first] = extractors;
    if (first === undefined) throw new Error("no extractors");
    expect(versionOf([{ ...first, version: 99 }])).toBe(`${first.name}@99`);
  });
});

describe("failures", () => {
  const files = [lodash];
  function codeOf(image: Image): Promise<string> {
    return readImage(image, { records: layerRecordsInMemory() }).then(
      () => "no error",
      (thrown: unknown) =>
        thrown instanceof PermanentError || thrown instanceof TransientError ? thrown.code : String(thrown),
    );
  }

  it("raw bytes that are not the diffID", async () => {
    const image = imageOf([{ files }]);
    const configuration = { ...image.configuration, diffIds: [`sha256:${"0".repeat(64)}`] };
    expect(await codeOf({ ...image, configuration })).toBe("digest-mismatch");
  });

  it("without a diffID the computed one is used", async () => {
    const image = imageOf([{ files }]);
    const inventory = await readImage(
      { ...image, configuration: { ...image.configuration, diffIds: [] } },
      { records: layerRecordsInMemory() },
    );
    expect(inventory.layers[0]?.diffId).toBe(`sha256:${createHash("sha256").update(buildTar(files)).digest("hex")}`);
  });

  it("errors of the source are passed on, and the other layer is stopped", async () => {
    const image = imageOf([{ files }, { files: [debian] }]);
    let pieces = 0;
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (; pieces < 2000; pieces++) {
        yield Buffer.alloc(0);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      await new Promise((resolve) => setTimeout(resolve, 10));
      throw new TransientError("connection-lost", "gone");
    }
    expect(await codeOf({ ...image, openLayer: (index) => (index === 0 ? slow() : failing()) })).toBe(
      "connection-lost",
    );
    expect(pieces).toBeLessThan(1000);
  });

  it("not a layer", async () => {
    const image = imageOf([{ files }]);
    async function* page(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("<html>".repeat(200));
    }
    expect(await codeOf({ ...image, openLayer: page })).toBe("not-a-layer");
  });

  it("a stopped reading ends with the reason", async () => {
    const signal = AbortSignal.abort(new Error("the platform stops"));
    const reading = readImage(imageOf([{ files }]), { records: layerRecordsInMemory(), signal });
    await expect(reading).rejects.toThrow("the platform stops");
  });

  it("progress ends with everything done, remembered layers included", async () => {
    const records = layerRecordsInMemory();
    const image = imageOf([{ files }, { files: [debian] }]);
    const total = image.layers.reduce((sum, { size }) => sum + size, 0);
    for (let round = 0; round < 2; round++) {
      const reports: number[][] = [];
      await readImage(image, { records, onBytes: (done, all) => reports.push([done, all]) });
      expect(reports.at(-1)).toEqual([total, total]);
      expect(reports.every(([done = 0], at) => done >= (reports[at - 1]?.[0] ?? 0))).toBe(true);
    }
  });
});

describe("CycloneDX", () => {
  it("has every package once, with purl, licence, source and evidence", async () => {
    const apk = "P:ssl_client\nV:1.36.1-r29\nA:x86_64\no:busybox\nL:GPL-2.0-only\n";
    const inventory = await inventoryOf([
      [
        { path: "etc/os-release", content: "ID=alpine\nVERSION_ID=3.20.3\n" },
        { path: "lib/apk/db/installed", content: apk },
      ],
      [npmPackage("app/", "@s/a", "1.0.0"), { path: "app/node_modules/b/package.json", content: "{" }],
    ]);
    const document = toCycloneDx(inventory, "0.1.0");
    expect(document).toMatchObject({
      bomFormat: "CycloneDX",
      specVersion: "1.6",
      version: 1,
      serialNumber: expect.stringMatching(
        /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      metadata: { component: { type: "container", name: inventory.digest } },
      components: [
        { type: "operating-system", name: "alpine", version: "3.20.3" },
        {
          type: "library",
          name: "ssl_client",
          version: "1.36.1-r29",
          purl: "pkg:apk/alpine/ssl_client@1.36.1-r29?arch=x86_64&distro=alpine-3.20.3",
          licenses: [{ license: { id: "GPL-2.0-only", acknowledgement: "declared" } }],
          evidence: { occurrences: [{ location: "lib/apk/db/installed" }] },
          properties: expect.arrayContaining([{ name: "portwarden:source", value: "busybox@1.36.1-r29" }]),
        },
        { type: "library", group: "@s", name: "a", version: "1.0.0" },
      ],
      compositions: [{ aggregate: "incomplete" }],
      properties: [{ name: "portwarden:partial:unreadable-file" }],
    });
    expect(JSON.stringify(toCycloneDx(inventory, "0.1.0"))).toBe(JSON.stringify(document));
    const references = JSON.stringify(document).match(/"bom-ref":"[^"]*"/g) ?? [];
    expect(new Set(references).size).toBe(references.length);
  });
});
