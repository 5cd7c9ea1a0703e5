/** From a change of the advisories to the images that it touches, in batches. */
import * as z from "zod";
import type { EventOf } from "../events/types.ts";
import { imageResource } from "../images/keys.ts";
import { listImages } from "../images/store.ts";
import type { ImageName } from "../images/types.ts";
import { limits } from "../platform/limits.ts";
import type { Platform } from "../platform/ports.ts";
import {
  blobsOfChange,
  type Change,
  changeSchema,
  keysOfChange,
  putDocument,
  readDocument,
  retentionSeconds,
} from "./change.ts";
import type { Batch, BatchedImage, BatchItem } from "./documents.ts";
import { lanes } from "./lanes.ts";
import { membersOf, type Reach, reachOfShards, setsHolding } from "./lookup.ts";
import { anyName, looseName } from "./names.ts";
import type { SetName } from "./sets.ts";

export type PlanPorts = Pick<Platform, "table" | "blobs" | "bus" | "clock" | "log" | "metrics">;

export const planSchema = z.object({
  change: z.string(),
  batches: z.int(),
  images: z.int(),
  plannedAt: z.iso.datetime(),
});
export type Plan = z.infer<typeof planSchema>;

const readsAtOnce = 8;

/**
 * Finds the images that hold a package which the change is about, writes them down in batches, and publishes
 * `RematchPlanned`. The same event again leads to the same batches. Reads of the table: one for each (package, release),
 * and those of the package sets and images that it leads to.
 */
export async function planRematch(ports: PlanPorts, event: EventOf<"AdvisoriesChanged">): Promise<Plan> {
  const { table, blobs, bus, clock, log } = ports;
  const id = event.data.changeId;
  const keys = keysOfChange(id);
  const change = await readDocument(blobs, blobsOfChange(id).change, changeSchema);
  const known = await table.get(keys.plan);
  let plan = known === undefined ? undefined : planSchema.parse(known.data);
  if (plan === undefined) {
    const images = change.everything ? await allImages(ports) : await imagesTouched(ports, change);
    plan = await writeBatches(ports, id, images);
    const expiresAt = Math.floor(clock.now() / 1000) + retentionSeconds;
    await table.put({ ...keys.plan, data: plan, expiresAt });
  }
  const { batches, images } = plan;
  log.info("images to match again", { change: id, images, batches });
  ports.metrics.count("images-to-rematch", images);
  if (batches === 0) return plan;
  const time = plan.plannedAt;
  const data = { changeId: id, items: blobsOfChange(id).items, batches, images };
  await bus.publish([{ type: "RematchPlanned", id: `rematch-planned:${id}`, time, data }]);
  return plan;
}

async function allImages({ table }: PlanPorts): Promise<BatchedImage[]> {
  const all: BatchedImage[] = [];
  let cursor: string | undefined;
  do {
    const page = await listImages(table, {}, 1000, cursor);
    for (const { kind, registry, repository, digest } of page.images) {
      if (kind === "image") all.push({ registry, repository, digest });
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}

/** Names by the type and release for which they are looked up. */
interface Wanted extends Reach {
  readonly name: string;
}

async function imagesTouched(ports: PlanPorts, change: Change): Promise<BatchedImage[]> {
  const { table } = ports;
  const reachOf = await reachOfShards(table, change.available);
  const wanted = new Map<string, Wanted>();
  for (const { name: shard, packages } of change.shards) {
    for (const reach of reachOf(shard)) {
      const names = packages === "all" ? [anyName] : packages.map(looseName);
      for (const name of names) wanted.set(`${reach.type} ${reach.release} ${name}`, { ...reach, name });
    }
  }
  const sets = new Map<string, { readonly set: SetName; readonly names: Set<string> }>();
  await lanes(readsAtOnce, wanted.values(), async (want) => {
    for (const set of await setsHolding(table, want, want.name)) {
      const found = sets.get(set.id) ?? { set, names: new Set() };
      found.names.add(want.name);
      sets.set(set.id, found);
    }
  });
  const images = new Map<string, { readonly image: ImageName; readonly names: Map<string, Set<string>> }>();
  await lanes(readsAtOnce, sets.values(), async ({ set, names }) => {
    for (const image of await membersOf(ports, set)) {
      const { id } = imageResource(image);
      const found = images.get(id) ?? { image, names: new Map() };
      images.set(id, found);
      const ofType = found.names.get(set.type) ?? new Set();
      found.names.set(set.type, ofType);
      for (const name of names) ofType.add(name);
    }
  });
  return [...images.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { image, names }]) => {
      // What is said of a whole shard changes what could not be judged: that is told of an image as a whole.
      const whole = [...names.values()].some((ofType) => ofType.has(anyName));
      if (whole) return image;
      return { ...image, names: Object.fromEntries([...names].map(([type, some]) => [type, [...some].sort()])) };
    });
}

async function writeBatches({ blobs, clock }: PlanPorts, id: string, images: readonly BatchedImage[]): Promise<Plan> {
  const at = blobsOfChange(id);
  const items: BatchItem[] = [];
  for (let from = 0; from < images.length; from += limits.imagesPerBatch) {
    const number = items.length;
    const batch: Batch = { change: id, number, images: images.slice(from, from + limits.imagesPerBatch) };
    await putDocument(blobs, at.batch(number), batch);
    items.push({ batch: at.batch(number) });
  }
  await blobs.put(at.items, Buffer.from(JSON.stringify(items)), "application/json");
  const plannedAt = new Date(clock.now()).toISOString();
  return { change: id, batches: items.length, images: images.length, plannedAt };
}
