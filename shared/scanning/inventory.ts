/** The inventories of images, kept by digest. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { extractorsVersion, readImage } from "../inventory/read-image.ts";
import { layerRecordsIn } from "../inventory/record.ts";
import type { Inventory } from "../inventory/types.ts";
import { messageOf } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Blobs, Log } from "../platform/ports.ts";
import type { Image } from "../registry/types.ts";

const compress = promisify(zlib.zstdCompress);
const decompress = promisify(zlib.zstdDecompress);

export interface InventoryOptions {
  /** Where inventories and layer records are kept; both are content-addressed. */
  readonly blobs: Blobs;
  readonly log: Log;
  readonly onBytes?: (done: number, total: number) => void;
}

/** What is in one image: the stored inventory, or what its layers say. */
export async function readInventory(
  image: Image,
  options: InventoryOptions,
): Promise<{ readonly inventory: Inventory; readonly cached: boolean }> {
  const stored = await storedInventory(options.blobs, image.digest, options.log);
  if (stored !== undefined) return { inventory: stored, cached: true };
  return { inventory: await readAndStore(image, options), cached: false };
}

/** Inventories are keyed by image digest and by the extractors that read it. */
export function inventoryKey(digest: string): string {
  const extractors = createHash("sha256").update(extractorsVersion).digest("hex").slice(0, 16);
  return `inventories/${digest}/${extractors}.json.zst`;
}

/** The stored inventory of an image; `undefined` when there is none, or when it cannot be read (it is made again). */
export async function storedInventory(blobs: Blobs, digest: string, log: Log): Promise<Inventory | undefined> {
  return inventoryAt(blobs, inventoryKey(digest), digest, log);
}

/** The inventory of an image in a blob, whichever extractors read it. */
export async function inventoryAt(blobs: Blobs, key: string, digest: string, log: Log): Promise<Inventory | undefined> {
  const bytes = await blobs.get(key);
  if (bytes === undefined) return undefined;
  try {
    const text = (await decompress(bytes, { maxOutputLength: limits.fileBytes })).toString("utf8");
    const value: unknown = JSON.parse(text);
    if (isInventory(value, digest)) return value;
  } catch (error) {
    log.warn("a stored inventory cannot be read, reading the image again", { digest, error: messageOf(error) });
  }
  return undefined;
}

/** Our own document, written by this version of the extractors: its head is enough to trust it. */
function isInventory(value: unknown, digest: string): value is Inventory {
  return (
    typeof value === "object" &&
    value !== null &&
    "schema" in value &&
    value.schema === "portwarden.inventory/1" &&
    "digest" in value &&
    value.digest === digest &&
    "packages" in value &&
    Array.isArray(value.packages)
  );
}

async function readAndStore(image: Image, options: InventoryOptions): Promise<Inventory> {
  const inventory = await readImage(image, {
    records: layerRecordsIn(options.blobs),
    ...(options.onBytes === undefined ? {} : { onBytes: options.onBytes }),
  });
  await options.blobs.put(inventoryKey(image.digest), await compress(JSON.stringify(inventory)), "application/zstd");
  return inventory;
}
