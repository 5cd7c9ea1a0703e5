/** Everything that reads what strangers wrote, each as one function of bytes. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { buildImage } from "../../local/demo/build-image.ts";
import { toCycloneDx } from "../../shared/inventory/cyclonedx.ts";
import { decompress } from "../../shared/inventory/decompress.ts";
import { diffInventories } from "../../shared/inventory/diff.ts";
import type { AnyExtractor, Extractor, StreamExtractor } from "../../shared/inventory/extractor.ts";
import { readLayer } from "../../shared/inventory/layer.ts";
import { readImage } from "../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../shared/inventory/record.ts";
import { toSpdx } from "../../shared/inventory/spdx.ts";
import { checksumMatches, sumOfBytes } from "../../shared/inventory/tar/header.ts";
import { createTarWalker } from "../../shared/inventory/tar/walker.ts";
import { compileMatcher, type Matcher } from "../../shared/inventory/wanted.ts";
import { createFrameSplitter } from "../../shared/inventory/zstd-frames.ts";
import { limits } from "../../shared/platform/limits.ts";
import { mediaTypes } from "../../shared/registry/documents.ts";
import { documentTargets } from "./document-targets.ts";
import type { Random } from "./random.ts";
import type { Sample, Samples } from "./samples.ts";
import type { Target } from "./target.ts";

export function targetsOf(extractors: readonly AnyExtractor[], { files, archives }: Samples): readonly Target[] {
  const matcher = compileMatcher(extractors);
  const tars = [...archives.slice(0, 40), madeUpTar()].map((content) => ({ path: "layer.tar", content }));
  return [
    ...extractors.map((extractor) => extractorTarget(extractor, files.get(extractor.name) ?? [], matcher)),
    ...tarTargets(tars, extractors, matcher),
    ...compressionTargets(tars),
    ...documentTargets(),
  ].filter(({ samples }) => samples.length > 0);
}

function extractorTarget(extractor: AnyExtractor, samples: readonly Sample[], matcher: Matcher): Target {
  const run =
    extractor.mode === "buffer"
      ? (bytes: Buffer, path: string) => readWhole(extractor, bytes, path, matcher)
      : (bytes: Buffer, path: string, random: Random) => readPieces(extractor, bytes, path, random);
  return { name: `extractor ${extractor.name}`, samples, weight: 10, run };
}

function readWhole(extractor: Extractor, content: Buffer, path: string, matcher: Matcher): void {
  const companions = new Map((extractor.companions?.(path) ?? []).map((name) => [name, content]));
  extractor.extract({ path, content, companions, isLanguageEvidence: matcher.isLanguageEvidence });
}

/** In pieces that are spoilt after use, as their memory is used again. */
function readPieces(extractor: StreamExtractor, bytes: Buffer, path: string, random: Random): void {
  const head = Buffer.from(bytes.subarray(0, limits.streamHeadBytes));
  const reader = extractor.open({ path, size: bytes.length, mode: 0o755, head });
  head.fill(0xaa);
  if (reader === undefined) return;
  const most = 1 + random.below(bytes.length + 1);
  for (let at = 0; at < bytes.length; ) {
    const piece = Buffer.from(bytes.subarray(at, at + (at === 0 ? Math.max(most, limits.streamHeadBytes) : most)));
    reader.push(piece, at);
    at += piece.length;
    piece.fill(0xaa);
  }
  const told = reader.end();
  if (!("ranges" in told)) return;
  if (told.ranges.reduce((sum, { length }) => sum + length, 0) > limits.rangeBytes) return;
  const within = told.ranges.every(
    ({ offset, length }) => offset >= 0 && length >= 0 && offset + length <= bytes.length,
  );
  if (within)
    told.extract(told.ranges.map(({ offset, length }) => Buffer.from(bytes.subarray(offset, offset + length))));
}

/** Writes the right checksum into most blocks that look like headers. */
function withChecksums(bytes: Buffer, random: Random): Buffer {
  if (random.oneIn(6)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString("latin1", at + 257, at + 262) !== "ustar") continue;
    const sum = sumOfBytes(view, at);
    if (checksumMatches(bytes, at, sum)) continue;
    const own = bytes.subarray(at + 148, at + 156).reduce((total, byte) => total + byte, 0);
    bytes.write(`${(sum - own + 256).toString(8).padStart(6, "0").slice(-6)}\0 `, at + 148, "latin1");
  }
  return bytes;
}

