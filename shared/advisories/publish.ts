/** From what was taken in to a new set: shards first, then the manifest, then what nobody reads any more is removed. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import type { Platform } from "../platform/ports.ts";
import type { Intake } from "./intake.ts";
import {
  hashOfSet,
  type Manifest,
  type ManifestEcosystem,
  type ManifestExploited,
  type ManifestShard,
  readManifest,
  shardBlob,
  shardPrefix,
  writeManifest,
} from "./manifest.ts";

const compress = promisify(zlib.zstdCompress);
/** Measured on the Debian shards: level 9 is 12 % smaller than 3, level 19 another 8 % at six times the time. */
const compression = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 9 } };

/** How long blobs of a former set stay for its readers. */
const graceMilliseconds = 24 * 60 * 60 * 1000;

type Ports = Pick<Platform, "blobs" | "clock" | "log">;

/**
 * Stores the shards of one ecosystem family; those that did not change, again: what is stored may be damaged, or about
 * to be removed by another builder.
 */
export async function storeShards(ports: Ports, intake: Intake, family: string): Promise<readonly ManifestShard[]> {
  const stored: ManifestShard[] = [];
  for (const shard of intake.spool.shards(family, intake.withdrawn)) {
    const bytes = await compress(shard.bytes, compression);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const blob = shardBlob(shard.name, sha256);
    await ports.blobs.put(blob, bytes, "application/zstd");
    const { name, packages, advisories } = shard;
    stored.push({ name, blob, sha256, bytes: bytes.length, rawBytes: shard.bytes.length, packages, advisories });
  }
  return stored;
}

/** Stores the catalogue of exploited vulnerabilities. */
export async function storeExploited(
  ports: Ports,
  exploited: ReadonlyMap<string, string>,
  origin: { readonly source: string; readonly etag?: string },
): Promise<ManifestExploited> {
  const sorted = Object.fromEntries([...exploited].sort(([a], [b]) => (a < b ? -1 : 1)));
  const bytes = Buffer.from(JSON.stringify(sorted));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const blob = shardBlob("exploited", sha256);
  await ports.blobs.put(blob, bytes, "application/json");
  const updatedAt = new Date(ports.clock.now()).toISOString();
  return { blob, sha256, count: exploited.size, updatedAt, ...origin };
}

/** Whether what is stored under these names is what it should be. */
export async function areIntact(
  blobs: Ports["blobs"],
  listed: readonly { readonly blob: string; readonly sha256: string }[],
): Promise<boolean> {
  for (const { blob, sha256 } of listed) {
    const bytes = await blobs.get(blob);
    if (bytes === undefined || createHash("sha256").update(bytes).digest("hex") !== sha256) return false;
  }
  return true;
}

export interface Content {
  readonly ecosystems: readonly ManifestEcosystem[];
  readonly shards: readonly ManifestShard[];
  readonly exploited?: ManifestExploited;
}

/** Replaces the set by this content. Blobs are removed that no set has named for a day. */
export async function publish(ports: Ports, content: Content): Promise<Manifest> {
  const now = ports.clock.now();
  const before = await readManifest(ports.blobs).catch(() => undefined);
  const shards = [...content.shards].sort((a, b) => (a.name < b.name ? -1 : 1));
  const current = new Set([...shards.map(({ blob }) => blob), ...(content.exploited ? [content.exploited.blob] : [])]);
  const retired = await retire(ports, before, current, now);
  const newest = content.ecosystems
    .flatMap(({ newestRecord }) => newestRecord ?? [])
    .sort()
    .at(-1);
  const manifest: Manifest = {
    schema: "portwarden.advisories/1",
    set: hashOfSet(shards, content.exploited?.sha256),
    updatedAt: new Date(now).toISOString(),
    ...(newest !== undefined && { newestRecord: newest }),
    ecosystems: [...content.ecosystems].sort((a, b) => (a.name < b.name ? -1 : 1)),
    shards,
    ...(content.exploited !== undefined && { exploited: content.exploited }),
    retired: retired.keep,
  };
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
    const at = since.get(blob) ?? new Date(now).toISOString();
    if (now - Date.parse(at) > graceMilliseconds) remove.push(blob);
    else keep.push({ blob, at });
  }
  return { keep, remove };
}
