/**
 * Records that speak of one vulnerability, brought together. A claim is one record's word that one vulnerability is in
 * a package; an update that fixes several vulnerabilities claims each of them.
 */
import type { Shard } from "../advisories/shard.ts";
import type { Advisory, AdvisoryDetails, AdvisoryHead, Affected } from "../advisories/types.ts";

export interface Claim {
  readonly advisory: AdvisoryHead;
  /** Its number in the shard, for its details. */
  readonly number: number;
  readonly affected: Affected;
  readonly comparison: string;
  readonly fixed?: string;
  readonly shard: Shard;
  /** The names of the vulnerability. */
  readonly names: readonly string[];
}

/** A claim with all that its record says. */
export interface FullClaim extends Claim {
  readonly advisory: Advisory;
}

const unknown: AdvisoryDetails = { summary: "", url: "", modified: "" };

/** The claims with the details of their records, read together. Throws what reading them throws. */
export async function withDetails(claims: Iterable<Claim>): Promise<ReadonlyMap<Claim, FullClaim>> {
  const byShard = new Map<Shard, Claim[]>();
  for (const claim of claims) {
    const list = byShard.get(claim.shard);
    if (list === undefined) byShard.set(claim.shard, [claim]);
    else list.push(claim);
  }
  const full = new Map<Claim, FullClaim>();
  for (const [shard, list] of byShard) {
    const details = await shard.details([...new Set(list.map(({ number }) => number))]);
    const whole = new Map<number, Advisory>();
    for (const claim of list) {
      const { number } = claim;
      const advisory = whole.get(number) ?? { ...claim.advisory, ...(details.get(number) ?? unknown) };
      whole.set(number, advisory);
      full.set(claim, { ...claim, advisory });
    }
  }
  return full;
}

/**
 * The names of the vulnerabilities that a record claims: one list each. `cleared` are CVEs of which the same
 * publisher's own record says that the package does not have them.
 */
export function namesClaimed(
  advisory: AdvisoryHead,
  cleared: (cve: string) => boolean,
): readonly (readonly string[])[] {
  if (advisory.bundle !== true) return [[advisory.id, ...(advisory.aliases ?? []), ...(advisory.cves ?? [])]];
  if (advisory.cves === undefined) return [[advisory.id]];
  return advisory.cves.filter((cve) => !cleared(cve)).map((cve) => [cve]);
}

/** Claims that share a name are about one vulnerability. */
export function groupClaims(claims: readonly Claim[]): readonly (readonly Claim[])[] {
  const parents = claims.map((_, index) => index);
  const root = (index: number): number => {
    let at = index;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at] ?? at] ?? at;
      at = parents[at] ?? at;
    }
    return at;
  };
  const holder = new Map<string, number>();
  claims.forEach(({ names }, index) => {
    for (const name of names) {
      const other = holder.get(name);
      if (other === undefined) holder.set(name, index);
      else parents[root(index)] = root(other);
    }
  });
  const groups = new Map<number, Claim[]>();
  claims.forEach((claim, index) => {
    const key = root(index);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [claim]);
    else group.push(claim);
  });
  return [...groups.values()].map((group) => group.sort(bySource));
}

/** The publisher's record about the vulnerability itself before its updates; reviewed before collected. */
const ranks: Readonly<Record<string, number>> = { GitHub: 0, PyPA: 1, "Malicious Packages": 3, OSV: 4 };

function bySource(a: Claim, b: Claim): number {
  const rank = ({ advisory }: Claim) => (advisory.bundle === true ? 10 : 0) + (ranks[advisory.database] ?? 2);
  return rank(a) - rank(b) || (a.advisory.id < b.advisory.id ? -1 : a.advisory.id > b.advisory.id ? 1 : 0);
}
