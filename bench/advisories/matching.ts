/** Opening a shard, and matching 1,000 packages. */
import { openAdvisories } from "../../shared/advisories/set/store.ts";
import type { Inventory } from "../../shared/inventory/types.ts";
import { matchInventory } from "../../shared/matching/match.ts";
import { embeddedBlobs } from "../../shared/platform/embedded/blobs.ts";
import { median } from "../inventory/measure.ts";
import { inventories, withLanguages } from "./inventories.ts";

const rounds = 21;

async function times(work: () => Promise<unknown>): Promise<number> {
  const milliseconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    await work();
    milliseconds.push(performance.now() - started);
  }
  return median(milliseconds);
}

/** Its packages again and again, under other names, until they are 1,000. */
function thousand(inventory: Inventory): Inventory {
  const packages = Array.from({ length: Math.ceil(1000 / inventory.packages.length) }, (_, copy) =>
    inventory.packages.map((item) => (copy === 0 ? item : { ...item, purl: `${item.purl}#${copy}` })),
  ).flat();
  return { ...inventory, packages: packages.slice(0, 1000) };
}

export async function matching(data: string, images: string): Promise<void> {
  const blobs = embeddedBlobs(data);
  const advisories = await openAdvisories(blobs);
  console.log(`\nopening a shard from its stored bytes, median of ${rounds} (target 5 ms):`);
  for (const name of ["Debian:12", "Red Hat:enterprise_linux:9", "Ubuntu:22.04:LTS", "npm", "PyPI", "Maven"]) {
    if (!advisories.shards.includes(name)) continue;
    const opening = await times(async () => {
      advisories.release();
      await advisories.shard(name);
    });
    console.log(`  ${name.padEnd(40)} ${opening.toFixed(1).padStart(6)} ms`);
  }
  console.log(`\nmatching 1,000 packages, shards open, median of ${rounds} (target 20 ms):`);
  for (const [name, inventory] of await inventories(images, advisories)) {
    if (inventory.packages.length < 20) continue;
    const whole = thousand(await withLanguages(inventory, advisories));
    const { vulnerabilities } = await matchInventory(whole, advisories);
    const spent = await times(() => matchInventory(whole, advisories));
    console.log(`  ${name.padEnd(40)} ${spent.toFixed(1).padStart(6)} ms   ${vulnerabilities.length} vulnerabilities`);
  }
}
