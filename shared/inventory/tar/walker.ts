/**
 * A streaming tar reader: chunks are pushed in, entries come out. It makes no object per entry, keeps no content and
 * never looks back. Formats: v7, POSIX ustar and pax, GNU long names and links, base-256 sizes, sparse files
 * (old GNU and pax 0.x/1.0: their content is skipped). It accepts and ignores what Go's `archive/tar` does, because
 * that is what container runtimes unpack layers with: content sizes of links, directories and devices are taken as
 * zero, and global extended headers change no entry.
 */
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { blockSize, checksumMatches, endOfText, field, isPosix, notALayer, readNumber, sumOfBytes } from "./header.ts";
import { canonicalPath, type EntryName, emptyName, type NameProblem, nameText, readName, textOf } from "./name.ts";
import { noRecords, readPax } from "./pax.ts";

export type EntryKind = "file" | "directory" | "symlink" | "hard-link" | "other";

/** The entry at hand; the same object every time, so copy what you keep. */
export interface TarEntry {
  kind: EntryKind;
  /** Bytes of content stored in the archive. */
  size: number;
  /** Stored with holes: what is stored is not what the file contains. */
  sparse: boolean;
  readonly name: EntryName;
  /** Permission bits with set-user-ID, set-group-ID and sticky; 0 when the header has none. Read when asked for. */
  mode(): number;
  /** The canonical path. */
  path(): string;
  /** The target of a symlink, as written; of a hard link, its canonical path (undefined: outside the root). */
  target(): string | undefined;
}

export interface TarHandler {
  /** True when the content is wanted: `content` then gets it in pieces, and `end` closes it. Never for sparse files. */
  entry(entry: TarEntry): boolean;
  readonly content: (piece: Uint8Array) => void;
  readonly end: () => void;
  /** An entry that was left out because of its name. */
  refused(problem: NameProblem): void;
}

export interface TarWalker {
  /** Takes the next bytes. Throws `PermanentError("not-a-layer")` on what is not tar. */
  readonly push: (chunk: Uint8Array) => void;
  /** Call after the last bytes. Throws `PermanentError("truncated-layer")` when an entry is not complete. */
  finish(): void;
}

const states = { header: 0, skip: 1, content: 2, metadata: 3, sparseMap: 4, ended: 5 } as const;
type State = (typeof states)[keyof typeof states];

