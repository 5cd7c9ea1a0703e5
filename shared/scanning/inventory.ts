/** The inventories of images, kept by digest. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { extractorsVersion, readImage } from "../inventory/read-image.ts";
import { layerRecordsIn } from "../inventory/record.ts";
import type { Inventory } from "../inventory/types.ts";
import type { Blobs, Log } from "../platform/ports.ts";
import type { Image } from "../registry/types.ts";
import { inventoryAt, inventoryPrefix } from "./stored-inventory.ts";

const compress = promisify(zlib.zstdCompress);

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
  return `${inventoryPrefix(digest)}${extractors}.json.zst`;
}

/** The stored inventory of an image; `undefined` when there is none, or when it cannot be read (it is made again). */
export async function storedInventory(blobs: Blobs, digest: string, log: Log): Promise<Inventory | undefined> {
  return inventoryAt(blobs, inventoryKey(digest), digest, log);
}

async function readAndStore(image: Image, options: InventoryOptions): Promise<Inventory> {
  const inventory = await readImage(image, {
    records: layerRecordsIn(options.blobs),
    ...(options.onBytes === undefined ? {} : { onBytes: options.onBytes }),
  });
  await options.blobs.put(inventoryKey(image.digest), await compress(JSON.stringify(inventory)), "application/zstd");
  return inventory;
}
