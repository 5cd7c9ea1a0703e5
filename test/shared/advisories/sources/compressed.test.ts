import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decompressed } from "../../../../shared/advisories/sources/compressed.ts";
import { PermanentError } from "../../../../shared/platform/errors.ts";

const text = Buffer.from("one record a line\n".repeat(2000));
/** Of `text`: written by bzip2 1.0 and xz 5.4. */
const bzip2 = Buffer.from(
  "QlpoOTFBWSZTWTxaQFQAOpfRgAAQQAAuJZAAIACQIBppoClU0yGTQSq0EqshKrASqyEquglVwJVbBKroJVbCVWQlVsJVcCVWwlVwJVYCVWQlV+LuSKcKEgeLSAqA",
  "base64",
);
const xz = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4IyfAFddADebiM520Ix364OQbzPEjoqhij1knYaH+PlfjKMRxJrHW+dC+32xx+i+VCrvd6RfHAM13c28vVrR39Ism6JyhN/nYBZUxZdVOkiv0sF8B4F88hEFLSnFAAAA6+Z4b74K20YAAXOgmQIAAGROCP2xxGf7AgAAAAAEWVo=",
  "base64",
);
const compressed = { gzip: gzipSync(text), bzip2, xz, zstd: zstdCompressSync(text), nothing: text };
const formats = Object.entries(compressed);

function inPieces(bytes: Buffer, size: number): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces);
}

async function contentOf(bytes: Buffer, size = 1000, most?: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressed(inPieces(bytes, size), most)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe("compressed streams", () => {
  it.each(formats)("%s is known by how it begins, however its bytes arrive", async (_format, bytes) => {
    for (const size of [1, 7, 64, bytes.length]) expect((await contentOf(bytes, size)).equals(text)).toBe(true);
  });

  it.each(formats)("%s: every one of several streams behind each other is read", async (_format, bytes) => {
    const three = Buffer.concat([bytes, bytes, bytes]);
    for (const size of [5, 100, three.length]) {
      expect((await contentOf(three, size)).equals(Buffer.concat([text, text, text]))).toBe(true);
    }
  });

  it.each(formats.slice(0, 4))("%s that is cut off or damaged is said to be", async (_format, bytes) => {
    for (const length of [bytes.length - 1, bytes.length >> 1, 12]) {
      await expect(contentOf(bytes.subarray(0, length))).rejects.toMatchObject({ code: "advisory-file-broken" });
    }
  });

  it.each(formats)("%s gives no more than is allowed", async (_format, bytes) => {
    await expect(contentOf(bytes, 1000, text.length - 1)).rejects.toMatchObject({ code: "advisory-file-broken" });
    expect(await contentOf(bytes, 1000, text.length)).toHaveLength(text.length);
  });

  it("an empty stream is empty, and a short one is itself", async () => {
    expect(await contentOf(Buffer.alloc(0))).toHaveLength(0);
    expect((await contentOf(Buffer.from("BZ"))).toString()).toBe("BZ");
  });

  it.each(formats)("%s that nobody reads to its end does not hold up the next", async (_format, bytes) => {
    for (let round = 0; round < 3; round++) {
      const source = inPieces(bytes, 10);
      for await (const _ of decompressed(source)) break;
      expect(source.destroyed).toBe(true);
    }
    expect(await contentOf(bytes)).toHaveLength(text.length);
  });

  it("what the source throws is thrown", async () => {
    for (const [, bytes] of formats) {
      async function* breaking() {
        yield bytes.subarray(0, bytes.length - 3);
        throw new PermanentError("advisories-refused", "broken off");
      }
      const read = async () => {
        for await (const _ of decompressed(breaking()));
      };
      await expect(read()).rejects.toBeInstanceOf(PermanentError);
    }
  });

  it("damaged bytes end in a typed error or in bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...formats.map(([, bytes]) => bytes)),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (bytes, changes) => {
          const damaged = Buffer.from(bytes.subarray(0, 400));
          for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
          try {
            await contentOf(damaged, 50, 1_000_000);
          } catch (error) {
            expect(error).toMatchObject({ code: "advisory-file-broken" });
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
