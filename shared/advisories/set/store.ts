/** The published advisory set, for readers. */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { AdvisoryAge } from "../../matching/types.ts";
import { PermanentError, TransientError } from "../../platform/errors.ts";
import type { Blobs, ByteRange } from "../../platform/ports.ts";
import { packageKey, shardName } from "../ecosystems.ts";
import type { AdvisoryDetails } from "../types.ts";
import { type ChunkCache, type ChunkTable, chunkCache, openTable } from "./chunk-table.ts";
import type { StoredRow } from "./lay-out.ts";
import { type Manifest, type ManifestParts, type ManifestShard, readManifest } from "./manifest.ts";
import { detailsKey, type FullEntry, readShard, type Shard, type ShardContent } from "./shard.ts";

export interface Advisories {
  /** Names of the shards of the set (`Debian:12`, `npm`), sorted. */
  readonly shards: readonly string[];
  /**
   * The shard of an ecosystem; `undefined` when the set has none. Throws `PermanentError("advisory-shard-broken")`
   * when its bytes are not those that the manifest names, `TransientError("advisory-shard-gone")` when the set was
   * replaced long ago.
   */
  shard(ecosystem: string): Promise<Shard | undefined>;
  /** What the set says about a package of an ecosystem, with all details. */
  lookup(ecosystem: string, name: string): Promise<readonly FullEntry[]>;
  /** The rows of a table (`epss`, `cvss`, ...) by their keys; those that it lacks are left out. */
  rows(table: string, keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /** Since when a CVE is known to be exploited (YYYY-MM-DD), if it is. */
  exploited(cve: string): string | undefined;
  age(): AdvisoryAge;
  /** Lets go of every opened shard; they are opened again when they are needed. */
  release(): void;
}

export interface AdvisoryOptions {
  /** Bytes of opened shards to hold at most (one is always held). Default 128 MB. */
  readonly cacheBytes?: number;
  /** Opened shards that nobody asked for this long are let go, so that an idle process is small. Default 60 s. */
  readonly idleMilliseconds?: number;
}

/** Opened shards by content hash, least recently used first. */
interface ShardCache {
  open(hash: string, open: () => Promise<{ readonly shard: Shard; readonly bytes: number }>): Promise<Shard>;
  /** Opened tables; their heads are small. */
  table(hash: string, open: () => Promise<ChunkTable>): Promise<ChunkTable>;
  /** What was unpacked of tables and details. */
  readonly chunks: ChunkCache;
  release(): void;
}

/** The details of some thousand advisories. */
const chunkCacheBytes = 16 * 1024 * 1024;

function shardCache(options: AdvisoryOptions): ShardCache {
  const most = options.cacheBytes ?? 128 * 1024 * 1024;
  const idle = options.idleMilliseconds ?? 60_000;
  const held = new Map<string, { readonly shard: Promise<Shard>; bytes: number }>();
  let timer: NodeJS.Timeout | undefined;

  const evict = () => {
    let total = [...held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [hash, { bytes }] of held) {
      if (total <= most || held.size <= 1) return;
      held.delete(hash);
      total -= bytes;
    }
  };
  const tables = new Map<string, Promise<ChunkTable>>();
  const chunks = chunkCache(chunkCacheBytes);
  const release = () => {
    held.clear();
    tables.clear();
    chunks.clear();
    clearTimeout(timer);
    timer = undefined;
  };
  const rest = () => {
    if (timer === undefined) {
      timer = setTimeout(release, idle);
      timer.unref();
    } else {
      timer.refresh();
    }
  };
  return {
    open(hash, open) {
      rest();
      const known = held.get(hash);
      if (known !== undefined) {
        held.delete(hash);
        held.set(hash, known);
        return known.shard;
      }
      const opened = open();
      const entry = { shard: opened.then(({ shard }) => shard), bytes: 0 };
      held.set(hash, entry);
      opened.then(
        ({ bytes }) => {
          entry.bytes = bytes;
          evict();
        },
        () => held.delete(hash),
      );
      return entry.shard;
    },
    table(hash, open) {
      rest();
      const known = tables.get(hash);
      if (known !== undefined) return known;
      const opened = open();
      tables.set(hash, opened);
      opened.catch(() => tables.delete(hash));
      return opened;
    },
    chunks,
    release,
  };
}

/** The content of a shard. Throws as `Advisories.shard`. */
export async function openContent(blobs: Blobs, listed: ManifestShard): Promise<ShardContent> {
  const stored = await verified(blobs, listed);
  try {
    return readShard(Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength), listed.sha256);
  } catch (error) {
    throw error instanceof PermanentError ? broken(listed.blob, error.message, error) : error;
  }
}

/** What a shard takes once most of it was looked at: JSON is packed about twenty-fold. */
const unpackedShare = 20;

async function openShard(
  blobs: Blobs,
  listed: ManifestShard,
  chunks: ChunkCache,
): Promise<{ shard: Shard; bytes: number }> {
  let details: Promise<ChunkTable> | undefined;
  const shard: Shard = {
    ...(await openContent(blobs, listed)),
    hash: listed.sha256,
    async details(numbers) {
      if (numbers.length === 0) return new Map();
      details ??= openParts(blobs, listed.details, chunks);
      const found = await (await details).lookup(numbers.map(detailsKey));
      return new Map([...found].map(([key, value]) => [Number.parseInt(key, 16), value as AdvisoryDetails]));
    },
  };
  return { shard, bytes: listed.bytes * unpackedShare };
}

