/**
 * The write-ahead log beside an SQLite database: pages newer than the database's own.
 * https://www.sqlite.org/fileformat2.html#walformat
 */

const headerLength = 32;
const frameHeaderLength = 24;

/** The newest committed version of each page in the log; none when its header is not one. */
export function readWal(wal: Buffer, pageSize: number): Map<number, Buffer> {
  const committed = new Map<number, Buffer>();
  if (wal.length < headerLength) return committed;
  const magic = wal.readUInt32BE(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return committed;
  const bigEndian = magic === 0x377f0683;
  if (wal.readUInt32BE(8) !== pageSize) return committed;
  let sums = checksum(wal, 0, 24, bigEndian, [0, 0]);
  if (sums[0] !== wal.readUInt32BE(24) || sums[1] !== wal.readUInt32BE(28)) return committed;
  const uncommitted = new Map<number, Buffer>();
  for (let at = headerLength; at + frameHeaderLength + pageSize <= wal.length; at += frameHeaderLength + pageSize) {
    // Frames of an earlier use of the file have another salt; a torn write has a wrong checksum.
    if (wal.compare(wal, 16, 24, at + 8, at + 16) !== 0) break;
    const page = at + frameHeaderLength;
    sums = checksum(wal, at, at + 8, bigEndian, sums);
    sums = checksum(wal, page, page + pageSize, bigEndian, sums);
    if (sums[0] !== wal.readUInt32BE(at + 16) || sums[1] !== wal.readUInt32BE(at + 20)) break;
    uncommitted.set(wal.readUInt32BE(at), wal.subarray(page, page + pageSize));
    if (wal.readUInt32BE(at + 4) === 0) continue;
    for (const [number, content] of uncommitted) committed.set(number, content);
    uncommitted.clear();
  }
  return committed;
}

function checksum(
  bytes: Buffer,
  start: number,
  end: number,
  bigEndian: boolean,
  [first, second]: readonly [number, number],
): [number, number] {
  let one = first;
  let other = second;
  for (let at = start; at < end; at += 8) {
    one = (one + (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + other) >>> 0;
    other = (other + (bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + one) >>> 0;
  }
  return [one, other];
}
