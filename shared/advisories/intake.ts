/** Documents of any source, handed to the feeds, into the spool; with everything counted that was not taken. */
import { setImmediate as breathe } from "node:timers/promises";
import { messageOf } from "../platform/errors.ts";
import { ecosystemFamily } from "./ecosystems.ts";
import { feeds } from "./registry.generated.ts";
import type { SourceDocument } from "./sources/document.ts";
import { createSpool, type Spool } from "./spool.ts";
import type { FeedRecord } from "./types.ts";

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

/** What was read of one ecosystem family. */
export interface FamilyCount {
  records: number;
  newestRecord: string;
  readonly databases: Map<string, string | undefined>;
}

export interface Intake {
  readonly spool: Spool;
  readonly files: Map<string, FileCount>;
  readonly families: Map<string, FamilyCount>;
  readonly exploited: Map<string, string>;
  readonly withdrawn: Set<string>;
  /** The first of them; `files` counts all. */
  readonly quarantined: Quarantined[];
}

const quarantinedShown = 20;
/** Documents between two breaths of the event loop: reading must not starve the process it runs in. */
const stride = 500;

export function createIntake(directory: string): Intake {
  return {
    spool: createSpool(directory),
    files: new Map(),
    families: new Map(),
    exploited: new Map(),
    withdrawn: new Set(),
    quarantined: [],
  };
}

/** Takes in every document. Throws what the source throws; a malformed document is quarantined. */
export async function takeIn(
  intake: Intake,
  documents: AsyncIterable<SourceDocument>,
  wants: (ecosystem: string) => boolean,
): Promise<void> {
  let seen = 0;
  for await (const document of documents) {
    takeDocument(intake, document, wants);
    if (++seen % stride === 0) await breathe();
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

function takeDocument(intake: Intake, document: SourceDocument, wants: (ecosystem: string) => boolean): void {
  const count = countOf(intake, document);
  const quarantine = (reason: string) => {
    count.quarantined++;
    if (intake.quarantined.length >= quarantinedShown) return;
    const id = idIn(document.bytes);
    intake.quarantined.push({ file: whereIs(document), ...(id !== undefined && { id }), reason: reason.slice(0, 300) });
  };
  if (document.problem !== undefined) {
    quarantine(document.problem);
    return;
  }
  const feed = feeds.find((candidate) => candidate.recognises(document.bytes, document.entry ?? document.file));
  if (feed === undefined) {
    count.unrecognised++;
    return;
  }
  let records: readonly FeedRecord[];
  try {
    records = feed.read(document.bytes, { wants });
  } catch (error) {
    quarantine(messageOf(error));
    return;
  }
  for (const record of records) takeRecord(intake, count, record);
}

function takeRecord(intake: Intake, count: FileCount, record: FeedRecord): void {
  switch (record.kind) {
    case "advisory":
      count.records++;
      countFamilies(intake, record);
      intake.spool.add(record);
      return;
    case "exploited":
      count.records++;
      intake.exploited.set(record.cve, record.since);
      return;
    case "withdrawn":
      count.withdrawn++;
      intake.withdrawn.add(record.id);
      return;
    case "ignored":
      count.ignored++;
  }
}

function countFamilies(intake: Intake, record: Extract<FeedRecord, { kind: "advisory" }>): void {
  const { advisory, licence } = record;
  for (const family of new Set(record.affected.map(({ ecosystem }) => ecosystemFamily(ecosystem)))) {
    let count = intake.families.get(family);
    if (count === undefined) {
      count = { records: 0, newestRecord: advisory.modified, databases: new Map() };
      intake.families.set(family, count);
    }
    count.records++;
    if (advisory.modified > count.newestRecord) count.newestRecord = advisory.modified;
    count.databases.set(advisory.database, licence);
  }
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
