/**
 * From a new advisory set to `AdvisoriesChanged`. Which set was announced last is remembered with its whole manifest: an
 * update that was cut off after it published, or one that another process made, is found at the next turn.
 */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { type ChangedPackage, changedExploited, changedPackages } from "../advisories/set/diff.ts";
import { type Manifest, parseManifest, readManifest } from "../advisories/set/manifest.ts";
import { openContent } from "../advisories/set/store.ts";
import { listImages } from "../images/store.ts";
import { messageOf } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Blobs, Platform } from "../platform/ports.ts";
import { blobsOfChange, type Change, type ChangedShard, changeId, putDocument } from "./change.ts";
import { removeOldChanges } from "./old-changes.ts";

/** The packages about which the second set says something else than the first. Throws when a shard cannot be read. */
export type ChangedPackages = (blobs: Blobs, before: Manifest, after: Manifest) => AsyncIterable<ChangedPackage>;

export type AnnouncePorts = Pick<Platform, "table" | "blobs" | "bus" | "clock" | "log">;

const announcedKey = "advisories/announced.json";

/**
 * Publishes `AdvisoriesChanged` when the advisory set is another one than that announced last. Returns the change;
 * `undefined` when there is none, or none that touches a package.
 */
export async function announceChanges(
  ports: AnnouncePorts,
  diff: ChangedPackages = changedPackages,
): Promise<Change | undefined> {
  const { blobs, log } = ports;
  const after = await readManifest(blobs);
  if (after === undefined) return undefined;
  const before = await readAnnounced(ports);
  if (before?.set === after.set) return undefined;
  const change =
    before === undefined ? await firstChange(ports, after) : await changeBetween(ports, diff, before, after);
  if (change !== undefined && (change.everything || change.shards.length > 0)) await publish(ports, change);
  else if (change !== undefined) log.info("the new advisories change nothing that is said of packages");
  await blobs.put(announcedKey, Buffer.from(JSON.stringify(after)), "application/json");
  return change;
}

/** Has every image matched again with the present set; `gone`: those too that left the registry and run nowhere. */
export async function announceEverything(ports: AnnouncePorts, gone: boolean): Promise<Change | undefined> {
  const after = await readManifest(ports.blobs);
  if (after === undefined) return undefined;
  const change: Change = { ...wholly(after, after), id: changeId("everything", randomUUID()), gone };
  await publish(ports, change);
  return change;
}

async function readAnnounced({ blobs, log }: AnnouncePorts): Promise<Manifest | undefined> {
  const bytes = await blobs.get(announcedKey);
  if (bytes === undefined) return undefined;
  try {
    return parseManifest(bytes);
  } catch (error) {
    log.warn("what was announced last cannot be read", { error: messageOf(error) });
    return undefined;
  }
}

function wholly(before: Manifest, after: Manifest): Change {
  return {
    schema: "portwarden.advisory-change/1",
    id: changeId("sets", before.set, after.set, after.updatedAt),
    after: after.set,
    time: after.updatedAt,
    everything: true,
    gone: false,
    shards: [],
    available: [after.shards.map(({ name }) => name)],
    newlyExploited: [],
  };
}

/**
 * Nothing was ever announced. Images that were matched with another set than this one are matched again; those scanned
 * while there was no set at all are scanned anyhow.
 */
async function firstChange({ table }: AnnouncePorts, after: Manifest): Promise<Change | undefined> {
  let cursor: string | undefined;
  do {
    const page = await listImages(table, {}, 500, cursor);
    const others = page.images.some(({ scan }) => ![undefined, "none", after.set].includes(scan?.advisories));
    if (others) return { ...wholly(after, after), id: changeId("first", after.set) };
    cursor = page.next;
  } while (cursor !== undefined);
  return undefined;
}

