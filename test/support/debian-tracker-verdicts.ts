/**
 * What Debian's security tracker says of source packages, asked as debsecan asks it: straight from the published data,
 * record by record, with nothing of ours but the order of Debian's versions. A CVE of a release is open when the tracker
 * knows no fixed version, or a later one than the installed source's. What an advisory (DSA, DLA) fixes counts where
 * the CVE has no record of its own about the package in that release.
 */
import * as z from "zod";
import { versionScheme } from "../../shared/versions/compare.ts";
import { advisoryLines } from "./feed-samples.ts";

const record = z.object({
  id: z.string(),
  withdrawn: z.string().optional(),
  related: z.array(z.string()).optional(),
  affected: z.array(
    z.object({
      package: z.object({ ecosystem: z.string(), name: z.string() }),
      ranges: z.array(z.object({ events: z.array(z.record(z.string(), z.string())) })).optional(),
      ecosystem_specific: z.object({ urgency: z.string().optional() }).optional(),
    }),
  ),
});

const deb = versionScheme("deb");

function isBefore(a: string, b: string): boolean {
  const [left, right] = [deb.parse(a), deb.parse(b)];
  if (left === undefined || right === undefined) throw new Error(`${a} or ${b} is no Debian version`);
  return deb.compare(left, right) < 0;
}

export interface SourcePackage {
  readonly name: string;
  readonly version: string;
}

interface Entry {
  readonly id: string;
  readonly related: readonly string[];
  readonly fixed: string | undefined;
  readonly isUnimportant: boolean;
}

type Entries = ReadonlyMap<string, readonly Entry[]>;
const read = new Map<string, Promise<Entries>>();

/** By source package, what the data says in one release. */
function entriesOf(release: string): Promise<Entries> {
  const known = read.get(release) ?? readEntries(release);
  read.set(release, known);
  return known;
}

async function readEntries(release: string): Promise<Entries> {
  const found = new Map<string, Entry[]>();
  const ecosystem = `"Debian:${release}"`;
  for await (const line of advisoryLines("debian/debian-osv-11-12-13.ndjson.zst")) {
    if (!line.includes(ecosystem)) continue;
    const { id, withdrawn, related = [], affected } = record.parse(JSON.parse(line.toString("utf8")));
    if (withdrawn !== undefined) continue;
    for (const { package: of, ranges = [], ecosystem_specific: specific } of affected) {
      if (of.ecosystem !== `Debian:${release}`) continue;
      const events = ranges.flatMap((range) => range.events);
      if (events.filter((event) => "introduced" in event).some(({ introduced }) => introduced !== "0")) {
        throw new Error(`${id}: not the simple form that the tracker has`);
      }
      const fixed = events.flatMap((event) => event["fixed"] ?? [])[0];
      const entry = { id, related, fixed, isUnimportant: specific?.urgency === "unimportant" };
      const list = found.get(of.name);
      if (list === undefined) found.set(of.name, [entry]);
      else list.push(entry);
    }
  }
  return found;
}

/** Every twentieth source package of a release, at each version that fixes something and at one before all of them. */
export async function notableSources(release: string): Promise<readonly SourcePackage[]> {
  const all = [...(await entriesOf(release))].filter((_, index) => index % 20 === 0);
  return all.flatMap(([name, entries]) =>
    [...new Set(["0~", ...entries.flatMap(({ fixed }) => fixed ?? [])])].map((version) => ({ name, version })),
  );
}

/** `CVE-2005-2541 tar 1.34+dfsg-1.2: open, unimportant`, one for each open CVE of each source package, sorted. */
export async function trackerVerdicts(release: string, sources: readonly SourcePackage[]): Promise<readonly string[]> {
  const all = await entriesOf(release);
  const verdicts = new Set<string>();
  for (const { name, version } of sources) {
    const entries = all.get(name) ?? [];
    const known = new Set(entries.flatMap(({ id }) => (id.startsWith("CVE-") ? id : [])));
    for (const { id, related, fixed, isUnimportant } of entries) {
      if (fixed !== undefined && !isBefore(version, fixed)) continue;
      const word = `${fixed === undefined ? "open" : `fixed in ${fixed}`}${isUnimportant ? ", unimportant" : ""}`;
      const cves = related.filter((one) => one.startsWith("CVE-"));
      const isAdvisory = /^D[SL]A-/.test(id);
      const names = !isAdvisory ? [id] : cves.length === 0 ? [id] : cves.filter((cve) => !known.has(cve));
      for (const one of names) verdicts.add(`${one} ${name} ${version}: ${word}`);
    }
  }
  return [...verdicts].sort();
}
