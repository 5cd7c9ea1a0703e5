/**
 * The manifest lists the shards of the current set. It is replaced last, as a whole, so that no reader ever sees a
 * half-published set; shards are immutable and named by their content.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { messageOf, PermanentError } from "../platform/errors.ts";
import type { Blobs } from "../platform/ports.ts";

export const manifestKey = "advisories/manifest.json";
export const shardPrefix = "advisories/shards/";

const sha256 = z.string().regex(/^[a-f0-9]{64}$/);
const count = z.int().min(0);
const time = z.iso.datetime();
const blob = z.string().startsWith(shardPrefix).max(512);

const shard = z.object({
  /** `Debian:12`, `npm`. */
  name: z.string().min(1),
  blob,
  sha256,
  /** Compressed and uncompressed. */
  bytes: count,
  rawBytes: count,
  packages: count,
  advisories: count,
});

const ecosystem = z.object({
  /** `Debian`: what an update replaces as a whole. */
  name: z.string().min(1),
  /** When it was last read or found unchanged. */
  updatedAt: time,
  newestRecord: time.optional(),
  records: count,
  source: z.string(),
  etag: z.string().optional(),
  /** Who published the records, and under which licence (SPDX), for attribution. */
  databases: z.array(z.object({ name: z.string(), licence: z.string().optional() })),
});

const exploited = z.object({ blob, sha256, count, updatedAt: time, source: z.string(), etag: z.string().optional() });

const manifestSchema = z.object({
  schema: z.literal("portwarden.advisories/1"),
  /** Hash over the hashes of all shards. */
  set: sha256,
  updatedAt: time,
  newestRecord: time.optional(),
  ecosystems: z.array(ecosystem),
  shards: z.array(shard),
  exploited: exploited.optional(),
  /** Blobs of former sets, which readers may still hold, and since when they are former. */
  retired: z.array(z.object({ blob, at: time })),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestShard = z.infer<typeof shard>;
export type ManifestEcosystem = z.infer<typeof ecosystem>;
export type ManifestExploited = z.infer<typeof exploited>;

/** The current manifest, if there is one. Throws `PermanentError("advisory-manifest-broken")`. */
export async function readManifest(blobs: Blobs): Promise<Manifest | undefined> {
  const bytes = await blobs.get(manifestKey);
  if (bytes === undefined) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (error) {
    const message = `${manifestKey} cannot be read (${messageOf(error).slice(0, 200)}); "advisories update" writes it anew`;
    throw new PermanentError("advisory-manifest-broken", message, { cause: error });
  }
}

export async function writeManifest(blobs: Blobs, manifest: Manifest): Promise<void> {
  await blobs.put(manifestKey, Buffer.from(JSON.stringify(manifestSchema.parse(manifest))), "application/json");
}

/** The identity of a set: the same shards and the same catalogue are the same set. */
export function hashOfSet(shards: readonly ManifestShard[], exploitedHash: string | undefined): string {
  const hash = createHash("sha256");
  for (const { name, sha256: content } of shards) hash.update(`${name}\t${content}\n`);
  return hash.update(exploitedHash ?? "").digest("hex");
}

/** `Red Hat:enterprise_linux:9` -> `red-hat-enterprise_linux-9`; the hash that follows makes it unique. */
export function shardBlob(name: string, hash: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, "-")
    .slice(0, 100);
  return `${shardPrefix}${slug}-${hash}`;
}
