import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decompress } from "../../../shared/inventory/decompress.ts";
import { PermanentError, TransientError } from "../../../shared/platform/errors.ts";
import { inPieces } from "./images.ts";

async function unpack(bytes: Uint8Array, pieceSize = 65_536, signal?: AbortSignal): Promise<Buffer> {
  const raw: Buffer[] = [];
  await decompress(inPieces(bytes, pieceSize), "test", { sink: (chunk) => raw.push(Buffer.from(chunk)), signal });
  return Buffer.concat(raw);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "no error";
  } catch (thrown) {
    return thrown instanceof PermanentError ? thrown.code : String(thrown);
  }
}

function skippable(length: number): Buffer {
  const frame = Buffer.alloc(8 + length, 0xee);
  frame.writeUInt32LE(0x184d2a5f, 0);
  frame.writeUInt32LE(length, 4);
  return frame;
}

describe("compression", () => {
  const texts = fc.array(fc.string({ maxLength: 400 }), { minLength: 1, maxLength: 5 });

  it("gzip of several members, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 300 }), async (parts, size) => {
        const packed = Buffer.concat(parts.map((part) => gzipSync(part)));
        expect((await unpack(packed, size)).toString()).toBe(parts.join(""));
      }),
      { numRuns: 100 },
    );
  });

  it("zstd of several frames, with skippable ones between, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 300 }), fc.nat(40), async (parts, size, gap) => {
        const frames = parts.flatMap((part, at) => [
          skippable(gap),
          zstdCompressSync(part, { params: at % 2 ? { 201: 1 } : {} }),
        ]);
        const packed = Buffer.concat([...frames, skippable(0)]);
        expect((await unpack(packed, size)).toString()).toBe(parts.join(""));
      }),
      { numRuns: 100 },
    );
  });

  it("large frames with every kind of block", async () => {
    const random = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 2_654_435_761) >>> 13));
    const raw = Buffer.concat([Buffer.alloc(400_000, "a"), random, Buffer.from("text ".repeat(50_000))]);
    const packed = Buffer.concat([zstdCompressSync(raw), zstdCompressSync(raw)]);
    expect((await unpack(packed, 10_000)).equals(Buffer.concat([raw, raw]))).toBe(true);
  });

  it("nothing, and no compression, go through as they are", async () => {
    expect(await unpack(Buffer.alloc(0))).toHaveLength(0);
    expect((await unpack(Buffer.from("plain text"), 3)).toString()).toBe("plain text");
  });

  const gzip = gzipSync("content ".repeat(1000));
  const zstd = zstdCompressSync("content ".repeat(1000));
  it.each<[what: string, bytes: Buffer, code: string]>([
    ["gzip cut", gzip.subarray(0, -9), "truncated-layer"],
    ["gzip cut in its header", gzip.subarray(0, 5), "truncated-layer"],
    ["gzip with a second member cut", Buffer.concat([gzip, gzip.subarray(0, 20)]), "truncated-layer"],
    ["gzip with a changed byte", patched(gzip, gzip.length - 6), "not-a-layer"],
    ["zstd cut", zstd.subarray(0, -3), "truncated-layer"],
    ["zstd cut in its header", zstd.subarray(0, 5), "truncated-layer"],
    ["zstd followed by something else", Buffer.concat([zstd, Buffer.from("junk")]), "not-a-layer"],
    ["zstd with a changed block type", patched(zstd, 7), "not-a-layer"],
    ["three bytes", Buffer.from("abc"), "not-a-layer"],
  ])("%s", async (_what, bytes, code) => {
    expect(await codeOf(unpack(bytes))).toBe(code);
  });

  it("a bomb is stopped long before it is unpacked", async () => {
    const bomb = zstdCompressSync(Buffer.alloc(100 * 1024 * 1024));
    let largest = 0;
    const unpacked = decompress(inPieces(bomb), "test", {
      sink: (chunk) => {
        largest += chunk.length;
      },
    });
    expect(await codeOf(unpacked)).toBe("compression-bomb");
    expect(largest).toBeLessThan(70 * 1024 * 1024);
  });

  it("what the source says of broken bytes is believed before what the decoder says", async () => {
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield patched(gzip, 15);
      yield Buffer.alloc(10);
      throw new TransientError("connection-lost", "the registry hung up");
    }
    await expect(decompress(cut(), "test", { sink: () => {} })).rejects.toThrow("the registry hung up");
  });

  it("an error of the sink ends the reading and is passed on; the source is closed", async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield gzipSync(Buffer.alloc(100_000));
      } finally {
        closed = true;
      }
    }
    const failing = decompress(endless(), "test", {
      sink() {
        throw new Error("enough");
      },
    });
    await expect(failing).rejects.toThrow("enough");
    expect(closed).toBe(true);
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    stop.abort(new Error("stopped"));
    await expect(unpack(gzip, 10, stop.signal)).rejects.toThrow("stopped");
  });
});

function patched(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