export function createTarWalker(handler: TarHandler): TarWalker {
  const name = emptyName();
  let state: State = states.header;
  /** Bytes left of the content, and then of its padding. */
  let remaining = 0;
  let padding = 0;
  let zeroBlocks = 0;
  let metadataType = 0;
  let metadata = Buffer.alloc(0);
  let metadataLength = 0;
  let records = noRecords();
  let longName: Uint8Array | undefined;
  let longLink: Uint8Array | undefined;
  let hasExtras = false;
  let nameEndsWithSlash = false;
  const partial = Buffer.alloc(blockSize);
  const partialView = new DataView(partial.buffer, partial.byteOffset, blockSize);
  let partialLength = 0;
  const joined = Buffer.alloc(field.prefixLength + 1 + field.nameLength);
  let link: Uint8Array = partial;
  let linkStart = 0;
  let linkEnd = 0;
  let modeIn: Uint8Array = partial;
  let modeAt = 0;

  const entry: TarEntry = {
    kind: "file",
    size: 0,
    sparse: false,
    name,
    mode: () => readNumber(modeIn, modeAt, field.modeLength) & 0o7777,
    path: () => nameText(name),
    target: () => {
      const text = textOf(link.subarray(linkStart, linkEnd));
      return entry.kind === "hard-link" ? canonicalPath(text) : text;
    },
  };

  function header(bytes: Uint8Array, view: DataView, at: number): void {
    const sum = sumOfBytes(view, at);
    if (sum === 0) {
      zeroBlocks++;
      if (zeroBlocks === 2) state = states.ended;
      return;
    }
    zeroBlocks = 0;
    if (!checksumMatches(bytes, at, sum)) throw notALayer("an entry header has a wrong checksum");
    const type = bytes[at + field.type] ?? 0;
    const size = readNumber(bytes, at + field.size, 12);
    if (Number.isNaN(size)) throw notALayer("an entry has an impossible size");
    // x, g, L, K
    if (type === 120 || type === 103 || type === 76 || type === 75) beginMetadata(type, size);
    else beginEntry(bytes, at, type, size);
  }

  function beginMetadata(type: number, size: number): void {
    if (size > limits.tarMetadataBytes) {
      throw notALayer(`an extended header of ${size} bytes (limit tarMetadataBytes, ${limits.tarMetadataBytes})`);
    }
    metadataType = type;
    metadataLength = 0;
    if (metadata.length < size) metadata = Buffer.alloc(Math.max(4096, size));
    content(states.metadata, size);
    if (size === 0) endContent();
  }

  function endMetadata(): void {
    // Copied: the buffer is used again by a second extended header of the same entry.
    const bytes = Uint8Array.prototype.slice.call(metadata, 0, metadataLength);
    hasExtras = metadataType !== 103 || hasExtras;
    if (metadataType === 120) readPax(bytes, records);
    else if (metadataType === 76) longName = bytes.subarray(0, endOfText(bytes, 0, bytes.length));
    else if (metadataType === 75) longLink = bytes.subarray(0, endOfText(bytes, 0, bytes.length));
  }

  function beginEntry(bytes: Uint8Array, at: number, type: number, headerSize: number): void {
    const size = records.size ?? headerSize;
    if (size > limits.layerRawBytes) {
      throw new PermanentError("layer-too-large", `an entry of ${size} bytes (limit layerRawBytes)`);
    }
    modeIn = bytes;
    modeAt = at + field.mode;
    const extended = type === 83 && bytes[at + field.sparseExtended] !== 0;
    entry.sparse = type === 83 || records.sparse;
    const problem = entryName(bytes, at);
    entry.kind = kindOf(type, nameEndsWithSlash);
    entry.size = isHeaderOnly(type) ? 0 : size;
    if (entry.kind === "symlink" || entry.kind === "hard-link") entryLink(bytes, at);
    let wanted = false;
    // V: a volume label, not a file.
    if (problem === undefined && type !== 86) wanted = handler.entry(entry) && !entry.sparse;
    else if (problem !== undefined && problem !== "root") handler.refused(problem);
    if (hasExtras) dropExtras();
    content(wanted ? states.content : states.skip, entry.size);
    if (extended) state = states.sparseMap;
    else if (entry.size === 0) endContent();
  }

  function dropExtras(): void {
    hasExtras = false;
    records = noRecords();
    longName = undefined;
    longLink = undefined;
  }

  function entryName(bytes: Uint8Array, at: number): NameProblem | undefined {
    const long = records.sparseName ?? records.path ?? longName;
    if (long !== undefined) {
      nameEndsWithSlash = long.at(-1) === 47;
      return readName(name, long, 0, long.length);
    }
    const start = at + field.name;
    const nameEnd = endOfText(bytes, start, field.nameLength);
    nameEndsWithSlash = nameEnd > start && bytes[nameEnd - 1] === 47;
    if (!isPosix(bytes, at) || bytes[at + field.prefix] === 0) return readName(name, bytes, start, nameEnd);
    const prefixEnd = endOfText(bytes, at + field.prefix, field.prefixLength);
    joined.set(bytes.subarray(at + field.prefix, prefixEnd));
    const prefixLength = prefixEnd - at - field.prefix;
    joined[prefixLength] = 47;
    joined.set(bytes.subarray(start, nameEnd), prefixLength + 1);
    return readName(name, joined, 0, prefixLength + 1 + nameEnd - start);
  }

  function entryLink(bytes: Uint8Array, at: number): void {
    link = records.linkPath ?? longLink ?? bytes;
    linkStart = link === bytes ? at + field.link : 0;
    linkEnd = link === bytes ? endOfText(bytes, linkStart, field.linkLength) : link.length;
  }

  function content(next: State, size: number): void {
    state = next;
    remaining = size;
    padding = (blockSize - (size % blockSize)) % blockSize;
  }

  function endContent(): void {
    const ending = state;
    state = padding === 0 ? states.header : states.skip;
    if (ending === states.content) handler.end();
    else if (ending === states.metadata) endMetadata();
  }

  /** Takes content at `offset`; returns how far it came. */
  function take(chunk: Uint8Array, offset: number): number {
    const end = Math.min(chunk.length, offset + remaining);
    remaining -= end - offset;
    if (state === states.content) handler.content(chunk.subarray(offset, end));
    else if (state === states.metadata) {
      metadata.set(chunk.subarray(offset, end), metadataLength);
      metadataLength += end - offset;
    }
    if (remaining === 0) endContent();
    return end;
  }

  function block(bytes: Uint8Array, view: DataView, at: number): void {
    if (state === states.sparseMap) {
      if (bytes[at + field.sparseExtendedInBlock] !== 0) return;
      state = states.skip;
      if (remaining === 0) endContent();
    } else header(bytes, view, at);
  }

  return {
    push(chunk) {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      let offset = 0;
      while (offset < chunk.length && state !== states.ended) {
        if (state !== states.sparseMap && remaining > 0) {
          offset = take(chunk, offset);
        } else if (state !== states.sparseMap && padding > 0) {
          const skipped = Math.min(padding, chunk.length - offset);
          padding -= skipped;
          offset += skipped;
          if (padding === 0) state = states.header;
        } else if (partialLength === 0 && chunk.length - offset >= blockSize) {
          block(chunk, view, offset);
          offset += blockSize;
        } else {
          const copied = Math.min(blockSize - partialLength, chunk.length - offset);
          partial.set(chunk.subarray(offset, offset + copied), partialLength);
          partialLength += copied;
          offset += copied;
          if (partialLength === blockSize) {
            partialLength = 0;
            block(partial, partialView, 0);
          }
        }
      }
    },
    finish() {
      // The last entry's padding and the end-of-archive blocks may be missing; its content may not.
      if (state === states.ended) return;
      if (remaining > 0 || partialLength > 0 || state === states.sparseMap || hasExtras) {
        throw new PermanentError("truncated-layer", "the layer ends in the middle of an entry");
      }
    },
  };
}

/** Types 1 to 6 have no content, whatever their size field says. */
function isHeaderOnly(type: number): boolean {
  return type >= 49 && type <= 54;
}

function kindOf(type: number, endsWithSlash: boolean): EntryKind {
  switch (type) {
    // v7 has no type for directories.
    case 0:
      return endsWithSlash ? "directory" : "file";
    // 1, 2, 5, D
    case 49:
      return "hard-link";
    case 50:
      return "symlink";
    case 53:
    case 68:
      return "directory";
    // 3, 4, 6: devices and pipes
    case 51:
    case 52:
    case 54:
      return "other";
    // 0, 7, S, and unknown types, which POSIX says to treat as files
    default:
      return "file";
  }
}
