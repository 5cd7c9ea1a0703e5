/**
 * One shard: every advisory of one ecosystem (and release), looked up by package without unpacking the whole.
 *
 * Layout, little-endian:
 *   head:      "PWA3" | u32 packages | u32 advisories | u32 segments | u32 stored and u32 raw length of the directory
 *   directory: one zstd frame of
 *     segments x (u32 offset from the directory's end, u32 stored length, u32 raw length)
 *     packages x (u32 name offset, u32 name length, u32 segment, u32 offset in it, u32 length, 8 bytes fingerprint), in
 *       byte order of their names; names begin behind the tables
 *     advisories x (u32 segment, u32 offset in it, u32 length)
 *     names
 *   segments:  each one zstd frame of entries and advisories, unpacked when the first of them is asked for
 *
 * An entry is a sequence of (u32 advisory, u32 length, Affected as JSON), an advisory the JSON of its AdvisoryHead and
 * its `source`. A fingerprint tells everything that a finding in that package rests on: equal ones need no new match.
 * Details lie in a table beside the shard (`chunk-table.ts`), by the advisory's number. A shard is named by its SHA-256.
 */

export const magic = Buffer.from("PWA3");
export const headBytes = 24;
export const segmentRow = 12;
export const packageRow = 28;
export const advisoryRow = 12;
export const entryHead = 8;
export const fingerprintBytes = 8;
