/**
 * The manifest lists the shards of the current set. It is replaced last, as a whole, so that no reader ever sees a
 * half-published set; shards are immutable, named by their content and pinned by their hashes.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { messageOf, PermanentError } from "../../platform/errors.ts";
import type { Blobs } from "../../platform/ports.ts";

export const manifestKey = "advisories/manifest.json";
export const shardPrefix = "advisories/shards/";

const sha256 = z.string().regex(/^[a-f0-9]{64}$/);
const count = z.int().min(0);
const time = z.iso.datetime();
const blob = z.string().startsWith(shardPrefix).max(512);
/** `osv/npm`: a feed, and the part of it that is fetched on its own. */
const sourceName = z.string().min(1).max(200);

/** A table that is read in parts (`chunk-table.ts`). */
const parts = z.object({
  blob,
  sha256,
  bytes: count,
  rows: count,
  head: z.object({ bytes: count, sha256 }),
});

const shard = z.object({
  /** `Debian:12`, `npm`. */
  name: z.string().min(1),
  blob,
  sha256,
  bytes: count,
  packages: count,
  advisories: count,
  sources: z.array(sourceName),
  details: parts,
});

const table = parts.extend({ name: z.string().min(1), sources: z.array(sourceName) });

const source = z.object({
  name: sourceName,
  feed: z.string().min(1),
  /** When it was last read or found unchanged; of one that never was (no records, and a failure): first asked for. */
  updatedAt: time,
  newestRecord: time.optional(),
  records: count,
  /** Records left out as malformed when it was last read. */
  quarantined: count,
  /** Where it is from: a URL, or a path. */
  from: z.string(),
  /** What the next fetch goes on from: validators and cursors. */
  cursors: z.record(z.string(), z.string()),
  /** Who published the records, and under which licence (SPDX), for attribution. */
  databases: z.array(z.object({ name: z.string(), licence: z.string().optional() })),
  licence: z.string().optional(),
  attribution: z.string().optional(),
  redistributable: z.boolean(),
  staleAfterHours: z.number().positive().optional(),
  /** Why it is not newer: since the first failure in a row, `at` the last one. */
  failure: z.object({ since: time, at: time.optional(), reason: z.string() }).optional(),
});

const exploited = z.object({ blob, sha256, bytes: count, count, updatedAt: time, source: sourceName });

const manifestSchema = z.object({
  schema: z.literal("portwarden.advisories/2"),
  /** Hash over the hashes of all shards. */
  set: sha256,
  updatedAt: time,
  newestRecord: time.optional(),
  sources: z.array(source),
  shards: z.array(shard),
  tables: z.array(table),
  exploited: exploited.optional(),
  /** Blobs of former sets, which readers may still hold, and since when they are former. */
  retired: z.array(z.object({ blob, at: time })),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestShard = z.infer<typeof shard>;
export type ManifestParts = z.infer<typeof parts>;
export type ManifestTable = z.infer<typeof table>;
export type ManifestSource = z.infer<typeof source>;
export type ManifestExploited = z.infer<typeof exploited>;

/** The current manifest, if there is one. Throws `PermanentError("advisory-manifest-broken")`. */
export async function readManifest(blobs: Blobs): Promise<Manifest | undefined> {
  const bytes = await blobs.get(manifestKey);
  return bytes === undefined ? undefined : parseManifest(bytes);
}

/** Throws `PermanentError("advisory-manifest-broken")`. */
export function parseManifest(bytes: Uint8Array): Manifest {
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

export interface Content {
  readonly sources: readonly ManifestSource[];
  readonly shards: readonly ManifestShard[];
  readonly tables: readonly ManifestTable[];
  readonly exploited?: ManifestExploited;
}

/** What a manifest lists. */
export function contentOf({ sources, shards, tables, exploited }: Manifest): Content {
  return { sources, shards, tables, ...(exploited && { exploited }) };
}

/** Every blob that a set consists of, with what it must be. */
export function blobsOf(content: Content): readonly { readonly blob: string; readonly sha256: string }[] {
  return [
    ...content.shards.flatMap((listed) => [listed, listed.details]),
    ...content.tables,
    ...(content.exploited === undefined ? [] : [content.exploited]),
  ].map(({ blob: name, sha256: hash }) => ({ blob: name, sha256: hash }));
}

/** The identity of a set: the same shards, tables and catalogue are the same set. */
export function hashOfSet(content: Content): string {
  const hash = createHash("sha256");
  for (const { name, sha256: shardHash, details } of content.shards) {
    hash.update(`${name}\t${shardHash}\t${details.sha256}\n`);
  }
  for (const { name, sha256: tableHash } of content.tables) hash.update(`table ${name}\t${tableHash}\n`);
  return hash.update(content.exploited?.sha256 ?? "").digest("hex");
}

/** The manifest of a set, with nothing retired. `updatedAt` is ISO 8601. */
export function manifestOf(content: Content, updatedAt: string): Manifest {
  const byName = <Named extends { readonly name: string }>(list: readonly Named[]): Named[] =>
    [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
  const sources = byName(content.sources);
  const sorted = { sources, shards: byName(content.shards), tables: byName(content.tables) };
  const exploitedHere = content.exploited === undefined ? {} : { exploited: content.exploited };
  const newest = sources.flatMap(({ newestRecord }) => newestRecord ?? []).sort();
  const newestRecord = newest.at(-1);
  return {
    schema: "portwarden.advisories/2",
    set: hashOfSet({ ...sorted, ...exploitedHere }),
    updatedAt,
    ...(newestRecord !== undefined && { newestRecord }),
    ...sorted,
    ...exploitedHere,
    retired: [],
  };
}

/** `Red Hat:enterprise_linux:9` -> `red-hat-enterprise_linux-9`; the hash that follows makes it unique. */
export function shardBlob(name: string, hash: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, "-")
    .slice(0, 100);
  return `${shardPrefix}${slug}-${hash}`;
}
