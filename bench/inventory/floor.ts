/**
 * The least that reading an image's layers costs in Node: gunzip or zstd, SHA-256 of the compressed and of the raw bytes,
 * and the tar headers, to know where files begin. Nothing else: it knows neither names nor packages. Run as a process:
 * `node floor.ts plain|tuned IMAGE`. Plain: Node's streams as they come, two layers at once. Tuned: the product's own
 * way of feeding the decoders, three at once.
 */
import { createHash } from "node:crypto";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { decompress } from "../../shared/inventory/decompress.ts";
import { openImageSource } from "../../shared/registry/open-source.ts";

const chunkSize = 512 * 1024;

/** Hops from header to header. */
function headers(): { readonly push: (chunk: Buffer) => void; readonly count: () => number } {
  let skip = 0;
  let rest = Buffer.alloc(0);
  let entries = 0;
  return {
    count: () => entries,
    push(chunk) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      rest = Buffer.alloc(0);
      for (;;) {
        if (skip >= bytes.length) {
          skip -= bytes.length;
          return;
        }
        bytes = bytes.subarray(skip);
        skip = 0;
        if (bytes.length < 512) {
          rest = Buffer.from(bytes);
          return;
        }
        // Extended headers (g, x, K, L) belong to the entry that follows.
        if (bytes[0] !== 0 && ![103, 120, 75, 76].includes(bytes[156] ?? 0)) entries++;
        skip = 512 + Math.ceil(Number.parseInt(bytes.toString("latin1", 124, 135) || "0", 8) / 512) * 512 || 512;
      }
    },
  };
}

interface Read {
  readonly raw: number;
  readonly entries: number;
}

async function readPlain(pieces: AsyncIterable<Uint8Array>, mediaType: string): Promise<Read> {
  const decoder = mediaType.includes("zstd") ? createZstdDecompress({ chunkSize }) : createGunzip({ chunkSize });
  const hash = createHash("sha256");
  const walk = headers();
  let raw = 0;
  const ended = new Promise<void>((resolve, reject) => {
    decoder.on("end", resolve);
    decoder.on("error", reject);
  });
  decoder.on("data", (chunk: Buffer) => {
    raw += chunk.length;
    hash.update(chunk);
    walk.push(chunk);
  });
  // The source takes the digest of the compressed bytes.
  for await (const piece of pieces) {
    if (!decoder.write(piece)) await new Promise((resolve) => decoder.once("drain", resolve));
  }
  decoder.end();
  await ended;
  hash.digest();
  return { raw, entries: walk.count() };
}

async function readTuned(pieces: AsyncIterable<Uint8Array>, mediaType: string): Promise<Read> {
  const hash = createHash("sha256");
  const walk = headers();
  let raw = 0;
  await decompress(pieces, mediaType, {
    sink(chunk) {
      raw += chunk.length;
      hash.update(chunk);
      walk.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    },
  });
  hash.digest();
  return { raw, entries: walk.count() };
}

const [way, name = "", ...allowPrivate] = process.argv.slice(2);
const [readLayer, atOnce] = way === "tuned" ? [readTuned, 3] : [readPlain, 2];
const source = await openImageSource(name, {
  settings: { allow: [], insecure: [], allowPrivate },
  credentials: async () => undefined,
  log: { debug() {}, info() {}, warn() {}, error() {} },
});
const [candidate] = (await source.resolve("all")).images;
if (candidate === undefined) throw new Error("no image");
const image = await candidate.open();
const unique = new Map(image.layers.map((layer, index) => [layer.digest, index]));
const queue = unique.values();
let [bytes, entries] = [0, 0];
async function work(): Promise<void> {
  for (const index of queue) {
    const read = await readLayer(image.openLayer(index), image.layers[index]?.mediaType ?? "");
    bytes += read.raw;
    entries += read.entries;
  }
}
await Promise.all(Array.from({ length: atOnce }, work));
await source.close();
const compressed = [...unique.values()].reduce((sum, index) => sum + (image.layers[index]?.size ?? 0), 0);
console.log(JSON.stringify({ bytes, entries, compressed, layers: unique.size }));
