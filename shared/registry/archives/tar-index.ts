/**
 * A tar file as a table of its members: one pass over the headers, then random access. Nothing is unpacked, and the
 * contents are not read. Reads ustar, pax and GNU long names; other special members are passed over.
 */
import type { FileHandle } from "node:fs/promises";
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { fileError, openFile, readRange } from "./files.ts";
import { checksum, tarBlock } from "./tar-header.ts";

export interface TarMember {
  readonly offset: number;
  readonly size: number;
}

export interface TarIndex {
  /** The names of all files, as normalised: no leading `./` or `/`. */
  names(): Iterable<string>;
  /** The member of a name; links inside the archive are followed. */
  find(name: string): TarMember | undefined;
  read(member: TarMember): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

type Entry = TarMember | { readonly link: string };

const mostLinks = 8;

/**
 * Indexes a tar file.
 * @throws PermanentError `image-gone`, `not-an-image`, `truncated-layer` (the file ends inside a member)
 */
export async function openTar(path: string): Promise<TarIndex> {
  const { handle, size } = await openFile(path);
  try {
    const entries = await indexEntries(headerReader(handle), size);
    return {
      names: () => entries.keys(),
      find: (name) => find(entries, name),
      read: (member) => readRange(handle, member.offset, member.size),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw fileError(error, path);
  }
}

function find(entries: ReadonlyMap<string, Entry>, name: string): TarMember | undefined {
  let entry = entries.get(normalise(name));
  for (let links = 0; entry !== undefined && "link" in entry; links++) {
    entry = links < mostLinks ? entries.get(entry.link) : undefined;
  }
  return entry;
}

type ReadAt = (offset: number, size: number) => Promise<Buffer>;

/** Reads ahead: headers of small members stand close together, and one read then serves many. */
function headerReader(handle: FileHandle): ReadAt {
  const ahead = Buffer.alloc(64 * 1024);
  let start = 0;
  let length = 0;
  return async (offset, size) => {
    if (size > ahead.length) {
      const whole = Buffer.alloc(size);
      const { bytesRead } = await handle.read(whole, 0, size, offset);
      return whole.subarray(0, bytesRead);
    }
    if (offset < start || offset + size > start + length) {
      ({ bytesRead: length } = await handle.read(ahead, 0, ahead.length, offset));
      start = offset;
    }
    return Buffer.from(ahead.subarray(offset - start, Math.min(offset - start + size, length)));
  };
}

/** What the metadata members before a header say about it. */
interface Overrides {
  path?: string;
  linkPath?: string;
  size?: number;
}

async function indexEntries(readAt: ReadAt, fileSize: number): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let overrides: Overrides = {};
  let offset = 0;
  for (let members = 0; offset < fileSize || members === 0; members++) {
    if (members > limits.archiveMembers) {
      throw new PermanentError("manifest-too-large", `an archive of over ${limits.archiveMembers} members`);
    }
    const block = await readAt(offset, tarBlock);
    if (block.length === tarBlock && block.every((byte) => byte === 0)) break;
    if (members > 0 && block.length < tarBlock) throw cutShort();
    checkHeader(block);
    const type = String.fromCharCode(block[156] ?? 0);
    const size = overrides.size ?? numberAt(block, 124, 12);
    const content = offset + tarBlock;
    offset = content + Math.ceil(size / tarBlock) * tarBlock;
    if (content + size > fileSize) throw cutShort();
    if (type === "L" || type === "K" || type === "x") {
      overrides = { ...overrides, ...(await metadata(readAt, type, content, size)) };
    } else if (type !== "g") {
      addEntry(entries, block, type, { offset: content, size }, overrides);
      overrides = {};
    }
  }
  return entries;
}

function cutShort(): PermanentError {
  return new PermanentError("truncated-layer", "the archive ends inside one of its members");
}

function addEntry(
  entries: Map<string, Entry>,
  block: Buffer,
  type: string,
  member: TarMember,
  overrides: Overrides,
): void {
  const name = normalise(overrides.path ?? ustarName(block));
  const link = overrides.linkPath ?? stringAt(block, 157, 100);
  if (type === "0" || type === "\0" || type === "7") entries.set(name, member);
  else if (type === "1") entries.set(name, { link: normalise(link) });
  else if (type === "2") entries.set(name, { link: normalise(link, name.split("/").slice(0, -1)) });
}

/** Forward slashes, no `.` and no empty parts; `..` stays inside, as in a chroot. */
function normalise(path: string, base: readonly string[] = []): string {
  const parts = path.startsWith("/") ? [] : [...base];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function checkHeader(block: Buffer): void {
  const given = Number.parseInt(stringAt(block, 148, 8).trim(), 8);
  if (block.length === tarBlock && given === checksum(block)) return;
  const compressed = (block[0] === 0x1f && block[1] === 0x8b) || (block[0] === 0x28 && block[1] === 0xb5);
  const hint = compressed ? "; it is compressed, and must be unpacked once to be read at any place" : "";
  throw new PermanentError("not-an-image", `this is no tar archive${hint}`);
}

function ustarName(block: Buffer): string {
  const name = stringAt(block, 0, 100);
  // GNU's own format ("ustar  ") has other fields where POSIX has the prefix.
  const prefix = stringAt(block, 257, 6) === "ustar" ? stringAt(block, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function stringAt(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString("utf8", start, end < 0 || end > start + length ? start + length : end);
}

/** Octal text, or GNU's base 256 when the first bit is set. */
function numberAt(block: Buffer, start: number, length: number): number {
  let value = 0;
  if (((block[start] ?? 0) & 0x80) !== 0) {
    for (let index = 1; index < length; index++) value = value * 256 + (block[start + index] ?? 0);
    return checkedSize(value);
  }
  const text = stringAt(block, start, length).trim();
  return checkedSize(text === "" ? 0 : /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN);
}

function checkedSize(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new PermanentError("not-an-image", "a member of the archive has an impossible size");
}

async function metadata(readAt: ReadAt, type: string, offset: number, size: number): Promise<Overrides> {
  if (size > limits.tarMetadataBytes) {
    throw new PermanentError("manifest-too-large", `a member's metadata are over ${limits.tarMetadataBytes} bytes`);
  }
  const body = await readAt(offset, size);
  if (type === "x") return paxOverrides(body);
  const text = body.toString("utf8").replace(/\0.*$/s, "");
  return type === "L" ? { path: text } : { linkPath: text };
}

/** Records `length key=value\n`; reading stops at the first that is malformed. */
function paxOverrides(body: Buffer): Overrides {
  const overrides: Overrides = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(body.toString("latin1", at, space));
    if (!Number.isInteger(length) || length <= space - at + 1 || at + length > body.length) break;
    const record = body.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    const value = record.slice(equals + 1);
    const key = record.slice(0, Math.max(0, equals));
    if (key === "path") overrides.path = value;
    else if (key === "linkpath") overrides.linkPath = value;
    else if (key === "size") overrides.size = checkedSize(/^\d+$/.test(value) ? Number(value) : Number.NaN);
    at += length;
  }
  return overrides;
}
