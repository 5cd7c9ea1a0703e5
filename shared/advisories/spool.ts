/**
 * Advisories on their way into shards: appended to one file per shard in a temporary directory, so that memory does
 * not grow with the source, then read back shard by shard.
 *
 * A line is `A <document> <id> <modified> <Advisory>` or `P <document> <id> <package> <Affected>`, tab-separated;
 * `document` counts the documents of this update. Ids and names contain no control characters (the feed's schema).
 */
import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ecosystemFamily, packageKey, shardName } from "./ecosystems.ts";
import { buildShard, type ShardPackage } from "./shard.ts";
import type { FeedRecord } from "./types.ts";

const flushAt = 128 * 1024;
const tab = 0x09;
const newline = 0x0a;

export interface BuiltShard {
  readonly name: string;
  readonly bytes: Buffer;
  readonly packages: number;
  readonly advisories: number;
}

export interface Spool {
  add(record: Extract<FeedRecord, { kind: "advisory" }>): void;
  /** Forgets what was added of one ecosystem family. */
  forget(family: string): void;
  /** The shards of one ecosystem family, laid out one after the other; each is forgotten once it was given. */
  shards(family: string, withdrawn: ReadonlySet<string>): Generator<BuiltShard>;
}

interface Pending {
  readonly path: string;
  readonly family: string;
  lines: string[];
  size: number;
}

/** A spool in an existing, empty directory of its own. */
export function createSpool(directory: string): Spool {
  const pending = new Map<string, Pending>();
  let documents = 0;

  const append = (shard: string, line: string) => {
    let file = pending.get(shard);
    if (file === undefined) {
      file = { path: join(directory, String(pending.size)), family: ecosystemFamily(shard), lines: [], size: 0 };
      pending.set(shard, file);
    }
    file.lines.push(line);
    file.size += line.length;
    if (file.size >= flushAt) flush(file);
  };
  const drop = (shard: string, file: Pending) => {
    rmSync(file.path, { force: true });
    // The entry stays, as the file names are numbered by it.
    pending.set(shard, { ...file, lines: [], size: 0 });
  };
  const of = (family: string) =>
    [...pending].filter(([, file]) => file.family === family).sort(([a], [b]) => (a < b ? -1 : 1));

  return {
    add({ advisory, affected }) {
      documents++;
      const text = JSON.stringify(advisory);
      const told = new Set<string>();
      for (const { ecosystem, name, affected: versions } of affected) {
        const shard = shardName(ecosystem);
        if (!told.has(shard)) {
          told.add(shard);
          append(shard, `A\t${documents}\t${advisory.id}\t${advisory.modified}\t${text}\n`);
        }
        const key = packageKey(ecosystem, name);
        append(shard, `P\t${documents}\t${advisory.id}\t${key}\t${JSON.stringify(versions)}\n`);
      }
    },
    forget(family) {
      for (const [shard, file] of of(family)) drop(shard, file);
    },
    *shards(family, withdrawn) {
      for (const [shard, file] of of(family)) {
        flush(file);
        const built = layOut(shard, file.path, withdrawn);
        drop(shard, file);
        if (built !== undefined) yield built;
      }
    },
  };
}

function flush(file: Pending): void {
  appendFileSync(file.path, file.lines.join(""), { mode: 0o600 });
  file.lines = [];
  file.size = 0;
}

interface Line {
  readonly kind: "A" | "P";
  readonly document: string;
  readonly id: string;
  readonly third: string;
  readonly json: Buffer;
}

function* linesIn(bytes: Buffer): Generator<Line> {
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(newline, start);
    const fields: string[] = [];
    let at = start;
    for (let field = 0; field < 4; field++) {
      const stop = bytes.indexOf(tab, at);
      fields.push(bytes.toString("utf8", at, stop));
      at = stop + 1;
    }
    const [kind, document = "", id = "", third = ""] = fields;
    yield { kind: kind === "A" ? "A" : "P", document, id, third, json: bytes.subarray(at, end) };
    start = end + 1;
  }
}

/**
 * One shard out of its lines. Of several documents with one id the newest counts, then the later read. Everything is
 * sorted, so that equal advisories give an equal shard in whatever order they were read.
 */
function layOut(name: string, path: string, withdrawn: ReadonlySet<string>): BuiltShard | undefined {
  const bytes = readFileSync(path);
  const newest = new Map<string, { document: string; modified: string; json: Buffer }>();
  for (const { kind, document, id, third: modified, json } of linesIn(bytes)) {
    if (kind !== "A" || withdrawn.has(id)) continue;
    const known = newest.get(id);
    if (known === undefined || modified >= known.modified) newest.set(id, { document, modified, json });
  }
  if (newest.size === 0) return undefined;
  const ids = [...newest.keys()].sort();
  const indices = new Map(ids.map((id, index) => [id, index]));
  const byName = new Map<string, { advisory: number; affected: Buffer }[]>();
  for (const { kind, document, id, third: key, json } of linesIn(bytes)) {
    const advisory = indices.get(id);
    if (kind !== "P" || advisory === undefined || newest.get(id)?.document !== document) continue;
    const entries = byName.get(key);
    if (entries === undefined) byName.set(key, [{ advisory, affected: json }]);
    else entries.push({ advisory, affected: json });
  }
  const packages: ShardPackage[] = [...byName]
    .map(([key, entries]) => ({ key: Buffer.from(key, "utf8"), name: key, entries: distinct(entries) }))
    .sort((a, b) => a.key.compare(b.key));
  const advisories = ids.map((id) => newest.get(id)?.json ?? Buffer.alloc(0));
  return { name, bytes: buildShard(packages, advisories), packages: packages.length, advisories: ids.length };
}

/** In order and without repetition: several repositories of one product say the same. */
function distinct(entries: { advisory: number; affected: Buffer }[]): ShardPackage["entries"] {
  entries.sort((a, b) => a.advisory - b.advisory || a.affected.compare(b.affected));
  return entries.filter((entry, index) => {
    const before = entries[index - 1];
    return before === undefined || before.advisory !== entry.advisory || !before.affected.equals(entry.affected);
  });
}
