/**
 * One shard: every advisory of one ecosystem (and release), looked up by package without unpacking the whole.
 *
 * Layout, little-endian:
 *   head:      "PWA3" | u32 packages | u32 advisories | u32 segments | u32 stored and u32 raw length of the directory
 *   directory: one zstd frame of
 *     segments x (u32 offset from the directory's end, u32 stored length, u32 raw length)
 *     packages x (u32 name offset, u32 name length, u32 segment, u32 offset in it, u32 length, 8 bytes fingerprint), in
 *       byte order of their names; names begin behind the tables
 *     advisories x (u32 segment, u32 offset in it, u32 length)
 *     names
 *   segments:  each one zstd frame of entries and advisories, unpacked when the first of them is asked for
 *
 * An entry is a sequence of (u32 advisory, u32 length, Affected as JSON), an advisory the JSON of its AdvisoryHead and
 * its `source`. A fingerprint tells everything that a finding in that package rests on: equal ones need no new match.
 * Details lie in a table beside the shard (`chunk-table.ts`), by the advisory's number. A shard is named by its SHA-256.
 */
import * as zlib from "node:zlib";
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Advisory, AdvisoryDetails, AdvisoryHead, Affected } from "./types.ts";

const magic = Buffer.from("PWA3");
const headBytes = 24;
const segmentRow = 12;
const packageRow = 28;
const advisoryRow = 12;
const entryHead = 8;
export const fingerprintBytes = 8;
/** Small enough that looking one package up is cheap, large enough to compress. */
const segmentBytes = 128 * 1024;
/** Measured on the Debian shards: level 9 is 12 % smaller than 3, level 19 another 8 % at six times the time. */
const compression = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 9 } };

export interface ShardPackage {
  readonly name: string;
  readonly entries: readonly { readonly advisory: number; readonly affected: Uint8Array }[];
  readonly fingerprint: Uint8Array;
}

interface Place {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
}

/** Packs what it is given into segments. */
function packer() {
  const segments: { readonly raw: number; readonly frame: Buffer }[] = [];
  let waiting: Uint8Array[] = [];
  let size = 0;
  const close = () => {
    if (size === 0) return;
    segments.push({ raw: size, frame: zlib.zstdCompressSync(Buffer.concat(waiting, size), compression) });
    waiting = [];
    size = 0;
  };
  return {
    add(bytes: Uint8Array): Place {
      if (size >= segmentBytes) close();
      const place = { segment: segments.length, offset: size, length: bytes.length };
      waiting.push(bytes);
      size += bytes.length;
      return place;
    },
    finish() {
      close();
      return segments;
    },
  };
}

/**
 * Lays a shard out, as it is stored. `packages` in byte order of their names; advisories and affected are JSON already,
 * advisories numbered in the order in which packages first name them.
 */
export function buildShard(packages: readonly ShardPackage[], advisories: readonly Uint8Array[]): Buffer {
  const pack = packer();
  const heads: Place[] = [];
  const entries = packages.map(({ entries: list }) => {
    const place = pack.add(entryOf(list));
    for (const { advisory } of list) {
      const bytes = advisories[advisory];
      if (heads[advisory] === undefined && bytes !== undefined) heads[advisory] = pack.add(bytes);
    }
    return place;
  });
  const segments = pack.finish();
  const names = packages.map(({ name }) => Buffer.from(name, "utf8"));
  const tables = segments.length * segmentRow + packages.length * packageRow + advisories.length * advisoryRow;
  const directory = Buffer.alloc(tables + names.reduce((sum, { length }) => sum + length, 0));
  let at = segments.length * segmentRow;
  let nameAt = tables;
  packages.forEach(({ fingerprint }, index) => {
    const [name, place] = [names[index], entries[index]];
    if (name === undefined || place === undefined) return;
    writeNumbers(directory, at, [nameAt, name.length, place.segment, place.offset, place.length]);
    directory.set(fingerprint.subarray(0, fingerprintBytes), at + 20);
    name.copy(directory, nameAt);
    nameAt += name.length;
    at += packageRow;
  });
  for (let number = 0; number < advisories.length; number++, at += advisoryRow) {
    const { segment = 0, offset = 0, length = 0 } = heads[number] ?? {};
    writeNumbers(directory, at, [segment, offset, length]);
  }
  return assemble(directory, segments, packages.length, advisories.length);
}

function writeNumbers(buffer: Buffer, at: number, numbers: readonly number[]): void {
  numbers.forEach((number, index) => {
    buffer.writeUInt32LE(number, at + 4 * index);
  });
}

