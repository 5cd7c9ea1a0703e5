/** The advisory store: shards, tables, manifests and archives of sets; and the way from a document to findings. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { exportAdvisories, importAdvisories } from "../../shared/advisories/set/carry.ts";
import { openTable } from "../../shared/advisories/set/chunk-table.ts";
import { type Manifest, manifestKey, parseManifest } from "../../shared/advisories/set/manifest.ts";
import { readShard } from "../../shared/advisories/set/shard.ts";
import { openAdvisories } from "../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../shared/advisories/settings.ts";
import { updateAdvisories } from "../../shared/advisories/update/update.ts";
import { matchInventory } from "../../shared/matching/match.ts";
import { type MemoryBlobs, memoryBlobs, type TestPorts, testPorts } from "../../test/shared/advisories/support.ts";
import type { AdvisorySamples } from "./advisory-samples.ts";
import { everyEcosystem, inventoryFor } from "./inventory-of-shards.ts";
import { madeUpAdvisories } from "./made-up-advisories.ts";
import { inPieces, mustHold } from "./must-hold.ts";
import type { Random } from "./random.ts";
import type { Sample } from "./samples.ts";
import type { Target } from "./target.ts";

const settings = advisorySettings.parse({ ecosystems: everyEcosystem });

/** A store of these documents. */
async function storeOf(samples: readonly Sample[]): Promise<TestPorts> {
  const ports = testPorts();
  const directory = mkdtempSync(join(tmpdir(), "portwarden-fuzz-"));
  try {
    for (const { path, content } of samples) writeFileSync(join(directory, basename(path)), content);
    await updateAdvisories(ports, settings, directory);
    return ports;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function storeTargets({ documents }: AdvisorySamples): Promise<Target[]> {
  const { blobs } = await storeOf(Object.values(madeUpAdvisories).flat());
  const manifest = parseManifest(blobs.content.get(manifestKey) ?? Buffer.alloc(0));
  const output = new PassThrough();
  const [archive] = await Promise.all([buffer(output), exportAdvisories(testPorts(blobs), output)]);
  const bytesOf = (blob: string) => Buffer.from(blobs.content.get(blob) ?? []);
  const tables = [...manifest.tables, ...manifest.shards.map(({ details }) => details)];
  return [
    {
      name: "shard",
      samples: shardSamples(manifest, bytesOf),
      weight: 5,
      strict: true,
      run: shardReader(manifest, bytesOf),
    },
    {
      name: "chunk table",
      samples: tables.slice(0, 8).flatMap(({ blob, head }) => tableSamples(bytesOf(blob), head.bytes)),
      weight: 5,
      strict: true,
      run: readTable,
    },
    {
      name: "manifest",
      samples: [{ path: "manifest.json", content: bytesOf(manifestKey) }],
      weight: 3,
      strict: true,
      run: (bytes) => void parseManifest(bytes),
    },
    {
      name: "archive of a set",
      samples: [
        { path: "archive", content: archive },
        { path: "manifest", content: Buffer.from(archive.subarray(512, 512 + sizeIn(archive))) },
      ],
      weight: 3,
      strict: true,
      run: importer(blobs, archive),
    },
    {
      name: "update and match",
      samples: [...documents.values()].flat().filter(({ content }) => content.length < 16_384),
      weight: 1,
      strict: true,
      run: updateAndMatch,
    },
  ];
}

const headBytes = 24;

function shardSamples(manifest: Manifest, bytesOf: (blob: string) => Buffer): Sample[] {
  return manifest.shards.slice(0, 8).flatMap(({ blob }) => {
    const { directory, segment } = partsOf(bytesOf(blob));
    return [
      { path: `whole ${blob}`, content: bytesOf(blob) },
      { path: `directory ${blob}`, content: directory },
      { path: `segment ${blob}`, content: segment },
    ];
  });
}

function partsOf(shard: Buffer) {
  const start = headBytes + shard.readUInt32LE(16);
  return {
    head: shard.subarray(0, headBytes),
    directory: zstdDecompressSync(shard.subarray(headBytes, start)),
    segment: zstdDecompressSync(shard.subarray(start)),
  };
}

/** A shard with another directory, or another (only) segment, in which all lengths are right. */
function shardWith(shard: Buffer, what: string, part: Buffer): Buffer {
  const { head, directory: own, segment } = partsOf(shard);
  const directory = Buffer.from(what === "directory" ? part : own);
  const frame = zstdCompressSync(what === "segment" ? part : segment);
  if (what === "segment" && directory.length >= 12) {
    directory.writeUInt32LE(frame.length, 4);
    directory.writeUInt32LE(part.length, 8);
  }
  const packed = zstdCompressSync(directory);
  const changed = Buffer.from(head);
  changed.writeUInt32LE(packed.length, 16);
  changed.writeUInt32LE(directory.length, 20);
  return Buffer.concat([changed, packed, frame]);
}

function shardReader(manifest: Manifest, bytesOf: (blob: string) => Buffer): Target["run"] {
  const names = manifest.shards.map(({ blob }) => blob);
  return (bytes, path) => {
    const [what = "", blob = ""] = path.split(" ");
    mustHold(names.includes(blob), "the sample is known");
    const content = readShard(what === "whole" ? bytes : shardWith(bytesOf(blob), what, bytes), "0");
    for (const name of content.names()) {
      for (const { affected, advisory, number } of content.lookup(name)) JSON.stringify([affected, advisory, number]);
    }
    for (const { entries } of content.packages()) for (const { advisory } of entries) content.advisory(advisory);
    for (const _fingerprint of content.fingerprints());
    content.packagesOf(["CVE-2026-0001"]);
  };
}

function tableSamples(table: Buffer, head: number): Sample[] {
  const first = zstdDecompressSync(table.subarray(head, head + table.readUInt32LE(16)));
  return [
    { path: `whole ${head}`, content: table },
    { path: `rows ${head}`, content: first },
  ];
}

/** A table of one chunk with these rows, whatever they are. */
function tableWith(rows: Buffer): { readonly head: Buffer; readonly bytes: Buffer } {
  const frame = zstdCompressSync(rows);
  const head = Buffer.alloc(12 + 26);
  head.write("PWT1");
  head.writeUInt32LE(1, 4);
  head.writeUInt32LE(1, 8);
  head.writeUInt32LE(head.length, 12);
  head.writeUInt32LE(frame.length, 16);
  createHash("sha256").update(frame).digest().copy(head, 20, 0, 16);
  return { head, bytes: Buffer.concat([head, frame]) };
}

async function readTable(mutated: Buffer, path: string): Promise<void> {
  const [what, length] = path.split(" ");
  const { head, bytes } =
    what === "rows" ? tableWith(mutated) : { head: mutated.subarray(0, Number(length)), bytes: mutated };
  const opened = openTable(head, async ({ offset, length: most }) => bytes.subarray(offset, offset + most), "table");
  await opened.lookup(["00000000", "CVE-2026-0001", ""]);
  for await (const _row of opened.all());
}

const sizeIn = (header: Buffer) => Number.parseInt(header.toString("latin1", 124, 135), 8);

/** An archive that is refused leaves the set as it was. */
function importer({ content }: MemoryBlobs, archive: Buffer): Target["run"] {
  const rest = archive.subarray(512 + Math.ceil(sizeIn(archive) / 512) * 512);
  const withManifest = (manifest: Buffer) => {
    const header = Buffer.from(archive.subarray(0, 512));
    header.write(`${manifest.length.toString(8).padStart(11, "0")}\0`, 124);
    return Buffer.concat([header, manifest, Buffer.alloc((512 - (manifest.length % 512)) % 512), rest]);
  };
  return async (bytes, path, random) => {
    const blobs = memoryBlobs();
    const before = Buffer.from(content.get(manifestKey) ?? []);
    for (const [key, body] of content) blobs.content.set(key, body);
    const all = path === "manifest" ? withManifest(bytes) : bytes;
    try {
      await importAdvisories(testPorts(blobs), inPieces(all, 512 + random.below(all.length + 1)));
    } catch (thrown) {
      mustHold(before.equals(blobs.content.get(manifestKey) ?? Buffer.alloc(0)), "a refused archive changes nothing");
      throw thrown;
    }
    const advisories = await openAdvisories(blobs);
    for (const name of advisories.shards) for (const _name of (await advisories.shard(name))?.names() ?? []);
    advisories.release();
  };
}

/** The whole way: what was taken in is laid out, opened, and matched with packages of the names in it. */
async function updateAndMatch(bytes: Buffer, path: string, random: Random): Promise<void> {
  const { blobs } = await storeOf([{ path, content: bytes }]);
  const advisories = await openAdvisories(blobs);
  for (const name of advisories.shards) {
    const shard = await advisories.shard(name);
    if (shard === undefined) continue;
    const names = [...shard.names()].slice(0, 5);
    const { vulnerabilities, notEvaluated } = await matchInventory(inventoryFor(name, names, random), advisories);
    mustHold(
      vulnerabilities.every(({ id }) => id !== ""),
      "every vulnerability has a name",
    );
    mustHold(
      notEvaluated.every(({ reason }) => reason !== ""),
      "what was not judged has a reason",
    );
  }
  advisories.release();
}
