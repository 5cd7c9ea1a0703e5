/**
 * Compressed streams, known by how they begin and not by their names: a server may take the compression off on the way
 * (`Content-Encoding`), and a mirror may put another on.
 */
import { createReadStream } from "node:fs";
import { type Duplex, pipeline, Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import * as zlib from "node:zlib";
import bzip2Decoder from "unbzip2-stream";
import xz from "xz-decompress";
import { messageOf, PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";

type Chunks = AsyncGenerator<Uint8Array>;

/** The window of `zstd --long=27`, which Node refuses unless it is told. */
const zstdWindow = { params: { [zlib.constants.ZSTD_d_windowLogMax]: 27 } };

function through(chunks: Chunks, decoder: Duplex): AsyncIterable<Uint8Array> {
  return pipeline(Readable.from(chunks, { objectMode: false }), decoder, () => undefined);
}

/** The library's stream is of the oldest kind, which does all its work while it is written to. */
async function* unbzip2(chunks: Chunks): Chunks {
  const decoder = bzip2Decoder();
  let decoded: Buffer[] = [];
  let failure: unknown;
  decoder.on("data", (bytes: Buffer) => decoded.push(bytes));
  decoder.on("error", (error: unknown) => {
    failure ??= error;
  });
  const taken = (): readonly Buffer[] => {
    if (failure !== undefined) throw failure;
    const bytes = decoded;
    decoded = [];
    return bytes;
  };
  for await (const chunk of chunks) {
    decoder.write(chunk);
    yield* taken();
  }
  decoder.end();
  yield* taken();
}

/** All frames, one after the other: Node stops after the first of them and says nothing. */
async function* unzstd(chunks: Chunks): Chunks {
  /** What was given to the decoder of the last frame, and that frame did not take. */
  let rest: readonly Uint8Array[] = [];
  for (;;) {
    const given: Uint8Array[] = [...rest];
    const first = given.length > 0 ? undefined : await chunks.next();
    if (first?.done === true) return;
    if (first !== undefined) given.push(first.value);
    const feed = (async function* (): Chunks {
      yield* given.slice();
      // Not `yield*`: the end of this frame must not end the chunks.
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
        given.push(next.value);
        yield next.value;
      }
    })();
    const decoder = zlib.createZstdDecompress(zstdWindow);
    let taken = 0;
    for await (const chunk of through(feed, decoder)) {
      while (given.length > 1 && taken + (given[0]?.length ?? 0) <= decoder.bytesWritten) {
        taken += given.shift()?.length ?? 0;
      }
      yield chunk;
    }
    // Waits for a chunk that was asked for already.
    await feed.return(undefined);
    rest = given.flatMap((chunk) => {
      const left = chunk.subarray(Math.max(0, decoder.bytesWritten - taken));
      taken += chunk.length;
      return left.length === 0 ? [] : [left];
    });
  }
}

/** Every stream, and the zeros between them. */
async function* unxz(chunks: Chunks): Chunks {
  const input = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
  // The library decodes one stream at a time: one that is left must be cancelled, or no other ever begins.
  const reader = new xz.XzReadableStream(input as unknown as globalThis.ReadableStream<Uint8Array>).getReader();
  let open = true;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    open = false;
  } finally {
    if (open) await reader.cancel().catch(() => undefined);
  }
}

const formats: readonly (readonly [magic: Buffer, open: (chunks: Chunks) => AsyncIterable<Uint8Array>])[] = [
  [Buffer.from([0x1f, 0x8b, 0x08]), (chunks) => through(chunks, zlib.createGunzip())],
  [Buffer.from("BZh"), unbzip2],
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), unxz],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unzstd],
];

const longestMagic = 6;

/** All the chunks, the first of them long enough to know a format by. */
async function* withHead(source: AsyncIterable<Uint8Array>): Chunks {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of source) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < longestMagic) continue;
    yield head;
    head = undefined;
  }
  if (head !== undefined) yield head;
}

async function* restarted(first: Uint8Array, rest: Chunks): Chunks {
  yield first;
  yield* rest;
}

/**
 * The content of a stream that is compressed with gzip, bzip2, xz or zstd, or not at all (unless it `must` be). Throws
 * `PermanentError("advisory-file-broken")` when it is damaged, cut off, or more than `most` bytes.
 */
export async function* decompressed(
  stored: AsyncIterable<Uint8Array>,
  most: number = limits.advisoryFileBytes,
  must = false,
): AsyncGenerator<Uint8Array> {
  const chunks = withHead(stored);
  try {
    const first = await chunks.next();
    if (first.done === true) return;
    const open = formats.find(([magic]) => magic.equals(first.value.subarray(0, magic.length)))?.[1];
    if (open === undefined && must) throw new Error("it is not compressed");
    let done = 0;
    for await (const chunk of open === undefined
      ? restarted(first.value, chunks)
      : open(restarted(first.value, chunks))) {
      done += chunk.length;
      if (done > most) throw new Error(`more than ${most} bytes`);
      if (chunk.length > 0) yield chunk;
    }
  } catch (error) {
    if (error instanceof PermanentError) throw error;
    throw new PermanentError("advisory-file-broken", `cannot be decompressed: ${messageOf(error)}`, { cause: error });
  } finally {
    await chunks.return(undefined);
  }
}

/** The content of a file; as `decompressed`. */
export function decompressedFile(path: string, most?: number): AsyncGenerator<Uint8Array> {
  return decompressed(createReadStream(path, { highWaterMark: 1 << 16 }), most);
}

/** The whole of a file that is small enough to be one document; as `decompressed`. */
export async function contentOf(path: string, most: number = limits.advisoryRecordBytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressedFile(path, most)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
