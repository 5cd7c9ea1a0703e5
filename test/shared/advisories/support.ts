import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { feeds } from "../../../shared/advisories/registry.generated.ts";
import { type Advisories, openAdvisories } from "../../../shared/advisories/set/store.ts";
import { type AdvisorySettings, advisorySettings } from "../../../shared/advisories/settings.ts";
import { type UpdatePorts, type UpdateResult, updateAdvisories } from "../../../shared/advisories/update/update.ts";
import type { Blobs } from "../../../shared/platform/ports.ts";

export interface MemoryBlobs extends Blobs {
  readonly content: Map<string, Uint8Array>;
}

export function memoryBlobs(): MemoryBlobs {
  const content = new Map<string, Uint8Array>();
  return {
    content,
    put: async (key, body) => {
      content.set(key, Uint8Array.from(body));
    },
    get: async (key, range) => {
      const body = content.get(key);
      return range === undefined ? body : body?.subarray(range.offset, range.offset + range.length);
    },
    has: async (key) => content.has(key),
    remove: async (key) => {
      content.delete(key);
    },
    async *list(prefix) {
      yield* [...content.keys()].filter((key) => key.startsWith(prefix)).sort();
    },
  };
}

export const day = 24 * 60 * 60 * 1000;

export interface TestPorts extends UpdatePorts {
  readonly blobs: MemoryBlobs;
  /** Settable. */
  readonly time: { now: number };
  readonly progressed: { task: string; done: number; total: number | undefined }[];
}

export function testPorts(blobs: MemoryBlobs = memoryBlobs()): TestPorts {
  const time = { now: Date.parse("2026-03-01T00:00:00Z") };
  const progressed: TestPorts["progressed"] = [];
  const quiet = () => undefined;
  return {
    blobs,
    time,
    progressed,
    clock: { now: () => time.now },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    progress: { report: (task, done, total) => progressed.push({ task, done, total }) },
  };
}

/** A temporary directory with these files in it, gone after `use`. */
export async function inDirectory<Result>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "portwarden-test-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function ndjson(records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

/** Settings under which only these feeds are fetched. */
export function onlyFeeds(...names: readonly string[]): AdvisorySettings["feeds"] {
  return Object.fromEntries(feeds.map(({ name }) => [name, { enabled: names.includes(name) }]));
}

/** Loads records through a real update. */
export async function load(
  records: readonly unknown[],
  options: { ports?: TestPorts; kev?: unknown; ecosystems?: string[] } = {},
): Promise<{ ports: TestPorts; result: UpdateResult; advisories: Advisories }> {
  const ports = options.ports ?? testPorts();
  const files = {
    "records.ndjson": ndjson(records),
    ...(options.kev !== undefined && { "kev.json": JSON.stringify(options.kev) }),
  };
  const settings = advisorySettings.parse(options.ecosystems === undefined ? {} : { ecosystems: options.ecosystems });
  const result = await inDirectory(files, (directory) => updateAdvisories(ports, settings, directory));
  return { ports, result, advisories: await openAdvisories(ports.blobs) };
}