/** Where segments begin depends on the length of the directory that says so: offsets count from its end. */
function assemble(
  directory: Buffer,
  segments: readonly { readonly raw: number; readonly frame: Buffer }[],
  packages: number,
  advisories: number,
): Buffer {
  let offset = 0;
  segments.forEach(({ raw, frame }, index) => {
    writeNumbers(directory, index * segmentRow, [offset, frame.length, raw]);
    offset += frame.length;
  });
  const stored = zlib.zstdCompressSync(directory, compression);
  const head = Buffer.alloc(headBytes);
  magic.copy(head);
  writeNumbers(head, 4, [packages, advisories, segments.length, stored.length, directory.length]);
  return Buffer.concat([head, stored, ...segments.map(({ frame }) => frame)]);
}

function entryOf(entries: ShardPackage["entries"]): Buffer {
  const parts = entries.flatMap(({ advisory, affected }) => {
    const head = Buffer.alloc(entryHead);
    writeNumbers(head, 0, [advisory, affected.length]);
    return [head, affected];
  });
  return Buffer.concat(parts);
}

/** The advisory itself is parsed only when it is asked for: most entries do not match. */
export interface ShardEntry {
  /** The advisory's number in the shard. */
  readonly number: number;
  readonly affected: Affected;
  readonly advisory: AdvisoryHead;
}

export interface RawPackage {
  readonly name: string;
  readonly fingerprint: Buffer;
  readonly entries: readonly { readonly advisory: number; readonly affected: Buffer }[];
}

/** The bytes of a shard, laid open. */
export interface ShardContent {
  /** What is said about the package, in the order of the advisories' ids; empty when nothing is. */
  lookup(name: string): readonly ShardEntry[];
  /** Every package name, in byte order. */
  names(): IterableIterator<string>;
  /** Every package as it is stored. */
  packages(): IterableIterator<RawPackage>;
  /** Names and fingerprints alone. */
  fingerprints(): IterableIterator<{ readonly name: Buffer; readonly fingerprint: Buffer }>;
  readonly advisories: number;
  /** The JSON of an advisory's head. */
  advisory(number: number): Buffer;
  /** Names of the packages that some record about one of these CVEs names; a scan of the whole shard. */
  packagesOf(cves: readonly string[]): readonly string[];
}

/** An opened shard of a set. */
export interface Shard extends ShardContent {
  /** SHA-256 of the stored bytes: the evidence of every match. */
  readonly hash: string;
  /** The details of advisories, by their numbers. */
  details(numbers: readonly number[]): Promise<ReadonlyMap<number, AdvisoryDetails>>;
}

/** A record with all that is known of it, for readers who look at a few packages. */
export interface FullEntry {
  readonly affected: Affected;
  readonly advisory: Advisory;
}

/** The key of an advisory's details. */
export function detailsKey(number: number): string {
  return number.toString(16).padStart(8, "0");
}

/** Looked up again and again: many binary packages have one source package. */
const lookupsKept = 2000;

/** Reads a shard as it is stored. Throws `PermanentError("advisory-shard-broken")`, here or when a broken part is met. */
export function readShard(bytes: Buffer, hash: string): ShardContent {
  const { directory, packages, advisories, segments, start } = readDirectory(bytes, hash);
  const firstPackage = segments * segmentRow;
  const firstAdvisory = firstPackage + packages * packageRow;
  const unpacked = new Map<number, Buffer>();

  const nameAt = (row: number): Buffer => {
    const from = directory.readUInt32LE(row);
    const end = from + directory.readUInt32LE(row + 4);
    if (end > directory.length) throw broken(hash, "a name lies outside");
    return directory.subarray(from, end);
  };
  const segment = (index: number): Buffer => {
    const known = unpacked.get(index);
    if (known !== undefined) return known;
    if (index >= segments) throw broken(hash, "a segment is missing");
    const row = index * segmentRow;
    const from = start + directory.readUInt32LE(row);
    const end = from + directory.readUInt32LE(row + 4);
    if (end > bytes.length) throw broken(hash, "a segment is cut off");
    const raw = unpack(bytes.subarray(from, end), directory.readUInt32LE(row + 8), hash);
    unpacked.set(index, raw);
    return raw;
  };
  /** `row`: where segment, offset and length stand. */
  const placed = (row: number): Buffer => {
    const raw = segment(directory.readUInt32LE(row));
    const from = directory.readUInt32LE(row + 4);
    const end = from + directory.readUInt32LE(row + 8);
    if (end > raw.length) throw broken(hash, "an offset points outside");
    return raw.subarray(from, end);
  };
  const advisory = (number: number): Buffer => {
    if (number < 0 || number >= advisories) throw broken(hash, "an advisory is missing");
    return placed(firstAdvisory + number * advisoryRow);
  };
  const find = (wanted: Buffer): number | undefined => {
    let low = 0;
    let high = packages - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const row = firstPackage + middle * packageRow;
      const order = nameAt(row).compare(wanted);
      if (order === 0) return row;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  };
  function* rows(): Generator<number> {
    for (let index = 0; index < packages; index++) yield firstPackage + index * packageRow;
  }
  const entryAt = (row: number) => [...piecesOf(placed(row + 8), hash)];
  const looked = new Map<string, readonly ShardEntry[]>();
  return {
    advisories,
    advisory,
    lookup(name) {
      const known = looked.get(name);
      if (known !== undefined) return known;
      const row = find(Buffer.from(name, "utf8"));
      const found = row === undefined ? [] : entryAt(row).map((piece) => shardEntry(piece, advisory, hash));
      if (looked.size >= lookupsKept) looked.clear();
      looked.set(name, found);
      return found;
    },
    *names() {
      for (const row of rows()) yield nameAt(row).toString("utf8");
    },
    *fingerprints() {
      for (const row of rows())
        yield { name: nameAt(row), fingerprint: directory.subarray(row + 20, row + packageRow) };
    },
    *packages() {
      for (const row of rows()) {
        const fingerprint = directory.subarray(row + 20, row + packageRow);
        yield { name: nameAt(row).toString("utf8"), fingerprint, entries: entryAt(row) };
      }
    },
    packagesOf(cves) {
      const named = new Set<number>();
      const needles = cves.map((cve) => Buffer.from(`"${cve}"`));
      for (let number = 0; number < advisories; number++) {
        const text = advisory(number);
        if (needles.some((needle) => text.includes(needle))) named.add(number);
      }
      if (named.size === 0) return [];
      return [...rows()]
        .filter((row) => entryAt(row).some((piece) => named.has(piece.advisory)))
        .map((row) => nameAt(row).toString("utf8"));
    },
  };
}

