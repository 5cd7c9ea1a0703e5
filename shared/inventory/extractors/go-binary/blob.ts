/**
 * The block in which Go's linker tells of a program: 32 bytes (magic, pointer size, flags, and once two pointers),
 * and since Go 1.18 directly behind them two texts with their lengths. As `debug/buildinfo` of Go reads it.
 */
import { limits } from "../../../platform/limits.ts";
import { type Layout, numbersIn, offsetOf, type Part } from "../../executable/layout.ts";
import type { Range } from "../../extractor.ts";

export const magic = Buffer.from("\xff Go buildinf:", "latin1");
export const alignment = 16;
const headerBytes = 32;
const hasInlineTexts = 2;
const isBigEndian = 1;
/** `go1.22.1 X:boringcrypto` and the like. */
const longestVersion = 1024;

export interface GoTexts {
  /** `go1.22.1` */
  readonly version: string;
  /** Lines of the modules and settings; empty for programs built without modules. */
  readonly modules: string;
}

export type BlobState =
  | { readonly kind: "more"; readonly needed: number }
  | { readonly kind: "texts"; readonly texts: GoTexts }
  /** Before Go 1.18: the texts' headers (pointer and length) stand at these addresses. */
  | { readonly kind: "pointers"; readonly layout: Layout; readonly version: number; readonly modules: number }
  | { readonly kind: "other" };

/** What the first bytes of a block tell. */
export function readBlob(blob: Buffer): BlobState {
  if (blob.length < headerBytes) return { kind: "more", needed: headerBytes };
  const flags = blob[15] ?? 0;
  if ((flags & hasInlineTexts) !== 0) return inlineTexts(blob);
  const pointerSize = blob[14];
  if (pointerSize !== 4 && pointerSize !== 8) return { kind: "other" };
  const layout = { format: "elf", pointerSize, littleEndian: (flags & isBigEndian) === 0, parts: undefined } as const;
  const { pointer } = numbersIn(blob, layout);
  return { kind: "pointers", layout, version: pointer(16), modules: pointer(16 + pointerSize) };
}

function inlineTexts(blob: Buffer): BlobState {
  const version = lengthAt(blob, headerBytes);
  if (version === undefined) return { kind: "more", needed: blob.length + 1 };
  if (version.length > longestVersion) return { kind: "other" };
  const versionEnd = version.end + version.length;
  if (blob.length <= versionEnd) return { kind: "more", needed: versionEnd + 1 };
  const modules = lengthAt(blob, versionEnd);
  if (modules === undefined) return { kind: "more", needed: blob.length + 1 };
  if (modules.length > limits.buildInfoBytes) return { kind: "other" };
  const end = modules.end + modules.length;
  if (blob.length < end) return { kind: "more", needed: end };
  return textsOf(blob.subarray(version.end, versionEnd), blob.subarray(modules.end, end));
}

/** An unsigned LEB128 length; undefined when its bytes are not all there. */
function lengthAt(blob: Buffer, at: number): { length: number; end: number } | undefined {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = blob[at + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { length, end: at + index + 1 };
  }
  return { length: Number.POSITIVE_INFINITY, end: at + 5 };
}

/** The modules' text stands between two marks of 16 bytes. */
export function textsOf(version: Buffer, modules: Buffer): BlobState {
  const text = version.toString("utf8");
  if (!/^(go\d|devel )/.test(text)) return { kind: "other" };
  const isMarked = modules.length >= 33 && modules[modules.length - 17] === 10;
  return {
    kind: "texts",
    texts: { version: text, modules: isMarked ? modules.toString("utf8", 16, modules.length - 16) : "" },
  };
}

/** Where the headers of the two texts stand in the file. */
export function headerRanges(
  { layout, version, modules }: Extract<BlobState, { kind: "pointers" }>,
  parts: readonly Part[],
): readonly Range[] | undefined {
  const length = 2 * layout.pointerSize;
  const ranges = [version, modules].map((address) => ({ offset: offsetOf(parts, address), length }));
  return within(ranges);
}

/** Where the texts stand, from their headers; a program without modules has no second one. */
export function textRanges(
  headers: readonly Buffer[],
  layout: Layout,
  parts: readonly Part[],
): readonly Range[] | undefined {
  const ranges = headers.map((header) => {
    const { pointer } = numbersIn(header, layout);
    const length = pointer(layout.pointerSize);
    return { offset: length === 0 ? 0 : offsetOf(parts, pointer(0)), length };
  });
  const [version, modules] = ranges;
  if ((version?.length ?? 0) > longestVersion || (modules?.length ?? 0) > limits.buildInfoBytes) return undefined;
  return within(ranges);
}

function within(ranges: readonly { offset: number | undefined; length: number }[]): readonly Range[] | undefined {
  const known = ranges.flatMap(({ offset, length }) => (offset === undefined ? [] : [{ offset, length }]));
  return known.length === ranges.length ? known : undefined;
}
