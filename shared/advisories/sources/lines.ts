import { limits } from "../../platform/limits.ts";

const newline = 0x0a;

/**
 * The lines of a stream, without their newline; empty ones are left out. A line over `limits.advisoryRecordBytes` is
 * told as `undefined`, and only its end is kept in memory.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  most: number = limits.advisoryRecordBytes,
): AsyncGenerator<Buffer | undefined> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let tooLong = false;
  const hold = (part: Buffer) => {
    if (heldBytes + part.length > most) {
      tooLong = true;
      held = [];
      heldBytes = 0;
    } else if (!tooLong && part.length > 0) {
      held.push(part);
      heldBytes += part.length;
    }
  };
  const take = (): Buffer | undefined => {
    const line = tooLong ? undefined : held.length === 1 ? held[0] : Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
    tooLong = false;
    return line;
  };
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      hold(bytes.subarray(start, end));
      const line = take();
      if (line === undefined || line.length > 0) yield line;
      start = end + 1;
    }
    hold(bytes.subarray(start));
  }
  const last = take();
  if (last === undefined || last.length > 0) yield last;
}
