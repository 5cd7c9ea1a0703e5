/**
 * A read-only reader of SQLite database files, as much as the RPM database needs: the rows of one ordinary table.
 * https://www.sqlite.org/fileformat2.html. Every page is visited at most once, and all rows together may have
 * no more bytes than the file (cells of a page may overlap), so that damaged or hostile files cost no more than their
 * size.
 */
import { readWal } from "./wal.ts";

const magic = "SQLite format 3\0";
const interiorTable = 0x05;
const leafTable = 0x0d;
/** Deeper than any b-tree of 2^32 pages. */
const maximumDepth = 24;
/** Pointer, length, row id and an empty record. */
const smallestCell = 5;
/** Columns of a record that are looked at. */
const maximumColumns = 64;

export type SqliteValue = Buffer | string | number | null;

/** Rows of the table named so, as lists of their columns (the integer primary key shows as null). */
export function* readTable(file: Buffer, wal: Buffer | undefined, table: string): Generator<readonly SqliteValue[]> {
  const database = openDatabase(file, wal);
  for (const [type, name, , rootPage] of rowsOf(database, 1)) {
    if (type !== "table" || name !== table || typeof rootPage !== "number") continue;
    yield* rowsOf(database, rootPage);
    return;
  }
  throw new Error(`the database has no table ${table}`);
}

interface Database {
  /** The page with this number (from 1). Throws for numbers outside, and for pages taken before. */
  take(number: number): Buffer;
  /** Bytes of a page that b-trees use. */
  readonly usable: number;
  /** Counts the bytes of a row. Throws when there are more than the file can hold. */
  spend(bytes: number): void;
}

function openDatabase(file: Buffer, wal: Buffer | undefined): Database {
  if (file.length < 100 || file.toString("latin1", 0, 16) !== magic) throw new Error("not an SQLite database");
  const stored = file.readUInt16BE(16);
  const pageSize = stored === 1 ? 65_536 : stored;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) throw new Error("an impossible page size");
  const usable = pageSize - (file[20] ?? 0);
  if (usable < 480) throw new Error("an impossible page size");
  const newer = wal === undefined ? new Map<number, Buffer>() : readWal(wal, pageSize);
  const taken = new Set<number>();
  let left = file.length + (wal?.length ?? 0);
  return {
    usable,
    spend(bytes) {
      left -= bytes + smallestCell;
      if (left < 0) throw new Error("more rows than the file can hold");
    },
    take(number) {
      if (taken.has(number)) throw new Error(`page ${number} is used twice`);
      taken.add(number);
      const from = newer.get(number);
      if (from !== undefined) return from;
      const start = (number - 1) * pageSize;
      if (number < 1 || start + pageSize > file.length) throw new Error(`page ${number} is not in the file`);
      return file.subarray(start, start + pageSize);
    },
  };
}

function* rowsOf(database: Database, rootPage: number, depth = 0): Generator<readonly SqliteValue[]> {
  if (depth > maximumDepth) throw new Error("a b-tree too deep");
  const page = database.take(rootPage);
  // The first page begins with the file's header.
  const start = rootPage === 1 ? 100 : 0;
  const kind = page[start];
  const cells = page.readUInt16BE(start + 3);
  if (kind !== interiorTable && kind !== leafTable) throw new Error(`page ${rootPage} is no table page`);
  const pointers = start + (kind === interiorTable ? 12 : 8);
  if (pointers + 2 * cells > page.length) throw new Error(`page ${rootPage} has too many cells`);
  for (let index = 0; index < cells; index++) {
    const cell = page.readUInt16BE(pointers + 2 * index);
    if (cell + 4 > page.length) throw new Error(`a cell outside of page ${rootPage}`);
    if (kind === interiorTable) yield* rowsOf(database, page.readUInt32BE(cell), depth + 1);
    else yield readRecord(readPayload(database, page, cell));
  }
  if (kind === interiorTable) yield* rowsOf(database, page.readUInt32BE(start + 8), depth + 1);
}

/** The payload of a leaf cell, gathered from its overflow pages (section 1.6). */
function readPayload(database: Database, page: Buffer, cell: number): Buffer {
  const [length, afterLength] = readVarint(page, cell);
  const [, start] = readVarint(page, afterLength);
  const { usable } = database;
  database.spend(length);
  const maximumLocal = usable - 35;
  if (length <= maximumLocal) {
    if (start + length > page.length) throw new Error("a record outside of its page");
    return page.subarray(start, start + length);
  }
  const minimumLocal = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = minimumLocal + ((length - minimumLocal) % (usable - 4));
  const local = fitting <= maximumLocal ? fitting : minimumLocal;
  if (start + local + 4 > page.length) throw new Error("a record outside of its page");
  const pieces = [page.subarray(start, start + local)];
  let missing = length - local;
  let next = page.readUInt32BE(start + local);
  while (missing > 0) {
    const overflow = database.take(next);
    const piece = overflow.subarray(4, 4 + Math.min(missing, usable - 4));
    pieces.push(piece);
    missing -= piece.length;
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(pieces);
}

/** Section 2.1. */
function readRecord(payload: Buffer): readonly SqliteValue[] {
  const [headerLength, afterLength] = readVarint(payload, 0);
  if (headerLength > payload.length) throw new Error("a record header outside of its record");
  const values: SqliteValue[] = [];
  let at = afterLength;
  let body = headerLength;
  while (at < headerLength && values.length < maximumColumns) {
    const [serial, next] = readVarint(payload, at);
    at = next;
    const length = lengthOf(serial);
    if (body + length > payload.length) throw new Error("a value outside of its record");
    values.push(decodeValue(payload, body, serial, length));
    body += length;
  }
  return values;
}

function lengthOf(serial: number): number {
  if (serial >= 12) return Math.floor((serial - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][serial] ?? 0;
}

function decodeValue(payload: Buffer, at: number, serial: number, length: number): SqliteValue {
  if (serial >= 12) {
    const bytes = payload.subarray(at, at + length);
    return serial % 2 === 0 ? bytes : bytes.toString("utf8");
  }
  if (serial === 7) return payload.readDoubleBE(at);
  if (serial === 6) return Number(payload.readBigInt64BE(at));
  if (serial === 8 || serial === 9) return serial - 8;
  return length === 0 ? null : payload.readIntBE(at, length);
}

/** One to nine bytes, high bit first. Beyond 2^53 a value is only compared with limits that it exceeds. */
function readVarint(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw new Error("a number outside of its page");
    value = value * 128 + (byte & 0x7f);
    if (byte < 128) return [value, at + index + 1];
  }
  const last = bytes[at + 8];
  if (last === undefined) throw new Error("a number outside of its page");
  return [value * 256 + last, at + 9];
}
