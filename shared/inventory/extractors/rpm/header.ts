/**
 * The header of an RPM package as the database keeps it: two counts, an index of 16-byte entries, a store of data,
 * all big-endian. https://rpm.org/docs/latest/manual/format_header.html
 */

/** Tags that matter here: https://rpm.org/docs/latest/manual/tags.html */
export const tag = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  architecture: 1022,
  oldFileNames: 1027,
  sourceRpm: 1044,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
  modularityLabel: 5096,
} as const;

const wanted: ReadonlySet<number> = new Set(Object.values(tag));

const int32 = 4;
const stringTypes: ReadonlySet<number> = new Set([6, 8, 9]);

/** Most entries of one header: rpm's own limit for headers in a database is larger, real ones have about 120. */
const maximumEntries = 0xffff;

export interface RpmHeader {
  text(wantedTag: number): string | undefined;
  number(wantedTag: number): number | undefined;
  texts(wantedTag: number): readonly string[];
  numbers(wantedTag: number): readonly number[];
}

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/** Reads a header's index. Throws on one that does not fit its own bytes. */
export function readRpmHeader(blob: Buffer): RpmHeader {
  if (blob.length < 8) throw new Error("an RPM header is too short");
  const count = blob.readUInt32BE(0);
  const storeLength = blob.readUInt32BE(4);
  const store = 8 + 16 * count;
  if (count > maximumEntries || store + storeLength > blob.length) throw new Error("an RPM header does not fit");
  const end = store + storeLength;
  const entries = new Map<number, Entry>();
  for (let at = 8; at < store; at += 16) {
    const name = blob.readUInt32BE(at);
    if (!wanted.has(name) || entries.has(name)) continue;
    const offset = blob.readUInt32BE(at + 8);
    if (offset >= storeLength) throw new Error("an RPM header points outside of itself");
    entries.set(name, { type: blob.readUInt32BE(at + 4), offset: store + offset, count: blob.readUInt32BE(at + 12) });
  }

  function texts(wantedTag: number): readonly string[] {
    const entry = entries.get(wantedTag);
    if (entry === undefined || !stringTypes.has(entry.type)) return [];
    const found: string[] = [];
    let at = entry.offset;
    for (let index = 0; index < entry.count && at < end; index++) {
      const zero = blob.indexOf(0, at);
      if (zero < 0 || zero >= end) break;
      found.push(blob.toString("utf8", at, zero));
      at = zero + 1;
    }
    return found;
  }

  function numbers(wantedTag: number): readonly number[] {
    const entry = entries.get(wantedTag);
    if (entry === undefined || entry.type !== int32) return [];
    const found: number[] = [];
    for (let at = entry.offset; found.length < entry.count && at + 4 <= end; at += 4) found.push(blob.readUInt32BE(at));
    return found;
  }

  return { texts, numbers, text: (one) => texts(one)[0], number: (one) => numbers(one)[0] };
}

/** The paths of the package's files, without leading slash. */
export function* filesOf(header: RpmHeader): Generator<string> {
  const directories = header.texts(tag.directoryNames);
  const indexes = header.numbers(tag.directoryIndexes);
  for (const [at, base] of header.texts(tag.baseNames).entries()) {
    const directory = directories[indexes[at] ?? -1];
    if (directory !== undefined) yield (directory + base).replace(/^\/+/, "");
  }
  for (const path of header.texts(tag.oldFileNames)) yield path.replace(/^\/+/, "");
}
