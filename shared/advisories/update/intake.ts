/** Documents of any source, handed to the feeds, into the spool; with everything counted that was not taken. */
import { setImmediate as breathe } from "node:timers/promises";
import { messageOf } from "../../platform/errors.ts";
import { ecosystemFamily } from "../ecosystems.ts";
import { feeds as allFeeds } from "../registry.generated.ts";
import { createSpool, type Spool } from "../set/spool.ts";
import type { SourceDocument } from "../sources/document.ts";
import type { Feed, FeedRecord } from "../types.ts";

export interface FileCount {
  readonly file: string;
  /** Records taken. */
  records: number;
  /** Documents that no feed recognises. */
  unrecognised: number;
  /** Records of ecosystems that are not wanted, and updates that fix no vulnerability. */
  ignored: number;
  withdrawn: number;
  quarantined: number;
}

export interface Quarantined {
  readonly file: string;
  readonly id?: string;
  readonly reason: string;
}

/** What was read of one source: a feed, and the part of it that is fetched on its own. */
export interface SourceCount {
  records: number;
  quarantined: number;
  newestRecord: string | undefined;
  /** Ecosystem families that it has records of. */
  readonly families: Set<string>;
  readonly databases: Map<string, string | undefined>;
}

export interface Intake {
  readonly spool: Spool;
  readonly files: Map<string, FileCount>;
  readonly sources: Map<string, SourceCount>;
  readonly exploited: Map<string, string>;
  /** What was withdrawn, by feed and id: publishers name different records alike. `isWithdrawn` asks it. */
  readonly withdrawn: Set<string>;
  /** The first of them; `files` counts all. */
  readonly quarantined: Quarantined[];
  /** Of sources that told what changed: the records they told anew, whatever they say of them now. */
  readonly retold: Map<string, Set<string>>;
}

const feeds: readonly Feed[] = allFeeds;

/** Told one by one. */
export const quarantinedShown = 20;
/** Documents between two breaths of the event loop: reading must not starve the process it runs in. */
const stride = 500;

/** `withdrawn-ids.txt` speaks of the records of all feeds. */
const everyFeed = "withdrawn";

const withdrawnKey = (source: string, id: string) => `${source.split("/", 1)[0] ?? ""} ${id}`;

/** Whether the record of that source was withdrawn, by its feed or in a list of ids. */
export function isWithdrawn({ withdrawn }: Pick<Intake, "withdrawn">, source: string, id: string): boolean {
  return withdrawn.has(withdrawnKey(source, id)) || withdrawn.has(withdrawnKey(everyFeed, id));
}

/** @param withdrawn what is known to be withdrawn already; those that are met are added */
export function createIntake(directory: string, withdrawn: Set<string> = new Set()): Intake {
  return {
    spool: createSpool(directory),
    files: new Map(),
    sources: new Map(),
    exploited: new Map(),
    withdrawn,
    quarantined: [],
    retold: new Map(),
  };
}

/** Where the documents are from. */
export interface Origin {
  readonly wants: (ecosystem: string) => boolean;
  /** The feed they were fetched for; by default each is for the feed that recognises it. */
  readonly feed?: Feed;
  /** The part of a feed. */
  readonly part: string;
  /** The documents are what has changed, not all there is. */
  readonly changes?: boolean;
  /** Aborted when the time is over. */
  readonly signal?: AbortSignal | undefined;
}

/** The part of a feed that did not come from its upstream. */
export const filesPart = "files";

/** Whether that part of a feed came in files: `files`, or `files/npm`, which is what they have of one ecosystem. */
export function isFilesPart(part: string): boolean {
  return part === filesPart || part.startsWith(`${filesPart}/`);
}

/** `osv/npm`, `kev`. */
export function sourceName(feed: string, part: string): string {
  return part === "" ? feed : `${feed}/${part}`;
}

/** Takes in every document. Throws what the source throws; a malformed document is quarantined. */
export async function takeIn(intake: Intake, documents: AsyncIterable<SourceDocument>, origin: Origin): Promise<void> {
  let seen = 0;
  for await (const document of documents) {
    takeDocument(intake, document, origin);
    if (++seen % stride !== 0) continue;
    await breathe();
    origin.signal?.throwIfAborted();
  }
}

function countOf(intake: Intake, document: SourceDocument): FileCount {
  const { file } = document;
  let count = intake.files.get(file);
  if (count === undefined) {
    count = { file, records: 0, unrecognised: 0, ignored: 0, withdrawn: 0, quarantined: 0 };
    intake.files.set(file, count);
  }
  return count;
}

