/** Images that were scanned before the index was there, or in a former form of it. */
import * as z from "zod";
import { listImages } from "../images/store.ts";
import type { ImageRecord } from "../images/types.ts";
import type { Platform, Table } from "../platform/ports.ts";
import { inventoryAt, inventoryPrefix } from "../scanning/stored-inventory.ts";
import { announceEverything } from "./announce.ts";
import { indexForm, indexImage, readIndexed } from "./index-image.ts";
import { indexedKey } from "./keys.ts";

type OlderPorts = Pick<Platform, "table" | "blobs" | "bus" | "clock" | "log">;

const progressKey = { pk: "package-index", sk: "older-images" };
const progressSchema = z.object({
  form: z.int(),
  /** Where to go on; absent with `done`. */
  cursor: z.string().optional(),
  done: z.boolean(),
  /** Images that were added so far. */
  added: z.int(),
});

const pageSize = 200;
/** Looked at in one run; the next run goes on. */
const imagesPerRun = 20_000;
const secondsPerRun = 120;

/**
 * Indexes stored images from their inventories, a part at each run; when the last is done and there were any, everything
 * is matched again once, since earlier changes of the advisories passed them by. Costs one read when nothing is left.
 */
export async function indexOlderImages(ports: OlderPorts): Promise<void> {
  const { table, clock, log } = ports;
  const stored = await table.get(progressKey);
  const known = stored === undefined ? undefined : progressSchema.parse(stored.data);
  let progress = known?.form === indexForm ? known : { form: indexForm, done: false, added: 0 };
  if (progress.done) return;
  const until = clock.now() + secondsPerRun * 1000;
  for (let looked = 0; !progress.done && looked < imagesPerRun && clock.now() < until; looked += pageSize) {
    const page = await listImages(table, {}, pageSize, progress.cursor);
    const added = progress.added + (await indexPage(ports, page.images));
    if (page.next === undefined && added > 0) await announceEverything(ports, false);
    progress =
      page.next === undefined
        ? { form: indexForm, done: true, added }
        : { form: indexForm, done: false, added, cursor: page.next };
    await table.put({ ...progressKey, data: progress });
  }
  if (progress.added > 0) log.info("stored images were indexed", { added: progress.added, done: progress.done });
}

async function indexPage(ports: OlderPorts, records: readonly ImageRecord[]): Promise<number> {
  const images = records.filter(({ kind, scan }) => kind === "image" && scan !== undefined);
  const indexed = await indexedAmong(ports.table, images);
  let added = 0;
  for (const image of images) {
    if (indexed.has(indexedKey(image).pk + indexedKey(image).sk)) continue;
    // Without one, there is nothing to match; the next scan reads it.
    // What older extractors read is as true as it was: whichever there is.
    for await (const key of ports.blobs.list(inventoryPrefix(image.digest))) {
      const inventory = await inventoryAt(ports.blobs, key, image.digest, ports.log);
      if (inventory === undefined) continue;
      await indexImage(ports, image, inventory, key);
      added++;
      break;
    }
  }
  return added;
}

async function indexedAmong(table: Table, images: readonly ImageRecord[]): Promise<ReadonlySet<string>> {
  const items = await table.batchGet(images.map(indexedKey));
  return new Set(items.filter((item) => readIndexed(item) !== undefined).map(({ pk, sk }) => pk + sk));
}
