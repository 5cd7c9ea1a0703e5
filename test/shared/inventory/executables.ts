/** Executables made on the spot, and files led past a streaming extractor as a layer would. */
import type { Facts, StreamExtractor } from "../../../shared/inventory/extractor.ts";
import { captureRanges } from "../../../shared/inventory/range-capture.ts";
import { limits } from "../../../shared/platform/limits.ts";

export interface Segment {
  readonly content: Uint8Array;
  /** `r`, `rx` or `rw`. */
  readonly rights: "r" | "rx" | "rw";
}

export interface ElfInput {
  readonly segments?: readonly Segment[];
  /** Sections that are not loaded, in the order of the file. */
  readonly sections?: readonly { readonly name: string; readonly content: Uint8Array }[];
  readonly bits?: 32 | 64;
  readonly bigEndian?: boolean;
  /** Bytes of section `.strtab`, which comes last before the table. */
  readonly symbols?: number;
}

export const baseAddress = 0x400000;
const pageSize = 4096;

/** Segments begin at whole pages, at `baseAddress` plus their offset in the file. */
export function elf({ segments = [], sections = [], bits = 64, bigEndian = false, symbols = 0 }: ElfInput): Buffer {
  const is64 = bits === 64;
  const header = Buffer.alloc(pageSize);
  const writer = writerOf(header, is64, bigEndian);
  const parts: Uint8Array[] = [header];
  let size = header.length;
  const offsets = segments.map(({ content }) => {
    const offset = size;
    const padded = Buffer.alloc(Math.max(1, Math.ceil(content.length / pageSize)) * pageSize);
    padded.set(content);
    parts.push(padded);
    size += padded.length;
    return offset;
  });
  const names = ["", ...sections.map(({ name }) => name), ".strtab", ".shstrtab"];
  const nameTable = Buffer.from(names.map((name) => `${name}\0`).join(""), "latin1");
  const contents = [...sections.map(({ content }) => content), Buffer.alloc(symbols, 0x5f), nameTable];
  const placed = contents.map((content) => {
    const offset = size;
    parts.push(content);
    size += content.length;
    return { offset, size: content.length };
  });
  const table = Buffer.alloc((contents.length + 1) * (is64 ? 64 : 40));
  const entries = writerOf(table, is64, bigEndian);
  let nameAt = 1;
  for (const [index, { offset, size: length }] of placed.entries()) {
    const at = (index + 1) * (is64 ? 64 : 40);
    entries.word(at, nameAt);
    entries.pointer(at + (is64 ? 24 : 16), offset);
    entries.pointer(at + (is64 ? 32 : 20), length);
    nameAt += (names[index + 1] ?? "").length + 1;
  }
  header.set([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, bigEndian ? 2 : 1, 1]);
  writer.pointer(is64 ? 32 : 28, is64 ? 64 : 52);
  writer.pointer(is64 ? 40 : 32, size);
  writer.half(is64 ? 54 : 42, is64 ? 56 : 32);
  writer.half(is64 ? 56 : 44, segments.length);
  writer.half(is64 ? 58 : 46, is64 ? 64 : 40);
  writer.half(is64 ? 60 : 48, contents.length + 1);
  writer.half(is64 ? 62 : 50, contents.length);
  for (const [index, { content, rights }] of segments.entries()) {
    const at = (is64 ? 64 : 52) + index * (is64 ? 56 : 32);
    const offset = offsets[index] ?? 0;
    writer.word(at, 1);
    writer.word(at + (is64 ? 4 : 24), { r: 4, rx: 5, rw: 6 }[rights]);
    writer.pointer(at + (is64 ? 8 : 4), offset);
    writer.pointer(at + (is64 ? 16 : 8), baseAddress + offset);
    writer.pointer(at + (is64 ? 32 : 16), content.length);
  }
  return Buffer.concat([...parts, table]);
}

function writerOf(
  bytes: Buffer,
  is64: boolean,
  bigEndian: boolean,
): Record<"half" | "word" | "pointer", (at: number, value: number) => void> {
  function word(at: number, value: number): void {
    if (bigEndian) bytes.writeUInt32BE(value, at);
    else bytes.writeUInt32LE(value, at);
  }
  return {
    half: (at, value) => {
      if (bigEndian) bytes.writeUInt16BE(value, at);
      else bytes.writeUInt16LE(value, at);
    },
    word,
    pointer: (at, value) => {
      if (!is64) word(at, value);
      else if (bigEndian) bytes.writeBigUInt64BE(BigInt(value), at);
      else bytes.writeBigUInt64LE(BigInt(value), at);
    },
  };
}

/** The sections of a PE program, each at a multiple of 512 bytes of the file and of 4096 in memory. */
export function pe(sections: readonly { name: string; content: Uint8Array; writable: boolean }[]): Buffer {
  const header = Buffer.alloc(1024);
  header.write("MZ", 0, "latin1");
  header.writeUInt32LE(0x80, 0x3c);
  header.write("PE\0\0", 0x80, "latin1");
  header.writeUInt16LE(sections.length, 0x86);
  header.writeUInt16LE(240, 0x94);
  header.writeUInt16LE(0x20b, 0x98);
  const parts: Uint8Array[] = [header];
  let size = header.length;
  for (const [index, { name, content, writable }] of sections.entries()) {
    const at = 0x98 + 240 + index * 40;
    const padded = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    padded.set(content);
    header.write(name, at, 8, "latin1");
    header.writeUInt32LE((index + 1) * 0x10000, at + 12);
    header.writeUInt32LE(content.length, at + 16);
    header.writeUInt32LE(size, at + 20);
    header.writeUInt32LE(writable ? 0xc0000040 : 0x40000040, at + 36);
    parts.push(padded);
    size += padded.length;
  }
  return Buffer.concat(parts);
}

export interface Streamed {
  readonly facts: Facts;
  /** Bytes that had to be asked for again. */
  readonly again: number;
}

/** What the extractor says of a file that comes in pieces of this size; undefined when it declines. */
export function stream(
  extractor: StreamExtractor,
  content: Buffer,
  path = "usr/bin/program",
  size = 65_536,
): Streamed | undefined {
  const head = content.subarray(0, limits.streamHeadBytes);
  const reader = extractor.open({ path, size: content.length, mode: 0o755, head });
  if (reader === undefined) return undefined;
  // Pieces are used again, as the layer's are: what keeps a reference to one finds it overwritten.
  const piece = Buffer.alloc(size);
  for (let at = 0; at < content.length; at += size) {
    const length = content.copy(piece, 0, at, at + size);
    reader.push(piece.subarray(0, length), at);
    piece.fill(0xaa);
  }
  const ended = reader.end();
  if (!("ranges" in ended)) return { facts: ended, again: 0 };
  const capture = captureRanges(ended.ranges);
  capture.push(content, 0);
  const contents = capture.contents();
  if (contents === undefined) throw new Error("bytes beyond the end were asked for");
  return { facts: ended.extract(contents), again: ended.ranges.reduce((sum, { length }) => sum + length, 0) };
}

/** As `purl type/name@version` of each package. */
export function namesIn(streamed: Streamed | undefined): readonly string[] {
  return (streamed?.facts.packages ?? []).map(({ type, name, version }) => `${type}/${name}@${version}`);
}
