/**
 * The index (package -> package sets -> images) as it is written. Entries first, the image's own record last: what was
 * cut off is done again, and nothing is found that is not there. docs/decisions/package-index.md tells the protocol.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { ImageName } from "../images/types.ts";
import type { Inventory } from "../inventory/types.ts";
import { TransientError } from "../platform/errors.ts";
import type { Item, Platform, Table } from "../platform/ports.ts";
import { holderKey, indexedKey, memberKey, namesKey, releasesPartition, setKey } from "./keys.ts";
import { lanes } from "./lanes.ts";
import { anyName } from "./names.ts";
import { type PackageSet, packageSetsOf, type SetName } from "./sets.ts";

/** Raised when images must be indexed anew. */
export const indexForm = 1;

const indexedSchema = z.object({
  form: z.int(),
  /** The blob of the inventory that was indexed. */
  inventory: z.string(),
  sets: z.array(z.string()),
  /** How many of its layers are the base image's, as far as was known. */
  baseLayers: z.int().optional(),
});
export type Indexed = z.infer<typeof indexedSchema>;

const headSchema = z.object({
  state: z.enum(["open", "closing"]),
  /** Since when it is closing, Unix milliseconds. */
  at: z.number(),
});

/** Sets are closed within seconds; one that takes longer was given up half way. */
const abandonedMilliseconds = 5 * 60_000;
const writesAtOnce = 16;

type IndexPorts = Pick<Platform, "table" | "clock">;

/** What the index knows of an image; `undefined` when it is not (or not yet in this form) indexed. */
export function readIndexed(item: Item | undefined): Indexed | undefined {
  const parsed = indexedSchema.safeParse(item?.data);
  return parsed.success && parsed.data.form === indexForm ? parsed.data : undefined;
}

/** Makes an image findable by the names of its packages. `inventory`, with the blob that holds it, is the newest known. */
export async function indexImage(
  ports: IndexPorts,
  image: ImageName,
  inventory: Inventory,
  blob: string,
): Promise<void> {
  const { table } = ports;
  const stored = await table.get(indexedKey(image));
  const before = readIndexed(stored);
  const sets = packageSetsOf(inventory);
  const baseLayers = inventory.baseImage?.layers;
  const after: Indexed = {
    form: indexForm,
    inventory: blob,
    sets: sets.map(({ id }) => id),
    ...(baseLayers !== undefined && { baseLayers }),
  };
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) return;
  const had = new Set(before?.sets);
  const added = sets.filter(({ id }) => !had.has(id));
  await lanes(writesAtOnce, added, ({ id }) => table.put({ ...memberKey(id, image), data: {} }));
  await openSets(ports, added);
  await table.put({ ...indexedKey(image), data: after });
  const gone = (before?.sets ?? []).filter((id) => !after.sets.includes(id));
  await lanes(writesAtOnce, gone, (id) => table.remove(memberKey(id, image)));
}

/** Forgets an image. */
export async function unindexImage(table: Table, image: ImageName): Promise<void> {
  const sets = readIndexed(await table.get(indexedKey(image)))?.sets ?? [];
  await lanes(writesAtOnce, sets, (id) => table.remove(memberKey(id, image)));
  await table.remove(indexedKey(image));
}

/**
 * Makes the names of sets lead to them. Called after the image was put among the members: whoever closes a set looks at
 * its members after saying so, and either sees this image there, or is seen here.
 */
async function openSets(ports: IndexPorts, sets: readonly PackageSet[]): Promise<void> {
  const heads = await ports.table.batchGet(sets.map(({ id }) => setKey(id)));
  const byPartition = new Map(heads.map((head) => [head.pk, head]));
  for (const set of sets) {
    const head = byPartition.get(setKey(set.id).pk);
    if (head !== undefined && headSchema.parse(head.data).state === "open") continue;
    await openSet(ports, set, head);
  }
}

async function openSet({ table, clock }: IndexPorts, set: PackageSet, known: Item | undefined): Promise<void> {
  let head = known;
  for (let attempt = 1; attempt <= 20; attempt++) {
    const data = head === undefined ? undefined : headSchema.parse(head.data);
    if (data?.state === "open") return;
    if (data !== undefined && clock.now() - data.at < abandonedMilliseconds) {
      await sleep(250);
    } else {
      await putHolders(table, set);
      const condition = head === undefined ? ({ ifAbsent: true } as const) : { ifVersion: head.version };
      const { written } = await table.put({
        ...setKey(set.id),
        data: { state: "open", at: clock.now() },
        condition,
      });
      if (written) return;
    }
    head = await table.get(setKey(set.id));
  }
  throw new TransientError("package-set-busy", "a package set is being closed by somebody else");
}

async function putHolders(table: Table, { id, type, release, names, built }: PackageSet): Promise<void> {
  await table.put({ ...namesKey(id), data: { names } });
  if (built !== undefined) {
    const key = { pk: releasesPartition, sk: `${type}#${release}` };
    await table.put({ ...key, data: built, condition: { ifAbsent: true } });
  }
  await lanes(writesAtOnce, [...names, anyName], (name) =>
    table.put({ ...holderKey(type, name, release, id), data: {} }),
  );
}

const namesSchema = z.object({ names: z.array(z.string()) });

/** Takes a set out of the index when no image has it any more, and says whether it did. */
export async function closeSet(
  { table, clock }: IndexPorts,
  { id, type, release }: SetName,
  hasMembers: () => Promise<boolean>,
): Promise<boolean> {
  const [head, listed] = await Promise.all([table.get(setKey(id)), table.get(namesKey(id))]);
  if (head === undefined || headSchema.parse(head.data).state !== "open") return false;
  const state = (name: "open" | "closing") => ({ ...setKey(id), data: { state: name, at: clock.now() } });
  const closing = await table.put({ ...state("closing"), condition: { ifVersion: head.version } });
  if (!closing.written) return false;
  const condition = { ifVersion: closing.version };
  if (await hasMembers()) {
    await table.put({ ...state("open"), condition });
    return false;
  }
  const names = listed === undefined ? [] : namesSchema.parse(listed.data).names;
  await lanes(writesAtOnce, [...names, anyName], (name) => table.remove(holderKey(type, name, release, id)));
  await table.remove(namesKey(id));
  await table.remove({ ...setKey(id), condition });
  return true;
}
