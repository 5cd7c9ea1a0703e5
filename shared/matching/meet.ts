/** A package and the entries of a shard that are about it. */
import { packageKey } from "../advisories/ecosystems.ts";
import type { Shard, ShardEntry } from "../advisories/set/shard.ts";
import type { AdvisoryHead } from "../advisories/types.ts";
import { cvesOf } from "./claims.ts";
import { type Candidate, evaluate, type Verdict } from "./evaluate.ts";

/** An entry, and the package as it meets it: under its own name, or its source package's. */
export interface Met {
  readonly entry: ShardEntry;
  readonly as: Candidate;
}

export interface Judged {
  readonly entry: ShardEntry;
  readonly verdict: Verdict;
}

/** The entries about a package: by its own name, and those about source packages by its source's. */
export function meet(candidate: Candidate, shard: Shard): readonly Met[] {
  const { ecosystem, subject, item, scheme } = candidate;
  const under = (name: string) => shard.lookup(packageKey(ecosystem.name, name));
  if (ecosystem.sourceSubject === undefined) return under(subject.name).map((entry) => ({ entry, as: candidate }));
  const source = ecosystem.sourceSubject(item);
  const asSource = { ...candidate, subject: source, version: scheme.parse(source.version) };
  return [
    ...under(subject.name).flatMap((entry) => (entry.affected.source === true ? [] : { entry, as: candidate })),
    ...under(source.name).flatMap((entry) => (entry.affected.source === true ? { entry, as: asSource } : [])),
  ];
}

export function judge({ entry, as }: Met): Judged {
  return { entry, verdict: evaluate(as, entry.affected) };
}

/**
 * Whether a CVE has a record of its own about the package, and that clears it: then no update claims it. An update
 * that fixes ten vulnerabilities says nothing about which of them an older version had. (Read only when asked: it
 * needs every record of the package.)
 */
export function clearedAlone(judged: readonly Judged[]): (cve: string) => boolean {
  const cvesAlone = (told: (verdict: Verdict) => boolean) =>
    new Set(
      judged.flatMap(({ entry: { advisory }, verdict }) =>
        told(verdict) && advisory.bundle !== true ? cvesOf(advisory) : [],
      ),
    );
  let known: { readonly clear: ReadonlySet<string>; readonly affected: ReadonlySet<string> } | undefined;
  return (cve) => {
    known ??= {
      clear: cvesAlone((verdict) => verdict.kind === "unaffected" && verdict.elsewhere !== true),
      affected: cvesAlone((verdict) => verdict.kind === "affected"),
    };
    return known.clear.has(cve) && !known.affected.has(cve);
  };
}

/**
 * Whether another record of the same publisher says outright that the package is not affected by the one CVE that a
 * record is about: publishers have several forms, and not all of them can say so.
 */
export function deniedBy(judged: readonly Judged[]): (advisory: AdvisoryHead) => boolean {
  const denials = new Set<string>();
  for (const { entry, verdict } of judged) {
    if (entry.affected.state !== "not-affected" || verdict.kind !== "unaffected" || verdict.elsewhere === true)
      continue;
    const { advisory } = entry;
    if (advisory.bundle === true) continue;
    for (const cve of cvesOf(advisory)) denials.add(`${advisory.database} ${cve}`);
  }
  if (denials.size === 0) return () => false;
  return (advisory) => {
    const cves = cvesOf(advisory);
    return (
      advisory.bundle !== true && cves.length > 0 && cves.every((cve) => denials.has(`${advisory.database} ${cve}`))
    );
  };
}
