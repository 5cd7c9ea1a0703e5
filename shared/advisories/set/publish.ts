/** From what was laid out to a new set: shards first, then the manifest, then what nobody reads any more is removed. */
import { createHash } from "node:crypto";
import { TransientError } from "../../platform/errors.ts";
import type { Platform } from "../../platform/ports.ts";
import type { BuiltTable } from "./chunk-table.ts";
import type { LaidOut } from "./lay-out.ts";
import {
  blobsOf,
  type Content,
  contentOf,
  type Manifest,
  type ManifestExploited,
  type ManifestParts,
  type ManifestShard,
  manifestOf,
  parseManifest,
  readManifest,
  shardBlob,
  shardPrefix,
  writeManifest,
} from "./manifest.ts";

/** How long blobs of a former set stay for its readers. */
const graceMilliseconds = 24 * 60 * 60 * 1000;

type Ports = Pick<Platform, "blobs" | "clock">;

const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Stores a shard and its details. */
export async function storeShard({ blobs }: Ports, name: string, laidOut: LaidOut): Promise<ManifestShard> {
  const { shard: bytes, details, packages, advisories, sources } = laidOut;
  const sha256 = sha256Of(bytes);
  const blob = shardBlob(name, sha256);
  await blobs.put(blob, bytes, "application/zstd");
  return {
    name,
    blob,
    sha256,
    bytes: bytes.length,
    packages,
    advisories,
    sources: [...sources],
    details: await storeTable({ blobs }, `${name}-details`, details),
  };
}

export async function storeTable(
  { blobs }: Pick<Platform, "blobs">,
  name: string,
  { bytes, rows, head }: BuiltTable,
): Promise<ManifestParts> {
  const sha256 = sha256Of(bytes);
  const blob = shardBlob(name, sha256);
  await blobs.put(blob, bytes, "application/octet-stream");
  return { blob, sha256, bytes: bytes.length, rows, head };
}

/** Stores the catalogue of exploited vulnerabilities. */
export async function storeExploited(
  { blobs, clock }: Ports,
  exploited: ReadonlyMap<string, string>,
  source: string,
): Promise<ManifestExploited> {
  const sorted = Object.fromEntries([...exploited].sort(([a], [b]) => (a < b ? -1 : 1)));
  const bytes = Buffer.from(JSON.stringify(sorted));
  const sha256 = sha256Of(bytes);
  const blob = shardBlob("exploited", sha256);
  await blobs.put(blob, bytes, "application/json");
  return { blob, sha256, bytes: bytes.length, count: exploited.size, updatedAt: isoOf(clock.now()), source };
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Whether what is stored under these names is what it should be. */
export async function areIntact(
  blobs: Ports["blobs"],
  listed: readonly { readonly blob: string; readonly sha256: string }[],
): Promise<boolean> {
  for (const { blob, sha256 } of listed) {
    const bytes = await blobs.get(blob);
    if (bytes === undefined || sha256Of(bytes) !== sha256) return false;
  }
  return true;
}

/** Replaces the set by this content, whatever there is. Blobs are removed that no set has named for a day. */
export async function publish(ports: Ports, content: Content): Promise<Manifest> {
  const before = await readManifest(ports.blobs).catch(() => undefined);
  return await replace(ports, content, before);
}

/**
 * Replaces the set `before` by this content that was made of it; `undefined` when another builder has published since:
 * then the content is to be made anew, of what is there now. Between the last look and the write lies one request; what
 * two builders lose to each other in it is with the older times of its sources, and is fetched at their next turn.
 * Throws `TransientError("advisory-shard-gone")` when something of the content was removed meanwhile.
 */
export async function publishOver(
  ports: Ports,
  content: Content,
  before: Manifest | undefined,
): Promise<Manifest | undefined> {
  const known = new Set(before === undefined ? [] : blobsOf(contentOf(before)).map(({ blob }) => blob));
  for (const { blob } of blobsOf(content)) {
    if (known.has(blob) || (await ports.blobs.has(blob))) continue;
    throw new TransientError("advisory-shard-gone", `${blob} was removed before it was published`);
  }
  if (!(await isPresent(ports, before))) return undefined;
  const manifest = await replace(ports, content, before);
  return (await isPresent(ports, manifest)) ? manifest : undefined;
}

async function isPresent({ blobs }: Ports, manifest: Manifest | undefined): Promise<boolean> {
  const present = await readManifest(blobs).catch(() => undefined);
  // As it would be read back: members in the same order.
  const wanted = manifest && parseManifest(Buffer.from(JSON.stringify(manifest)));
  return JSON.stringify(present) === JSON.stringify(wanted);
}

async function replace(ports: Ports, content: Content, before: Manifest | undefined): Promise<Manifest> {
  const now = ports.clock.now();
  const fresh = manifestOf(content, isoOf(now));
  const retired = await retire(ports, before, new Set(blobsOf(content).map(({ blob }) => blob)), now);
  const manifest: Manifest = { ...fresh, retired: retired.keep };
  await writeManifest(ports.blobs, manifest);
  for (const blob of retired.remove) await ports.blobs.remove(blob);
  return manifest;
}

/**
 * Every stored blob that the new set does not name becomes (or stays) retired, and is removed once it has been so for
 * the time of grace. That also finds what a builder left that died before its manifest, and never takes from a
 * builder that is still at work.
 */
async function retire(ports: Ports, before: Manifest | undefined, current: ReadonlySet<string>, now: number) {
  const since = new Map(before?.retired.map(({ blob, at }) => [blob, at]));
  const keep: { blob: string; at: string }[] = [];
  const remove: string[] = [];
  for await (const blob of ports.blobs.list(shardPrefix)) {
    if (current.has(blob)) continue;
    const told = since.get(blob);
    // A time that is yet to come is of a clock that was wrong.
    const at = told === undefined || Date.parse(told) > now ? isoOf(now) : told;
    if (now - Date.parse(at) > graceMilliseconds) remove.push(blob);
    else keep.push({ blob, at });
  }
  return { keep, remove };
}
