/** A new shard (or table) out of the old one and of what was taken in. */
import { createHash } from "node:crypto";
import { buildShard, type ShardPackage } from "./build-shard.ts";
import { type BuiltTable, buildTable, type ChunkTable, type TableRow } from "./chunk-table.ts";
import { detailsKey, parseHead, type ShardContent } from "./shard.ts";
import { fingerprintBytes } from "./shard-layout.ts";
import { type SpoolLine, weightOf } from "./spool.ts";

/** Which of the records that are there stay; told by the feed and part that brought them. */
export interface Replacement {
  /** Everything from that source goes. */
  replaces(source: string): boolean;
  /** That one record goes. */
  removes(source: string, id: string): boolean;
  /** That one record was told anew: what the old shard has of it goes. */
  retells?(source: string, id: string): boolean;
  /** What was taken in of a source that failed half-way does not count. */
  failed(source: string): boolean;
}

export interface OldShard {
  readonly content: ShardContent;
  readonly details: ChunkTable;
}

export interface LaidOut {
  readonly shard: Buffer;
  readonly details: BuiltTable;
  readonly packages: number;
  readonly advisories: number;
  readonly sources: readonly string[];
}

interface Rec {
  readonly id: string;
  readonly source: string;
  readonly head: Buffer;
  details: Buffer;
  /** In the new shard; -1 until a package names it. */
  number: number;
}

type Mention = { readonly record: Rec; readonly affected: Buffer };

/**
 * Lays a shard out; `undefined` when nothing is left. Of several documents of one source with one id and scope the
 * newest counts, then the later read. Everything is sorted, so that equal advisories give an equal shard in whatever order they came.
 * Advisories are numbered by package, so that the details of one image's packages lie together.
 */
export async function layOutShard(
  lines: () => Iterable<SpoolLine>,
  old: OldShard | undefined,
  replacement: Replacement,
): Promise<LaidOut | undefined> {
  const mentions = new Map<string, Mention[]>();
  const mention = (name: string, record: Rec, affected: Buffer) => {
    const list = mentions.get(name);
    if (list === undefined) mentions.set(name, [{ record, affected }]);
    else list.push({ record, affected });
  };
  const taken = takeLines(lines, replacement, mention);
  if (old !== undefined) await takeOld(old, replacement, taken, mention);
  if (mentions.size === 0) return undefined;

  const numbered: Rec[] = [];
  const packages: ShardPackage[] = [...mentions]
    .map(([name, list]) => ({ name, bytes: Buffer.from(name, "utf8"), list }))
    .sort((a, b) => a.bytes.compare(b.bytes))
    .map(({ name, list }) => packageOf(name, list, numbered));
  return {
    shard: buildShard(
      packages,
      numbered.map(({ head }) => head),
    ),
    details: buildTable(numbered.map(({ details }, number) => ({ key: detailsKey(number), value: details }))),
    packages: packages.length,
    advisories: numbered.length,
    sources: [...new Set(numbered.map(({ source }) => source))].sort(),
  };
}

const keyOf = (source: string, scope: string, id: string) => `${source}\t${scope}\t${id}`;

/** The records that were taken in; all that the old shard has of the same key is replaced by them. */
function takeLines(
  lines: () => Iterable<SpoolLine>,
  replacement: Replacement,
  mention: (name: string, record: Rec, affected: Buffer) => void,
): ReadonlyMap<string, unknown> {
  const newest = new Map<string, { readonly document: number; readonly modified: string; readonly record: Rec }>();
  for (const { kind, document, source, scope, id, third: modified, json, more } of lines()) {
    if (kind !== "A" || replacement.failed(source) || replacement.removes(source, id)) continue;
    const known = newest.get(keyOf(source, scope, id));
    if (known !== undefined && modified < known.modified) continue;
    const record = { id, source, head: json, details: more, number: -1 };
    newest.set(keyOf(source, scope, id), { document, modified, record });
  }
  for (const { kind, document, source, scope, id, third: name, json } of lines()) {
    const known = kind === "P" ? newest.get(keyOf(source, scope, id)) : undefined;
    if (known?.document === document) mention(name, known.record, json);
  }
  return newest;
}

