/** A shard as it is read: `shard-layout.ts`. */
import * as zlib from "node:zlib";
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import type { Advisory, AdvisoryDetails, AdvisoryHead, Affected } from "../types.ts";
import { advisoryRow, entryHead, headBytes, magic, packageRow, segmentRow } from "./shard-layout.ts";

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
