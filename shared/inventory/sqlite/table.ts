/**
 * A read-only reader of SQLite database files, as much as package databases need: the rows of one ordinary table.
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

/** What a table's b-tree is made of, from its root, each page before what it leads to or holds. */
export type TableItem =
  | {
      readonly kind: "interior";
      readonly page: number;
      readonly children: readonly number[];
      readonly isFilled: boolean;
    }
  | { readonly kind: "leaf"; readonly page: number; readonly isFilled: boolean }
  /** `values`: the columns (the integer primary key shows as null). */
  | { readonly kind: "row"; readonly page: number; readonly id: number; readonly values: readonly SqliteValue[] };

/** Pages and rows of the table named so. Throws where it is damaged, after what could be read. */
export function* readTable(file: Buffer, wal: Buffer | undefined, table: string): Generator<TableItem> {
  const database = openDatabase(file, wal);
  for (const item of itemsOf(database, 1)) {
    const rootPage = item.kind === "row" ? rootIn(item.values, table) : undefined;
    if (rootPage === undefined) continue;
    const unfilled: number[] = [];
    for (const below of itemsOf(database, rootPage)) {
      if (below.kind !== "row" && below.isFilled !== true) unfilled.push(below.page);
      yield below;
    }
    if (unfilled.length > 0) throw new Error(`rows are missing from page ${unfilled.slice(0, 5).join(", ")}`);
    return;
  }
  throw new Error(`the database has no table ${table}`);
}

/** The root page of the table named so, when this is its row in the schema (section 2.6). */
export function rootIn([type, name, , rootPage]: readonly SqliteValue[], table: string): number | undefined {
  return type === "table" && name === table && typeof rootPage === "number" ? rootPage : undefined;
}

/** What pages are read from: a database, or a log alone. */
export interface Pages {
  /** The page with this number (from 1). Throws for numbers outside, and for pages taken before. */
  take(number: number): Buffer;
  /** Bytes of a page that b-trees use. */
  readonly usable: number;
  /** Counts the bytes of a row. Throws when there are more than the file can hold. */
  spend(bytes: number): void;
}

/** As the database's header says it, in bytes. */
export function pageSizeOf(file: Buffer): number {
  const stored = file.readUInt16BE(16);
  return stored === 1 ? 65_536 : stored;
}

