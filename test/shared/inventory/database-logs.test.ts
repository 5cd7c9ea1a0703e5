/** A write-ahead log of an upper layer over the database of a lower one: together they are what SQLite reads in them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { inventoryOf, packagesIn } from "./images.ts";
import { rpmHeader } from "./rpm-header.ts";

const folder = mkdtempSync(join(tmpdir(), "portwarden-logs-"));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

/** One change: a package of this length put at this row (a new one where undefined), or the row removed. */
interface Change {
  readonly row?: number | undefined;
  readonly length?: number | undefined;
}

interface Written {
  readonly file: Buffer;
  readonly wal: Buffer;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** What SQLite makes of `first`, with the database's own pages, and of `second`, which only the log has. */
function written(first: readonly Change[], second: readonly Change[], pageSize = 4096): Written {
  made++;
  const path = join(folder, `${made}.sqlite`);
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0`);
  database.exec("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)");
  database.exec("CREATE TABLE Name (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)");
  database.exec("CREATE INDEX NameIndex ON Name (key ASC)");
  let version = 0;
  const put = (changes: readonly Change[]): void => {
    for (const { row, length } of changes) {
      version++;
      const name = `package${row ?? `-new-${version}`}`;
      if (length === undefined) database.prepare("DELETE FROM Packages WHERE hnum = ?").run(row ?? 0);
      else {
        const blob = rpmHeader({ name, version: `${version}`, release: "1", files: `/${"x".repeat(length)}` });
        database.prepare("INSERT OR REPLACE INTO Packages VALUES (?, ?)").run(row ?? null, blob);
        database.prepare("INSERT INTO Name VALUES (?, ?, 0)").run(name, row ?? version);
      }
    }
  };
  const packages = (): string[] =>
    database
      .prepare("SELECT blob FROM Packages")
      .all()
      .map(({ blob }) => {
        const fields = blob instanceof Uint8Array ? Buffer.from(blob) : Buffer.alloc(0);
        const store = fields.subarray(8 + 16 * fields.readUInt32BE(0)).toString("latin1");
        const [name, packageVersion, release] = store.split("\0");
        return `${name}@${packageVersion}-${release}`;
      })
      .sort();
  put(first);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const before = packages();
  const file = readFileSync(path);
  put(second);
  const after = packages();
  const all = { file, wal: readFileSync(`${path}-wal`), before, after };
  database.close();
  return all;
}

const at = (name: string, content: Buffer) => ({ path: `usr/lib/sysimage/rpm/${name}`, content });
const many = (count: number, length: number): Change[] =>
  Array.from({ length: count }, (_, row) => ({ row: row + 1, length }));

/** Section 4.2 of the format: two running sums over pairs of words, from the header on through all frames. */
function withChecksums(wal: Buffer, pageSize: number): Buffer {
  const isBig = wal.readUInt32BE(0) === 0x377f0683;
  let [one, other] = [0, 0];
  const sum = (start: number, end: number): void => {
    for (let word = start; word < end; word += 8) {
      one = (one + (isBig ? wal.readUInt32BE(word) : wal.readUInt32LE(word)) + other) >>> 0;
      other = (other + (isBig ? wal.readUInt32BE(word + 4) : wal.readUInt32LE(word + 4)) + one) >>> 0;
    }
  };
  sum(0, 24);
  for (let frame = 32; frame + 24 + pageSize <= wal.length; frame += 24 + pageSize) {
    sum(frame, frame + 8);
    sum(frame + 24, frame + 24 + pageSize);
    wal.writeUInt32BE(one, frame + 16);
    wal.writeUInt32BE(other, frame + 20);
  }
  return wal;
}

describe("a log above its database", () => {
  const length = fc.oneof(fc.nat(300), fc.nat(6000), fc.nat(30_000));
  const put = fc.record({ row: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }), length });
  const remove = fc.record({ row: fc.integer({ min: 1, max: 60 }) });
  const changes = fc.array(fc.oneof({ weight: 2, arbitrary: put }, remove), { maxLength: 60 });

  it("gives the packages that SQLite finds in both", async () => {
    await fc.assert(
      fc.asyncProperty(changes, changes, fc.constantFrom(512, 4096, 65_536), async (first, second, pageSize) => {
        const { file, wal, after } = written(first, second, pageSize);
        const inventory = await inventoryOf([[at("rpmdb.sqlite", file)], [at("rpmdb.sqlite-wal", wal)]]);
        expect(packagesIn(inventory).sort()).toEqual([...new Set(after)]);
        expect(inventory.partial).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("tells which layer brought what: a short package on a page that changed is still the lower one's", async () => {
    const { file, wal } = written(many(2, 10), [{ row: 3, length: 5000 }]);
    const { packages, layers } = await inventoryOf([[at("rpmdb.sqlite", file)], [at("rpmdb.sqlite-wal", wal)]]);
    const brought = packages.map(({ name, locations }) => [
      name,
      layers.findIndex(({ diffId }) => diffId === locations[0]?.layer),
      locations[0]?.path.split("/").at(-1),
    ]);
    expect(brought).toEqual([
      ["package1", 0, "rpmdb.sqlite"],
      ["package2", 0, "rpmdb.sqlite"],
      ["package3", 1, "rpmdb.sqlite-wal"],
    ]);
  });

  it("a whole tree that shrinks to one page, and one that grows by several levels", async () => {
    const large = many(300, 2000);
    for (const [first, second] of [
      [large, large.slice(1).map(({ row }) => ({ row }))],
      [large.slice(0, 1), large],
    ] as const) {
      const { file, wal, after } = written(first, second, 512);
      const inventory = await inventoryOf([[at("rpmdb.sqlite", file)], [at("rpmdb.sqlite-wal", wal)]]);
      expect([packagesIn(inventory).sort(), inventory.partial]).toEqual([after, []]);
    }
  });

  it("a log that an upper layer removes does not count; a database above the log is read with it", async () => {
    const { file, wal, before, after } = written(many(3, 100), [{ row: 9, length: 100 }]);
    const removed = await inventoryOf([
      [at("rpmdb.sqlite", file)],
      [at("rpmdb.sqlite-wal", wal)],
      [{ path: "usr/lib/sysimage/rpm/.wh.rpmdb.sqlite-wal" }],
    ]);
    expect(packagesIn(removed)).toEqual(before);
    const below = await inventoryOf([
      [at("rpmdb.sqlite", file), at("rpmdb.sqlite-wal", wal)],
      [at("rpmdb.sqlite", file)],
    ]);
    expect(packagesIn(below)).toEqual(after);
  });

  it("damaged pages, with the checksums of sound ones, end in packages of one of the two, or in a reason", async () => {
    const { file, wal, before, after } = written(many(30, 800), [...many(25, 900), { row: 28 }], 512);
    const known = new Set([...before, ...after]);
    const change = fc.tuple(fc.nat(wal.length - 33), fc.nat(255));
    const frames = (wal.length - 32) / (24 + 512);
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(frames), async (changes, pages) => {
        const damaged = Buffer.from(wal);
        for (const [where, byte] of changes) {
          // Only in the pages, and mostly at their beginnings, where they tell of themselves.
          const frame = 32 + (where % frames) * (24 + 512);
          damaged[frame + 24 + (where % (pages % 2 === 0 ? 512 : 16))] = byte;
        }
        const inventory = await inventoryOf([
          [at("rpmdb.sqlite", file)],
          [at("rpmdb.sqlite-wal", withChecksums(damaged, 512))],
        ]);
        const isTold = inventory.partial.length > 0;
        const found = packagesIn(inventory);
        expect(isTold || found.filter((one) => known.has(one)).length >= after.length - changes.length).toBe(true);
        for (const { reason } of inventory.partial) {
          expect(["rpm-log-not-applied", "broken-record", "broken-database"]).toContain(reason);
        }
      }),
      {
        numRuns: 60,
        examples: [
          [
            [
              [98084, 0],
              [0, 0],
            ],
            9,
          ],
        ],
      },
    );
  });

  it("one that does not fit its database changes nothing and is told of", async () => {
    const { file, before } = written(many(3, 100), []);
    for (const { wal } of [written(many(3, 100), many(40, 3000), 512), written(many(90, 3000), many(91, 3000))]) {
      const cut = wal.subarray(0, Math.floor(wal.length / 2));
      const torn = Buffer.from(wal);
      torn[0] = 0;
      torn[8] = 0xff;
      for (const log of [wal, cut, torn]) {
        const inventory = await inventoryOf([[at("rpmdb.sqlite", file)], [at("rpmdb.sqlite-wal", log)]]);
        const isTold = inventory.partial.length > 0;
        expect(isTold || packagesIn(inventory).length >= before.length).toBe(true);
      }
      const inventory = await inventoryOf([[at("rpmdb.sqlite", file)], [at("rpmdb.sqlite-wal", torn)]]);
      expect(packagesIn(inventory)).toEqual(before);
      expect(inventory.partial).toMatchObject([{ reason: "rpm-log-not-applied" }]);
    }
  });
});
