/** Inventories as they are stored; apart from what makes them, so that who only reads them loads no extractor. */
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import type { Inventory } from "../inventory/types.ts";
import { messageOf } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Blobs, Log } from "../platform/ports.ts";

const decompress = promisify(zlib.zstdDecompress);

/** All inventories of an image, by whichever extractors: keys begin so. */
export function inventoryPrefix(digest: string): string {
  return `inventories/${digest}/`;
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
