/** Zip archives made on the spot, honest and otherwise. */
import { crc32, deflateRawSync } from "node:zlib";

export interface ZipFile {
  readonly name: string;
  readonly content: string | Buffer;
  /** Stored instead of deflated. */
  readonly stored?: boolean;
  /** What the directory claims, instead of the truth. */
  readonly claims?: {
    readonly size?: number;
    readonly compressedSize?: number;
    readonly method?: number;
    readonly flags?: number;
    readonly position?: number;
  };
}

export interface ZipOptions {
  /** Before the archive, as a launcher; positions do not count it. */
  readonly launcher?: Buffer;
  readonly comment?: Buffer;
  /** Every size and position in zip64 fields. */
  readonly zip64?: boolean;
}

export function buildZip(files: readonly ZipFile[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const file of files) {
    const content = Buffer.from(file.content);
    const packed = file.stored ? content : deflateRawSync(content);
    const name = Buffer.from(file.name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(file.stored ? 0 : 8, 8);
    local.writeUInt16LE(name.length, 26);
    directory.push(centralHeader(file, { name, content, packed, position: at }, options));
    parts.push(local, name, packed);
    at += local.length + name.length + packed.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([
    options.launcher ?? Buffer.alloc(0),
    ...parts,
    central,
    endRecords(files.length, central.length, at, options),
  ]);
}

interface Written {
  readonly name: Buffer;
  readonly content: Buffer;
  readonly packed: Buffer;
  readonly position: number;
}

function centralHeader(file: ZipFile, { name, content, packed, position }: Written, { zip64 }: ZipOptions): Buffer {
  const size = file.claims?.size ?? content.length;
  const compressedSize = file.claims?.compressedSize ?? packed.length;
  const start = file.claims?.position ?? position;
  const extra = Buffer.alloc(zip64 ? 28 : 0);
  if (zip64) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(BigInt(size), 4);
    extra.writeBigUInt64LE(BigInt(compressedSize), 12);
    extra.writeBigUInt64LE(BigInt(start), 20);
  }
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(file.claims?.flags ?? 0x800, 8);
  header.writeUInt16LE(file.claims?.method ?? (file.stored ? 0 : 8), 10);
  header.writeUInt32LE(crc32(content), 16);
  header.writeUInt32LE(zip64 ? 0xffffffff : compressedSize, 20);
  header.writeUInt32LE(zip64 ? 0xffffffff : size, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(zip64 ? 0xffffffff : start, 42);
  return Buffer.concat([header, name, extra]);
}

function endRecords(count: number, size: number, offset: number, { zip64, comment }: ZipOptions): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(zip64 ? 0xffff : count, 8);
  end.writeUInt16LE(zip64 ? 0xffff : count, 10);
  end.writeUInt32LE(zip64 ? 0xffffffff : size, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16);
  end.writeUInt16LE(comment?.length ?? 0, 20);
  const tail = Buffer.concat([end, comment ?? Buffer.alloc(0)]);
  if (!zip64) return tail;
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  return Buffer.concat([record, locator, tail]);
}
