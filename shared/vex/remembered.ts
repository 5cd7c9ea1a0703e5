/**
 * What is attached to an image, kept by its digest, so that it can be matched again without asking its registry. Only
 * what was verified and read is kept, with the remarks on the rest.
 */
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { messageOf } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Blobs, Log } from "../platform/ports.ts";
import type { VexSupply } from "./supply.ts";

const compress = promisify(zlib.zstdCompress);
const decompress = promisify(zlib.zstdDecompress);

function keyOf(digest: string): string {
  return `vex/images/${digest}.json.zst`;
}

/** Keeps what is attached; nothing attached leaves nothing, and takes away what was there. */
export async function rememberAttached(blobs: Blobs, digest: string, supply: VexSupply): Promise<void> {
  const key = keyOf(digest);
  if (supply.statements.length + supply.remarks.length > 0) {
    await blobs.put(key, await compress(JSON.stringify({ schema: "portwarden.vex/1", ...supply })), "application/zstd");
  } else if (await blobs.has(key)) await blobs.remove(key);
}

/** What was attached when the image was scanned last. */
export async function rememberedAttached(blobs: Pick<Blobs, "get">, digest: string, log: Log): Promise<VexSupply> {
  const bytes = await blobs.get(keyOf(digest));
  if (bytes === undefined) return { statements: [], remarks: [] };
  try {
    const text = (await decompress(bytes, { maxOutputLength: limits.fileBytes })).toString("utf8");
    const value: unknown = JSON.parse(text);
    if (isSupply(value)) return value;
  } catch (error) {
    log.warn("what is attached to an image cannot be read again", { digest, error: messageOf(error) });
  }
  return { statements: [], remarks: [] };
}

/** Our own document: its head is enough to trust it. */
function isSupply(value: unknown): value is VexSupply {
  return (
    typeof value === "object" &&
    value !== null &&
    "schema" in value &&
    value.schema === "portwarden.vex/1" &&
    "statements" in value &&
    Array.isArray(value.statements) &&
    "remarks" in value &&
    Array.isArray(value.remarks)
  );
}
