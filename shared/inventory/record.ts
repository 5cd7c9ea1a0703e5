/** What one layer tells, whichever image it belongs to: read once, kept under (diffID, extractors). */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import type { Blobs } from "../platform/ports.ts";
import type { Facts } from "./extractor.ts";
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
  /** Path hashes (path-hash.ts) of everything that is no directory, and of the directories the layer names. */
  readonly paths: string;
  readonly directories: string;
  /** Directories that lead to entries but are not named themselves (usually none): they may be links of lower layers. */
  readonly implied: string;
  readonly partial: readonly Partial[];
}

/** Where layer records are kept. */
export interface LayerRecords {
  get(diffId: string, extractors: string): Promise<LayerRecord | undefined>;
  put(record: LayerRecord): Promise<void>;
}

/** Keeps layer records as zstd-compressed JSON under `layers/<diffID>/<hash of the extractors' versions>`. */
export function layerRecordsIn(blobs: Pick<Blobs, "get" | "put">): LayerRecords {
  return {
    async get(diffId, extractors) {
      const stored = await blobs.get(recordKey(diffId, extractors));
      if (stored === undefined) return undefined;
      const record = await parseRecord(stored);
      return record?.diffId === diffId && record.extractors === extractors ? record : undefined;
    },
    async put(record) {
      const body = await compress(Buffer.from(JSON.stringify(record)));
      await blobs.put(recordKey(record.diffId, record.extractors), body, "application/zstd");
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

/** A record that cannot be read counts as missing: the layer is read again and the record written over. */
async function parseRecord(stored: Uint8Array): Promise<LayerRecord | undefined> {
  try {
    const json = await expand(stored, { maxOutputLength: recordBytes });
    const record: unknown = JSON.parse(json.toString("utf8"));
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is LayerRecord {
  return typeof value === "object" && value !== null && "schema" in value && value.schema === "portwarden.layer/1";
}
