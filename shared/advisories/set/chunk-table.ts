/**
 * A table of JSON values by key that is read in parts: only the chunks that hold what is asked for are fetched.
 *
 * Layout, little-endian, offsets from the start:
 *   head:   "PWT1" | u32 chunks | u32 rows | chunks x (u32 offset, u32 length, 16 bytes of the chunk's SHA-256,
 *           u16 length of its first key, first key)
 *   chunks: each one zstd frame of rows (u16 key length, key, u32 value length, value), keys in byte order
 *
 * Who opens it knows length and SHA-256 of the head; the head pins every chunk.
 */
import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import type { ByteRange } from "../../platform/ports.ts";

const magic = Buffer.from("PWT1");
const fixedHead = 12;
const hashBytes = 16;
/** Small enough that a lookup fetches little, large enough to compress. */
const chunkBytes = 24 * 1024;
const compression = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 9 } };

export interface TableRow {
  readonly key: string;
  /** JSON. */
  readonly value: Uint8Array;
}

export interface BuiltTable {
  readonly bytes: Buffer;
  readonly rows: number;
  readonly head: { readonly bytes: number; readonly sha256: string };
}

/** Lays a table out. `rows` in byte order of distinct keys. */
export function buildTable(rows: Iterable<TableRow>): BuiltTable {
  const chunks: { first: Buffer; frame: Buffer }[] = [];
  let waiting: Buffer[] = [];
  let size = 0;
  let first: Buffer | undefined;
  let count = 0;
  const close = () => {
    if (first === undefined) return;
    chunks.push({ first, frame: zlib.zstdCompressSync(Buffer.concat(waiting), compression) });
    waiting = [];
    size = 0;
    first = undefined;
  };
  for (const { key, value } of rows) {
    const name = Buffer.from(key, "utf8");
    const row = Buffer.alloc(2 + name.length + 4);
    row.writeUInt16LE(name.length, 0);
    name.copy(row, 2);
    row.writeUInt32LE(value.length, 2 + name.length);
    first ??= name;
    waiting.push(row, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    size += row.length + value.length;
    count++;
    if (size >= chunkBytes) close();
  }
  close();
  const head = headOf(chunks, count);
  const bytes = Buffer.concat([head, ...chunks.map(({ frame }) => frame)]);
  return { bytes, rows: count, head: { bytes: head.length, sha256: createHash("sha256").update(head).digest("hex") } };
}

function headOf(chunks: readonly { readonly first: Buffer; readonly frame: Buffer }[], rows: number): Buffer {
  const length = chunks.reduce((sum, { first }) => sum + 8 + hashBytes + 2 + first.length, fixedHead);
  const head = Buffer.alloc(length);
  magic.copy(head);
  head.writeUInt32LE(chunks.length, 4);
  head.writeUInt32LE(rows, 8);
  let at = fixedHead;
  let offset = length;
  for (const { first, frame } of chunks) {
    head.writeUInt32LE(offset, at);
    head.writeUInt32LE(frame.length, at + 4);
    createHash("sha256")
      .update(frame)
      .digest()
      .copy(head, at + 8, 0, hashBytes);
    head.writeUInt16LE(first.length, at + 8 + hashBytes);
    first.copy(head, at + 10 + hashBytes);
    at += 10 + hashBytes + first.length;
    offset += frame.length;
  }
  return head;
}

export interface ChunkTable {
  readonly rows: number;
  /** The values of those keys that the table has. Throws what fetching throws. */
  lookup(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /** Every row, chunk by chunk. */
  all(): AsyncGenerator<TableRow>;
}

interface Chunk extends ByteRange {
  readonly first: Buffer;
  readonly hash: Buffer;
}

/** The rows of an unpacked chunk, by key: JSON. */
interface Unpacked {
  readonly bytes: number;
  readonly rows: ReadonlyMap<string, Uint8Array>;
}

/** Unpacked chunks of several tables, the least recently used given up first. */
export interface ChunkCache {
  get(name: string, index: number): Unpacked | undefined;
  put(name: string, index: number, chunk: Unpacked): void;
  clear(): void;
}

/** Holds at most so many bytes. */
export function chunkCache(mostBytes: number): ChunkCache {
  const held = new Map<string, Unpacked>();
  let total = 0;
  return {
    get(name, index) {
      const key = `${index} ${name}`;
      const chunk = held.get(key);
      if (chunk === undefined) return undefined;
      held.delete(key);
      held.set(key, chunk);
      return chunk;
    },
    put(name, index, chunk) {
      const key = `${index} ${name}`;
      total += chunk.bytes - (held.get(key)?.bytes ?? 0);
      held.delete(key);
      held.set(key, chunk);
      for (const [oldest, { bytes }] of held) {
        if (total <= mostBytes) return;
        held.delete(oldest);
        total -= bytes;
      }
    },
    clear() {
      held.clear();
      total = 0;
    },
  };
}

/** Chunks that lie together are fetched together, up to so many bytes. */
const togetherBytes = 1024 * 1024;

/**
 * Opens a table by its head's bytes (verified by the caller). `fetch` gives a range of the table's bytes. `name` is for
 * messages, and tells the table from others in `cache`. Throws `PermanentError("advisory-shard-broken")`, here or when
 * a broken chunk is met.
 */
export function openTable(
  head: Buffer,
  fetch: (range: ByteRange) => Promise<Uint8Array>,
  name: string,
  cache?: ChunkCache,
): ChunkTable {
  const { chunks, rows } = readHead(head, name);

  const chunkFor = (key: Buffer): number => {
    let low = 0;
    let high = chunks.length - 1;
    let found = -1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((chunks[middle]?.first.compare(key) ?? 1) <= 0) {
        found = middle;
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return found;
  };

  async function* unpacked(wanted: readonly number[]): AsyncGenerator<{ index: number; raw: Buffer }> {
    for (let at = 0; at < wanted.length; ) {
      const from = at;
      const start = chunks[wanted[at] ?? 0]?.offset ?? 0;
      let end = start;
      // The next chunk lies right behind the last one.
      while (at < wanted.length && chunks[wanted[at] ?? 0]?.offset === end && end - start < togetherBytes) {
        end += chunks[wanted[at] ?? 0]?.length ?? 0;
        at++;
      }
      if (at === from) at++;
      const bytes = Buffer.from(await fetch({ offset: start, length: Math.max(1, end - start) }));
      for (const index of wanted.slice(from, at)) {
        const chunk = chunks[index];
        if (chunk === undefined) continue;
        yield {
          index,
          raw: unpack(bytes.subarray(chunk.offset - start, chunk.offset - start + chunk.length), chunk, name),
        };
      }
    }
  }

  return {
    rows,
    async lookup(keys) {
      const byChunk = new Map<number, string[]>();
      for (const key of keys) {
        const index = chunkFor(Buffer.from(key, "utf8"));
        if (index < 0) continue;
        const wanted = byChunk.get(index);
        if (wanted === undefined) byChunk.set(index, [key]);
        else wanted.push(key);
      }
      const found = new Map<string, unknown>();
      const take = (index: number, { rows: held }: Unpacked) => {
        for (const key of byChunk.get(index) ?? []) {
          const value = held.get(key);
          if (value !== undefined) found.set(key, parse(value, name));
        }
      };
      const missing: number[] = [];
      for (const index of byChunk.keys()) {
        const chunk = cache?.get(name, index);
        if (chunk === undefined) missing.push(index);
        else take(index, chunk);
      }
      for await (const { index, raw } of unpacked(missing.sort((a, b) => a - b))) {
        const content = new Map<string, Uint8Array>();
        for (const { key, value } of rowsIn(raw, name)) content.set(key, value);
        // What a map takes besides the bytes is about as much again.
        const chunk = { bytes: 2 * raw.length, rows: content };
        cache?.put(name, index, chunk);
        take(index, chunk);
      }
      return found;
    },
    async *all() {
      for await (const { raw } of unpacked(chunks.map((_, index) => index))) yield* rowsIn(raw, name);
    },
  };
}

function readHead(head: Buffer, name: string): { readonly chunks: readonly Chunk[]; readonly rows: number } {
  if (head.length < fixedHead || !head.subarray(0, 4).equals(magic)) throw broken(name, "it does not begin as one");
  const count = head.readUInt32LE(4);
  const chunks: Chunk[] = [];
  let at = fixedHead;
  for (let index = 0; index < count; index++) {
    if (at + 10 + hashBytes > head.length) throw broken(name, "its head is cut off");
    const firstLength = head.readUInt16LE(at + 8 + hashBytes);
    const end = at + 10 + hashBytes + firstLength;
    if (end > head.length) throw broken(name, "its head is cut off");
    chunks.push({
      offset: head.readUInt32LE(at),
      length: head.readUInt32LE(at + 4),
      hash: head.subarray(at + 8, at + 8 + hashBytes),
      first: head.subarray(at + 10 + hashBytes, end),
    });
    at = end;
  }
  return { chunks, rows: head.readUInt32LE(8) };
}

function unpack(frame: Buffer, chunk: Chunk, name: string): Buffer {
  const hash = createHash("sha256").update(frame).digest().subarray(0, hashBytes);
  if (!hash.equals(chunk.hash)) throw broken(name, "a chunk is not what its head names");
  try {
    return zlib.zstdDecompressSync(frame, { maxOutputLength: limits.advisoryRecordBytes });
  } catch (error) {
    throw broken(name, "a chunk cannot be unpacked", error);
  }
}

function* rowsIn(raw: Buffer, name: string): Generator<TableRow> {
  for (let at = 0; at < raw.length; ) {
    const keyEnd = at + 2 + (at + 2 <= raw.length ? raw.readUInt16LE(at) : raw.length);
    if (keyEnd + 4 > raw.length) throw broken(name, "a row is cut off");
    const end = keyEnd + 4 + raw.readUInt32LE(keyEnd);
    if (end > raw.length) throw broken(name, "a row is cut off");
    yield { key: raw.toString("utf8", at + 2, keyEnd), value: raw.subarray(keyEnd + 4, end) };
    at = end;
  }
}

function parse(value: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8"));
  } catch (error) {
    throw broken(name, "a value is not JSON", error);
  }
}

function broken(name: string, why: string, cause?: unknown): PermanentError {
  return new PermanentError("advisory-shard-broken", `the advisory table ${name} is broken: ${why}`, { cause });
}
