import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Facts } from "../../../../shared/inventory/extractor.ts";
import { extractor } from "../../../../shared/inventory/extractors/rpm/extractor.ts";
import { readTable } from "../../../../shared/inventory/sqlite/table.ts";
import { sharedData } from "../../../support/shared-data.ts";

const folder = mkdtempSync(join(tmpdir(), "portwarden-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

/** A database written by SQLite itself, and its log when `walled` (then nothing is in the database's own pages). */
function databaseOf(
  blobs: readonly Uint8Array[],
  options: { pageSize?: number; walled?: boolean; remove?: readonly number[] } = {},
): { file: Buffer; wal: Buffer | undefined } {
  made++;
  const path = join(folder, `${made}.sqlite`);
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA page_size = ${options.pageSize ?? 4096}`);
  if (options.walled) database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
  database.exec("CREATE TABLE Other (key TEXT)");
  database.exec("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)");
  const insert = database.prepare("INSERT INTO Packages (blob) VALUES (?)");
  for (const blob of blobs) insert.run(blob);
  for (const row of options.remove ?? []) database.prepare("DELETE FROM Packages WHERE hnum = ?").run(row);
  const file = readFileSync(path);
  const wal = options.walled ? readFileSync(`${path}-wal`) : undefined;
  database.close();
  return { file: options.walled ? file : readFileSync(path), wal };
}

function blobsIn(file: Buffer, wal?: Buffer): Buffer[] {
  const rows = [...readTable(file, wal, "Packages")].map((item) => (item.kind === "row" ? item.values[1] : undefined));
  return rows.filter((one) => Buffer.isBuffer(one));
}

function extract(content: Buffer, wal?: Buffer, path = "var/lib/rpm/rpmdb.sqlite"): Facts {
  const companions = new Map(wal ? [[`${path}-wal`, wal]] : []);
  return extractor.extract({ path, content, companions, isLanguageEvidence: (one) => one.endsWith("METADATA") });
}

/** Tag, type (6 string, 4 int32, 8 string array) and value. */
type HeaderField = readonly [tag: number, value: string | number | readonly string[] | readonly number[]];

function headerBlob(fields: readonly HeaderField[]): Buffer {
  const index: Buffer[] = [];
  let store = Buffer.alloc(0);
  for (const [tag, value] of fields) {
    const list: readonly (string | number)[] = typeof value === "object" ? value : [value];
    const isText = typeof list[0] === "string";
    if (!isText) store = Buffer.concat([store, Buffer.alloc((4 - (store.length % 4)) % 4)]);
    const entry = Buffer.alloc(16);
    entry.writeUInt32BE(tag, 0);
    entry.writeUInt32BE(isText ? (typeof value === "object" ? 8 : 6) : 4, 4);
    entry.writeUInt32BE(store.length, 8);
    entry.writeUInt32BE(list.length, 12);
    index.push(entry);
    const bytes = list.map((one) => {
      if (typeof one === "string") return Buffer.from(`${one}\0`);
      const number = Buffer.alloc(4);
      number.writeUInt32BE(one);
      return number;
    });
    store = Buffer.concat([store, ...bytes]);
  }
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(index.length, 0);
  counts.writeUInt32BE(store.length, 4);
  return Buffer.concat([counts, ...index, store]);
}

const npm: readonly HeaderField[] = [
  [1000, "npm"],
  [1001, "10.2.3"],
  [1002, "1.20.10.0.1.module+el9"],
  [1003, 1],
  [1011, "Red Hat, Inc."],
  [1014, "Artistic-2.0"],
  [1022, "x86_64"],
  [1044, "nodejs-20.10.0-1.module+el9.src.rpm"],
  [1116, [0, 1]],
  [1117, ["METADATA", "npm"]],
  [1118, ["/usr/lib/python3/x.dist-info/", "/usr/bin/"]],
  [5096, "nodejs:20:9030020231123:rhel9"],
];

describe("the SQLite reader, against SQLite", () => {
  const size = fc.oneof(fc.nat(200), fc.nat(5000), fc.nat(70_000));
  const blobs = fc
    .array(size, { maxLength: 40 })
    .map((sizes) => sizes.map((length, at) => Buffer.alloc(length, at + 1)));
  const pageSize = fc.constantFrom(512, 1024, 4096, 65_536);

  it("gives all rows in order: overflow pages, deep trees, deletions, every page size", () => {
    fc.assert(
      fc.property(
        blobs,
        pageSize,
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 }),
        (all, page, remove) => {
          const { file } = databaseOf(all, { pageSize: page, remove });
          const left = all.filter((_, at) => !remove.includes(at + 1));
          expect(blobsIn(file).map((one) => [one.length, one[0]])).toEqual(left.map((one) => [one.length, one[0]]));
        },
      ),
      { numRuns: 25 },
    );
  });

  it("gives what only the write-ahead log holds", () => {
    fc.assert(
      fc.property(blobs, pageSize, (all, page) => {
        const { file, wal } = databaseOf(all, { pageSize: page, walled: true });
        expect(blobsIn(file, wal).map((one) => one.length)).toEqual(all.map((one) => one.length));
      }),
      { numRuns: 10 },
    );
  });

  it("ignores frames of the log after a torn one", () => {
    const { file, wal } = databaseOf([Buffer.from("one"), Buffer.from("two")], { walled: true });
    if (wal === undefined) throw new Error("no log");
    const torn = Buffer.from(wal);
    torn[torn.length - 10] = 0xee;
    expect(blobsIn(file, wal)).toHaveLength(2);
    expect(blobsIn(file, torn)).toHaveLength(1);
  });
});

describe("RPM packages", () => {
  it("are read with everything that matching needs", () => {
    const { packages, ownership, partial } = extract(databaseOf([headerBlob(npm)]).file);
    expect(packages).toEqual([
      {
        type: "rpm",
        name: "npm",
        version: "1:10.2.3-1.20.10.0.1.module+el9",
        architecture: "x86_64",
        source: { name: "nodejs", version: "20.10.0-1.module+el9" },
        licenses: ["Artistic-2.0"],
        vendor: "Red Hat, Inc.",
        modularity: "nodejs:20:9030020231123:rhel9",
      },
    ]);
    expect(ownership).toEqual([
      {
        package: { type: "rpm", name: "npm", version: "1:10.2.3-1.20.10.0.1.module+el9" },
        paths: ["usr/lib/python3/x.dist-info/METADATA"],
      },
    ]);
    expect(partial).toEqual([]);
  });

  it("an epoch of 0 is kept, a missing one is not made up", () => {
    const zero = npm.map((field) => (field[0] === 1003 ? ([1003, 0] as const) : field));
    const none = npm.filter(([tag]) => tag !== 1003);
    const { packages } = extract(databaseOf([headerBlob(zero), headerBlob(none)]).file);
    expect(packages?.map(({ version }) => version.split("-")[0])).toEqual(["0:10.2.3", "10.2.3"]);
  });

  it("broken headers are counted, the others stand", () => {
    const { packages, partial } = extract(databaseOf([Buffer.from("junk"), headerBlob(npm), headerBlob([])]).file);
    expect(packages).toHaveLength(1);
    expect(partial).toMatchObject([{ reason: "broken-record", detail: expect.stringContaining("2 records") }]);
  });

  it("a log without its database, other formats and empty files", () => {
    const reasons = (content: string, name: string): unknown =>
      extract(Buffer.from(content), undefined, `var/lib/rpm/${name}`).partial?.map(({ reason }) => reason);
    expect(reasons("frames", "rpmdb.sqlite-wal")).toEqual(["broken-database"]);
    expect(reasons("", "rpmdb.sqlite-wal")).toBeUndefined();
    expect(reasons("hash", "Packages")).toEqual(["broken-database"]);
    expect(reasons("RpmP", "Packages.db")).toEqual(["broken-database"]);
    expect(reasons("", "rpmdb.sqlite")).toEqual(["broken-database"]);
    expect(reasons("", "Packages")).toBeUndefined();
    expect(reasons("junk", "rpmdb.sqlite")).toEqual(["broken-database"]);
  });

  it("cells that all show the same bytes cost no more than the file", () => {
    const { file } = databaseOf([Buffer.alloc(60_000, 1)], { pageSize: 65_536 });
    // The page whose only row is so long that its length takes three bytes.
    const pages = Array.from({ length: file.length / 65_536 - 1 }, (_, at) => (at + 1) * 65_536);
    const isLong = (page: number): boolean => (file[page + file.readUInt16BE(page + 8)] ?? 0) > 128;
    const leaf = pages.find((page) => file[page] === 13 && file.readUInt16BE(page + 3) === 1 && isLong(page)) ?? 0;
    const cell = file.readUInt16BE(leaf + 8);
    file.writeUInt16BE(2000, leaf + 3);
    for (let at = 0; at < 2000; at++) file.writeUInt16BE(cell, leaf + 8 + 2 * at);
    const { partial } = extract(file);
    expect(partial).toMatchObject([{ detail: "more rows than the file can hold" }, { reason: "broken-record" }]);
  });

  it("cyclic pages end in a partial result", () => {
    const { file } = databaseOf(
      Array.from({ length: 60 }, () => headerBlob(npm)),
      { pageSize: 512 },
    );
    // Interior pages that point to the root of the schema.
    for (let at = 512; at < file.length; at += 512) if (file[at] === 5) file.writeUInt32BE(1, at + 8);
    expect(extract(file).partial?.map(({ reason }) => reason)).toContain("broken-database");
  });
});

describe("mutated databases", () => {
  function mutate(sample: Buffer, runs: number): void {
    const change = fc.tuple(fc.nat(sample.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), fc.nat(sample.length), (changes, length) => {
        const bytes = Buffer.from(changes.length % 5 === 0 ? sample.subarray(0, length) : sample);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        const { packages, partial } = extract(bytes);
        expect(packages !== undefined || partial !== undefined).toBe(true);
      }),
      { numRuns: runs },
    );
  }

  it("give facts or a reason", () => {
    mutate(
      databaseOf(
        Array.from({ length: 30 }, () => headerBlob(npm)),
        { pageSize: 512 },
      ).file,
      2000,
    );
  });

  it.skipIf(sharedData === undefined)("the same with a real one (needs the shared data)", () => {
    mutate(readFileSync(`${sharedData}images/rpmdb/sqlite-rpm-tests/rpmdb.sqlite`), 300);
  });
});
