/** Inventories without a platform; apart from scans, because it needs none of what matching does. */
import type { Inventory } from "../shared/inventory/types.ts";
import { readInventory } from "../shared/scanning/inventory.ts";
import { eachImage } from "./each-image.ts";
import { localStore } from "./local-store.ts";

export interface LocalInventoryOptions {
  readonly data: string;
  readonly config?: string;
  readonly platform?: string;
}

/** The inventories of every chosen image of a name. */
export async function inventoryLocally(name: string, options: LocalInventoryOptions): Promise<readonly Inventory[]> {
  const store = localStore(options.data, options.config);
  const inventories: Inventory[] = [];
  await eachImage(name, store, options.platform, async (image, onBytes) => {
    inventories.push((await readInventory(image, { blobs: store.blobs, log: store.log, onBytes })).inventory);
  });
  return inventories;
}
