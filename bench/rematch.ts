/**
 * Matching stored images again when advisories change, on the embedded store: a delta that touches 20 packages held by
 * 200 images, in fleets of 1,000, 10,000 and 100,000 stored images of 300 packages. Prints the time, what was read of
 * the table and how many inventories were opened (which must not grow with the fleet), and what the counted operations
 * cost on AWS. Part of `npm run bench:advisories`; alone: `node bench/rematch.ts`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { advisoriesOf } from "../shared/advisories/set/store.ts";
import { updateAdvisories } from "../shared/advisories/update/update.ts";
import type { DomainEvent } from "../shared/events/types.ts";
import { reconcile } from "../shared/findings/reconcile.ts";
import { reportKey, reportSchema } from "../shared/findings/report.ts";
import { imageResource } from "../shared/images/keys.ts";
import type { ImageName } from "../shared/images/types.ts";
import type { Inventory } from "../shared/inventory/types.ts";
import { matchInventory } from "../shared/matching/match.ts";
import { embeddedBlobs } from "../shared/platform/embedded/blobs.ts";
import { openEmbeddedStore } from "../shared/platform/embedded/store.ts";
import type { Blobs, Platform } from "../shared/platform/ports.ts";
import { settingsSchema } from "../shared/platform/settings.ts";
import { lanes } from "../shared/rematch/lanes.ts";
import { handleRematchMessage } from "../shared/rematch/requests.ts";
import { observe } from "../shared/scanning/observe.ts";
import { scannedKinds } from "../shared/scanning/run.ts";
import { follow, record } from "../test/shared/rematch/world.ts";
import { silentLog } from "../test/support/registry.ts";
import { storeImage } from "../test/support/stored-images.ts";
import { bulkTable } from "./rematch/bulk.ts";
import { printCosts } from "./rematch/costs.ts";
import { type Counts, countedBlobs, countedTable, noCounts } from "./rematch/counted.ts";
import { affectedImages, makeFleet, rare } from "./rematch/fleet.ts";

const targetSeconds = 5;
const writesAtOnce = 8;
/** Of the fleet's images, those whose storing is counted for the cost model. */
const countedImages = 10_000;

interface Measured {
  readonly images: number;
  readonly seconds: number;
  /** Of this process, user and system. */
  readonly cpuSeconds: number;
  readonly counts: Counts;
  readonly matched: number;
  readonly introduced: number;
}

