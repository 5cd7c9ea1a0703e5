/** https://security.access.redhat.com/data/: an archive of all documents, and lists of what has changed since. */

import { PermanentError } from "../../../platform/errors.ts";
import { contentOf, decompressedFile } from "../../sources/compressed.ts";
import { documentOf, type SourceDocument } from "../../sources/document.ts";
import { type Each, fetchEach } from "../../sources/each.ts";
import { tarFiles } from "../../sources/tar.ts";
import { fetchWhole, oneDocument } from "../../sources/whole-file.ts";
import type { FeedUpstream, Fetched, FetchedFile, Fetcher } from "../../types.ts";

const vex = "csaf/v2/vex";
const repositoryMap = "meta/v1/repository-to-cpe.json";

/** The documents of CVEs that every product has run to tens of megabytes. */
const mostDocumentBytes = 64 * 1024 * 1024;
/** Unpacked: it is read as a stream, of which one document at a time is held. */
const mostArchiveBytes = 256 * 1024 ** 3;
/** The lists of changes name every document there is. */
const mostListBytes = 64 * 1024 * 1024;
/** More changes than these are fetched as one archive. */
const mostSingly = 10_000;

interface Change {
  readonly path: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** `"2023/cve-2023-0030.json","2023-12-10T00:00:00+00:00"`, newest first; lines of another form are left out. */
function readChanges(list: Buffer): readonly Change[] {
  return list
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const [, path, time] =
        /^"?([0-9]{4}\/cve-[0-9]{4}-[0-9]{4,19}\.json)"?,"?([0-9T:.+Z-]{10,40})"?\s*$/.exec(line) ?? [];
      const at = Date.parse(time ?? "");
      return path === undefined || Number.isNaN(at) ? [] : [{ path, at: new Date(at).toISOString() }];
    });
}

const idOf = (path: string) => /cve-[0-9]{4}-[0-9]+/.exec(path)?.[0].toUpperCase() ?? path;

const latest = (changes: readonly Change[], start: string) =>
  changes.reduce((newest, { at }) => (at > newest ? at : newest), start);

async function* archived(path: string, file: string, gone: ReadonlySet<string>): AsyncGenerator<SourceDocument> {
  const wanted = (name: string) => name.endsWith(".json") && !gone.has(name.replace(/^\.?\//, ""));
  for await (const { name, bytes } of tarFiles(decompressedFile(path, mostArchiveBytes), wanted, mostDocumentBytes)) {
    yield documentOf(file, bytes, name);
  }
}

/** All documents: the archive, and after it what has changed since the day of the archive. */
async function fetchAll(fetcher: Fetcher, changes: readonly Change[], deletions: readonly Change[]): Promise<Fetched> {
  const name = (await fetcher.bytes(`${vex}/archive_latest.txt`, { mostBytes: 4096 })).toString("utf8").trim();
  const day = /^csaf_vex_([0-9]{4}-[0-9]{2}-[0-9]{2})\.tar\.zst$/.exec(name)?.[1];
  if (day === undefined) throw new PermanentError("advisories-refused", "archive_latest.txt does not name an archive");
  const archive = await fetcher.file(`${vex}/${name}`);
  if (archive.unchanged) return { unchanged: true };
  const gone = stillGone(changes, deletions);
  // The archive is written in the course of its day.
  const since = fetchChanged(
    fetcher,
    changes.filter(({ at, path }) => at >= day && !gone.has(path)),
  );
  const documents = async function* () {
    yield* archived(archive.path, name, gone);
    yield* since.documents;
  };
  const start = `${day}T00:00:00.000Z`;
  return {
    unchanged: false,
    extent: "whole",
    documents: documents(),
    cursors: () => ({ changed: latest(changes, start), deleted: latest(deletions, start), missing: since.missing() }),
  };
}

function fetchChanged(fetcher: Fetcher, changed: readonly Change[], again?: string): Each {
  const paths = changed.map(({ path }) => `${vex}/${path}`);
  return fetchEach(fetcher, paths, { mostBytes: mostDocumentBytes, again });
}

/** The lists of what has changed and of what is gone; `undefined` when both are as they were. */
async function listsOf(fetcher: Fetcher): Promise<readonly [readonly Change[], readonly Change[]] | undefined> {
  const names = [`${vex}/changes.csv`, `${vex}/deletions.csv`];
  const asked: FetchedFile[] = [];
  for (const name of names) asked.push(await fetcher.file(name, { conditional: true }));
  if (asked.every(({ unchanged }) => unchanged)) return undefined;
  const lists: (readonly Change[])[] = [];
  for (const [index, name] of names.entries()) {
    const had = asked[index];
    // The one that is as it was is needed beside the other.
    const file = had === undefined || had.unchanged ? await fetcher.file(name) : had;
    lists.push(file.unchanged ? [] : readChanges(await contentOf(file.path, mostListBytes)));
  }
  return [lists[0] ?? [], lists[1] ?? []];
}

/** Deleted, and not published again after that. */
function stillGone(changes: readonly Change[], deletions: readonly Change[]): ReadonlySet<string> {
  const published = new Map(changes.map(({ path, at }) => [path, at]));
  return new Set(deletions.filter(({ path, at }) => (published.get(path) ?? "") < at).map(({ path }) => path));
}

async function fetchVex(fetcher: Fetcher): Promise<Fetched> {
  const [changes, deletions] = (await listsOf(fetcher)) ?? [[], []];
  const { changed, deleted, missing: again = "" } = fetcher.cursors;
  if (changed === undefined || deleted === undefined) return fetchAll(fetcher, changes, deletions);
  const gone = stillGone(changes, deletions);
  const newer = changes.filter(({ at, path }) => at > changed && !gone.has(path));
  const removed = deletions.filter(({ at, path }) => at > deleted && gone.has(path)).map(({ path }) => idOf(path));
  if (newer.length > mostSingly) return fetchAll(fetcher, changes, deletions);
  if (newer.length === 0 && removed.length === 0 && again === "") return { unchanged: true };
  const { documents, missing } = fetchChanged(fetcher, newer, again);
  return {
    unchanged: false,
    extent: "changes",
    documents,
    removed: () => removed,
    cursors: () => ({
      changed: latest(changes, changed),
      deleted: latest(deletions, deleted),
      missing: missing(),
    }),
  };
}

export const upstream: FeedUpstream = {
  url: "https://security.access.redhat.com/data",
  enabled: true,
  licence: "CC-BY-4.0",
  attribution: "Red Hat Product Security, https://access.redhat.com/security/data/",
  redistributable: true,
  staleAfterHours: 48,
  parts: (wants) => (wants("Red Hat") ? ["vex", "repositories"] : []),
  fetch: (part, fetcher) =>
    part === "repositories"
      ? fetchWhole(fetcher, repositoryMap, (stored) => oneDocument(stored, repositoryMap, mostListBytes))
      : fetchVex(fetcher),
};
