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

/** The most that a stored record may expand to: five million paths take 55 MB, 200,000 packages about 60 MB. */
const recordBytes = 512 * 1024 * 1024;

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

/**
 * Keeps layer records under `layers/<diffID>/<hash of the extractors' versions>`, zstd-compressed: one line of JSON,
 * then the path sets as they are (as base64 in the JSON they would take three times the memory to read and write).
 */
export function layerRecordsIn(blobs: Pick<Blobs, "get" | "put">): LayerRecords {
  return {
    async get(diffId, extractors) {
      const stored = await blobs.get(recordKey(diffId, extractors));
      if (stored === undefined) return undefined;
      const record = await parseRecord(stored);
      return record?.diffId === diffId && record.extractors === extractors ? record : undefined;
    },
    async put(record) {
      await blobs.put(recordKey(record.diffId, record.extractors), await serialise(record), "application/zstd");
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

function serialise({ paths, directories, implied, ...rest }: LayerRecord): Promise<Buffer> {
  const sets = [paths, directories, implied].map(({ bytes }) => bytes);
  const line = JSON.stringify({ ...rest, sets: sets.map(({ length }) => length) });
  return compress(Buffer.concat([Buffer.from(`${line}\n`), ...sets]));
}

/** A record that cannot be read counts as missing: the layer is read again and the record written over. */
async function parseRecord(stored: Uint8Array): Promise<LayerRecord | undefined> {
  try {
    const body = await expand(stored, { maxOutputLength: recordBytes });
    const newline = body.indexOf(10);
    const line: unknown = JSON.parse(body.toString("utf8", 0, newline));
    if (!isStored(line) || newline + 1 + line.sets.reduce((sum, one) => sum + one, 0) !== body.length) return undefined;
    const { sets, ...rest } = line;
    let at = newline + 1;
    const [paths, directories, implied] = sets.map((length) => {
      at += length;
      return pathSetOf(body.subarray(at - length, at));
    });
    return paths && directories && implied && { ...rest, paths, directories, implied };
  } catch {
    return undefined;
  }
}

type Stored = Omit<LayerRecord, "paths" | "directories" | "implied"> & { readonly sets: readonly number[] };

/** Written by this code under a key that names its version: the outline is enough to tell a damaged one. */
function isStored(value: unknown): value is Stored {
  if (typeof value !== "object" || value === null || !("schema" in value) || !("sets" in value)) return false;
  return value.schema === "portwarden.layer/1" && Array.isArray(value.sets);
}
