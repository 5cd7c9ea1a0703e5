/**
 * The outline of an executable, from its first bytes: which parts of the file are loaded, where to, and which of them
 * are writable. Formats: ELF (System V ABI, "Object Files"), PE (Microsoft PE/COFF specification), Mach-O
 * (`mach-o/loader.h`). Numbers out of the file are taken as they are: whoever uses them checks them against its size.
 */

export type ExecutableFormat = "elf" | "pe" | "mach-o";

/** A segment (ELF), or a section (PE, Mach-O). */
export interface Part {
  /** Without name in ELF, whose names stand elsewhere. */
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly address: number;
  readonly writable: boolean;
  /** Told of ELF segments only. */
  readonly executable?: boolean;
}

/** Where ELF keeps the table of its sections. */
export interface SectionTable {
  readonly offset: number;
  readonly entrySize: number;
  readonly count: number;
  /** Which section holds the names. */
  readonly names: number;
}

export interface Layout {
  readonly format: ExecutableFormat;
  readonly pointerSize: 4 | 8;
  readonly littleEndian: boolean;
  /** Undefined when the table is not among the first bytes. */
  readonly parts: readonly Part[] | undefined;
  /** ELF only. */
  readonly sections?: SectionTable;
}

export function formatOf(head: Buffer): ExecutableFormat | undefined {
  if (head.length < 64) return undefined;
  switch (head.readUInt32BE(0)) {
    case 0x7f454c46:
      return "elf";
    // 32 and 64 bits, little-endian; big-endian ones are of the PowerPC age.
    case 0xcefaedfe:
    case 0xcffaedfe:
      return "mach-o";
    default:
      return head[0] === 0x4d && head[1] === 0x5a ? "pe" : undefined;
  }
}

/** Undefined for what is no executable, or a broken one. */
export function layoutOf(head: Buffer): Layout | undefined {
  try {
    switch (formatOf(head)) {
      case "elf":
        return elf(head);
      case "pe":
        return portable(head);
      case "mach-o":
        return mach(head);
      case undefined:
        return undefined;
    }
  } catch (thrown) {
    // A number beyond the first bytes.
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** The offset in the file of a loaded address. */
export function offsetOf(parts: readonly Part[], address: number): number | undefined {
  const part = parts.find((one) => address >= one.address && address < one.address + one.size);
  return part && part.offset + (address - part.address);
}

/** Reads numbers as the file's header says they are written. */
export function numbersIn(
  bytes: Buffer,
  { pointerSize, littleEndian }: Pick<Layout, "pointerSize" | "littleEndian">,
): Record<"half" | "word" | "pointer", (at: number) => number> {
  function word(at: number): number {
    return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }
  return {
    half: (at) => (littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)),
    word,
    // Sizes and addresses over 2^53 are nobody's.
    pointer: (at) =>
      pointerSize === 4 ? word(at) : Number(littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at)),
  };
}

const loadable = 1;
const executableSegment = 1;
const writableSegment = 2;

function elf(head: Buffer): Layout {
  const is64 = head[4] === 2;
  const outline = { pointerSize: is64 ? 8 : 4, littleEndian: head[5] !== 2 } as const;
  const { half, word, pointer } = numbersIn(head, outline);
  const programs = pointer(is64 ? 32 : 28);
  const sections = {
    offset: pointer(is64 ? 40 : 32),
    entrySize: half(is64 ? 58 : 46),
    count: half(is64 ? 60 : 48),
    names: half(is64 ? 62 : 50),
  };
  const size = half(is64 ? 54 : 42);
  const count = half(is64 ? 56 : 44);
  const isThere = size >= (is64 ? 56 : 32) && programs >= 0 && programs + size * count <= head.length;
  if (!isThere) return { format: "elf", ...outline, parts: undefined, sections };
  const parts: Part[] = [];
  for (let at = programs; at < programs + size * count; at += size) {
    if (word(at) !== loadable) continue;
    parts.push({
      name: "",
      offset: pointer(at + (is64 ? 8 : 4)),
      address: pointer(at + (is64 ? 16 : 8)),
      size: pointer(at + (is64 ? 32 : 16)),
      writable: (word(at + (is64 ? 4 : 24)) & writableSegment) !== 0,
      executable: (word(at + (is64 ? 4 : 24)) & executableSegment) !== 0,
    });
  }
  return { format: "elf", ...outline, parts, sections };
}

const writableSection = 0x8000_0000;

function portable(head: Buffer): Layout | undefined {
  const header = head.readUInt32LE(0x3c);
  if (header + 24 > head.length || head.readUInt32LE(header) !== 0x4550) return undefined;
  const count = head.readUInt16LE(header + 6);
  const optionalSize = head.readUInt16LE(header + 20);
  const optional = header + 24;
  const is64 = head.readUInt16LE(optional) === 0x20b;
  const base = is64 ? Number(head.readBigUInt64LE(optional + 24)) : head.readUInt32LE(optional + 28);
  const outline = { format: "pe", pointerSize: is64 ? 8 : 4, littleEndian: true } as const;
  const table = optional + optionalSize;
  if (table + count * 40 > head.length) return { ...outline, parts: undefined };
  const parts = Array.from({ length: count }, (_, index): Part => {
    const at = table + index * 40;
    return {
      name: fixedText(head, at, 8),
      address: base + head.readUInt32LE(at + 12),
      size: head.readUInt32LE(at + 16),
      offset: head.readUInt32LE(at + 20),
      writable: (head.readUInt32LE(at + 36) & writableSection) !== 0,
    };
  });
  return { ...outline, parts };
}

const segment32 = 1;
const segment64 = 0x19;
const writableProtection = 2;

function mach(head: Buffer): Layout {
  const is64 = head.readUInt32LE(0) === 0xfeedfacf;
  const outline = { format: "mach-o", pointerSize: is64 ? 8 : 4, littleEndian: true } as const;
  const commands = is64 ? 32 : 28;
  const size = head.readUInt32LE(20);
  if (commands + size > head.length) return { ...outline, parts: undefined };
  const parts: Part[] = [];
  let at = commands;
  for (let left = head.readUInt32LE(16); left > 0 && at + 8 <= commands + size; left--) {
    const command = head.readUInt32LE(at);
    const length = head.readUInt32LE(at + 4);
    if (length < 8) break;
    if (command === segment64 || command === segment32) {
      parts.push(...machSections(head.subarray(at, at + length), command === segment64));
    }
    at += length;
  }
  return { ...outline, parts };
}

/** The sections of one segment, which say where in the file and where in memory they are. */
function machSections(segment: Buffer, is64: boolean): Part[] {
  const { pointer } = numbersIn(segment, { pointerSize: is64 ? 8 : 4, littleEndian: true });
  const writable = (segment.readUInt32LE(is64 ? 60 : 44) & writableProtection) !== 0;
  const count = segment.readUInt32LE(is64 ? 64 : 48);
  const first = is64 ? 72 : 56;
  const length = is64 ? 80 : 68;
  const parts: Part[] = [];
  for (let at = first; parts.length < count && at + length <= segment.length; at += length) {
    parts.push({
      name: fixedText(segment, at, 16),
      address: pointer(at + 32),
      size: pointer(at + (is64 ? 40 : 36)),
      offset: segment.readUInt32LE(at + (is64 ? 48 : 40)),
      writable,
    });
  }
  return parts;
}

/** A text of fixed width, filled up with zeros. */
function fixedText(bytes: Buffer, at: number, width: number): string {
  const text = bytes.toString("latin1", at, at + width);
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}
