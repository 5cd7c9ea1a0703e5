/**
 * Advisories on their way into shards: appended to one file per shard (and per table) in a temporary directory, so that
 * memory does not grow with the source, then read back one after the other.
 *
 * Lines are tab-separated: `A <document> <source> <scope> <id> <modified> <head> <details>`,
 * `P <document> <source> <scope> <id> <package> <Affected>`, and in the files of tables
 * `R <document> <source> <key> <value>`, with empty fields where they have none.
 * `document` counts the documents of this update. Ids, names and JSON contain no control characters.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageKey, shardName } from "../ecosystems.ts";
import type { AdvisoryDetails, Affected, FeedRecord } from "../types.ts";

const flushAt = 128 * 1024;
const tab = 0x09;
const newline = 0x0a;

export interface Spool {
  add(record: Extract<FeedRecord, { kind: "advisory" }>, source: string): void;
  row(table: string, key: string, value: unknown, source: string): void;
  /** The shards that something was added to. */
  shards(): readonly string[];
  tables(): readonly string[];
  /** Characters that were added. */
  size(): number;
  /** The lines of a shard or table; none when nothing was added to it. */
  shardLines(shard: string): Iterable<SpoolLine>;
  tableLines(table: string): Iterable<SpoolLine>;
}

export interface SpoolLine {
  readonly kind: string;
  readonly document: number;
  readonly source: string;
  /** Which of the source's documents with this id; empty where there is one. */
  readonly scope: string;
  /** An advisory's id, or a row's key. */
  readonly id: string;
  /** `modified` of `A`, the package of `P`, empty for `R`. */
  readonly third: string;
  /** The head of `A`, Affected of `P`, the value of `R`. */
  readonly json: Buffer;
  /** The details of `A`. */
  readonly more: Buffer;
}

interface Pending {
  readonly path: string;
  lines: string[];
  size: number;
}

/** A spool in an existing, empty directory of its own. */
export function createSpool(directory: string): Spool {
  const shards = new Map<string, Pending>();
  const tables = new Map<string, Pending>();
  let documents = 0;
  let size = 0;

  const append = (files: Map<string, Pending>, prefix: string, name: string, line: string) => {
    let file = files.get(name);
    if (file === undefined) {
      file = { path: join(directory, `${prefix}${files.size}`), lines: [], size: 0 };
      files.set(name, file);
    }
    file.lines.push(line);
    file.size += line.length;
    size += line.length;
    if (file.size >= flushAt) flush(file);
  };
  const linesOf = (file: Pending | undefined): Iterable<SpoolLine> => {
    if (file === undefined) return [];
    flush(file);
    return linesIn(readFileSync(file.path));
  };

  return {
    add({ advisory, affected, scope = "" }, source) {
      documents++;
      const { id, aliases, cves, bundle, database, malicious, modified, ...rest } = advisory;
      const head = JSON.stringify({
        id,
        aliases,
        cves,
        bundle,
        database,
        malicious,
        source,
        ...(scope !== "" && { scope }),
      });
      const details = JSON.stringify(orderedDetails({ ...rest, modified }));
      const told = new Set<string>();
      for (const { ecosystem, name, affected: versions } of affected) {
        const shard = shardName(ecosystem, malicious === true);
        if (!told.has(shard)) {
          told.add(shard);
          append(shards, "s", shard, `A\t${documents}\t${source}\t${scope}\t${id}\t${modified}\t${head}\t${details}\n`);
        }
        const key = packageKey(ecosystem, name);
        append(
          shards,
          "s",
          shard,
          `P\t${documents}\t${source}\t${scope}\t${id}\t${key}\t${JSON.stringify(lean(versions))}\n`,
        );
      }
    },
    row(table, key, value, source) {
      documents++;
      append(tables, "t", table, `R\t${documents}\t${source}\t\t${key}\t\t${JSON.stringify(value)}\n`);
    },
    shards: () => [...shards.keys()],
    tables: () => [...tables.keys()],
    size: () => size,
    shardLines: (shard) => linesOf(shards.get(shard)),
    tableLines: (table) => linesOf(tables.get(table)),
  };
}

/** Nobody reads why something is not affected; there are many such, with long reasons. */
function lean({ reason, ...affected }: Affected): Affected {
  return affected.state === "not-affected" || reason === undefined ? affected : { ...affected, reason };
}

/** What a finding rests on comes first, so that a fingerprint can be taken of it alone (`weightOf`). */
function orderedDetails({ severity, cvss, url, summary, cwes, description, modified }: AdvisoryDetails) {
  return { severity, cvss, url, summary, cwes, description, modified };
}

const weightEnd = Buffer.from('"url":');

/** The part of details, as they are stored, that a finding rests on: severity and score. */
export function weightOf(details: Buffer): Buffer {
  const end = details.indexOf(weightEnd);
  return end < 0 ? details : details.subarray(0, end);
}

function flush(file: Pending): void {
  appendFileSync(file.path, file.lines.join(""), { mode: 0o600 });
  file.lines = [];
  file.size = 0;
}

const textFields = 6;

function* linesIn(bytes: Buffer): Generator<SpoolLine> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(newline, start);
    const fields: string[] = [];
    let at = start;
    for (let field = 0; field < textFields; field++) {
      const stop = bytes.indexOf(tab, at);
      fields.push(bytes.toString("utf8", at, stop));
      at = stop + 1;
    }
    const [kind = "", document = "", source = "", scope = "", id = "", third = ""] = fields;
    const stop = kind === "A" ? bytes.indexOf(tab, at) : end;
    const more = kind === "A" ? bytes.subarray(stop + 1, end) : bytes.subarray(0, 0);
    yield { kind, document: Number(document), source, scope, id, third, json: bytes.subarray(at, stop), more };
    start = end + 1;
  }
}
