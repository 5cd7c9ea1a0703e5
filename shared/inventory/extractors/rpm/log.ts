/**
 * A write-ahead log whose database stands in another layer: which pages of the packages' table it brings, and which
 * packages they name. What was in the database before is on the same pages again, but its longer part stands on pages
 * that did not change: such a row only says that it is still there.
 */
import { PermanentError } from "../../../platform/errors.ts";
import { limits } from "../../../platform/limits.ts";
import type { TablePages } from "../../extractor.ts";
import {
  type Cell,
  isFilled,
  type Pages,
  readCell,
  readPayload,
  readRecord,
  rootIn,
  tablePage,
} from "../../sqlite/table.ts";
import { readWal } from "../../sqlite/wal.ts";

export interface LogPages {
  readonly pageSize: number;
  readonly root: number | undefined;
  readonly interior: TablePages["interior"];
  /** Of each page its rows: id, and the packages' bytes where the log has them. */
  readonly leaves: readonly (readonly [page: number, rows: readonly LogRow[]])[];
}

/** `null`: the row is of the database below, and only its page changed. */
export type LogRow = readonly [id: number, blob: Buffer | null];

/** Undefined without a committed change. Throws on other files, and where there are more than the limits allow. */
export function readLog(wal: Buffer, table: string): LogPages | undefined {
  const pageSize = wal.length < 12 ? 0 : wal.readUInt32BE(8);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
    throw new Error("not a write-ahead log");
  }
  const committed = readWal(wal, pageSize);
  if (committed.size === 0) return undefined;
  const rowsOf = rowReader(committed, pageSize, wal.length);
  const usable = usableIn(committed, pageSize);
  let root: number | undefined;
  const interior: [number, readonly number[]][] = [];
  const leaves: [number, readonly LogRow[]][] = [];
  let noted = 0;
  for (const [number, content] of committed) {
    const page = soundPage(content, number, usable);
    if (page?.kind === "interior") interior.push([number, page.children]);
    else if (page !== undefined && number === 1) root = rootOf(page, usable, table);
    else if (page !== undefined) {
      const rows = rowsOf(page);
      if (rows !== undefined) leaves.push([number, rows]);
    }
    noted += page === undefined ? 0 : page.kind === "interior" ? page.children.length : page.cells.length;
    if (noted > limits.databaseRows) throw new Error(`more than ${limits.databaseRows} rows in the log`);
  }
  return { pageSize, root, interior, leaves };
}

/**
 * Pages that the table gave up stand in the log with what they had before, and may seem damaged, because what they
 * lead to is used otherwise by now: a page that cannot be read is only missed where the table leads to it.
 */
function soundPage(content: Buffer, number: number, usable: number): ReturnType<typeof tablePage> {
  try {
    const page = tablePage(content, number);
    return page !== undefined && isFilled(content, number, { usable }) ? page : undefined;
  } catch {
    return undefined;
  }
}

/** The first page tells how many bytes of each are left unused, where it is there: rpm leaves none. */
function usableIn(committed: ReadonlyMap<number, Buffer>, pageSize: number): number {
  return pageSize - (committed.get(1)?.[20] ?? 0);
}

/** Rows that moved from page to page are in the log several times: they are read once, and all cost a few logs' bytes. */
const mostReadings = 4;

type ReadRows = (leaf: LeafPage) => readonly LogRow[] | undefined;

/** Undefined for a page of another table: rpm's packages alone are rows of a number and one blob. */
function rowReader(committed: ReadonlyMap<number, Buffer>, pageSize: number, bytes: number): ReadRows {
  const usable = usableIn(committed, pageSize);
  const blobs = new Map<string, Buffer | null>();
  let left = mostReadings * bytes;
  function pages(): Pages {
    const taken = new Set<number>();
    return {
      usable,
      spend(length) {
        left -= length;
        if (left < 0) throw new PermanentError("log-rows", "more rows than the log can hold");
      },
      take(number) {
        const page = committed.get(number);
        if (page === undefined || taken.has(number)) throw new Error(`page ${number} is missing or used twice`);
        taken.add(number);
        return page;
      },
    };
  }
  function blobOf(page: Buffer, at: number, { id, length, overflow }: Cell): Buffer | null {
    if (overflow !== undefined && !committed.has(overflow)) return null;
    const key = overflow === undefined ? undefined : `${id} ${length} ${overflow}`;
    const known = key === undefined ? undefined : blobs.get(key);
    if (known !== undefined) return known;
    const [, blob] = readRecord(readPayload(pages(), page, at).payload);
    if (!Buffer.isBuffer(blob)) throw new Error("a row without a blob");
    if (key !== undefined) blobs.set(key, blob);
    return blob;
  }
  return ({ page, cells }) => {
    const rows: LogRow[] = [];
    try {
      for (const at of cells) {
        const cell = readCell({ usable }, page, at);
        if (!isNumberedBlob(cell.local)) return undefined;
        rows.push([cell.id, blobOf(page, at, cell)]);
      }
      return rows;
    } catch (thrown) {
      if (thrown instanceof PermanentError) throw thrown;
      return undefined;
    }
  };
}

interface LeafPage {
  readonly page: Buffer;
  readonly cells: readonly number[];
}

function rootOf({ page, cells }: LeafPage, usable: number, table: string): number | undefined {
  for (const at of cells) {
    const { overflow, local } = readCell({ usable }, page, at);
    const root = overflow === undefined ? rootIn(readRecord(local), table) : undefined;
    if (root !== undefined) return root;
  }
  return undefined;
}

/** A record's header of two columns: null, where the row id stands for the number, and a blob (section 2.1). */
function isNumberedBlob(record: Buffer): boolean {
  const headerLength = record[0] ?? 0;
  if (headerLength < 3 || headerLength > 11 || headerLength > record.length || record[1] !== 0) return false;
  // The last byte of the only other number: even ones from 12 are blobs.
  const last = record[headerLength - 1] ?? 1;
  const isOneNumber = record.subarray(2, headerLength - 1).every((byte) => byte >= 128);
  return isOneNumber && last < 128 && last % 2 === 0 && (headerLength > 3 || last >= 12);
}
