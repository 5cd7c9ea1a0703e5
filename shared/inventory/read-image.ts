/** What is inside an image: its layers' records, read or remembered, merged into one inventory. */
import { availableParallelism } from "node:os";
import type { Image } from "../registry/types.ts";
import { assemble } from "./assemble.ts";
import { statedBaseImage, withOrigins } from "./base-image.ts";
import type { AnyExtractor } from "./extractor.ts";
import { stepsOf } from "./history.ts";
import { imageFacts } from "./image-facts.ts";
import { readLayer } from "./layer.ts";
import { createMerge } from "./merge.ts";
import { productOfImage } from "./product-labels.ts";
import type { LayerRecord, LayerRecords } from "./record.ts";
import { inOrder } from "./record-order.ts";
import { extractors as allExtractors } from "./registry.generated.ts";
import { collectSecrets } from "./secrets/collect.ts";
import { withoutSecrets } from "./secrets/find.ts";
import type { Inventory, InventoryLayer } from "./types.ts";
import { compileMatcher } from "./wanted.ts";

export interface ReadImageOptions {
  /** Where layers read before are remembered. */
  readonly records: LayerRecords;
  /** Compressed bytes done (remembered layers count at once), of all. */
  readonly onBytes?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** Layers read at once. Default: one more than there are processors, at most 4. */
  readonly concurrency?: number;
}

/** Names and versions of a list of extractors: part of every key of what they found. */
export function versionOf(extractors: readonly AnyExtractor[]): string {
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
  const merge = createMerge();
  const secretsOf = collectSecrets();
  const diffIds: string[] = [];
  await readLayers(image, options, (record) => {
    diffIds.push(record.diffId);
    secretsOf.apply(record);
    merge.apply(record);
  });
  const merged = merge.finish();
  const { distribution, packages, partial, ...further } = assemble(merged, diffIds);
  const { secrets, partial: secretsLeftOut } = secretsOf.finish(merged, image.configuration);
  const product = productOfImage(image.configuration.config.labels);
  const baseImage = statedBaseImage(image, diffIds);
  return withOrigins({
    schema: "portwarden.inventory/1",
    digest: image.digest,
    platform: image.platform,
    ...(distribution && { distribution }),
    layers: layersOf(image, diffIds),
    packages,
    partial: [...partial, ...secretsLeftOut],
    ...further,
    ...(product && { products: [...(further.products ?? []), product] }),
    ...(baseImage && { baseImage }),
    secrets,
    facts: imageFacts(image, merged, diffIds),
    extractors: extractorsVersion,
  });
}

/** Hands over the layers' records, lowest first, as soon as all below are there. */
async function readLayers(
  image: Image,
  options: ReadImageOptions,
  onRecord: (record: LayerRecord) => void,
): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const progress = progressOf(image, options);
  const records = inOrder(onRecord);
  // The same layer twice in one image (empty ones, above all) is read once.
  const reading = new Map<string, Promise<string | undefined>>();
  // The largest first: a large one that began last would keep one processor waiting for the other.
  const queue = [...image.layers.entries()].sort(([, one], [, other]) => other.size - one.size).values();
  async function read(index: number, digest: string): Promise<LayerRecord> {
    const load = (diffId?: string) =>
      recordOf(image, index, diffId, options.records, signal, (bytes) => progress(index, bytes));
    const first = reading.get(digest);
    if (first !== undefined) return await load(await first);
    const loading = load();
    if (image.layers.some((layer, other) => other > index && layer.digest === digest)) {
      const diffId = loading.then(
        (record) => record.diffId,
        () => undefined,
      );
      reading.set(digest, diffId);
    }
    return await loading;
  }
  async function work(): Promise<void> {
    for (const [index, { digest, size }] of queue) {
      signal.throwIfAborted();
      const record = await read(index, digest);
      const { diffId } = record;
      await records.add(index, record, () => recordOf(image, index, diffId, options.records, signal, () => {}));
      progress(index, size);
    }
  }
  // One more than there are processors: while one waits for its source, the others keep them busy.
  const several = Math.min(4, availableParallelism() + 1);
  const workers = Array.from({ length: Math.max(1, options.concurrency ?? several) }, work);
  try {
    await Promise.all(workers);
  } catch (thrown) {
    // The layer that is read beside the failed one is stopped as well.
    stop.abort(thrown);
    await Promise.allSettled(workers);
    throw thrown;
  }
}

function progressOf(image: Image, { onBytes }: ReadImageOptions): (index: number, bytes: number) => void {
  const total = image.layers.reduce((sum, { size }) => sum + size, 0);
  const bytesOf = image.layers.map(() => 0);
  let done = 0;
  return (index, bytes) => {
    done += bytes - (bytesOf[index] ?? 0);
    bytesOf[index] = bytes;
    onBytes?.(done, total);
  };
}

/** `known`: the layer's diffID where the image does not list it but it was read before. */
async function recordOf(
  image: Image,
  index: number,
  known: string | undefined,
  records: LayerRecords,
  signal: AbortSignal,
  onBytes: (done: number) => void,
): Promise<LayerRecord> {
  const diffId = image.configuration.diffIds[index];
  const key = diffId ?? known;
  const stored = key === undefined ? undefined : await records.get(key, extractorsVersion);
  if (stored !== undefined) return stored;
  const layer = image.layers[index];
  const source = {
    mediaType: layer?.mediaType ?? "",
    ...(layer && { digest: layer.digest }),
    open: () => image.openLayer(index),
    diffId,
    onBytes,
    signal,
  };
  const record = await readLayer(source, { matcher, extractors: extractorsVersion });
  await records.put(record);
  return record;
}

/** With the step that made each, secrets in it replaced. */
function layersOf(image: Image, diffIds: readonly string[]): readonly InventoryLayer[] {
  const steps = new Map(stepsOf(image.configuration, diffIds).map((step) => [step.layer?.index, step.createdBy]));
  return image.layers.map(({ digest, size, mediaType }, index) => {
    const createdBy = withoutSecrets(steps.get(index) ?? "", { kind: "history" });
    return { digest, diffId: diffIds[index] ?? "", size, mediaType, ...(createdBy !== "" && { createdBy }) };
  });
}
