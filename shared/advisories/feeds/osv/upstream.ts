/**
 * OSV's export: https://google.github.io/osv.dev/data/ : per ecosystem an archive of every record, and a list of ids by
 * the time they changed, newest first.
 */
import { TransientError } from "../../../platform/errors.ts";
import { contentOf } from "../../sources/compressed.ts";
import { fetchEach } from "../../sources/each.ts";
import { zipDocuments } from "../../sources/zip.ts";
import type { FeedUpstream, Fetched, Fetcher } from "../../types.ts";

/** More changed records than this are cheaper to fetch with the whole archive. */
const mostChanges = 2000;
const mostListBytes = 256 * 1024 * 1024;
/** The archive is made apart from the list of changes, and may be that much older. */
const archiveAge = 6 * 60 * 60 * 1000;

/**
 * Ecosystems that OSV exports. Debian, Ubuntu and Alpine have feeds of their own too, with states that OSV lacks:
 * whichever of the two fails, the other goes on.
 */
const exported: readonly string[] = [
  "AlmaLinux",
  "Alpaquita",
  "Alpine",
  "BellSoft Hardened Containers",
  "Bitnami",
  "CRAN",
  "Chainguard",
  "ConanCenter",
  "Debian",
  "Echo",
  "GitHub Actions",
  "Go",
  "Hackage",
  "Hex",
  "Julia",
  "Kubernetes",
  "Mageia",
  "Maven",
  "MinimOS",
  "NuGet",
  "OpenEuler",
  "Packagist",
  "Pub",
  "PyPI",
  "Red Hat",
  "Rocky Linux",
  "RubyGems",
  "SUSE",
  "SwiftURL",
  "Ubuntu",
  "VSCode",
  "Wolfi",
  "crates.io",
  "npm",
  "openSUSE",
];

interface Change {
  readonly time: string;
  readonly id: string;
}

/** `2026-02-01T00:00:00Z,GHSA-…`, newest first, until `since`; `undefined` when they are too many. */
function changesSince(list: string, since: string): readonly Change[] | undefined {
  const changes: Change[] = [];
  for (const line of list.split("\n")) {
    const comma = line.indexOf(",");
    if (comma < 0) continue;
    const time = line.slice(0, comma);
    if (Date.parse(time) <= Date.parse(since)) break;
    changes.push({ time, id: line.slice(comma + 1).trim() });
    if (changes.length > mostChanges) return undefined;
  }
  return changes;
}

const before = (time: string, milliseconds: number) => new Date(Date.parse(time) - milliseconds).toISOString();

/** Of the newest change; `undefined` for what is no list. */
function firstTime(list: string): string | undefined {
  const time = /^([0-9TZ:.+-]+),/.exec(list)?.[1];
  return time === undefined || Number.isNaN(Date.parse(time)) ? undefined : time;
}

/** Where the records are; what is no id is left out. */
function pathsOf(directory: string, changes: readonly Change[]): readonly string[] {
  return changes
    .filter(({ id }) => /^[\w.:-]{1,200}$/.test(id))
    .map(({ id }) => `${directory}/${encodeURIComponent(id)}.json`);
}

/** The list of changes (no text: it is as it was), if the server has one: a plain mirror of the archives has none. */
async function listOf(fetcher: Fetcher, directory: string): Promise<{ readonly text?: string } | undefined> {
  try {
    const file = await fetcher.file(`${directory}/modified_id.csv`, { conditional: true });
    return file.unchanged ? {} : { text: (await contentOf(file.path, mostListBytes)).toString("utf8") };
  } catch (error) {
    if (error instanceof TransientError) throw error;
    return undefined;
  }
}

async function fetchFamily(family: string, fetcher: Fetcher): Promise<Fetched> {
  const directory = encodeURIComponent(family);
  const { modified: since, missing: again = "" } = fetcher.cursors;
  const list = await listOf(fetcher, directory);
  const newest = list && (list.text === undefined ? since : firstTime(list.text));
  if (list !== undefined && newest !== undefined && since !== undefined) {
    const changes = list.text === undefined ? [] : changesSince(list.text, since);
    if (changes?.length === 0 && again === "") return { unchanged: true };
    if (changes !== undefined) {
      const { documents, missing } = fetchEach(fetcher, pathsOf(directory, changes), { again });
      const cursors = () => ({ modified: newest, missing: missing() });
      return { unchanged: false, extent: "changes", documents, cursors };
    }
  }
  const fetched = await fetcher.file(`${directory}/all.zip`, { conditional: true });
  if (fetched.unchanged) return fetched;
  const documents = zipDocuments(fetched.path, `${family}/all.zip`, fetcher.progress);
  const cursors = () => (newest === undefined ? {} : { modified: before(newest, archiveAge) });
  return { unchanged: false, extent: "whole", documents, cursors };
}

export const upstream: FeedUpstream = {
  url: "https://storage.googleapis.com/osv-vulnerabilities",
  enabled: true,
  attribution: "OSV (https://osv.dev) and the databases that it names",
  redistributable: true,
  staleAfterHours: 5 * 24,
  parts: (wants) => exported.filter((ecosystem) => wants(ecosystem)),
  fetch: fetchFamily,
};
