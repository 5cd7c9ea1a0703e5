/**
 * A read-only reader of BerkeleyDB hash files, as much as the RPM database `Packages` (rpm before 4.16) needs: the
 * values of all keys. https://docs.oracle.com/cd/E17076_05/html/programmer_reference/ describes the access method; the
 * layout is that of `db_page.h` (versions 7 to 10, either byte order). Every page is visited at most once, so that
 * damaged or hostile files cost no more than their size.
 */

const hashMagic = 0x061561;
const newestVersion = 10;
const oldestVersion = 7;
const pageHeader = 26;
const pageTypes = { unsortedHash: 2, overflow: 7, hashMetadata: 8, hash: 13 } as const;
const itemTypes = { inline: 1, overflow: 3 } as const;
/** Of the table that tells how many pages each doubling of the buckets is shifted by. */
const spares = { at: 96, count: 32 } as const;

/** The value of every key but 0, under which rpm keeps its counter. Throws on what is no such file, or is damaged. */
export function* readBerkeley(file: Buffer): Generator<Buffer> {
  const database = openDatabase(file);
  for (let bucket = 0; bucket <= database.lastBucket; bucket++) {
    for (let number = database.pageOf(bucket); number !== 0; ) {
      const page = database.take(number);
      const type = page[25];
      if (type !== pageTypes.hash && type !== pageTypes.unsortedHash) throw new Error(`page ${number} is no hash page`);
      yield* valuesOf(database, page);
      number = database.u32(page, 16);
    }
  }
}

interface Database {
  readonly lastBucket: number;
  /** Number of the first page of a bucket. */
  pageOf(bucket: number): number;
  /** The page with this number. Throws for numbers outside, and for pages taken before. */
  take(number: number): Buffer;
  readonly u32: (bytes: Buffer, at: number) => number;
  readonly u16: (bytes: Buffer, at: number) => number;
}

function openDatabase(file: Buffer): Database {
  if (file.length < 512) throw new Error("not a BerkeleyDB file");
  const little = file.readUInt32LE(12) === hashMagic;
  if (!little && file.readUInt32BE(12) !== hashMagic) throw new Error("not a BerkeleyDB hash file");
  const u32 = (bytes: Buffer, at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const u16 = (bytes: Buffer, at: number): number => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const version = u32(file, 16);
  if (version < oldestVersion || version > newestVersion) throw new Error(`BerkeleyDB version ${version} is not known`);
  const pageSize = u32(file, 20);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
    throw new Error("an impossible page size");
  }
  if (file[24] !== 0) throw new Error("the database is encrypted");
  if (file[25] !== pageTypes.hashMetadata) throw new Error("the first page is not that of a hash file");
  const lastBucket = u32(file, 72);
  if (lastBucket >= file.length / pageSize) throw new Error("more buckets than the file has pages");
  const taken = new Set<number>();
  return {
    lastBucket,
    pageOf(bucket) {
      const doubling = bucket === 0 ? 0 : 32 - Math.clz32(bucket);
      return doubling < spares.count ? bucket + u32(file, spares.at + 4 * doubling) : 0;
    },
    take(number) {
      if (taken.has(number)) throw new Error(`page ${number} is used twice`);
      taken.add(number);
      const start = number * pageSize;
      if (number < 1 || start + pageSize > file.length) throw new Error(`page ${number} is not in the file`);
      return file.subarray(start, start + pageSize);
    },
    u32,
    u16,
  };
}

/** Items come in pairs, key and value; they grow from the page's end, so that each ends where the one before begins. */
function* valuesOf(database: Database, page: Buffer): Generator<Buffer> {
  const { u16, u32 } = database;
  const items = u16(page, 20);
  if (pageHeader + 2 * items > page.length) throw new Error("a page has too many items");
  let end = page.length;
  for (let index = 0; index + 1 < items; index += 2) {
    const key = u16(page, pageHeader + 2 * index);
    const value = u16(page, pageHeader + 2 * (index + 1));
    if (value < pageHeader + 2 * items || value >= key || key >= end) throw new Error("items of a page overlap");
    end = value;
    if (key + 5 <= page.length && page[key] === itemTypes.inline && u32(page, key + 1) === 0) continue;
    const type = page[value];
    if (type === itemTypes.inline) yield page.subarray(value + 1, key);
    else if (type === itemTypes.overflow && value + 12 <= key) {
      yield readOverflow(database, u32(page, value + 4), u32(page, value + 8));
    } else throw new Error(`an item of unknown kind ${type}`);
  }
}

/** A value of `length` bytes that fills a chain of pages of its own. */
function readOverflow(database: Database, first: number, length: number): Buffer {
  const pieces: Buffer[] = [];
  let missing = length;
  for (let number = first; missing > 0; ) {
    const page = database.take(number);
    const used = database.u16(page, 22);
    if (page[25] !== pageTypes.overflow || used === 0 || pageHeader + used > page.length) {
      throw new Error(`page ${number} is no overflow page`);
    }
    const piece = page.subarray(pageHeader, pageHeader + Math.min(used, missing));
    pieces.push(piece);
    missing -= piece.length;
    number = database.u32(page, 16);
  }
  return Buffer.concat(pieces);
}