async function takeOld(
  { content, details }: OldShard,
  replacement: Replacement,
  taken: ReadonlyMap<string, unknown>,
  mention: (name: string, record: Rec, affected: Buffer) => void,
): Promise<void> {
  const kept: (Rec | undefined)[] = [];
  for (let number = 0; number < content.advisories; number++) {
    const head = content.advisory(number);
    const { id, source, scope = "" } = parseHead(head, "");
    const goes =
      replacement.replaces(source) ||
      replacement.removes(source, id) ||
      replacement.retells?.(source, id) === true ||
      taken.has(keyOf(source, scope, id));
    kept.push(goes ? undefined : { id, source, head, details: Buffer.alloc(0), number: -1 });
  }
  if (kept.every((record) => record === undefined)) return;
  for await (const { key, value } of details.all()) {
    const record = kept[Number.parseInt(key, 16)];
    // The chunk that holds it is larger than it: a copy lets go of it.
    if (record !== undefined) record.details = Buffer.from(value);
  }
  for (const { name, entries } of content.packages()) {
    for (const { advisory, affected } of entries) {
      const record = kept[advisory];
      if (record !== undefined) mention(name, record, affected);
    }
  }
}

/** In order and without repetition: several repositories of one product say the same. */
function packageOf(name: string, list: Mention[], numbered: Rec[]): ShardPackage {
  list.sort(
    (a, b) =>
      compare(a.record.id, b.record.id) || a.record.head.compare(b.record.head) || a.affected.compare(b.affected),
  );
  const distinct = list.filter(({ record, affected }, index) => {
    const before = list[index - 1];
    return before === undefined || before.record !== record || !before.affected.equals(affected);
  });
  const hash = createHash("sha256");
  for (const { record, affected } of distinct) {
    hash.update(record.head).update(weightOf(record.details)).update(affected);
    if (record.number >= 0) continue;
    record.number = numbered.length;
    numbered.push(record);
  }
  return {
    name,
    entries: distinct.map(({ record, affected }) => ({ advisory: record.number, affected })),
    fingerprint: hash.digest().subarray(0, fingerprintBytes),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Lays a table out; `undefined` when nothing is left. Each row's value is stored with its source. Where two sources have
 * the same key, the one that comes first by name counts.
 */
export async function layOutTable(
  lines: () => Iterable<SpoolLine>,
  old: ChunkTable | undefined,
  replacement: Replacement,
): Promise<(BuiltTable & { readonly sources: readonly string[] }) | undefined> {
  const rows = new Map<string, { readonly source: string; readonly value: Uint8Array }>();
  const add = (key: string, source: string, value: Uint8Array) => {
    const known = rows.get(key);
    if (known === undefined || source <= known.source) rows.set(key, { source, value });
  };
  if (old !== undefined) {
    for await (const { key, value } of old.all()) {
      const { source } = storedRow(value);
      if (!replacement.replaces(source) && !replacement.removes(source, key)) add(key, source, Buffer.from(value));
    }
  }
  for (const { kind, source, id, json } of lines()) {
    if (kind !== "R" || replacement.failed(source) || replacement.removes(source, id)) continue;
    add(id, source, Buffer.from(`{"source":${JSON.stringify(source)},"value":${json.toString("utf8")}}`));
  }
  if (rows.size === 0) return undefined;
  const sorted: TableRow[] = [...rows]
    .map(([key, { value }]) => ({ key, bytes: Buffer.from(key, "utf8"), value }))
    .sort((a, b) => a.bytes.compare(b.bytes));
  return { ...buildTable(sorted), sources: [...new Set([...rows.values()].map(({ source }) => source))].sort() };
}

export interface StoredRow {
  readonly source: string;
  readonly value: unknown;
}

export function storedRow(value: Uint8Array): StoredRow {
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8")) as StoredRow;
}
