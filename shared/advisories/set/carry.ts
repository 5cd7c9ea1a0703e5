/**
 * A set in one file, for a place without a network: a tar archive of `manifest.json` and then `blobs/<sha256>`, each
 * pinned by the manifest. Feeds whose licence forbids to pass their data on are left out of it.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import type { Platform } from "../../platform/ports.ts";
import { mayBePassedOn } from "../ecosystems.ts";
import { tarFiles } from "../sources/tar.ts";
import { layOutShard, layOutTable, type Replacement } from "./lay-out.ts";
import {
  blobsOf,
  type Content,
  contentOf,
  hashOfSet,
  type Manifest,
  type ManifestShard,
  type ManifestTable,
  manifestOf,
  parseManifest,
  readManifest,
} from "./manifest.ts";
import { publish, storeShard, storeTable } from "./publish.ts";
import { openContent, openParts } from "./store.ts";

type Ports = Pick<Platform, "blobs" | "clock" | "progress">;

export interface CarriedSet {
  readonly set: string;
  readonly updatedAt: string;
  readonly shards: number;
  readonly bytes: number;
  /** Sources that were left out, as their licence demands. */
  readonly leftOut: readonly string[];
}

const block = 512;
const blobFolder = "blobs/";

/**
 * Writes the present set to `output` and ends it. Throws `PermanentError("advisories-none")` when there is none, and
 * what reading it throws.
 */
export async function exportAdvisories(ports: Ports, output: Writable): Promise<CarriedSet> {
  const manifest = await readManifest(ports.blobs);
  if (manifest === undefined) {
    throw new PermanentError(
      "advisories-none",
      'there are no advisories in the store: run "portwarden advisories update"',
    );
  }
  const leftOut = new Set(manifest.sources.flatMap(({ name, redistributable }) => (redistributable ? [] : [name])));
  const content = await withoutSources(ports, manifest, leftOut);
  const carried = manifestOf(content, manifest.updatedAt);
  const write = async (name: string, body: Uint8Array) => {
    for (const bytes of [headerOf(name, body.length), body, Buffer.alloc((block - (body.length % block)) % block)]) {
      if (bytes.length > 0 && !output.write(bytes)) await once(output, "drain");
    }
  };
  await write("manifest.json", Buffer.from(JSON.stringify(carried)));
  let bytes = 0;
  const blobs = new Map(blobsOf(content).map((listed) => [listed.sha256, listed]));
  for (const { blob, sha256 } of blobs.values()) {
    const body = await ports.blobs.get(blob);
    if (body === undefined || sha256Of(body) !== sha256) {
      throw new PermanentError(
        "advisory-shard-broken",
        `${blob} is broken or gone; "advisories update" writes it anew`,
      );
    }
    await write(blobFolder + sha256, body);
    bytes += body.length;
    ports.progress.report("export", bytes, undefined);
  }
  output.end(Buffer.alloc(2 * block));
  await finished(output, { readable: false });
  const names = [...manifest.sources.map(({ name }) => name), ...manifest.shards.map(({ name }) => name)];
  const kept = new Set([...content.sources.map(({ name }) => name), ...content.shards.map(({ name }) => name)]);
  return {
    set: carried.set,
    updatedAt: carried.updatedAt,
    shards: content.shards.length,
    bytes,
    leftOut: names.filter((name) => !kept.has(name)),
  };
}

const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** What may be passed on; a shard that has records of both kinds is laid out without the others. */
async function withoutSources(ports: Ports, manifest: Manifest, gone: ReadonlySet<string>): Promise<Content> {
  const replacement: Replacement = {
    replaces: (source) => gone.has(source),
    removes: () => false,
    failed: () => false,
  };
  const isMixed = ({ sources }: { readonly sources: readonly string[] }) => sources.some((source) => gone.has(source));
  const shards: ManifestShard[] = [];
  for (const listed of manifest.shards.filter(({ name }) => mayBePassedOn(name))) {
    if (!isMixed(listed)) shards.push(listed);
    else {
      const old = {
        content: await openContent(ports.blobs, listed),
        details: await openParts(ports.blobs, listed.details),
      };
      const laidOut = await layOutShard(() => [], old, replacement);
      if (laidOut !== undefined) shards.push(await storeShard(ports, listed.name, laidOut));
    }
  }
  const tables: ManifestTable[] = [];
  for (const listed of manifest.tables) {
    if (!isMixed(listed)) tables.push(listed);
    else {
      const laidOut = await layOutTable(() => [], await openParts(ports.blobs, listed), replacement);
      if (laidOut === undefined) continue;
      const parts = await storeTable(ports, `table-${listed.name}`, laidOut);
      tables.push({ name: listed.name, ...parts, sources: [...laidOut.sources] });
    }
  }
  const { exploited } = manifest;
  const held = new Set([...shards, ...tables].flatMap(({ sources }) => sources));
  if (exploited !== undefined && !gone.has(exploited.source)) held.add(exploited.source);
  // Cursors belong to the store that fetched: another one has to ask for everything.
  const sources = manifest.sources.filter(({ name }) => held.has(name)).map((source) => ({ ...source, cursors: {} }));
  return { sources, shards, tables, ...(exploited && !gone.has(exploited.source) && { exploited }) };
}

/** A ustar header: POSIX.1-2017, pax, "ustar Interchange Format". */
function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(block);
  header.write(name, 0, 100, "latin1");
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/**
 * Makes the set in the archive the present one, once every blob of it is stored and is what the manifest names. Throws
 * `PermanentError`: `advisory-file-broken`, `advisory-manifest-broken`, `advisory-shard-broken`; the present set then
 * stays in use.
 */
export async function importAdvisories(ports: Ports, archive: AsyncIterable<Uint8Array>): Promise<CarriedSet> {
  let manifest: Manifest | undefined;
  let wanted = new Map<string, string>();
  let bytes = 0;
  const isWanted = (name: string) => name === "manifest.json" || wanted.has(name.slice(blobFolder.length));
  for await (const { name, bytes: body } of tarFiles(archive, isWanted, limits.advisoryShardBytes)) {
    if (body === undefined) throw new PermanentError("advisory-file-broken", `${name} is larger than allowed`);
    if (name === "manifest.json") {
      manifest = parseManifest(body);
      wanted = new Map(blobsOf(contentOf(manifest)).map(({ blob, sha256 }) => [sha256, blob]));
      continue;
    }
    const sha256 = name.slice(blobFolder.length);
    const blob = wanted.get(sha256);
    if (blob === undefined) continue;
    if (sha256Of(body) !== sha256) {
      throw new PermanentError("advisory-shard-broken", `${blob} in the archive is not what its manifest names`);
    }
    await ports.blobs.put(blob, body, "application/octet-stream");
    wanted.delete(sha256);
    bytes += body.length;
    ports.progress.report("import", bytes, undefined);
  }
  if (manifest === undefined) {
    throw new PermanentError(
      "advisory-file-broken",
      'the archive does not begin with a manifest: was it written by "advisories export"?',
    );
  }
  const [missing] = wanted.values();
  if (missing !== undefined) throw new PermanentError("advisory-file-broken", `the archive lacks ${missing}`);
  const content = contentOf(manifest);
  const { set, shards } = manifest;
  if (hashOfSet(content) !== set) {
    throw new PermanentError("advisory-manifest-broken", "the manifest's hash is not that of what it lists");
  }
  const published = await publish(ports, content);
  return { set, updatedAt: published.updatedAt, shards: shards.length, bytes, leftOut: [] };
}
