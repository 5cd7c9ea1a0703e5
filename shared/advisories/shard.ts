/**
 * One shard: every advisory of one ecosystem (and release), looked up by package without parsing the whole.
 *
 * Layout, little-endian, offsets from the start:
 *   "PWA1" | u32 packages | u32 advisories
 *   packages x (u32 name offset, u32 name length, u32 entry offset, u32 entry length), sorted by the name's bytes
 *   advisories x (u32 offset, u32 length)
 *   names, entries and advisories: an entry is the JSON `[[advisory index, Affected], ...]`, an advisory its JSON
 *
 * At rest it is one zstd frame, named by the SHA-256 of that frame.
 */
import { PermanentError } from "../platform/errors.ts";
import type { Advisory, Affected, PackageAdvisory } from "./types.ts";

const magic = Buffer.from("PWA1");
const headBytes = 12;
const packageRow = 16;
const advisoryRow = 8;

export interface ShardPackage {
  readonly name: string;
  readonly entries: readonly { readonly advisory: number; readonly affected: Buffer }[];
}

/** Lays a shard out. `packages` in byte order of their names; advisories and affected are JSON already. */
export function buildShard(packages: readonly ShardPackage[], advisories: readonly Buffer[]): Buffer {
  const tables = Buffer.alloc(headBytes + packages.length * packageRow + advisories.length * advisoryRow);
  magic.copy(tables);
  tables.writeUInt32LE(packages.length, 4);
  tables.writeUInt32LE(advisories.length, 8);
  const chunks: Buffer[] = [tables];
  let end = tables.length;
  const append = (bytes: Buffer, row: number) => {
    tables.writeUInt32LE(end, row);
    tables.writeUInt32LE(bytes.length, row + 4);
    chunks.push(bytes);
    end += bytes.length;
  };
  packages.forEach(({ name, entries }, index) => {
    const row = headBytes + index * packageRow;
    append(Buffer.from(name, "utf8"), row);
    append(entryOf(entries), row + 8);
  });
  const firstAdvisory = headBytes + packages.length * packageRow;
  advisories.forEach((advisory, index) => {
    append(advisory, firstAdvisory + index * advisoryRow);
  });
  return Buffer.concat(chunks, end);
}

function entryOf(entries: ShardPackage["entries"]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach(({ advisory, affected }, index) => {
    parts.push(Buffer.from(`${index === 0 ? "[" : ","}[${advisory},`), affected, Buffer.from("]"));
  });
  parts.push(Buffer.from("]"));
  return Buffer.concat(parts);
}

/** An opened shard. */
export interface Shard {
  /** SHA-256 of the stored bytes: the evidence of every match. */
  readonly hash: string;
  /** What is said about the package, in the order of the advisories' ids; empty when nothing is. */
  lookup(name: string): readonly ShardEntry[];
  /** Every package name, in byte order. */
  names(): IterableIterator<string>;
}

/** The advisory itself is parsed only when it is asked for: most entries do not match. */
export interface ShardEntry extends PackageAdvisory {
  readonly affected: Affected;
  readonly advisory: Advisory;
}

/** Reads a shard's layout. Throws `PermanentError("advisory-shard-broken")`, here or when a broken part is met. */
export function readShard(bytes: Buffer, hash: string): Shard {
  if (bytes.length < headBytes || !bytes.subarray(0, 4).equals(magic)) throw broken(hash, "it does not begin as one");
  const packages = bytes.readUInt32LE(4);
  const advisories = bytes.readUInt32LE(8);
  const firstAdvisory = headBytes + packages * packageRow;
  if (firstAdvisory + advisories * advisoryRow > bytes.length) throw broken(hash, "its tables are cut off");

  const slice = (row: number): Buffer => {
    const start = bytes.readUInt32LE(row);
    const end = start + bytes.readUInt32LE(row + 4);
    if (start < headBytes || end > bytes.length) throw broken(hash, "an offset points outside");
    return bytes.subarray(start, end);
  };
  const advisoryAt = (index: number): Advisory => {
    if (!Number.isInteger(index) || index < 0 || index >= advisories) throw broken(hash, "an advisory is missing");
    return parseObject(slice(firstAdvisory + index * advisoryRow), hash) as unknown as Advisory;
  };
  const find = (wanted: Buffer): Buffer | undefined => {
    let low = 0;
    let high = packages - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const row = headBytes + middle * packageRow;
      const order = slice(row).compare(wanted);
      if (order === 0) return slice(row + 8);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  };
  return {
    hash,
    lookup(name) {
      const entry = find(Buffer.from(name, "utf8"));
      return entry === undefined ? [] : parseEntry(entry, hash, advisoryAt);
    },
    *names() {
      for (let index = 0; index < packages; index++) yield slice(headBytes + index * packageRow).toString("utf8");
    },
  };
}

function parseEntry(bytes: Buffer, hash: string, advisoryAt: (index: number) => Advisory): readonly ShardEntry[] {
  const entry = parse(bytes, hash);
  if (!Array.isArray(entry)) throw broken(hash, "an entry is not a list");
  return entry.map((pair: unknown) => {
    if (!Array.isArray(pair) || typeof pair[0] !== "number" || typeof pair[1] !== "object" || pair[1] === null) {
      throw broken(hash, "an entry is not a pair");
    }
    const index: number = pair[0];
    let advisory: Advisory | undefined;
    return {
      affected: pair[1] as Affected,
      get advisory() {
        advisory ??= advisoryAt(index);
        return advisory;
      },
    };
  });
}

function parse(bytes: Buffer, hash: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw broken(hash, "a part is not JSON", error);
  }
}

function parseObject(bytes: Buffer, hash: string): object {
  const value = parse(bytes, hash);
  if (typeof value !== "object" || value === null || !("id" in value)) throw broken(hash, "an advisory is not one");
  return value;
}

function broken(hash: string, why: string, cause?: unknown): PermanentError {
  return new PermanentError("advisory-shard-broken", `the advisory shard ${hash} is broken: ${why}`, { cause });
}
