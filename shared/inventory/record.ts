/** What one layer tells, whichever image it belongs to: read once, kept under (diffID, extractors). */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import type { Blobs } from "../platform/ports.ts";
import type { Facts } from "./extractor.ts";
import { type PathSet, pathSetOf } from "./path-hash.ts";
import type { Partial } from "./types.ts";

const compress = promisify(zstdCompress);
const expand = promisify(zstdDecompress);

/** The most that the JSON part of a stored record may expand to: 200,000 packages take about 60 MB. */
const describedBytes = 512 * 1024 * 1024;

/** A file that told an extractor something. What told nothing is only a path hash, which hides what lies below it. */
export interface FileRecord {
  /** Canonical path in the layer. */
  readonly path: string;
  readonly facts: readonly Facts[];
}

export interface LayerRecord {
  readonly schema: "portwarden.layer/1";
  readonly diffId: string;
  readonly extractors: string;
  /** Uncompressed bytes, and entries. */
  readonly bytes: number;
  readonly entries: number;
  readonly files: readonly FileRecord[];
  /** Paths that the layer removes, and directories whose lower content it hides. */
  readonly whiteouts: readonly string[];
  readonly opaque: readonly string[];
  /** Symlinks: path and target as written, in the order of the layer. */
  readonly links: readonly (readonly [path: string, target: string])[];
  /** Everything that is no directory, and the directories that the layer names. */
  readonly paths: PathSet;
  readonly directories: PathSet;
  /** Directories that lead to entries but are not named themselves (usually none): they may be links of lower layers. */
  readonly implied: PathSet;
  readonly partial: readonly Partial[];
}

/** Where layer records are kept. */
export interface LayerRecords {
  get(diffId: string, extractors: string): Promise<LayerRecord | undefined>;
  put(record: LayerRecord): Promise<void>;
}

/** Larger path sets get a blob of their own: they need not be copied to be written. */
const inlineBytes = 1024 * 1024;

const setNames = ["paths", "directories", "implied"] as const;
type SetName = (typeof setNames)[number];

/**
 * Keeps layer records under `layers/<diffID>/<hash of the extractors' versions>`, and the path sets of very large layers
 * beside them, with `.paths`, `.directories` and `.implied` at the end.
 */
export function layerRecordsIn(blobs: Pick<Blobs, "get" | "put">): LayerRecords {
  return {
    async get(diffId, extractors) {
      const key = recordKey(diffId, extractors);
      const stored = await blobs.get(key);
      const record = stored && (await parseRecord(stored));
      if (record?.diffId !== diffId || record.extractors !== extractors) return undefined;
      const { outside, ...rest } = record;
      const sets: { -readonly [Name in SetName]?: PathSet } = {};
      for (const name of setNames) {
        const bytes = outside[name] === undefined ? undefined : await blobs.get(`${key}.${name}`);
        if (bytes?.length !== outside[name]) return undefined;
        if (bytes !== undefined) sets[name] = pathSetOf(bytes);
      }
      return { ...rest, ...sets };
    },
    async put(record) {
      const key = recordKey(record.diffId, record.extractors);
      const large = setNames.filter((name) => record[name].bytes.length > inlineBytes);
      // The sets first: a record that can be found is complete.
      for (const name of large) await blobs.put(`${key}.${name}`, record[name].bytes, "application/octet-stream");
      const outside = Object.fromEntries(large.map((name) => [name, record[name].bytes.length]));
      const emptied = Object.fromEntries(large.map((name) => [name, pathSetOf(new Uint8Array(0))]));
      const body = await serialise({ ...record, ...emptied, outside });
      await blobs.put(key, body, "application/octet-stream");
    },
  };
}

/** Keeps layer records for the life of the process. */
export function layerRecordsInMemory(): LayerRecords {
  const records = new Map<string, LayerRecord>();
  return {
    get: async (diffId, extractors) => records.get(recordKey(diffId, extractors)),
    put: async (record) => {
      records.set(recordKey(record.diffId, record.extractors), record);
    },
  };
}

function recordKey(diffId: string, extractors: string): string {
  const hash = createHash("sha256").update(extractors).digest("hex").slice(0, 16);
  return `layers/${diffId}/${hash}`;
}

/** Sizes of the path sets, and of the compressed description: four 32-bit numbers, after the name of the format. */
const head = { name: "PWLAYER3", bytes: 8 + 4 * 4 };

/**
 * A head, the path sets as they are, and the rest as zstd-compressed JSON. Path sets are most of a large record and, as
 * hashes, do not compress; and where they stand they can be read without a copy.
 */
async function serialise({ paths, directories, implied, ...rest }: StoredRecord): Promise<Buffer> {
  const described = await compress(JSON.stringify(rest));
  const parts = [paths.bytes, directories.bytes, implied.bytes, described];
  const body = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, head.bytes));
  body.write(head.name, "latin1");
  let at = head.bytes;
  for (const [index, part] of parts.entries()) {
    body.writeUInt32LE(part.length, 8 + 4 * index);
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** A record that cannot be read counts as missing: the layer is read again and the record written over. */
async function parseRecord(stored: Uint8Array): Promise<StoredRecord | undefined> {
  const body = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (body.length < head.bytes || body.toString("latin1", 0, 8) !== head.name) return undefined;
  let at = head.bytes;
  const [paths, directories, implied, described] = [8, 12, 16, 20].map((place) => {
    at += body.readUInt32LE(place);
    return body.subarray(at - body.readUInt32LE(place), at);
  });
  if (at !== body.length || !paths || !directories || !implied || !described) return undefined;
  try {
    const text = (await expand(described, { maxOutputLength: describedBytes })).toString("utf8");
    const rest: unknown = JSON.parse(text);
    if (!isDescription(rest)) return undefined;
    return { ...rest, paths: pathSetOf(paths), directories: pathSetOf(directories), implied: pathSetOf(implied) };
  } catch {
    return undefined;
  }
}

/** `outside`: bytes of the path sets that are blobs of their own. */
type StoredRecord = LayerRecord & { readonly outside: { readonly [Name in SetName]?: number } };
type Description = Omit<StoredRecord, "paths" | "directories" | "implied">;

/** Written by this code under a key that names its version: the outline is enough to tell a damaged one. */
function isDescription(value: unknown): value is Description {
  if (typeof value !== "object" || value === null || !("schema" in value) || !("files" in value)) return false;
  if (!("outside" in value) || typeof value.outside !== "object" || value.outside === null) return false;
  return value.schema === "portwarden.layer/1" && Array.isArray(value.files);
}
