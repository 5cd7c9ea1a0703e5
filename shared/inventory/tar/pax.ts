/** Extended headers (pax): https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_03 */
import { notALayer } from "./header.ts";

/** What the walker needs of an extended header; views into its bytes. */
export interface PaxRecords {
  path: Uint8Array | undefined;
  linkPath: Uint8Array | undefined;
  size: number | undefined;
  /** Name of a sparse file (GNU.sparse.name), which wins over `path`. */
  sparseName: Uint8Array | undefined;
  sparse: boolean;
}

export function noRecords(): PaxRecords {
  return { path: undefined, linkPath: undefined, size: undefined, sparseName: undefined, sparse: false };
}

/** Reads `<length> <key>=<value>\n` records into `into`. Throws `not-a-layer` where the structure is broken. */
export function readPax(bytes: Uint8Array, into: PaxRecords): void {
  let at = 0;
  while (at < bytes.length) {
    // Some writers pad with zero bytes.
    if (bytes[at] === 0) return;
    let length = 0;
    let offset = at;
    for (; offset < bytes.length && offset < at + 10; offset++) {
      const digit = (bytes[offset] ?? 0) - 48;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
    }
    const end = at + length;
    if (bytes[offset] !== 32 || end > bytes.length || end <= offset + 1 || bytes[end - 1] !== 10) {
      throw notALayer("broken extended header");
    }
    const equals = bytes.indexOf(61, offset + 1);
    if (equals < 0 || equals >= end) throw notALayer("broken extended header");
    readRecord(bytes, offset + 1, equals, end - 1, into);
    at = end;
  }
}

function readRecord(bytes: Uint8Array, key: number, equals: number, end: number, into: PaxRecords): void {
  // Times, owners and extended attributes make up nearly all records: told apart by length and first letter.
  const keyLength = equals - key;
  const first = bytes[key];
  if (keyLength === 4 && first === 112 && keyIs(bytes, key, "path")) into.path = value(bytes, equals, end);
  else if (keyLength === 4 && first === 115 && keyIs(bytes, key, "size")) into.size = sizeValue(bytes, equals, end);
  else if (keyLength === 8 && first === 108 && keyIs(bytes, key, "linkpath")) into.linkPath = value(bytes, equals, end);
  else if (first === 71 && keyLength > 11 && keyIs(bytes, key, "GNU.sparse.")) {
    into.sparse = true;
    if (keyLength === 15 && keyIs(bytes, key, "GNU.sparse.name")) into.sparseName = value(bytes, equals, end);
  }
}

function keyIs(bytes: Uint8Array, at: number, key: string): boolean {
  for (let offset = 0; offset < key.length; offset++) if (bytes[at + offset] !== key.charCodeAt(offset)) return false;
  return true;
}

function value(bytes: Uint8Array, equals: number, end: number): Uint8Array | undefined {
  const found = bytes.subarray(equals + 1, end);
  if (found.includes(0)) throw notALayer("zero byte in a name");
  // An empty value deletes the record.
  return found.length === 0 ? undefined : found;
}

function sizeValue(bytes: Uint8Array, equals: number, end: number): number | undefined {
  let size = 0;
  for (let offset = equals + 1; offset < end; offset++) {
    const digit = (bytes[offset] ?? 0) - 48;
    if (digit < 0 || digit > 9) throw notALayer("broken size in an extended header");
    size = size * 10 + digit;
  }
  if (size > Number.MAX_SAFE_INTEGER) throw notALayer("impossible size in an extended header");
  return equals + 1 === end ? undefined : size;
}
