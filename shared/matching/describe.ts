/** A vulnerability out of the claims about it. */
import type { Advisory } from "../advisories/types.ts";
import type { Severity } from "../findings/types.ts";
import type { Location, Package } from "../inventory/types.ts";
import type { VersionScheme } from "../versions/types.ts";
import { type FullClaim, isCve } from "./claims.ts";
import { greatest } from "./evaluate.ts";
import type { Epss, Signals } from "./signals.ts";
import type { Vulnerability } from "./types.ts";

export interface MatchedPackage {
  readonly item: Package;
  /** Of every package with this purl. */
  readonly locations: readonly Location[];
  /** The marks that hold for whatever is found in it. */
  readonly marks: readonly string[];
}

/**
 * `claims` are about one vulnerability, the best source first. `extendedMark`: the mark of a stream that has a fix
 * where the package's own has none.
 */
export function describeVulnerability(
  { item, locations, marks }: MatchedPackage,
  claims: readonly [FullClaim, ...FullClaim[]],
  scheme: VersionScheme,
  signals: Signals,
  extendedMark: string | undefined,
): Vulnerability {
  const [first] = claims;
  const names = [...new Set(claims.flatMap((claim) => claim.names))].sort();
  const cves = names.filter(isCve);
  const id = cves.length === 1 && cves[0] !== undefined ? cves[0] : first.advisory.id;
  const told = new Set(claims.flatMap(({ affected }) => affected.marks ?? []));
  const malicious = claims.some(({ advisory }) => advisory.malicious === true);
  const fix = fixOf(claims, scheme, new Set([...told, ...marks]));
  const severities = severitiesOf(claims, cves, signals);
  const cvss = severities.map((one) => one.cvss).find((value) => value !== undefined);
  const description = claims.map(({ advisory }) => advisory.description).find((text) => text !== undefined);
  const epss = cves.map((cve) => signals.epss(cve)).find((row) => row !== undefined);
  return {
    id,
    aliases: names.filter((name) => name !== id),
    sources: sourcesOf(claims),
    package: {
      purl: item.purl,
      type: item.type,
      name: item.name,
      version: item.version,
      ...(item.source !== undefined && { source: item.source.name }),
      ...(item.ownedBy !== undefined && { ownedBy: item.ownedBy }),
    },
    fix,
    severity: malicious ? "critical" : severityOf(claims, severities),
    ...(cvss !== undefined && { cvss }),
    severities,
    ...(epss !== undefined && { epss: withoutUndefined(epss) }),
    exploited: cves.some((cve) => signals.exploited(cve)),
    summary: claims.map(({ advisory }) => advisory.summary).find((summary) => summary !== "") ?? "",
    ...(description !== undefined && { description }),
    marks: [
      ...new Set([
        ...marks,
        ...told,
        ...(malicious ? ["malicious"] : []),
        ...(extendedMark !== undefined && fix.state !== "fixed" ? [extendedMark] : []),
      ]),
    ].sort(),
    evidence: { locations, comparison: `${first.comparison}${withinOf(claims)}`, shard: first.shard.hash },
  };
}

const partsShown = 5;

/** Go: the packages of the module that have it. Which of them a program contains is not known. */
function withinOf(claims: readonly FullClaim[]): string {
  const symbols = claims.find(({ affected }) => affected.symbols !== undefined)?.affected.symbols ?? [];
  const paths = [...new Set(symbols.map(({ path }) => path))];
  if (paths.length === 0) return "";
  const more = paths.length > partsShown ? ` and ${paths.length - partsShown} more` : "";
  return `; only in ${paths.slice(0, partsShown).join(", ")}${more}`;
}

function sourcesOf(claims: readonly FullClaim[]): Vulnerability["sources"] {
  const byId = new Map<string, Advisory>(claims.map(({ advisory }) => [advisory.id, advisory]));
  return [...byId.values()].map(({ id, database, url }) => ({ id, database, url }));
}

/** What the publishers say of the vulnerability itself; their updates speak only where they say nothing. */
function ownClaims(claims: readonly FullClaim[]): readonly FullClaim[] {
  const own = claims.filter(({ advisory }) => advisory.bundle !== true);
  return own.length > 0 ? own : claims;
}

/**
 * Each record gives the next fixed version of the range that the version lies in. Where records differ, only the
 * greatest of those is outside all of their ranges. Without a fix the best source's word counts.
 */
function fixOf(claims: readonly FullClaim[], scheme: VersionScheme, marks: ReadonlySet<string>): Vulnerability["fix"] {
  const versions = ownClaims(claims).flatMap(({ fixed }) => fixed ?? []);
  if (versions.length > 0) return { state: "fixed", version: greatest(scheme, versions) };
  const said = claims.find(
    ({ affected }) => affected.state !== undefined && affected.state !== "not-affected",
  )?.affected;
  if (said?.state !== undefined && said.state !== "not-affected") {
    return { state: said.state, ...(said.reason !== undefined && { reason: said.reason }) };
  }
  return { state: marks.has("end-of-life") ? "end-of-life" : "not-fixed" };
}

type Severities = Vulnerability["severities"];

/** One for each source that says something, and what third parties say. */
function severitiesOf(claims: readonly FullClaim[], cves: readonly string[], signals: Signals): Severities {
  const told = new Map<string, Severities[number]>();
  for (const { affected, advisory } of [...ownClaims(claims), ...claims]) {
    const severity = affected.severity ?? advisory.severity;
    const cvss = affected.cvss ?? advisory.cvss;
    if (told.has(advisory.database) || (severity === undefined && cvss === undefined)) continue;
    told.set(advisory.database, {
      by: advisory.database,
      ...(severity !== undefined && { severity }),
      ...(cvss !== undefined && { cvss }),
    });
  }
  for (const cve of cves) {
    const row = signals.score(cve);
    if (row !== undefined && !told.has(row.by)) told.set(row.by, { by: row.by, cvss: row.cvss });
  }
  return [...told.values()];
}

/** The publisher's own word first, then its CVSS score, then a third party's. */
function severityOf(claims: readonly FullClaim[], severities: Severities): Severity {
  for (const group of [ownClaims(claims), claims]) {
    for (const { affected, advisory } of group) {
      const stated = affected.severity ?? advisory.severity;
      if (stated !== undefined) return stated;
    }
    for (const { affected, advisory } of group) {
      const cvss = affected.cvss ?? advisory.cvss;
      if (cvss !== undefined) return severityOfScore(cvss.score);
    }
  }
  const other = severities.find(({ cvss }) => cvss !== undefined)?.cvss;
  return other === undefined ? "unknown" : severityOfScore(other.score);
}

function withoutUndefined({ probability, percentile, date }: Epss): NonNullable<Vulnerability["epss"]> {
  return { probability, ...(percentile !== undefined && { percentile }), date };
}

/** The qualitative rating scale, CVSS 3.1 section 5 and 4.0 section 6. */
function severityOfScore(score: number): Severity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 ? "low" : "negligible";
}
