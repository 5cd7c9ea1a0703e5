/**
 * RPM packages from the SQLite database (rpm 4.16 and later), in its three places, with the pages that still stand
 * in a write-ahead log beside it. The older BerkeleyDB and NDB databases are recognised and told of.
 */

import { messageOf } from "../../../platform/errors.ts";
import type { Extractor, Facts, PackageFacts, WantedFile } from "../../extractor.ts";
import { buildFacts, text } from "../../fields.ts";
import { filesOf, type RpmHeader, readRpmHeader, tag } from "./header.ts";
import { readTable } from "./sqlite.ts";

const directories = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
const names = ["rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages", "Packages.db"];

export const extractor: Extractor = {
  name: "rpm",
  version: 1,
  kind: "os",
  wants: { paths: directories.flatMap((directory) => names.map((name) => `${directory}/${name}`)) },
  mode: "buffer",
  maxBytes: 256 * 1024 * 1024,
  companions(path) {
    if (path.endsWith(".sqlite")) return [`${path}-wal`];
    return path.endsWith("-wal") ? [path.slice(0, -"-wal".length)] : [];
  },
  extract(file) {
    if (file.path.endsWith(".sqlite")) return packages(file);
    if (file.content.length === 0) return {};
    if (file.path.endsWith("-wal")) return log(file);
    return notRead(file.path.endsWith(".db") ? "NDB" : "BerkeleyDB");
  },
};

/** The log is read with its database; alone in a layer, it changes a database that another layer holds. */
function log(file: WantedFile): Facts {
  if (file.companions.size > 0) return {};
  const detail = "a write-ahead log without its database in the same layer: newer packages may be missing";
  return { partial: [{ reason: "rpm-log-without-database", detail }] };
}

function notRead(format: string): Facts {
  return { partial: [{ reason: "rpm-database-format", detail: `RPM databases in ${format} form are not yet read` }] };
}

function packages(file: WantedFile): Facts {
  const facts = buildFacts();
  try {
    for (const row of readTable(file.content, file.companions.get(`${file.path}-wal`), "Packages")) {
      const blob = row[1];
      if (!Buffer.isBuffer(blob)) continue;
      const header = headerOf(blob);
      const one = header && packageOf(header);
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
  return facts.facts();
}

function headerOf(blob: Buffer): RpmHeader | undefined {
  try {
    return readRpmHeader(blob);
  } catch {
    return undefined;
  }
}

function packageOf(header: RpmHeader): PackageFacts | undefined {
  const name = text(header.text(tag.name));
  const version = text(header.text(tag.version));
  const release = text(header.text(tag.release));
  if (name === undefined || version === undefined || release === undefined) return undefined;
  const epoch = header.number(tag.epoch);
  const architecture = text(header.text(tag.architecture));
  const source = sourceOf(text(header.text(tag.sourceRpm)));
  const license = text(header.text(tag.license));
  const vendor = text(header.text(tag.vendor));
  const modularity = text(header.text(tag.modularityLabel));
  return {
    type: "rpm",
    name,
    version: `${epoch === undefined ? "" : `${epoch}:`}${version}-${release}`,
    ...(architecture !== undefined && { architecture }),
    ...(source && { source }),
    ...(license !== undefined && { licenses: [license] }),
    ...(vendor !== undefined && { vendor }),
    ...(modularity !== undefined && { modularity }),
  };
}

/** `name-version-release.src.rpm` (or `.nosrc.rpm`); it carries no epoch. */
function sourceOf(file: string | undefined): { name: string; version: string } | undefined {
  const match = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(file ?? "");
  return match?.[1] === undefined || match[2] === undefined ? undefined : { name: match[1], version: match[2] };
}

function evidenceIn(header: RpmHeader, file: WantedFile): readonly string[] {
  const found: string[] = [];
  for (const path of filesOf(header)) if (file.isLanguageEvidence(path)) found.push(path);
  return found;
}