interface Directory {
  readonly directory: Buffer;
  readonly packages: number;
  readonly advisories: number;
  readonly segments: number;
  /** Where the segments begin. */
  readonly start: number;
}

function readDirectory(bytes: Buffer, hash: string): Directory {
  if (bytes.length < headBytes || !bytes.subarray(0, 4).equals(magic)) throw broken(hash, "it does not begin as one");
  const [packages, advisories, segments, stored, raw] = [4, 8, 12, 16, 20].map((at) => bytes.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const start = headBytes + stored;
  if (start > bytes.length) throw broken(hash, "its directory is cut off");
  const directory = unpack(bytes.subarray(headBytes, start), raw, hash);
  if (segments * segmentRow + packages * packageRow + advisories * advisoryRow > directory.length) {
    throw broken(hash, "its tables are cut off");
  }
  return { directory, packages, advisories, segments, start };
}

function unpack(frame: Buffer, length: number, hash: string): Buffer {
  if (length > limits.advisoryShardBytes) throw broken(hash, "it is larger than allowed");
  let raw: Buffer;
  try {
    raw = zlib.zstdDecompressSync(frame, { maxOutputLength: Math.max(1, length) });
  } catch (error) {
    throw broken(hash, "a part cannot be unpacked", error);
  }
  if (raw.length !== length) throw broken(hash, "a part has another length than told");
  return raw;
}

type Piece = RawPackage["entries"][number];

function* piecesOf(entry: Buffer, hash: string): Generator<Piece> {
  for (let at = 0; at < entry.length; ) {
    const end = at + entryHead <= entry.length ? at + entryHead + entry.readUInt32LE(at + 4) : Number.POSITIVE_INFINITY;
    if (end > entry.length) throw broken(hash, "an entry is cut off");
    yield { advisory: entry.readUInt32LE(at), affected: entry.subarray(at + entryHead, end) };
    at = end;
  }
}

function shardEntry(piece: Piece, advisoryAt: (number: number) => Buffer, hash: string): ShardEntry {
  let head: AdvisoryHead | undefined;
  return {
    number: piece.advisory,
    affected: parseObject(piece.affected, hash),
    get advisory() {
      head ??= parseHead(advisoryAt(piece.advisory), hash);
      return head;
    },
  };
}

function parseObject<Value extends object>(bytes: Buffer, hash: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw broken(hash, "a part is not JSON", error);
  }
  if (typeof value !== "object" || value === null) throw broken(hash, "a part is not an object");
  return value as Value;
}

/** An advisory as it stands in a shard. */
export interface StoredHead extends AdvisoryHead {
  /** The feed, and its part, that brought it: `osv/npm`. */
  readonly source: string;
  /** Which of the source's documents with this id; absent where there is one. */
  readonly scope?: string;
}

export function parseHead(bytes: Buffer, hash: string): StoredHead {
  const value = parseObject<StoredHead>(bytes, hash);
  if (typeof value.id !== "string") throw broken(hash, "an advisory is not one");
  return value;
}

export function broken(hash: string, why: string, cause?: unknown): PermanentError {
  return new PermanentError("advisory-shard-broken", `the advisory shard ${hash} is broken: ${why}`, { cause });
}
