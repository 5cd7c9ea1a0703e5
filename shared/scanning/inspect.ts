import type { Advisories } from "../advisories/set/store.ts";
import type { Inventory } from "../inventory/types.ts";
import { matchInventory } from "../matching/match.ts";
import type { MatchResult } from "../matching/types.ts";
import type { Image } from "../registry/types.ts";
import type { VexContext } from "../vex/supply.ts";
import type { VexRemark } from "../vex/types.ts";
import { type InventoryOptions, readInventory } from "./inventory.ts";
import { withVex } from "./with-vex.ts";

export interface Inspection {
  readonly inventory: Inventory;
  readonly match: MatchResult;
  /** What of the VEX for the image was not used, and why. */
  readonly vexRemarks?: readonly VexRemark[];
  /** Whether the inventory was there already, so that no layer was read. */
  readonly cached: boolean;
  readonly milliseconds: { readonly inventory: number; readonly matching: number };
}

export interface InspectOptions extends InventoryOptions {
  readonly advisories: Advisories;
  readonly vex?: VexContext;
}

/** What is in one image and what of it is known to be vulnerable. Reads no layer that was ever read before. */
export async function inspectImage(image: Image, options: InspectOptions): Promise<Inspection> {
  const started = performance.now();
  const { inventory, cached } = await readInventory(image, options);
  const read = performance.now();
  const matched = await matchInventory(inventory, options.advisories);
  const { match, remarks } = await withVex(matched, image, inventory, options.vex);
  return {
    inventory,
    match,
    ...(remarks.length > 0 && { vexRemarks: remarks }),
    cached,
    milliseconds: { inventory: Math.round(read - started), matching: Math.round(performance.now() - read) },
  };
}
