/** Images that mean harm: each ends in a typed error, or in a `partial` entry that says what and where. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { buildArchive } from "../../../bench/inventory/images.ts";
import type { StreamExtractor } from "../../../shared/inventory/extractor.ts";
import { readLayer } from "../../../shared/inventory/layer.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { layerRecordsIn, layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import { extractors } from "../../../shared/inventory/registry.generated.ts";
import type { Inventory } from "../../../shared/inventory/types.ts";
import { compileMatcher } from "../../../shared/inventory/wanted.ts";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { openImageSource } from "../../../shared/registry/open-source.ts";
import { dpkgStatus, imageOf, inPieces, inventoryOf, npmPackage, packagesIn, recordOf } from "./images.ts";
import { createTar, type RawEntry, type TarWriter } from "./tar-writer.ts";

const scratch = mkdtempSync(join(tmpdir(), "portwarden-hostile-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const matcher = compileMatcher(extractors);

function tarOf(write: (tar: TarWriter) => void): Buffer {
  const tar = createTar();
  write(tar);
  return tar.finish();
}

function packageAt(path: string): { name: string; content: string } {
  return { name: path, content: '{"name":"a","version":"1.0.0"}' };
}

/** The code of the error that it ends in, or what of it was not read. */
async function outcomeOf(tar: Uint8Array): Promise<string | readonly (string | undefined)[][]> {
  try {
    const { partial } = await recordOf(tar);
    return partial.map(({ reason, path }) => [reason, path]);
  } catch (thrown) {
    return thrown instanceof PermanentError ? thrown.code : `untyped: ${String(thrown)}`;
  }
}

describe("hostile names and sizes", () => {
  const long = "n".repeat(65_536);
  const extended = (records: Readonly<Record<string, string>>, entry: RawEntry) =>
    tarOf((tar) => {
      tar.pax(records);
      tar.entry(entry);
    });
  const manifest = "node_modules/a/package.json";
  const longNamed = tarOf((tar) => {
    tar.entry({ name: "L", type: "L", content: long });
    tar.entry({ name: "x" });
  });
  it.each<[what: string, tar: Buffer, outcome: string | readonly (string | undefined)[][]]>([
    ["a name of 64 KB (pax)", extended({ path: long }, { name: "x" }), [["pathBytes", undefined]]],
    ["a name of 64 KB (GNU)", longNamed, [["pathBytes", undefined]]],
    ["a link's target of 64 KB", extended({ linkpath: long }, { name: "x", type: "2" }), []],
    ["an extended header of 2 MB", tarOf((tar) => tar.pax({ comment: "c".repeat(2_000_000) })), "not-a-layer"],
    [
      "an extended header of 8 GB",
      tarOf((tar) => tar.entry({ name: "x", type: "x", size: 2 ** 33 - 1 })),
      "not-a-layer",
    ],
    ["climbing names", tarOf((tar) => tar.entry(packageAt(`../../${manifest}`))), [["outside-root", undefined]]],
    ["a negative size", tarOf((tar) => tar.entry({ name: "a", size: Buffer.alloc(12, 0xff) })), "not-a-layer"],
    ["a negative size (pax)", extended({ size: "-1" }, { name: "a" }), "not-a-layer"],
    ["a size beyond 2^53", extended({ size: "9".repeat(17) }, { name: "a" }), "not-a-layer"],
    ["a file of 60 TB", extended({ size: "60000000000000" }, { name: "a" }), "layer-too-large"],
    [
      "a wanted file of 40 GB that is not there",
      extended({ size: "40000000000" }, packageAt(manifest)),
      "truncated-layer",
    ],
    [
      "a document of brackets",
      tarOf((tar) => tar.entry({ name: manifest, content: "[".repeat(3_000_000) })),
      [["unreadable-file", manifest]],
    ],
    [
      "a hard link to itself",
      tarOf((tar) => tar.entry({ name: manifest, type: "1", link: manifest })),
      [["hard-link", manifest]],
    ],
  ])("%s", async (_what, tar, outcome) => {
    expect(await outcomeOf(tar)).toEqual(outcome);
  });

  it("absolute, doubled and non-UTF-8 names are read as what they are", async () => {
    const record = await recordOf(
      tarOf((tar) => {
        tar.entry(packageAt("/app//node_modules/./a/package.json"));
        tar.entry({ ...packageAt(""), name: Buffer.from("\xff/node_modules/b/package.json", "latin1") });
        // Names that are alike but for bytes that are no text are different files.
        tar.entry({ ...packageAt(""), name: Buffer.from("\xfe/node_modules/b/package.json", "latin1") });
      }),
    );
    expect(record.files.map(({ path }) => path)).toEqual([
      "app/node_modules/a/package.json",
      "\\xff/node_modules/b/package.json",
      "\\xfe/node_modules/b/package.json",
    ]);
  });

  it("of entries with one name the last one stands, whatever the others were", async () => {
    const path = "node_modules/a/package.json";
    const version = (number: number) => ({ name: path, content: `{"name":"a","version":"${number}.0.0"}` });
    const tar = tarOf((writer) => {
      for (let number = 0; number < 500; number++) writer.entry(version(number));
      writer.entry({ name: path, type: "2", link: "elsewhere" });
      writer.entry({ name: path, type: "5" });
      writer.entry(version(7));
    });
    expect((await recordOf(tar)).files).toMatchObject([{ path, facts: [{ packages: [{ version: "7.0.0" }] }] }]);
  });
});

