/**
 * Zip archives in memory, read from the central directory: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 * (6.3.10), with zip64, and with what stands before the archive (launchers of executable jars). Everything in it is
 * hostile: positions are checked, and what is unpacked is bounded by the caller and by `limits.archiveRatio`.
 */
import { inflateRawSync } from "node:zlib";
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";

export interface ZipEntry {
  readonly name: string;
  /** Of the content, as the directory claims. */
  readonly size: number;
  readonly compressedSize: number;
  readonly method: number;
  readonly encrypted: boolean;
  /** Of the local header, from the start of the buffer. */
  readonly position: number;
}

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };
const sizes = { local: 30, central: 46, end: 22, end64: 56, locator: 20 };
const longestComment = 0xffff;
/** Stands for a value that the zip64 fields have. */
const absent32 = 0xffffffff;

/** Whether the content begins as an archive does, an empty one included. */
export function looksLikeZip(content: Buffer): boolean {
  return content.length >= sizes.end && content[0] === 0x50 && content[1] === 0x4b && (content[2] ?? 99) <= 8;
}

/**
 * The entries, in the directory's order, directories included. Throws `PermanentError` `broken-archive`; after
 * entries that could be read, when the directory breaks off.
 */
export function* zipEntries(archive: Buffer): Generator<ZipEntry> {
  const { start, end, shift } = directoryOf(archive);
  let at = start;
  while (at < end) {
    if (at + sizes.central > end || archive.readUInt32LE(at) !== signatures.central) {
      throw broken("its directory breaks off");
    }
    const nameEnd = at + sizes.central + archive.readUInt16LE(at + 28);
    const extraEnd = nameEnd + archive.readUInt16LE(at + 30);
    const next = extraEnd + archive.readUInt16LE(at + 32);
    if (next > end) throw broken("its directory breaks off");
    const fields = {
      size: archive.readUInt32LE(at + 24),
      compressedSize: archive.readUInt32LE(at + 20),
      position: archive.readUInt32LE(at + 42),
    };
    const { size, compressedSize, position } = withZip64(archive, nameEnd, extraEnd, fields);
    yield {
      name: archive.toString("utf8", at + sizes.central, nameEnd),
      size,
      compressedSize,
      method: archive.readUInt16LE(at + 10),
      encrypted: (archive.readUInt16LE(at + 8) & 1) !== 0,
      position: position + shift,
    };
    at = next;
  }
}

/**
 * The content of an entry; of a stored one a view into the archive. Throws `PermanentError`: `broken-archive`,
 * `encrypted-archive`, `archive-method` (neither stored nor deflated), `archiveEntryBytes` (over `longest`),
 * `archiveRatio`.
 */
export function readZipEntry(archive: Buffer, entry: ZipEntry, longest: number): Buffer {
  const { position, compressedSize, size, method } = entry;
  if (entry.encrypted) throw new PermanentError("encrypted-archive", "the entry is encrypted");
  if (size > longest) throw new PermanentError("archiveEntryBytes", `the entry has ${size} bytes`);
  if (position < 0 || position + sizes.local > archive.length) throw broken("an entry lies outside of it");
  if (archive.readUInt32LE(position) !== signatures.local) throw broken("an entry is not where its directory says");
  const start = position + sizes.local + archive.readUInt16LE(position + 26) + archive.readUInt16LE(position + 28);
  if (start + compressedSize > archive.length) throw broken("an entry lies outside of it");
  const packed = archive.subarray(start, start + compressedSize);
  if (method === 0) {
    if (size !== compressedSize) throw broken("a stored entry has two sizes");
    return packed;
  }
  if (method !== 8) throw new PermanentError("archive-method", `an entry is packed by method ${method}`);
  if (size > limits.archiveRatioFloorBytes && size > compressedSize * limits.archiveRatio) {
    throw new PermanentError("archiveRatio", `an entry unpacks to ${size} bytes out of ${compressedSize}`);
  }
  return inflate(packed, size);
}

/** One buffer of the size that is claimed, and not a byte more. */
function inflate(packed: Buffer, size: number): Buffer {
  try {
    const content = inflateRawSync(packed, { maxOutputLength: size + 1, chunkSize: Math.max(64, size + 1) });
    if (content.length === size) return content;
  } catch (cause) {
    throw new PermanentError("broken-archive", "an entry cannot be unpacked", { cause });
  }
  throw broken("an entry does not have the size that its directory says");
}

interface Directory {
  readonly start: number;
  readonly end: number;
  /** What stands before the archive: added to every position in it. */
  readonly shift: number;
}

/** The last end record whose directory is there, an empty one only if there is no other: comments may hold one. */
function directoryOf(archive: Buffer): Directory {
  const lowest = Math.max(0, archive.length - sizes.end - longestComment);
  const tail = archive.subarray(lowest);
  let empty: Directory | undefined;
  for (let last = tail.length - sizes.end; last >= 0; last--) {
    last = tail.lastIndexOf("PK\u0005\u0006", last, "latin1");
    if (last < 0) break;
    const at = lowest + last;
    if (at + sizes.end + archive.readUInt16LE(at + 20) > archive.length) continue;
    const directory = endRecordAt(archive, at);
    if (directory !== undefined && directory.end > directory.start) return directory;
    empty ??= directory;
  }
  if (empty !== undefined) return empty;
  throw broken("no directory at its end");
}

function endRecordAt(archive: Buffer, at: number): Directory | undefined {
  let end = at;
  let size = archive.readUInt32LE(at + 12);
  let offset = archive.readUInt32LE(at + 16);
  const locator = at - sizes.locator;
  if (locator >= sizes.end64 && archive.readUInt32LE(locator) === signatures.locator) {
    // Behind a launcher its position is off, but nothing extends the record in practice: it stands right before.
    const record = locator - sizes.end64;
    if (archive.readUInt32LE(record) === signatures.end64) {
      end = record;
      size = Number(archive.readBigUInt64LE(record + 40));
      offset = Number(archive.readBigUInt64LE(record + 48));
    }
  }
  const start = end - size;
  if (start < 0 || offset > start) return undefined;
  if (size > 0 && (size < sizes.central || archive.readUInt32LE(start) !== signatures.central)) return undefined;
  return { start, end, shift: start - offset };
}

type Fields = Pick<ZipEntry, "size" | "compressedSize" | "position">;

/** 4.5.3: the fields that did not fit, in this order. */
function withZip64(archive: Buffer, from: number, to: number, fields: Fields): Fields {
  if (fields.size !== absent32 && fields.compressedSize !== absent32 && fields.position !== absent32) return fields;
  for (let at = from; at + 4 <= to; ) {
    const end = at + 4 + archive.readUInt16LE(at + 2);
    if (end > to) break;
    if (archive.readUInt16LE(at) === 1) {
      let next = at + 4;
      const wide = (value: number): number => {
        if (value !== absent32) return value;
        if (next + 8 > end) throw broken("a zip64 field is missing");
        next += 8;
        return Number(archive.readBigUInt64LE(next - 8));
      };
      return {
        size: wide(fields.size),
        compressedSize: wide(fields.compressedSize),
        position: wide(fields.position),
      };
    }
    at = end;
  }
  return fields;
}

function broken(detail: string): PermanentError {
  return new PermanentError("broken-archive", detail);
}
