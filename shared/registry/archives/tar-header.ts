/**
 * Tar headers, written and read: POSIX ustar (IEEE 1003.1-1988) with pax records (1003.1-2001) and the GNU extensions
 * for long names and large numbers. Enough to index an archive by its headers and to serve a directory as one layer.
 */

export const tarBlock = 512;

export type TarType = "file" | "directory" | "symlink" | "hardlink";

export interface TarEntry {
  readonly path: string;
  readonly type: TarType;
  /** Bytes of content; 0 for everything but files. */
  readonly size: number;
  readonly mode: number;
  /** Target of a symlink or hardlink. */
  readonly linkPath?: string;
  /** Seconds since the epoch. Default 0, so that the same content gives the same archive. */
  readonly modified?: number;
}

const typeFlags: Readonly<Record<TarType, string>> = { file: "0", hardlink: "1", symlink: "2", directory: "5" };
/** The largest number that eleven octal digits hold. */
const largestOctal = 0o77777777777;

/** The header block or blocks of an entry: a pax header first when a name or the size does not fit into ustar. */
export function tarHeader(entry: TarEntry): Buffer {
  const records: string[] = [];
  const path = entry.type === "directory" && !entry.path.endsWith("/") ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(path) > 100) records.push(paxRecord("path", path));
  const linkPath = entry.linkPath ?? "";
  if (Buffer.byteLength(linkPath) > 100) records.push(paxRecord("linkpath", linkPath));
  if (entry.size > largestOctal) records.push(paxRecord("size", String(entry.size)));
  const block = headerBlock({ ...entry, path, linkPath }, typeFlags[entry.type]);
  if (records.length === 0) return block;
  const body = Buffer.from(records.join(""));
  const pax = headerBlock({ path: "PaxHeaders/entry", type: "file", size: body.length, mode: 0o644 }, "x");
  return Buffer.concat([pax, body, tarPadding(body.length), block]);
}

/** The zero bytes that fill the last block of `size` bytes of content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((tarBlock - (size % tarBlock)) % tarBlock);
}

/** The two zero blocks that end an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * tarBlock);

function headerBlock(entry: TarEntry, typeFlag: string): Buffer {
  const block = Buffer.alloc(tarBlock);
  Buffer.from(entry.path).copy(block, 0, 0, 100);
  block.write(octal(entry.mode & 0o7777, 7), 100, "latin1");
  block.write(octal(0, 7), 108, "latin1");
  block.write(octal(0, 7), 116, "latin1");
  block.write(octal(entry.size > largestOctal ? 0 : entry.size, 11), 124, "latin1");
  block.write(octal(Math.max(0, Math.floor(entry.modified ?? 0)), 11), 136, "latin1");
  block.write(typeFlag, 156, "latin1");
  Buffer.from(entry.linkPath ?? "").copy(block, 157, 0, 100);
  block.write("ustar\u000000", 257, "latin1");
  block.write(`${octal(checksum(block), 6)}\u0000 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** `length key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** The sum of the header's bytes with the checksum field taken as spaces. */
export function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let index = 0; index < tarBlock; index++) {
    if (index < 148 || index >= 156) sum += block[index] ?? 0;
  }
  return sum;
}
