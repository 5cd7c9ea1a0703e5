/** The table of packages in an SQLite database, and on which pages its rows stand. */
import { limits } from "../../../platform/limits.ts";
import type { TablePages, TableRow } from "../../extractor.ts";
import { pageSizeOf, readTable } from "../../sqlite/table.ts";
import type { Headers } from "./headers.ts";

/** Undefined where there are too many rows to keep their places. Throws where the database is damaged. */
export function sqliteInto(headers: Headers, file: Buffer, wal: Buffer | undefined): TablePages | undefined {
  const interior: [number, readonly number[]][] = [];
  const leaves: [number, TableRow[]][] = [];
  let root: number | undefined;
  let noted = 0;
  for (const item of readTable(file, wal, "Packages")) {
    root ??= item.page;
    if (item.kind === "interior") interior.push([item.page, item.children]);
    else if (item.kind === "leaf") leaves.push([item.page, []]);
    else {
      const [, blob] = item.values;
      if (!Buffer.isBuffer(blob)) continue;
      const row = [item.id, headers.add(blob)] as const;
      if (headers.isFull()) return undefined;
      if (++noted <= limits.databaseRows) leaves.at(-1)?.[1].push(row);
    }
  }
  const isNoted = root !== undefined && noted <= limits.databaseRows;
  return isNoted ? { pageSize: pageSizeOf(file), ...(root && { root }), interior, leaves } : undefined;
}
