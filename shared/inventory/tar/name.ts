/**
 * Names of tar entries, as bytes: made canonical (no leading slash or `./`, no `.`/`..`/empty component, no trailing
 * slash) and hashed in one pass, without a string. A string is made only for the few entries that somebody wants.
 */
import { isUtf8 } from "node:buffer";
import { limits } from "../../platform/limits.ts";
import { advanceHigh, advanceLow, seedHigh, seedLow } from "../path-hash.ts";

const slash = 47;
const dot = 46;

/** A canonical name; reused for every entry, so copy what you keep. */
export interface EntryName {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Where the last component begins. */
  base: number;
  /** Path hash lanes, unfinished (see path-hash.ts). */
  high: number;
  low: number;
  /** High lane of the directory, of the last component, and of its part from the last dot (0 when it has no dot). */
  directoryHash: number;
  baseHash: number;
  extensionHash: number;
}

export function emptyName(): EntryName {
  const bytes = new Uint8Array(0);
  const zero = { start: 0, end: 0, base: 0, high: 0, low: 0 };
  return { bytes, ...zero, directoryHash: 0, baseHash: 0, extensionHash: 0 };
}

export type NameProblem = "root" | "outside-root" | "too-long";

/** The high lane of a text alone: what `baseHash` and its siblings are compared with. */
export function hashOf(text: string): number {
  let lane = seedHigh;
  for (const byte of Buffer.from(text, "utf8")) lane = advanceHigh(lane, byte);
  return lane;
}

/** Canonical path as text. */
export function nameText(name: EntryName): string {
  return Buffer.from(name.bytes.buffer, name.bytes.byteOffset + name.start, name.end - name.start).toString("utf8");
}

/**
 * Reads `bytes[start..end)` into `name`. Returns a problem instead of a name for the root itself (`./`), for names
 * that climb out of the root, and for names over `limits.pathBytes`. Bytes that are no UTF-8 become `\xNN`, so that
 * every canonical name is text and keeps its identity.
 */
export function readName(name: EntryName, bytes: Uint8Array, start: number, end: number): NameProblem | undefined {
  let from = start;
  let to = end;
  for (;;) {
    if (from < to && bytes[from] === slash) from++;
    else if (from + 1 < to && bytes[from] === dot && bytes[from + 1] === slash) from += 2;
    else break;
  }
  while (to > from && bytes[to - 1] === slash) to--;
  if (to === from || (to - from === 1 && bytes[from] === dot)) return "root";
  if (to - from > limits.pathBytes) return "too-long";
  if (scan(name, bytes, from, to)) return undefined;
  return readUnclean(name, bytes.subarray(from, to));
}

/** Hashes a name; false when it is not canonical yet. */
function scan(name: EntryName, bytes: Uint8Array, start: number, end: number): boolean {
  let high = seedHigh;
  let low = seedLow;
  let base = start;
  let directoryHash = seedHigh;
  let baseHash = seedHigh;
  let extensionHash = 0;
  let seen = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === slash) {
      if (isSpecial(bytes, base, at)) return false;
      base = at + 1;
      directoryHash = high;
      baseHash = seedHigh;
      extensionHash = 0;
    } else {
      baseHash = advanceHigh(baseHash, byte);
      if (byte === dot) extensionHash = advanceHigh(seedHigh, byte);
      else if (extensionHash !== 0) extensionHash = advanceHigh(extensionHash, byte);
    }
    high = advanceHigh(high, byte);
    low = advanceLow(low, byte);
    seen |= byte;
  }
  if (isSpecial(bytes, base, end)) return false;
  if (seen > 127 && !isUtf8(bytes.subarray(start, end))) return false;
  name.bytes = bytes;
  name.start = start;
  name.end = end;
  name.base = base;
  name.high = high;
  name.low = low;
  name.directoryHash = directoryHash;
  name.baseHash = baseHash;
  name.extensionHash = extensionHash;
  return true;
}

/** Empty, `.` or `..`. */
function isSpecial(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0) return true;
  return length <= 2 && bytes[start] === dot && (length === 1 || bytes[start + 1] === dot);
}

function readUnclean(name: EntryName, raw: Uint8Array): NameProblem | undefined {
  const path = canonicalPath(textOf(raw));
  if (path === undefined) return "outside-root";
  if (path === "") return "root";
  const bytes = Buffer.from(path, "utf8");
  if (bytes.length > limits.pathBytes) return "too-long";
  scan(name, bytes, 0, bytes.length);
  return undefined;
}

/** Bytes as text: UTF-8, or with every byte over 127 written as `\xNN` where they are no UTF-8. */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString("utf8");
  return buffer.toString("latin1").replace(/[\x80-\xff]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`);
}

/** Resolves `.`, `..` and empty components without looking at links; undefined when it climbs out of the root. */
export function canonicalPath(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
