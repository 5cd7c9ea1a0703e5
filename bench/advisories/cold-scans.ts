/** The bytes that a scan fetches which has nothing in its caches. */
import { openAdvisories } from "../../shared/advisories/set/store.ts";
import { matchInventory } from "../../shared/matching/match.ts";
import { embeddedBlobs } from "../../shared/platform/embedded/blobs.ts";
import type { Blobs } from "../../shared/platform/ports.ts";
import { inventories, withLanguages } from "./inventories.ts";

function counted(blobs: Blobs): { readonly blobs: Blobs; readonly fetched: { bytes: number; requests: number } } {
  const fetched = { bytes: 0, requests: 0 };
  const get: Blobs["get"] = async (key, range) => {
    const body = await blobs.get(key, range);
    fetched.requests++;
    fetched.bytes += body?.length ?? 0;
    return body;
  };
  return { blobs: { ...blobs, get }, fetched };
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;

export async function coldScans(data: string, images: string): Promise<void> {
  const stored = embeddedBlobs(data);
  console.log(
    "\nwhat a cold scan fetches, with 150 npm and 50 Python packages that have advisories (target 3,000 kB):",
  );
  const warm = await openAdvisories(stored);
  for (const [name, inventory] of await inventories(images, warm)) {
    const whole = await withLanguages(inventory, warm);
    const { blobs, fetched } = counted(stored);
    const advisories = await openAdvisories(blobs);
    const first = fetched.bytes;
    const { vulnerabilities } = await matchInventory(whole, advisories);
    const found = `${whole.packages.length} packages, ${vulnerabilities.length} vulnerabilities`;
    const parts = `manifest and catalogue ${kilobytes(first)}, ${fetched.requests} requests`;
    console.log(`  ${name.padEnd(40)} ${kilobytes(fetched.bytes).padStart(9)}   ${found}; ${parts}`);
  }
}
