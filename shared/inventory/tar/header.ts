/** The fixed 512-byte header of a tar entry: POSIX ustar, GNU and the older v7. */
import { PermanentError } from "../../platform/errors.ts";

export const blockSize = 512;

/** Offsets in the header. */
export const field = {
  name: 0,
  nameLength: 100,
  mode: 100,
  modeLength: 8,
  size: 124,
  checksum: 148,
  type: 156,
  link: 157,
  linkLength: 100,
  magic: 257,
  prefix: 345,
  prefixLength: 155,
  /** Old GNU sparse header: "more map blocks follow". */
  sparseExtended: 482,
  sparseExtendedInBlock: 504,
} as const;

export function notALayer(detail: string): PermanentError {
  return new PermanentError("not-a-layer", `the layer is not a readable tar archive: ${detail}`);
}

/**
 * The sum of the header's bytes. Four bytes at a time in two 16-bit lanes: 128 words of at most 2 x 255 per lane fit
 * (65,280). About three times as fast as byte by byte, which was a fifth of the time of a layer of small files.
 */
export function sumOfBytes(view: DataView, at: number): number {
  let lanes = 0;
  for (let offset = at; offset < at + blockSize; offset += 4) {
    const word = view.getUint32(offset, true);
    lanes = (lanes + (word & 0x00ff00ff) + ((word >>> 8) & 0x00ff00ff)) | 0;
  }
  return (lanes & 0xffff) + (lanes >>> 16);
}

/** Whether the stored checksum is right: of unsigned bytes, or (old writers) of signed ones. */
export function checksumMatches(bytes: Uint8Array, at: number, sum: number): boolean {
  const stored = readNumber(bytes, at + field.checksum, 8);
  let fieldSum = 0;
  for (let offset = at + field.checksum; offset < at + field.checksum + 8; offset++) fieldSum += bytes[offset] ?? 0;
  const unsigned = sum - fieldSum + 8 * 32;
  if (stored === unsigned) return true;
  let negative = 0;
  for (let offset = at; offset < at + blockSize; offset++) {
    const inChecksum = offset >= at + field.checksum && offset < at + field.checksum + 8;
    if (!inChecksum && (bytes[offset] ?? 0) > 127) negative++;
  }
  return stored === unsigned - 256 * negative;
}

/**
 * A numeric field: octal digits, or base-256 when the first bit is set (GNU, sizes of 8 GiB and more). NaN when it
 * is neither, negative, or beyond 2^53.
 */
export function readNumber(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at] ?? 0;
  if (first & 0x80) return readBase256(bytes, at, length);
  let value = 0;
  let offset = at;
  const end = at + length;
  while (offset < end && (bytes[offset] === 32 || bytes[offset] === 0)) offset++;
  for (; offset < end; offset++) {
    const digit = (bytes[offset] ?? 0) - 48;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  const stop = offset < end ? bytes[offset] : 0;
  return stop === 0 || stop === 32 ? value : Number.NaN;
}

function readBase256(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at] ?? 0;
  if (first & 0x40) return Number.NaN;
  let value = first & 0x3f;
  for (let offset = at + 1; offset < at + length; offset++) {
    value = value * 256 + (bytes[offset] ?? 0);
    if (value > Number.MAX_SAFE_INTEGER) return Number.NaN;
  }
  return value;
}

/** Where a text field ends: at its first zero byte, or at its full length. */
export function endOfText(bytes: Uint8Array, at: number, length: number): number {
  let offset = at;
  while (offset < at + length && bytes[offset] !== 0) offset++;
  return offset;
}

/** `ustar\0` (POSIX): only then is there a name prefix; GNU's `ustar ` uses those bytes for other things. */
export function isPosix(bytes: Uint8Array, at: number): boolean {
  const magic = at + field.magic;
  return bytes[magic] === 117 && bytes[magic + 1] === 115 && bytes[magic + 4] === 114 && bytes[magic + 5] === 0;
}