/** Opens a table that is read in parts; `chunks` keeps what was unpacked of it. */
export async function openParts(blobs: Blobs, { blob, head }: ManifestParts, chunks?: ChunkCache): Promise<ChunkTable> {
  const fetch = async (range: ByteRange) => {
    const bytes = await blobs.get(blob, range);
    if (bytes === undefined) throw gone(blob);
    return bytes;
  };
  const bytes = Buffer.from(await fetch({ offset: 0, length: Math.max(1, head.bytes) }));
  if (createHash("sha256").update(bytes).digest("hex") !== head.sha256) {
    throw broken(blob, "its head is not what the manifest names");
  }
  return openTable(bytes, fetch, blob, chunks);
}

/** The bytes of a blob of the set, if they are those that the manifest names. */
async function verified(blobs: Blobs, listed: { readonly blob: string; readonly sha256: string }): Promise<Uint8Array> {
  const stored = await blobs.get(listed.blob);
  if (stored === undefined) throw gone(listed.blob);
  const hash = createHash("sha256").update(stored).digest("hex");
  if (hash !== listed.sha256) throw broken(listed.blob, "its content is not what the manifest names");
  return stored;
}

function gone(blob: string): TransientError {
  return new TransientError("advisory-shard-gone", `${blob} is no longer stored: the set was replaced`);
}

function broken(blob: string, why: string, cause?: unknown): PermanentError {
  const message = `the advisory shard ${blob} is broken (${why}); "advisories update" writes it anew`;
  return new PermanentError("advisory-shard-broken", message, { cause });
}

const catalogueSchema = z.record(z.string(), z.string());

async function readExploited(blobs: Blobs, manifest: Manifest): Promise<ReadonlyMap<string, string>> {
  if (manifest.exploited === undefined) return new Map();
  const bytes = await verified(blobs, manifest.exploited);
  const parsed = catalogueSchema.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  if (!parsed.success) throw broken(manifest.exploited.blob, "it is not a catalogue");
  return new Map(Object.entries(parsed.data));
}

export function ageOf(manifest: Manifest | undefined): AdvisoryAge {
  if (manifest === undefined) return { set: "none" };
  return {
    set: manifest.set,
    updatedAt: manifest.updatedAt,
    ...(manifest.newestRecord !== undefined && { newestRecord: manifest.newestRecord }),
    sources: manifest.sources.map(({ name, updatedAt, staleAfterHours, failure, records }) => ({
      name,
      updatedAt,
      ...(staleAfterHours !== undefined && { staleAfterHours }),
      ...(failure !== undefined && { failure: records === 0 ? `never read: ${failure.reason}` : failure.reason }),
    })),
  };
}

function advisoriesIn(
  blobs: Blobs,
  manifest: Manifest | undefined,
  exploited: ReadonlyMap<string, string>,
  cache: ShardCache,
): Advisories {
  const byName = new Map(manifest?.shards.map((listed) => [listed.name, listed]));
  const age = ageOf(manifest);
  const shard = async (ecosystem: string): Promise<Shard | undefined> => {
    const listed = byName.get(shardName(ecosystem));
    return listed && cache.open(listed.sha256, () => openShard(blobs, listed, cache.chunks));
  };
  return {
    shards: [...byName.keys()].sort(),
    shard,
    async lookup(ecosystem, name) {
      const opened = await shard(ecosystem);
      const entries = opened?.lookup(packageKey(ecosystem, name)) ?? [];
      const details = await opened?.details(entries.map(({ number }) => number));
      return entries.flatMap(({ number, affected, advisory }) => {
        const more = details?.get(number);
        return more === undefined ? [] : [{ affected, advisory: { ...advisory, ...more } }];
      });
    },
    async rows(table, keys) {
      const listed = manifest?.tables.find(({ name }) => name === table);
      if (listed === undefined || keys.length === 0) return new Map();
      const opened = await cache.table(listed.sha256, () => openParts(blobs, listed, cache.chunks));
      const found = await opened.lookup(keys);
      return new Map([...found].map(([key, row]) => [key, (row as StoredRow).value]));
    },
    exploited: (cve) => exploited.get(cve),
    age: () => age,
    release: () => cache.release(),
  };
}

/**
 * The set as it is published now; it does not change under its reader. An empty store gives an empty set.
 * Throws `PermanentError` when the manifest cannot be read.
 */
export async function openAdvisories(blobs: Blobs, options: AdvisoryOptions = {}): Promise<Advisories> {
  const manifest = await readManifest(blobs);
  const exploited = manifest === undefined ? new Map<string, string>() : await readExploited(blobs, manifest);
  return advisoriesIn(blobs, manifest, exploited, shardCache(options));
}

interface Warm {
  readonly cache: ShardCache;
  exploited?: { readonly sha256: string; readonly since: ReadonlyMap<string, string> };
}

/** What a running process keeps between scans, for each store. */
const warm = new WeakMap<Blobs, Warm>();

/** Like `openAdvisories`, for a process that asks again and again: shards that did not change stay open. */
export async function advisoriesOf(blobs: Blobs): Promise<Advisories> {
  const manifest = await readManifest(blobs);
  const kept = warm.get(blobs) ?? { cache: shardCache({}) };
  warm.set(blobs, kept);
  const hash = manifest?.exploited?.sha256;
  if (manifest === undefined || hash === undefined) return advisoriesIn(blobs, manifest, new Map(), kept.cache);
  if (kept.exploited?.sha256 !== hash) {
    kept.exploited = { sha256: hash, since: await readExploited(blobs, manifest) };
  }
  return advisoriesIn(blobs, manifest, kept.exploited.since, kept.cache);
}
