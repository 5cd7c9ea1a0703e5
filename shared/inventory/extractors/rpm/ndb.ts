/**
 * A read-only reader of NDB files, `Packages.db`: the RPM database of SUSE since 2018. The format is that of rpm's
 * `lib/backend/ndb/rpmpkg.c`: a header of 32 bytes, pages of slots that point to blobs, blobs in blocks of 16 bytes.
 * All blobs together may have no more bytes than the file (slots may point to the same), so that damaged or hostile
 * files cost no more than their size.
 */

const slotLength = 16;
const slotPage = 4096;
const headerLength = 32;
const block = 16;
const blobHeader = 16;
/** Checksum, length and mark, at the end of the last block. */
const blobTail = 12;
const mark = (text: string): number => Buffer.from(text, "latin1").readUInt32LE();
const marks = { file: mark("RpmP"), slot: mark("Slot"), blob: mark("BlbS"), end: mark("BlbE") };

/**
 * The blob of every used slot; undefined for one that does not stand where its slot says. One whose checksum is wrong
 * is given all the same, as rpm reads it, and `onMismatch` gets the byte where it begins. Throws on other files.
 */
export function* readNdb(file: Buffer, onMismatch: (at: number) => void): Generator<Buffer | undefined> {
  if (file.length < headerLength || file.readUInt32LE(0) !== marks.file) throw new Error("not an NDB file");
  const version = file.readUInt32LE(4);
  if (version !== 0) throw new Error(`NDB version ${version} is not known`);
  const slotsEnd = file.readUInt32LE(12) * slotPage;
  if (slotsEnd > file.length) throw new Error("more slots than the file has room for");
  let left = file.length;
  for (let at = headerLength; at < slotsEnd; at += slotLength) {
    if (file.readUInt32LE(at) !== marks.slot) throw new Error(`no slot at byte ${at}`);
    const index = file.readUInt32LE(at + 4);
    if (index === 0) continue;
    const start = file.readUInt32LE(at + 8) * block;
    const length = file.readUInt32LE(at + 12) * block;
    const blob = blobAt(file, index, start, length);
    left -= blob?.length ?? 0;
    if (left < 0) throw new Error("more packages than the file can hold");
    const tail = start + length - blobTail;
    if (blob && adler32(file.subarray(start, tail)) !== file.readUInt32LE(tail)) onMismatch(start);
    yield blob;
  }
}

/** `length`: of the blocks that the slot claims; as many as the blob needs. */
function blobAt(file: Buffer, index: number, at: number, length: number): Buffer | undefined {
  if (length < blobHeader + blobTail || at + length > file.length) return undefined;
  if (file.readUInt32LE(at) !== marks.blob || file.readUInt32LE(at + 4) !== index) return undefined;
  const size = file.readUInt32LE(at + 12);
  if (Math.ceil((blobHeader + size + blobTail) / block) * block !== length) return undefined;
  const tail = at + length - blobTail;
  if (file.readUInt32LE(tail + 4) !== size || file.readUInt32LE(tail + 8) !== marks.end) return undefined;
  return file.subarray(at + blobHeader, at + blobHeader + size);
}

/** RFC 1950, section 8.2. */
function adler32(bytes: Buffer): number {
  let one = 1;
  let other = 0;
  // As many as keep both sums below 2^31.
  for (let at = 0; at < bytes.length; at += 3800) {
    const end = Math.min(at + 3800, bytes.length);
    for (let index = at; index < end; index++) {
      one += bytes[index] ?? 0;
      other += one;
    }
    one %= 65_521;
    other %= 65_521;
  }
  return ((other << 16) | one) >>> 0;
}
