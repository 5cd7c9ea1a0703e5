/** Writes tar entries of every make, right and wrong. */

export interface RawEntry {
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  /** Default `0`. */
  readonly type?: string;
  readonly link?: string;
  readonly prefix?: string;
  /** Replaces what the header says of the size; a buffer is written as it is. */
  readonly size?: number | Uint8Array;
  /** `ustar\0` by default. */
  readonly magic?: "posix" | "gnu" | "none";
  /** Last changes to the header, before its checksum. */
  readonly patch?: (header: Buffer) => void;
  /** Written instead of the right checksum. */
  readonly checksum?: number;
}

export interface TarWriter {
  entry(entry: RawEntry): void;
  /** A pax header for the next entry. */
  pax(records: Readonly<Record<string, string>>, type?: "x" | "g"): void;
  raw(bytes: Uint8Array): void;
  /** With the two zero blocks. */
  finish(): Buffer;
}

export function createTar(): TarWriter {
  const parts: Uint8Array[] = [];
  function entry(one: RawEntry): void {
    const content = Buffer.from(one.content ?? "");
    parts.push(header(one, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return {
    entry,
    pax(records, type = "x") {
      const content = Object.entries(records).map(([key, value]) => paxRecord(key, value));
      entry({ name: "PaxHeaders/x", type, content: Buffer.concat(content) });
    },
    raw: (bytes) => parts.push(bytes),
    finish: () => Buffer.concat([...parts, Buffer.alloc(1024)]),
  };
}

function header(one: RawEntry, length: number): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.set(Buffer.from(one.name).subarray(0, 100), 0);
  bytes.write("0000644\0 000000\0 000000\0", 100, "latin1");
  if (one.size instanceof Uint8Array) bytes.set(one.size, 124);
  else bytes.write(`${(one.size ?? length).toString(8).padStart(11, "0")}\0`, 124, "latin1");
  bytes.write("14000000000\0", 136, "latin1");
  bytes.write(one.type ?? "0", 156, "latin1");
  bytes.write(one.link ?? "", 157, 100);
  if (one.magic !== "none") bytes.write(one.magic === "gnu" ? "ustar  \0" : "ustar\x0000", 257, "latin1");
  bytes.write(one.prefix ?? "", 345, 155);
  one.patch?.(bytes);
  bytes.fill(32, 148, 156);
  let sum = 0;
  for (let at = 0; at < 512; at++) sum += bytes[at] ?? 0;
  sum = one.checksum ?? sum;
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}

/** The length of a record counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
