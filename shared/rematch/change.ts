/**
 * One change of the advisory set, as a document: from which set to which, and the packages about which something else
 * is said now. Everything that follows from it lies below one folder of the blobs and one partition of the table.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import * as z from "zod";
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Blobs, Key } from "../platform/ports.ts";

const compress = promisify(zlib.zstdCompress);
const decompress = promisify(zlib.zstdDecompress);

const changedShard = z.object({
  /** `Debian:12`, `npm`. */
  name: z.string(),
  /** SHA-256 of the shard as it is now; absent: it is gone. */
  hash: z.string().optional(),
  /**
   * Names of packages; `all` when the shard came or went, which changes the answer for every package that it judges, or
   * when too many changed to be worth telling apart.
   */
  packages: z.union([z.literal("all"), z.array(z.string())]),
});

export const changeSchema = z.object({
  schema: z.literal("portwarden.advisory-change/1"),
  id: z.string().regex(/^[a-f0-9]{32}$/),
  /** Hash of the set before; absent: nothing is known of it, and everything is matched again. */
  before: z.string().optional(),
  after: z.string(),
  /** When the set after was published. */
  time: z.iso.datetime(),
  /** Every image, wholly, whatever changed. */
  everything: z.boolean(),
  /** Also images that left the registry and run nowhere. */
  gone: z.boolean(),
  shards: z.array(changedShard),
  /** Names of the shards before and after: which of them judges a release may depend on the others. */
  available: z.array(z.array(z.string())),
  /** CVEs that are known to be exploited since this set. */
  newlyExploited: z.array(z.string()),
});
export type Change = z.infer<typeof changeSchema>;
export type ChangedShard = z.infer<typeof changedShard>;

/** A hash, so that whoever finds the same change names it alike. */
export function changeId(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

export const rematchPrefix = "rematch/";

export const blobsOfChange = (id: string) => ({
  change: `${rematchPrefix}${id}/change.json.zst`,
  /** A JSON array of `{ "batch": key }`. */
  items: `${rematchPrefix}${id}/items.json`,
  batch: (number: number) => `${rematchPrefix}${id}/batches/${String(number).padStart(6, "0")}.json.zst`,
  result: (number: number) => `${rematchPrefix}${id}/results/${String(number).padStart(6, "0")}.json.zst`,
});

/** What the table keeps of a change. */
export const keysOfChange = (id: string) => ({
  plan: { pk: `rematch#${id}`, sk: "plan" } satisfies Key,
  /** How many batches are done. */
  progress: { pk: `rematch#${id}`, sk: "progress" } satisfies Key,
  report: { pk: `rematch#${id}`, sk: "report" } satisfies Key,
  done: (number: number): Key => ({ pk: `rematch#${id}`, sk: `done#${String(number).padStart(6, "0")}` }),
});

/** Records of changes are kept so long. */
export const retentionSeconds = 90 * 86_400;

export async function putDocument(blobs: Blobs, key: string, value: unknown): Promise<void> {
  await blobs.put(key, await compress(JSON.stringify(value)), "application/zstd");
}

/** Throws `PermanentError("rematch-document-missing" | "rematch-document-broken")`. */
export async function readDocument<Schema extends z.ZodType>(
  blobs: Blobs,
  key: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const bytes = await blobs.get(key);
  if (bytes === undefined) throw new PermanentError("rematch-document-missing", `${key} is not there (any more)`);
  try {
    const text = await decompress(bytes, { maxOutputLength: limits.rematchDocumentBytes });
    return schema.parse(JSON.parse(text.toString("utf8")));
  } catch (cause) {
    throw new PermanentError("rematch-document-broken", `${key} cannot be read`, { cause });
  }
}