function feedOf(document: SourceDocument, origin: Origin): Feed | undefined {
  const name = document.entry ?? document.file;
  if (origin.feed?.recognises(document.bytes, name) === true) return origin.feed;
  return feeds.find((candidate) => candidate.recognises(document.bytes, name));
}

function takeDocument(intake: Intake, document: SourceDocument, origin: Origin): void {
  const count = countOf(intake, document);
  const feed = document.problem === undefined ? feedOf(document, origin) : undefined;
  const source = sourceName(origin.feed?.name ?? feed?.name ?? "", origin.part);
  const quarantine = (reason: string) => {
    count.quarantined++;
    if (source !== "") sourceCountOf(intake, source).quarantined++;
    if (intake.quarantined.length >= quarantinedShown) return;
    const id = idIn(document.bytes);
    intake.quarantined.push({ file: whereIs(document), ...(id !== undefined && { id }), reason: reason.slice(0, 300) });
  };
  if (document.problem !== undefined) {
    quarantine(document.problem);
    return;
  }
  if (feed === undefined) {
    count.unrecognised++;
    return;
  }
  let records: readonly FeedRecord[];
  try {
    records = feed.read(document.bytes, { wants: origin.wants }, document.entry ?? document.file);
  } catch (error) {
    quarantine(messageOf(error));
    return;
  }
  for (const record of records) {
    takeRecord(intake, count, record, source);
    if (origin.changes === true) noteRetold(intake, record, source);
  }
}

function takeRecord(intake: Intake, count: FileCount, record: FeedRecord, source: string): void {
  switch (record.kind) {
    case "advisory":
      count.records++;
      for (const [name, part] of bySource(record, source)) {
        countSource(intake, part, name);
        intake.spool.add(part, name);
      }
      return;
    case "row":
      count.records++;
      sourceCountOf(intake, source).records++;
      intake.spool.row(record.table, record.key, record.value, source);
      return;
    case "exploited":
      count.records++;
      sourceCountOf(intake, source).records++;
      intake.exploited.set(record.cve, record.since);
      return;
    case "withdrawn":
      count.withdrawn++;
      intake.withdrawn.add(withdrawnKey(source, record.id));
      return;
    case "ignored":
      count.ignored++;
  }
}

function noteRetold({ retold }: Intake, record: FeedRecord, source: string): void {
  const id = record.kind === "advisory" ? record.advisory.id : record.kind === "ignored" ? record.id : undefined;
  if (id === undefined) return;
  const ids = retold.get(source);
  if (ids === undefined) retold.set(source, new Set([id]));
  else ids.add(id);
}

type AdvisoryRecord = Extract<FeedRecord, { kind: "advisory" }>;

/** Files bring any ecosystems, each of which has an age of its own: they are sources of their own. */
function bySource(record: AdvisoryRecord, source: string): Iterable<readonly [string, AdvisoryRecord]> {
  if (!source.endsWith(`/${filesPart}`)) return [[source, record]];
  const families = new Set(record.affected.map(({ ecosystem }) => ecosystemFamily(ecosystem)));
  return [...families].map((family) => {
    const affected = record.affected.filter(({ ecosystem }) => ecosystemFamily(ecosystem) === family);
    return [`${source}/${family}`, { ...record, affected }] as const;
  });
}

export function sourceCountOf(intake: Intake, source: string): SourceCount {
  let count = intake.sources.get(source);
  if (count === undefined) {
    count = { records: 0, quarantined: 0, newestRecord: undefined, families: new Set(), databases: new Map() };
    intake.sources.set(source, count);
  }
  return count;
}

function countSource(intake: Intake, record: AdvisoryRecord, source: string): void {
  const { advisory, licence } = record;
  const count = sourceCountOf(intake, source);
  count.records++;
  for (const { ecosystem } of record.affected) count.families.add(ecosystemFamily(ecosystem));
  if (count.newestRecord === undefined || advisory.modified > count.newestRecord)
    count.newestRecord = advisory.modified;
  count.databases.set(advisory.database, licence);
}

function whereIs({ file, entry }: SourceDocument): string {
  return entry === undefined ? file : `${file}:${entry}`;
}

/** The id of a document that cannot be read, as far as it can be seen. */
function idIn(bytes: Buffer): string | undefined {
  const at = bytes.indexOf('"id"');
  if (at < 0) return undefined;
  return /^"id"\s*:\s*"([\w.:@/+-]{1,200})"/.exec(bytes.toString("utf8", at, at + 300))?.[1];
}
