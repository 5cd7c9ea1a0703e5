/**
 * RPM packages from the databases of all three forms, in all three places: SQLite (rpm 4.16 and later) with the pages
 * that still stand in a write-ahead log beside it, NDB (SUSE) and BerkeleyDB (everything older).
 */

import { messageOf } from "../../../platform/errors.ts";
import type { Extractor, Facts, WantedFile } from "../../extractor.ts";
import { buildFacts } from "../../fields.ts";
import { readBerkeley } from "./berkeley.ts";
import { filesOf, type RpmHeader, readRpmHeader } from "./header.ts";
import { readNdb } from "./ndb.ts";
import { rpmPackageOf } from "./package.ts";
import { readTable } from "./sqlite.ts";

const directories = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
const sqlite = "rpmdb.sqlite";
const log = `${sqlite}-wal`;
const ndb = "Packages.db";
const berkeley = "Packages";

/** The newest first: where a migration left several in one directory, rpm reads the newest. */
const forms = [sqlite, ndb, berkeley];

export const extractor: Extractor = {
  name: "rpm",
  version: 2,
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

/** The log is read with its database; alone in a layer, it changes a database that another layer holds. */
function logFacts(file: WantedFile): Facts {
  if (file.companions.size > 0) return {};
  const detail = "a write-ahead log without its database in the same layer: newer packages may be missing";
  return { partial: [{ reason: "rpm-log-without-database", detail }] };
}

function databaseFacts(file: WantedFile): Facts {
  const facts = buildFacts();
  try {
    for (const blob of headersIn(file)) {
      const header = blob && headerOf(blob);
      const one = header && rpmPackageOf(header);
      if (header === undefined || one === undefined) {
        facts.broken();
        continue;
      }
      if (!facts.add(one)) break;
      facts.own({ type: "rpm", name: one.name, version: one.version }, evidenceIn(header, file));
    }
  } catch (thrown) {
    // What was read before the damage stands.
    facts.partial("broken-database", messageOf(thrown));
  }
  const [directory, form] = splitPath(file.path);
  const supersededBy = forms.slice(0, forms.indexOf(form)).map((newer) => `${directory}/${newer}`);
  return { ...facts.facts(), ...(supersededBy.length > 0 && { supersededBy }) };
}

/** The headers' bytes as the database keeps them; undefined for one that is not to be found. */
function headersIn(file: WantedFile): Iterable<Buffer | undefined> {
  const [, form] = splitPath(file.path);
  if (form === sqlite) return sqliteHeaders(file);
  return form === ndb ? readNdb(file.content) : readBerkeley(file.content);
}

function* sqliteHeaders(file: WantedFile): Generator<Buffer> {
  for (const [, blob] of readTable(file.content, file.companions.get(`${file.path}-wal`), "Packages")) {
    if (Buffer.isBuffer(blob)) yield blob;
  }
}

function splitPath(path: string): [directory: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [path.slice(0, slash), path.slice(slash + 1)];
}

function headerOf(blob: Buffer): RpmHeader | undefined {
  try {
    return readRpmHeader(blob);
  } catch {
    return undefined;
  }
}

function evidenceIn(header: RpmHeader, file: WantedFile): readonly string[] {
  const found: string[] = [];
  for (const path of filesOf(header)) if (file.isLanguageEvidence(path)) found.push(path);
  return found;
}
