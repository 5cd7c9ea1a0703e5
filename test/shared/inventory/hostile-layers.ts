/**
 * Layers that are meant to do harm by their number or size, made while they are read; run as a process with a small heap
 * (`node --max-old-space-size=N hostile-layers.ts`), so that what is not bounded ends it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readLayer } from "../../../shared/inventory/layer.ts";
import { createMerge } from "../../../shared/inventory/merge.ts";
import { extractors } from "../../../shared/inventory/registry.generated.ts";
import { compileMatcher } from "../../../shared/inventory/wanted.ts";
import { createTar, type RawEntry } from "./tar-writer.ts";

type Entries = () => Iterable<RawEntry & { readonly pax?: Readonly<Record<string, string>> }>;

function* times<Value>(count: number, make: (index: number) => Value): Generator<Value, void, undefined> {
  for (let index = 0; index < count; index++) yield make(index);
}

const long = (length: number, seed: number) => `${seed}/`.padEnd(length, `${"n".repeat(200)}/`).replace(/\/$/, "x");

export const hostileLayers: Readonly<Record<string, Entries>> = {
  "a million symlinks": () => times(1_000_000, (at) => ({ name: `l/${at}`, type: "2", link: `../m/${at}` })),
  "hard links": function* links() {
    yield { name: "a/package.json", content: "{}" };
    yield* times(30_000, (at) => ({ name: `l${at}/node_modules/a/package.json`, type: "1", link: `t/${at}` }));
  },
  "a hard link replaced again and again": () =>
    times(260_000, (at) => ({ name: "node_modules/a/package.json", type: "1", link: `t/${at}` })),
  whiteouts: () => times(260_000, (at) => ({ name: `l/.wh.${at}` })),
  "broken files": () => times(12_000, (at) => ({ name: `a${at}/node_modules/b/package.json`, content: "[" })),
  "sparse files": () => times(12_000, (at) => ({ name: `a${at}/node_modules/b/package.json`, type: "S" })),
  "links with long names": () =>
    times(9000, (at) => ({ name: "x", type: "2", pax: { path: long(4000, at), linkpath: long(4000, at) } })),
  "deep names": () =>
    times(6000, (at) => ({ name: "x", type: "2", link: "y", pax: { path: `${at}/${"a/".repeat(1900)}b` } })),
  "set-user-ID files": () =>
    times(12_000, (at) => ({ name: `bin/${at}`, patch: (header) => void header.write("0004755", 100) })),
};

async function* tarOf(entries: Entries): AsyncGenerator<Uint8Array> {
  let tar = createTar();
  let count = 0;
  for (const { pax, ...entry } of entries()) {
    if (pax !== undefined) tar.pax(pax);
    tar.entry(entry);
    count++;
    if (count % 500 > 0) continue;
    yield tar.finish().subarray(0, -1024);
    tar = createTar();
  }
  yield tar.finish();
}

/** What reading and merging a layer told, and the most memory (MB) that the process ever had. */
export interface HostileResult {
  readonly layer: string;
  readonly reasons: readonly string[];
  readonly partial: number;
  readonly peak: number;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const matcher = compileMatcher(extractors);
  for (const [layer, entries] of Object.entries(hostileLayers)) {
    const source = { mediaType: "tar", open: () => tarOf(entries), diffId: undefined };
    const record = await readLayer(source, { matcher, extractors: "hostile" });
    const merge = createMerge();
    merge.apply(record);
    merge.apply(record);
    const { partial } = merge.finish();
    const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
    const result: HostileResult = {
      layer,
      reasons: [...new Set(partial.map(({ reason }) => reason))],
      partial: partial.length,
      peak,
    };
    console.log(JSON.stringify(result));
  }
}