function openDatabase(file: Buffer, wal: Buffer | undefined): Pages {
  if (file.length < 100 || file.toString("latin1", 0, 16) !== magic) throw new Error("not an SQLite database");
  const pageSize = pageSizeOf(file);
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

function* itemsOf(database: Pages, rootPage: number, depth = 0): Generator<TableItem> {
  if (depth > maximumDepth) throw new Error("a b-tree too deep");
  const bytes = database.take(rootPage);
  const table = tablePage(bytes, rootPage);
  if (table === undefined) throw new Error(`page ${rootPage} is no table page`);
  if (table.kind === "interior") {
    yield { kind: "interior", page: rootPage, children: table.children, isFilled: isFilled(bytes, rootPage, database) };
    for (const child of table.children) yield* itemsOf(database, child, depth + 1);
    return;
  }
  yield { kind: "leaf", page: rootPage, isFilled: isFilled(bytes, rootPage, database) };
  for (const cell of table.cells) {
    const { id, payload } = readPayload(database, table.page, cell);
    yield { kind: "row", page: rootPage, id, values: readRecord(payload) };
  }
}

type TablePage =
  | { readonly kind: "interior"; readonly children: readonly number[] }
  | { readonly kind: "leaf"; readonly page: Buffer; readonly cells: readonly number[] };

/** Section 1.6: what a page of a table's b-tree leads to, or where its cells begin. Undefined for other pages. */
export function tablePage(page: Buffer, number: number): TablePage | undefined {
  // The first page begins with the file's header.
  const start = number === 1 ? 100 : 0;
  const kind = page[start];
  if (kind !== interiorTable && kind !== leafTable) return undefined;
  const count = page.readUInt16BE(start + 3);
  const pointers = start + (kind === interiorTable ? 12 : 8);
  if (pointers + 2 * count > page.length) throw new Error(`page ${number} has too many cells`);
  const cells = Array.from({ length: count }, (_, index) => page.readUInt16BE(pointers + 2 * index));
  if (cells.some((cell) => cell + 4 > page.length)) throw new Error(`a cell outside of page ${number}`);
  if (kind === leafTable) return { kind: "leaf", page, cells };
  const children = [...cells.map((cell) => page.readUInt32BE(cell)), page.readUInt32BE(start + 8)];
  return { kind: "interior", children };
}

/**
 * Section 1.6: from where they begin, cells, freeblocks and fragments fill a page of a table's b-tree to its end. One
 * that says it has fewer cells than it has does not: rows are missing, though all that it names can be read.
 */
export function isFilled(page: Buffer, number: number, pages: Pick<Pages, "usable">): boolean {
  const start = number === 1 ? 100 : 0;
  const isInterior = page[start] === interiorTable;
  const pointers = start + (isInterior ? 12 : 8);
  const count = page.readUInt16BE(start + 3);
  const content = page.readUInt16BE(start + 5) || 65_536;
  if (content < pointers + 2 * count || content > pages.usable) return false;
  let bytes = page[start + 7] ?? 0;
  for (let at = page.readUInt16BE(start + 1); at !== 0; ) {
    if (at < content || at + 4 > pages.usable) return false;
    const [next, length] = [page.readUInt16BE(at), page.readUInt16BE(at + 2)];
    // They stand in order, which also ends the chain.
    if (length < 4 || (next !== 0 && next < at + length)) return false;
    bytes += length;
    at = next;
  }
  try {
    for (let index = 0; index < count; index++) {
      const at = page.readUInt16BE(pointers + 2 * index);
      bytes += isInterior ? readVarint(page, at + 4)[1] - at : Math.max(4, readCell(pages, page, at).stored);
    }
  } catch {
    return false;
  }
  return bytes === pages.usable - content;
}

export interface Cell {
  /** Row id. */
  readonly id: number;
  /** Bytes of the cell on its page. */
  readonly stored: number;
  /** Bytes of the payload, and those of them that stand on the page itself. */
  readonly length: number;
  readonly local: Buffer;
  /** The first of the pages with the rest. */
  readonly overflow: number | undefined;
}

/** A cell of a leaf page. */
export function readCell({ usable }: Pick<Pages, "usable">, page: Buffer, cell: number): Cell {
  const [length, afterLength] = readVarint(page, cell);
  const [id, start] = readVarint(page, afterLength);
  const maximumLocal = usable - 35;
  const minimumLocal = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = minimumLocal + ((length - minimumLocal) % (usable - 4));
  const isWhole = length <= maximumLocal;
  const localLength = isWhole ? length : fitting <= maximumLocal ? fitting : minimumLocal;
  const end = start + localLength;
  if (end + (isWhole ? 0 : 4) > page.length) throw new Error("a record outside of its page");
  const stored = end + (isWhole ? 0 : 4) - cell;
  return {
    id,
    stored,
    length,
    local: page.subarray(start, end),
    overflow: isWhole ? undefined : page.readUInt32BE(end),
  };
}

/** The payload of a leaf cell, gathered from its overflow pages. */
export function readPayload(database: Pages, page: Buffer, at: number): { id: number; payload: Buffer } {
  const { id, length, local, overflow } = readCell(database, page, at);
  database.spend(length);
  if (overflow === undefined) return { id, payload: local };
  const pieces = [local];
  let missing = length - local.length;
  let next = overflow;
  while (missing > 0) {
    const further = database.take(next);
    const piece = further.subarray(4, 4 + Math.min(missing, database.usable - 4));
    pieces.push(piece);
    missing -= piece.length;
    next = further.readUInt32BE(0);
  }
  return { id, payload: Buffer.concat(pieces) };
}

/** Section 2.1. */
export function readRecord(payload: Buffer): readonly SqliteValue[] {
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
