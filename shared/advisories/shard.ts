/**
 * One shard: every advisory of one ecosystem (and release), looked up by package without parsing the whole.
 *
 * Layout, little-endian, offsets from the start:
 *   "PWA2" | u32 packages | u32 advisories
 *   packages x (u32 name offset, u32 name length, u32 entry offset, u32 entry length, 8 bytes fingerprint), sorted by
 *   the name's bytes
 *   advisories x (u32 offset, u32 length)
 *   names, entries and advisories: an entry is a sequence of (u32 advisory, u32 length, Affected as JSON), an advisory
 *   the JSON of its AdvisoryHead and its `source`
 *
 * A fingerprint tells everything that a finding in that package rests on: equal ones need no new match. Details lie in a
 * table beside the shard (`chunk-table.ts`), by the advisory's number. At rest a shard is one zstd frame, named by the
 * SHA-256 of that frame.
 */
import { PermanentError } from "../platform/errors.ts";
import type { Advisory, AdvisoryDetails, AdvisoryHead, Affected } from "./types.ts";

const magic = Buffer.from("PWA2");
const headBytes = 12;
const packageRow = 24;
const advisoryRow = 8;
const entryHead = 8;
export const fingerprintBytes = 8;

export interface ShardPackage {
  readonly name: string;
  readonly entries: readonly { readonly advisory: number; readonly affected: Uint8Array }[];
  readonly fingerprint: Uint8Array;
}

/** Lays a shard out. `packages` in byte order of their names; advisories and affected are JSON already. */
export function buildShard(packages: readonly ShardPackage[], advisories: readonly Uint8Array[]): Buffer {
  const tables = Buffer.alloc(headBytes + packages.length * packageRow + advisories.length * advisoryRow);
  magic.copy(tables);
  tables.writeUInt32LE(packages.length, 4);
  tables.writeUInt32LE(advisories.length, 8);
  const chunks: Uint8Array[] = [tables];
  let end = tables.length;
  const append = (bytes: Uint8Array, row: number) => {
    tables.writeUInt32LE(end, row);
    tables.writeUInt32LE(bytes.length, row + 4);
    chunks.push(bytes);
    end += bytes.length;
  };
  packages.forEach(({ name, entries, fingerprint }, index) => {
    const row = headBytes + index * packageRow;
    append(Buffer.from(name, "utf8"), row);
    append(entryOf(entries), row + 8);
    tables.set(fingerprint.subarray(0, fingerprintBytes), row + 16);
  });
  const firstAdvisory = headBytes + packages.length * packageRow;
  advisories.forEach((advisory, index) => {
    append(advisory, firstAdvisory + index * advisoryRow);
  });
  return Buffer.concat(chunks, end);
}

function entryOf(entries: ShardPackage["entries"]): Buffer {
  const parts = entries.flatMap(({ advisory, affected }) => {
    const head = Buffer.alloc(entryHead);
    head.writeUInt32LE(advisory, 0);
    head.writeUInt32LE(affected.length, 4);
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

/** Reads a shard's layout. Throws `PermanentError("advisory-shard-broken")`, here or when a broken part is met. */
export function readShard(bytes: Buffer, hash: string): ShardContent {
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
  const advisory = (number: number): Buffer => {
    if (number < 0 || number >= advisories) throw broken(hash, "an advisory is missing");
    return slice(firstAdvisory + number * advisoryRow);
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
  function* rows(): Generator<number> {
    for (let index = 0; index < packages; index++) yield headBytes + index * packageRow;
  }
  return {
    advisories,
    advisory,
    lookup(name) {
      const entry = find(Buffer.from(name, "utf8"));
      return entry === undefined ? [] : [...piecesOf(entry, hash)].map((piece) => entryAt(piece, advisory, hash));
    },
    *names() {
      for (const row of rows()) yield slice(row).toString("utf8");
    },
    *fingerprints() {
      for (const row of rows()) yield { name: slice(row), fingerprint: bytes.subarray(row + 16, row + packageRow) };
    },
    *packages() {
      for (const row of rows()) {
        const name = slice(row).toString("utf8");
        const fingerprint = bytes.subarray(row + 16, row + packageRow);
        yield { name, fingerprint, entries: [...piecesOf(slice(row + 8), hash)] };
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
      const found: string[] = [];
      for (const row of rows()) {
        for (const piece of piecesOf(slice(row + 8), hash)) {
          if (!named.has(piece.advisory)) continue;
          found.push(slice(row).toString("utf8"));
          break;
        }
      }
      return found;
    },
  };
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

function entryAt(piece: Piece, advisoryAt: (number: number) => Buffer, hash: string): ShardEntry {
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
}

export function parseHead(bytes: Buffer, hash: string): StoredHead {
  const value = parseObject<StoredHead>(bytes, hash);
  if (typeof value.id !== "string") throw broken(hash, "an advisory is not one");
  return value;
}

export function broken(hash: string, why: string, cause?: unknown): PermanentError {
  return new PermanentError("advisory-shard-broken", `the advisory shard ${hash} is broken: ${why}`, { cause });
}
