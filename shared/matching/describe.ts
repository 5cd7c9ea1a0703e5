/** A vulnerability out of the claims about it. */
import type { Advisory } from "../advisories/types.ts";
import type { Severity } from "../findings/types.ts";
import type { Location, Package } from "../inventory/types.ts";
import type { VersionScheme } from "../versions/types.ts";
import type { FullClaim } from "./claims.ts";
import { greatest } from "./evaluate.ts";
import type { Vulnerability } from "./types.ts";

export interface MatchedPackage {
  readonly item: Package;
  /** Of every package with this purl. */
  readonly locations: readonly Location[];
  /** The marks that hold for whatever is found in it. */
  readonly marks: readonly string[];
}

const isCve = (name: string) => name.startsWith("CVE-");

/**
 * `claims` are about one vulnerability, the best source first. `extendedMark`: the mark of a stream that has a fix
 * where the package's own has none.
 */
export function describeVulnerability(
  { item, locations, marks }: MatchedPackage,
  claims: readonly [FullClaim, ...FullClaim[]],
  scheme: VersionScheme,
  exploited: (cve: string) => boolean,
  extendedMark: string | undefined,
): Vulnerability {
  const [first] = claims;
  const names = [...new Set(claims.flatMap((claim) => claim.names))].sort();
  const cves = names.filter(isCve);
  const id = cves.length === 1 && cves[0] !== undefined ? cves[0] : first.advisory.id;
  const told = new Set(claims.flatMap(({ affected }) => affected.marks ?? []));
  const malicious = claims.some(({ advisory }) => advisory.malicious === true);
  const fix = fixOf(claims, scheme, told);
  const cvss = claims
    .map(({ affected, advisory }) => affected.cvss ?? advisory.cvss)
    .find((value) => value !== undefined);
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
    },
    fix,
    severity: malicious ? "critical" : severityOf(claims),
    ...(cvss !== undefined && { cvss }),
    exploited: cves.some(exploited),
    summary: claims.map(({ advisory }) => advisory.summary).find((summary) => summary !== "") ?? "",
    marks: [
      ...new Set([
        ...marks,
        ...told,
        ...(malicious ? ["malicious"] : []),
        ...(extendedMark !== undefined && fix.state !== "fixed" ? [extendedMark] : []),
      ]),
    ].sort(),
    evidence: { locations, comparison: first.comparison, shard: first.shard.hash },
  };
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
 * greatest of those is outside all of their ranges.
 */
function fixOf(claims: readonly FullClaim[], scheme: VersionScheme, marks: ReadonlySet<string>): Vulnerability["fix"] {
  const versions = ownClaims(claims).flatMap(({ fixed }) => fixed ?? []);
  if (versions.length > 0) return { state: "fixed", version: greatest(scheme, versions) };
  return { state: marks.has("end-of-life") ? "will-not-fix" : "not-fixed" };
}

/** The publisher's own word first, then its CVSS score. */
function severityOf(claims: readonly FullClaim[]): Severity {
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
  return "unknown";
}

/** The qualitative rating scale, CVSS 3.1 section 5 and 4.0 section 6. */
function severityOfScore(score: number): Severity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 ? "low" : "negligible";
}