async function changeBetween(
  ports: AnnouncePorts,
  diff: ChangedPackages,
  before: Manifest,
  after: Manifest,
): Promise<Change> {
  const { blobs, log } = ports;
  const whole = wholly(before, after);
  try {
    const exploited = await exploitedBetween(blobs, before, after);
    if (exploited === undefined) return whole;
    const shards = await changedShards(blobs, withExploited(diff, exploited.changed), before, after);
    const available = [before, after].map((set) => set.shards.map(({ name }) => name));
    const newlyExploited = exploited.now.filter((cve) => exploited.changed.includes(cve));
    return { ...whole, before: before.set, everything: false, shards, available, newlyExploited };
  } catch (error) {
    // Its shards are kept for a day only.
    log.warn("the set that was announced last cannot be compared with any more: everything is matched again", {
      error: messageOf(error),
    });
    return whole;
  }
}

/** So many CVEs at once that their catalogue must be another one: everything is matched again. */
const mostExploited = 500;

async function changedShards(
  blobs: Blobs,
  diff: ChangedPackages,
  before: Manifest,
  after: Manifest,
): Promise<ChangedShard[]> {
  const old = new Set(before.shards.map(({ name }) => name));
  const now = new Map(after.shards.map(({ name, sha256 }) => [name, sha256]));
  const changed = new Map<string, Set<string> | "all">();
  for (const name of [...old, ...now.keys()]) if (!old.has(name) || !now.has(name)) changed.set(name, "all");
  for await (const { ecosystem, package: name } of diff(blobs, before, after)) {
    const names = changed.get(ecosystem) ?? new Set();
    if (names === "all") continue;
    names.add(name);
    changed.set(ecosystem, names.size > limits.changedPackagesPerShard ? "all" : names);
  }
  return [...changed]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, names]) => {
      const hash = now.get(name);
      const packages = names === "all" ? names : [...names].sort();
      return { name, ...(hash !== undefined && { hash }), packages };
    });
}

const catalogueSchema = z.record(z.string(), z.string());

/** The CVEs known to be exploited now, and those that came or went; nothing when it cannot be told. */
async function exploitedBetween(
  blobs: Blobs,
  before: Manifest,
  after: Manifest,
): Promise<{ readonly now: readonly string[]; readonly changed: readonly string[] } | undefined> {
  if (after.exploited?.sha256 === before.exploited?.sha256) return { now: [], changed: [] };
  const read = async ({ exploited }: Manifest) => {
    if (exploited === undefined) return new Map<string, string>();
    const bytes = await blobs.get(exploited.blob);
    if (bytes === undefined) return undefined;
    return new Map(Object.entries(catalogueSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")))));
  };
  const [known, now] = [await read(before), await read(after)];
  if (known === undefined || now === undefined) return undefined;
  const changed = changedExploited(known, now);
  return changed.length > mostExploited ? undefined : { now: [...now.keys()], changed };
}

/** Also the packages that records about these CVEs name: what is known to be exploited comes first. */
function withExploited(diff: ChangedPackages, cves: readonly string[]): ChangedPackages {
  return async function* (blobs, before, after) {
    yield* diff(blobs, before, after);
    if (cves.length === 0) return;
    for (const shard of after.shards) {
      const content = await openContent(blobs, shard);
      for (const name of content.packagesOf(cves)) yield { ecosystem: shard.name, package: name };
    }
  };
}

async function publish(ports: AnnouncePorts, change: Change): Promise<void> {
  const { blobs, bus, log } = ports;
  await removeOldChanges(ports);
  await putDocument(blobs, blobsOfChange(change.id).change, change);
  const packages = change.shards.reduce(
    (sum, shard) => sum + (shard.packages === "all" ? 0 : shard.packages.length),
    0,
  );
  const { id, before, after, time, everything } = change;
  await bus.publish([
    {
      type: "AdvisoriesChanged",
      id: `advisories-changed:${id}`,
      time,
      data: { changeId: id, ...(before !== undefined && { before }), after, everything, packages },
    },
  ]);
  log.info("advisories changed", { change: id, shards: change.shards.length, packages, everything });
}