/** Fills fleets of growing size and measures the same delta in each. */
export async function rematch(sizes: readonly number[] = [1000, 10_000, 100_000]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "portwarden-rematch-"));
  const feed = join(folder, "feed");
  mkdirSync(feed);
  const clock = { now: () => Date.now() };
  const store = openEmbeddedStore(folder, { clock, log: silentLog });
  const counts = noCounts();
  const published: DomainEvent[] = [];
  const platform = {
    table: countedTable(store.table, counts),
    blobs: countedBlobs(embeddedBlobs(folder), counts),
    bus: { publish: async (events: readonly DomainEvent[]) => void published.push(...events) },
    queues: { send: async () => undefined },
    clock,
    log: silentLog,
    metrics: { count: () => undefined },
    progress: { report: () => undefined },
    settings: settingsSchema.parse({}),
  } as unknown as Platform;
  const fleet = makeFleet();
  const usual = Array.from({ length: 60 }, (_, index) => {
    const name = fleet.image(0).inventory.packages[index]?.source?.name ?? "none";
    return ["11", "12", "13"].map((release) => record(`CVE-2026-${10_000 + index}`, name, `Debian:${release}`));
  }).flat();
  const delta = rare.map((name, index) => record(`CVE-2026-${20_000 + index}`, name, "npm", "1.0.1", "CRITICAL"));
  const publish = async (records: readonly object[]) => {
    const filler = record("CVE-2026-0001", "filler", "npm");
    writeFileSync(join(feed, "records.ndjson"), [filler, ...records].map((one) => `${JSON.stringify(one)}\n`).join(""));
    await updateAdvisories(platform, platform.settings.advisories, feed);
  };
  const settle = async () => {
    const from = published.length;
    await handleRematchMessage(platform, { kind: "ask", everything: false, gone: false });
    for (let index = from; index < published.length; index++) await follow(platform, published[index]);
  };

  try {
    await publish(usual);
    await settle();
    const bulk = bulkTable(store);
    const filling = noCounts();
    const filled = { table: countedTable(bulk, filling), blobs: countedBlobs(embeddedBlobs(folder), filling), clock };
    const uncounted = { table: bulk, blobs: embeddedBlobs(folder), clock };
    const { set } = (await advisoriesOf(platform.blobs)).age();
    console.log(`\nre-match: 20 packages held by ${affectedImages} images; names of packages: ${fleet.names}`);
    const measured: Measured[] = [];
    let stored = 0;
    const began = performance.now();
    for (const size of sizes) {
      await lanes(writesAtOnce, numbers(stored, size), async (number) => {
        const { repository, inventory, affected } = fleet.image(number);
        const image = await storeImage(number < countedImages ? filled : uncounted, repository, inventory, set);
        // What the images that are touched had before is read with what is new of them.
        if (affected) await withFindings(platform, image, inventory);
      });
      stored = size;
      bulk.flush();
      const fillSeconds = (performance.now() - began) / 1000;
      Object.assign(counts, noCounts());
      await publish([...usual, ...delta]);
      Object.assign(counts, noCounts());
      const started = performance.now();
      const cpu = process.cpuUsage();
      await settle();
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const one = {
        images: size,
        seconds,
        cpuSeconds: (user + system) / 1e6,
        counts: { ...counts },
        ...(await toldOf(platform, published)),
      };
      measured.push(one);
      print(one, fillSeconds);
      await publish(usual);
      await settle();
    }
    const largest = measured.at(-1);
    if (largest !== undefined) printCosts({ ...largest, filling, stored: Math.min(stored, countedImages) });
  } finally {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function* numbers(from: number, to: number): Generator<number> {
  for (let number = from; number < to; number++) yield number;
}

/** The findings that a scan would have left. */
async function withFindings(platform: Platform, image: ImageName, inventory: Inventory): Promise<void> {
  const match = await matchInventory(inventory, await advisoriesOf(platform.blobs));
  const time = new Date(platform.clock.now()).toISOString();
  await reconcile(platform, {
    resource: imageResource(image),
    kinds: scannedKinds,
    observations: observe(inventory, match),
    cause: { id: "scan:bench", kind: "scan", time },
  });
}

async function toldOf(
  { blobs }: { readonly blobs: Blobs },
  published: readonly DomainEvent[],
): Promise<Pick<Measured, "matched" | "introduced">> {
  const change = published.findLast((event) => event.type === "AdvisoriesChanged");
  const bytes = change === undefined ? undefined : await blobs.get(reportKey(change.data.changeId));
  const report = reportSchema.parse(JSON.parse(Buffer.from(bytes ?? []).toString("utf8")));
  return { matched: report.images?.matched ?? 0, introduced: report.introduced.length };
}

function print({ images, seconds, cpuSeconds, counts, matched, introduced }: Measured, fillSeconds: number): void {
  const reads = counts.gets + counts.queries + counts.batched;
  const writes = counts.puts + counts.removes + counts.transacted;
  const figures = [
    `${String(images).padStart(7)} stored images (filled after ${fillSeconds.toFixed(0)} s):`,
    `${seconds.toFixed(2)} s (target ${targetSeconds} s, ratio ${(seconds / targetSeconds).toFixed(2)}; ${cpuSeconds.toFixed(2)} s of CPU),`,
    `${matched} images matched again, ${introduced} findings opened;`,
    `table reads ${reads} (${counts.itemsRead} items, ${counts.readUnits} units), writes ${writes} (${counts.writeUnits} units);`,
    `inventories opened ${counts.inventories}`,
  ];
  console.log(figures.join(" "));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { sizes: { type: "string", default: "1000,10000,100000" } } });
  await rematch(values.sizes.split(",").map(Number));
}