describe("hostile links", () => {
  it("loops, chains and ladders of symlinks end, and hide no package", async () => {
    const ladder = Array.from({ length: 60 }, (_, at) => ({
      path: `ladder/${at}`,
      linkTo: `${at + 1}/../${at + 1}/..`,
    }));
    const first = [
      dpkgStatus(["a", "1"]),
      { path: "self", linkTo: "self" },
      { path: "one", linkTo: "two" },
      { path: "two", linkTo: "one" },
      { path: "up", linkTo: "../../../.." },
      { path: "d/here", linkTo: "." },
      ...ladder,
    ];
    const second = [
      npmPackage("self/", "b", "1.0.0"),
      npmPackage("one/", "c", "1.0.0"),
      npmPackage(`${"d/here/".repeat(90)}`, "d", "1.0.0"),
      npmPackage("ladder/0/", "e", "1.0.0"),
      { path: "one/.wh.x" },
      { path: "self/.wh..wh..opq" },
    ];
    const inventory = await inventoryOf([first, second, second]);
    expect(packagesIn(inventory).sort()).toEqual(["a@1", "b@1.0.0", "c@1.0.0", "d@1.0.0", "e@1.0.0"]);
  });

  it("costly links in many layers are given up within a budget that is told of", async () => {
    // 40 links to follow, each through 2000 components, for each of 3000 paths.
    const chain = Array.from({ length: 41 }, (_, at) => ({ path: `c${at}`, linkTo: `${"./".repeat(2000)}c${at + 1}` }));
    const below = Array.from({ length: 3000 }, (_, at) => ({ path: `c2/x${at}/.wh.y` }));
    const started = performance.now();
    const inventory = await inventoryOf([chain, below]);
    expect(inventory.partial.map(({ reason }) => reason)).toContain("mergeSteps");
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("hostile compression", () => {
  async function codeOf(bytes: Buffer): Promise<string> {
    const source = { mediaType: "any", open: () => inPieces(bytes), diffId: undefined };
    return await readLayer(source, { matcher, extractors: "test" }).then(
      () => "read",
      (thrown: unknown) => (thrown instanceof PermanentError ? thrown.code : String(thrown)),
    );
  }

  it("bombs are stopped by their ratio, in zstd and in gzip of gzip", async () => {
    const zeros = Buffer.alloc(80 * 1024 * 1024);
    expect(await codeOf(zstdCompressSync(zeros))).toBe("compression-bomb");
    expect(await codeOf(gzipSync(gzipSync(zeros)))).toBe("not-a-layer");
  });

  it("zeros without end are no entries, and take no memory", async () => {
    const zeros = gzipSync(Buffer.alloc(100 * 1024 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    expect(await codeOf(zeros)).toBe("read");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });
});

describe("broken at every level", () => {
  /** The package lists and reasons are what counts: the rest of an inventory repeats the image's names. */
  async function read(path: string): Promise<Inventory | string> {
    const source = await openImageSource(`oci-archive:${path}`, {
      settings: { allow: [], insecure: [], allowPrivate: [] },
      credentials: async () => undefined,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    }).catch(codeOf);
    if (typeof source === "string") return source;
    try {
      const [candidate] = (await source.resolve("all")).images;
      if (candidate === undefined) return "no-image";
      return await readImage(await candidate.open(), { records: layerRecordsInMemory() });
    } catch (thrown) {
      return codeOf(thrown);
    } finally {
      await source.close();
    }
  }
  function codeOf(thrown: unknown): string {
    return thrown instanceof PermanentError ? thrown.code : `untyped: ${String(thrown)}`;
  }
  const layers = [
    { createdBy: "one", tar: () => [recordable("a")] },
    { createdBy: "two", tar: () => [recordable("b")] },
  ];
  function recordable(name: string): Buffer {
    return tarOf((tar) => tar.entry(packageAt(`node_modules/${name}/package.json`)));
  }
  const typed = [
    "not-an-image",
    "digest-mismatch",
    "truncated-layer",
    "image-gone",
    "not-a-layer",
    "bad-reference",
    "manifest-too-large",
    "no-image",
    "registry-not-allowed",
  ];

  it.each(["gzip", "zstd"] as const)(
    "an archive (%s) with changed or missing bytes is refused or read right",
    async (kind) => {
      const path = await buildArchive(scratch, kind, layers, kind);
      const whole = readFileSync(path);
      const right = await read(path);
      expect(typeof right).toBe("object");
      const changed = join(scratch, `${kind}-changed.tar`);
      await fc.assert(
        fc.asyncProperty(
          fc.nat(whole.length - 1),
          fc.integer({ min: 1, max: 255 }),
          fc.boolean(),
          async (at, xor, cut) => {
            const bytes = cut ? whole.subarray(0, at) : Buffer.from(whole);
            if (!cut) bytes[at] = (bytes[at] ?? 0) ^ xor;
            writeFileSync(changed, bytes);
            const result = await read(changed);
            // What nothing depends on (owners, times, padding, the end) may change.
            if (typeof result === "string") expect(typed).toContain(result);
            else expect(result).toEqual(right);
          },
        ),
        { numRuns: 250 },
      );
    },
  );

  it("wrong digests, of manifest, layer and content, are told", async () => {
    const image = imageOf([{ files: [npmPackage("", "a", "1.0.0")] }]);
    const wrong = `sha256:${"0".repeat(64)}`;
    const configuration = { ...image.configuration, diffIds: [wrong] };
    const reading = readImage({ ...image, configuration }, { records: layerRecordsInMemory() });
    await expect(reading).rejects.toThrow(expect.objectContaining({ code: "digest-mismatch" }));
  });
});

describe("what extractors are lent", () => {
  const streaming = extractors.filter((one): one is StreamExtractor => one.mode === "stream");
  it("no streaming extractor keeps the bytes it was shown: their memory is used again", async () => {
    const files = [process.execPath, "/bin/sh"].map((path) => readFileSync(path).subarray(0, 6_000_000));
    for (const content of files) {
      for (const extractor of streaming) {
        const told = [false, true].map((spoils) => {
          const lend = (bytes: Buffer) => Buffer.from(bytes);
          const head = lend(content.subarray(0, limits.streamHeadBytes));
          const reader = extractor.open({ path: "usr/local/bin/node", size: content.length, mode: 0o755, head });
          if (spoils) head.fill(0xee);
          for (let at = 0; at < content.length && reader !== undefined; at += 100_000) {
            const piece = lend(content.subarray(at, at + 100_000));
            reader.push(piece, at);
            if (spoils) piece.fill(0xee);
          }
          const end = reader?.end();
          return JSON.stringify(end !== undefined && "ranges" in end ? end.ranges : end);
        });
        expect([extractor.name, told[1]]).toEqual([extractor.name, told[0]]);
      }
    }
  });
});

describe("records of very large layers", () => {
  it("come back from the store as they went in, and count as missing when a part is", async () => {
    const stored = new Map<string, Uint8Array>();
    const blobs = {
      get: async (key: string) => stored.get(key),
      put: async (key: string, body: Uint8Array) => void stored.set(key, body),
    };
    const records = layerRecordsIn(blobs);
    const tar = tarOf((writer) => {
      writer.entry(packageAt("node_modules/a/package.json"));
      for (let at = 0; at < 140_000; at++) writer.entry({ name: `srv/${at}/f` });
    });
    const record = await recordOf(tar);
    await records.put(record);
    const [paths = "", implied = "", ...rest] = stored.keys();
    expect([paths, implied].map((key) => key.replace(/.*\./, "."))).toEqual([".paths", ".implied"]);
    expect(rest).toHaveLength(1);
    const again = await records.get(record.diffId, record.extractors);
    expect([again?.paths.size, again?.implied.size, again?.files]).toEqual([140_001, 140_003, record.files]);
    expect(again?.paths.bytes).toEqual(record.paths.bytes);
    expect(again?.implied.bytes).toEqual(record.implied.bytes);
    stored.set(implied, new Uint8Array(8));
    expect(await records.get(record.diffId, record.extractors)).toBeUndefined();
  });
});
