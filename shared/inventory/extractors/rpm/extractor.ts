/**
 * RPM packages from the databases of all three forms, in all three places: SQLite (rpm 4.16 and later) with the pages
 * that still stand in a write-ahead log beside it, NDB (SUSE) and BerkeleyDB (everything older).
 */

import { messageOf } from "../../../platform/errors.ts";
import type { Extractor, Facts, TablePages, TableRow, WantedFile } from "../../extractor.ts";
import { buildFacts, type FactsBuilder } from "../../fields.ts";
import { readBerkeley } from "./berkeley.ts";
import { headersInto } from "./headers.ts";
import { readLog } from "./log.ts";
import { readNdb } from "./ndb.ts";
import { sqliteInto } from "./packages-table.ts";

const directories = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
const sqlite = "rpmdb.sqlite";
const log = `${sqlite}-wal`;
const ndb = "Packages.db";
const berkeley = "Packages";

/** The newest first: where a migration left several in one directory, rpm reads the newest. */
const forms = [sqlite, ndb, berkeley];

export const extractor: Extractor = {
  name: "rpm",
  version: 5,
  kind: "os",
  wants: { paths: directories.flatMap((directory) => [...forms, log].map((name) => `${directory}/${name}`)) },
  mode: "buffer",
  maxBytes: 256 * 1024 * 1024,
  companions(path) {
    if (path.endsWith(sqlite)) return [`${path}-wal`];
    return path.endsWith(log) ? [path.slice(0, -"-wal".length)] : [];
  },
  extract(file) {
    if (file.path.endsWith(sqlite)) return databaseFacts(file);
    if (file.content.length === 0) return {};
    return file.path.endsWith(log) ? logFacts(file) : databaseFacts(file);
  },
};

/**
 * A log beside its database is read with it; what it brings is kept all the same, because in the image it may stand
 * beside the database of another layer.
 */
function logFacts(file: WantedFile): Facts {
  const { path, content } = file;
  const facts = buildFacts();
  const logOf = path.slice(0, -"-wal".length);
  const none: TablePages = { logOf, pageSize: 0, interior: [], leaves: [] };
  try {
    const log = readLog(content, "Packages");
    if (log === undefined) return { tablePages: none };
    const { pageSize, root, interior } = log;
    const headers = headersInto(facts, file);
    const places = new Map<Buffer, TableRow[1]>();
    const placeOf = (blob: Buffer): TableRow[1] => {
      const place = places.get(blob) ?? headers.add(blob);
      places.set(blob, place);
      return place;
    };
    const leaves = log.leaves.map(
      ([page, rows]) =>
        [page, rows.map(([id, blob]): TableRow => [id, blob === null ? "kept" : placeOf(blob)])] as const,
    );
    return { ...facts.facts(), tablePages: { logOf, pageSize, ...(root && { root }), interior, leaves } };
  } catch (thrown) {
    return { tablePages: none, partial: [{ reason: "broken-database", detail: messageOf(thrown) }] };
  }
}

function databaseFacts(file: WantedFile): Facts {
  const facts = buildFacts();
  const [directory, form] = splitPath(file.path);
  let tablePages: TablePages | undefined;
  try {
    tablePages = packagesInto(facts, file, form);
  } catch (thrown) {
    // What was read before the damage stands.
    facts.partial("broken-database", messageOf(thrown));
  }
  const supersededBy = forms.slice(0, forms.indexOf(form)).map((newer) => `${directory}/${newer}`);
  return { ...facts.facts(), ...(supersededBy.length > 0 && { supersededBy }), ...(tablePages && { tablePages }) };
}

function packagesInto(facts: FactsBuilder, file: WantedFile, form: string): TablePages | undefined {
  const headers = headersInto(facts, file);
  if (form === sqlite) return sqliteInto(headers, file.content, file.companions.get(`${file.path}-wal`));
  let wrong = 0;
  let first = 0;
  const onMismatch = (at: number): void => {
    if (wrong++ === 0) first = at;
  };
  for (const blob of form === ndb ? readNdb(file.content, onMismatch) : readBerkeley(file.content)) {
    headers.add(blob);
    if (headers.isFull()) break;
  }
  if (wrong > 0) {
    facts.partial("broken-record", `${wrong} packages whose checksum is wrong, the first at byte ${first}`);
  }
  return undefined;
}

function splitPath(path: string): [directory: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [path.slice(0, slash), path.slice(slash + 1)];
}
