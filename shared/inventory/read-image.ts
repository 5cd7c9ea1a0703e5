/** What is inside an image: its layers' records, read or remembered, merged into one inventory. */
import type { Image } from "../registry/types.ts";
import { assemble } from "./assemble.ts";
import type { Extractor } from "./extractor.ts";
import { readLayer } from "./layer.ts";
import { mergeLayers } from "./merge.ts";
import type { LayerRecord, LayerRecords } from "./record.ts";
import { extractors as allExtractors } from "./registry.generated.ts";
import type { Inventory, InventoryLayer } from "./types.ts";
import { compileMatcher } from "./wanted.ts";

export interface ReadImageOptions {
  /** Where layers read before are remembered. */
  readonly records: LayerRecords;
  /** Compressed bytes done (remembered layers count at once), of all. */
  onBytes?(done: number, total: number): void;
  readonly signal?: AbortSignal;
  /** Layers read at once. Default 2. */
  readonly concurrency?: number;
}

/** Names and versions of a list of extractors: part of every key of what they found. */
export function versionOf(extractors: readonly Extractor[]): string {
  return extractors
    .map(({ name, version }) => `${name}@${version}`)
    .sort()
    .join(" ");
}

/** Of all extractors there are. */
export const extractorsVersion: string = versionOf(allExtractors);

const matcher = compileMatcher(allExtractors);

/**
 * Reads an image layer by layer into its inventory. Memory does not grow with the image. Throws what its source
 * throws, and `PermanentError`: `digest-mismatch`, `not-a-layer`, `truncated-layer`, `layer-too-large`,
 * `compression-bomb`, `too-many-entries`. What is merely too large or broken inside is told in `partial`.
 */
export async function readImage(image: Image, options: ReadImageOptions): Promise<Inventory> {
  const records = await readLayers(image, options);
  const diffIds = records.map(({ diffId }) => diffId);
  const { distribution, packages, partial } = assemble(mergeLayers(records), diffIds);
  return {
    schema: "portwarden.inventory/1",
    digest: image.digest,
    platform: image.platform,
    ...(distribution && { distribution }),
    layers: layersOf(image, diffIds),
    packages,
    partial,
    extractors: extractorsVersion,
  };
}

async function readLayers(image: Image, options: ReadImageOptions): Promise<readonly LayerRecord[]> {
  const total = image.layers.reduce((sum, { size }) => sum + size, 0);
  const done = image.layers.map(() => 0);
  const records = new Map<number, LayerRecord>();
  // The same layer twice in one image (empty ones, above all) is read once.
  const reading = new Map<string, Promise<LayerRecord>>();
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  function progress(index: number, bytes: number): void {
    done[index] = bytes;
    options.onBytes?.(
      done.reduce((sum, one) => sum + one, 0),
      total,
    );
  }
  const queue = image.layers.keys();
  async function work(): Promise<void> {
    for (const index of queue) {
      signal.throwIfAborted();
      const key = image.layers[index]?.digest ?? "";
      const known = reading.get(key);
      const record = known ?? recordOf(image, index, options.records, signal, (bytes) => progress(index, bytes));
      reading.set(key, record);
      records.set(index, await record);
      progress(index, image.layers[index]?.size ?? 0);
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.max(1, options.concurrency ?? 2) }, work));
  } catch (thrown) {
    // The other layer in work is stopped as well.
    stop.abort(thrown);
    await Promise.allSettled(reading.values());
    throw thrown;
  }
  return image.layers.flatMap((_, index) => records.get(index) ?? []);
}

async function recordOf(
  image: Image,
  index: number,
  records: LayerRecords,
  signal: AbortSignal,
  onBytes: (done: number) => void,
): Promise<LayerRecord> {
  const diffId = image.configuration.diffIds[index];
  const known = diffId === undefined ? undefined : await records.get(diffId, extractorsVersion);
  if (known !== undefined) return known;
  const source = {
    mediaType: image.layers[index]?.mediaType ?? "",
    open: () => image.openLayer(index),
    diffId,
    onBytes,
    signal,
  };
  const record = await readLayer(source, { matcher, extractors: extractorsVersion });
  await records.put(record);
  return record;
}

/** History has an entry for each step; those that made no layer say so. */
function layersOf(image: Image, diffIds: readonly string[]): readonly InventoryLayer[] {
  const steps = image.configuration.history.filter(({ emptyLayer }) => emptyLayer !== true);
  return image.layers.map(({ digest, size, mediaType }, index) => {
    const createdBy = steps[index]?.createdBy;
    return { digest, diffId: diffIds[index] ?? "", size, mediaType, ...(createdBy !== undefined && { createdBy }) };
  });
}
