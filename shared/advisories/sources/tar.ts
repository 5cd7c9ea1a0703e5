import { PermanentError } from "../../platform/errors.ts";

const block = 512;

/** Takes exact numbers of bytes off a stream. */
function byteReader(chunks: AsyncIterable<Uint8Array>) {
  const source = chunks[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  /** The next `count` bytes, fewer at the end; with `keep` false they are only counted off. */
  return async (count: number, keep: boolean): Promise<Buffer> => {
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      if (rest.length === 0) {
        const next = await source.next();
        if (next.done === true) break;
        rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
        continue;
      }
      const part = rest.subarray(0, missing);
      rest = rest.subarray(part.length);
      missing -= part.length;
      if (keep) parts.push(part);
    }
    return keep ? Buffer.concat(parts) : Buffer.alloc(0);
  };
}

function textOf(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString("utf8");
}

/**
 * The regular files of a tar archive (ustar; names beyond its fields are cut) for which `wanted` holds, up to `most`
 * bytes each. Throws `PermanentError("advisory-file-broken")` when the archive is cut off or not one.
 */
export async function* tarFiles(
  chunks: AsyncIterable<Uint8Array>,
  wanted: (name: string) => boolean,
  most: number,
): AsyncGenerator<{ readonly name: string; readonly bytes: Buffer | undefined }> {
  const read = byteReader(chunks);
  for (;;) {
    const header = await read(block, true);
    // Two empty blocks end an archive; some writers leave them out.
    if (header.length === 0 || header[0] === 0) return;
    const sizeText = textOf(header, 124, 12).trim();
    if (header.length < block || !/^[0-7]+$/.test(sizeText)) {
      throw new PermanentError("advisory-file-broken", "not a tar archive, or cut off");
    }
    const size = Number.parseInt(sizeText, 8);
    const prefix = textOf(header, 257, 5) === "ustar" ? textOf(header, 345, 155) : "";
    const name = `${prefix === "" ? "" : `${prefix}/`}${textOf(header, 0, 100)}`;
    const isFile = header[156] === 0 || header[156] === 0x30;
    const use = isFile && wanted(name);
    const bytes = await read(size, use && size <= most);
    if (use && size <= most && bytes.length < size) {
      throw new PermanentError("advisory-file-broken", `the tar archive is cut off in ${name}`);
    }
    await read((block - (size % block)) % block, false);
    if (use) yield { name, bytes: size <= most ? bytes : undefined };
  }
}