const silent = { entry: () => true, content: () => {}, end: () => {}, refused: () => {} };

function tarTargets(samples: readonly Sample[], extractors: readonly AnyExtractor[], matcher: Matcher): Target[] {
  return [
    {
      name: "tar",
      samples,
      weight: 30,
      repair: withChecksums,
      run(bytes, _path, random) {
        const walker = createTarWalker(silent);
        const most = 1 + random.below(2048);
        for (let at = 0; at < bytes.length; at += most) walker.push(bytes.subarray(at, at + most));
        walker.finish();
      },
    },
    {
      name: "layer",
      samples,
      weight: 10,
      repair: withChecksums,
      async run(bytes) {
        const source = { mediaType: "tar", open: () => once(bytes), diffId: undefined };
        await readLayer(source, { matcher, extractors: String(extractors.length) });
      },
    },
    {
      name: "image",
      samples,
      weight: 5,
      repair: withChecksums,
      async run(bytes, _path, random) {
        const cut = 512 * random.below(bytes.length / 512 + 1);
        const image = imageOf([bytes.subarray(0, cut), bytes.subarray(cut), bytes]);
        const inventory = await readImage(image, { records: layerRecordsInMemory() });
        JSON.stringify([toCycloneDx(inventory, "0"), toSpdx(inventory, "0"), diffInventories(inventory, inventory)]);
      },
    },
  ];
}

function imageOf(layers: readonly Buffer[]): Parameters<typeof readImage>[0] {
  return {
    digest: `sha256:${"0".repeat(64)}`,
    mediaType: mediaTypes.ociManifest,
    platform: { os: "linux", architecture: "amd64" },
    configuration: { config: {}, diffIds: [], history: [] },
    layers: layers.map(({ length }, index) => ({
      mediaType: mediaTypes.ociLayer,
      digest: String(index),
      size: length,
    })),
    annotations: {},
    openLayer: (index) => once(layers[index] ?? Buffer.alloc(0)),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(bytes);
}

function compressionTargets(tars: readonly Sample[]): Target[] {
  const small = tars.filter(({ content }) => content.length < 40_000).slice(0, 8);
  const packed = (pack: (bytes: Buffer) => Buffer) =>
    small.map(({ path, content }) => ({ path, content: pack(content) }));
  const gzip = packed((bytes) => gzipSync(bytes));
  const zstd = packed((bytes) => Buffer.concat([zstdCompressSync(bytes), zstdCompressSync(bytes)]));
  const run = (bytes: Buffer) => decompress(once(bytes), "any", { sink: () => {} });
  return [
    { name: "gzip", samples: gzip, weight: 2, run },
    { name: "zstd", samples: zstd, weight: 2, run },
    {
      name: "zstd frames",
      samples: zstd,
      weight: 10,
      run(bytes, _path, random) {
        const frames = createFrameSplitter();
        const most = 1 + random.below(600);
        for (let at = 0; at < bytes.length; at += most) frames.split(bytes.subarray(at, at + most));
      },
    },
  ];
}

/** Every kind of entry and header that the walker knows. */
function madeUpTar(): Buffer {
  const image = buildImage({
    layers: [
      {
        compression: "none",
        files: [
          { path: "etc/" },
          { path: "etc/os-release", content: "ID=debian\nVERSION_ID=12\n" },
          { path: `usr/${"long/".repeat(40)}name`, content: "x" },
          { path: "app/node_modules/a/package.json", content: '{"name":"a","version":"1.0.0"}' },
          { path: "usr/bin/link", linkTo: "../../etc/os-release" },
          { path: "usr/lib/os-release", hardLinkTo: "etc/os-release" },
          { path: "app/.wh.gone" },
          { path: "app/.wh..wh..opq" },
          {
            path: "var/lib/dpkg/status",
            content: "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
          },
        ],
      },
    ],
  });
  return image.layers[0]?.bytes ?? Buffer.alloc(0);
}
