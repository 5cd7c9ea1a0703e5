/**
 * Records that speak of one vulnerability, brought together. A claim is one record's word that one vulnerability is in
 * a package; an update that fixes several vulnerabilities claims each of them.
 */
import type { Shard } from "../advisories/set/shard.ts";
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

const ownCve = /^(?:(?:[A-Z]+-)?CVE|BIT-.+)-([0-9]{4}-[0-9]{4,})$/;

export const isCve = (name: string) => name.startsWith("CVE-");

/**
 * The CVEs that a record is about: of one that is named after a CVE (`UBUNTU-CVE-2024-1`, `BIT-etcd-2024-1`) that one
 * alone. Others among its aliases are vulnerabilities of their own, which were found, or mistaken for each other, together.
 */
export function cvesOf({ id, cves = [] }: AdvisoryHead): readonly string[] {
  const own = `CVE-${ownCve.exec(id)?.[1] ?? ""}`;
  return cves.includes(own) ? [own] : cves;
}

/**
 * The names of the vulnerabilities that a record claims: one list each, with at most one CVE in it. `cleared` are CVEs
 * of which the same publisher's own record says that the package does not have them.
 */
export function namesClaimed(
  advisory: AdvisoryHead,
  cleared: (cve: string) => boolean,
): readonly (readonly string[])[] {
  const cves = cvesOf(advisory);
  const others = [advisory.id, ...(advisory.aliases ?? [])].filter((name) => !isCve(name));
  if (advisory.bundle !== true)
    return cves.length === 0 ? [[advisory.id, ...others]] : cves.map((cve) => [cve, ...others]);
  if (advisory.cves === undefined) return [[advisory.id]];
  return cves.filter((cve) => !cleared(cve)).map((cve) => [cve]);
}

/**
 * Claims about one vulnerability together: those that name the same CVE; and those that name none with whom they share
 * another name.
 */
export function groupClaims(claims: readonly Claim[]): readonly (readonly Claim[])[] {
  const groups: Claim[][] = [];
  /** The groups in which some claim has the name. */
  const holders = new Map<string, Claim[][]>();
  const join = (claim: Claim, group: Claim[]) => {
    group.push(claim);
    for (const name of claim.names) {
      const known = holders.get(name);
      if (known === undefined) holders.set(name, [group]);
      else if (!known.includes(group)) known.push(group);
    }
  };
  const start = (claim: Claim) => {
    const group: Claim[] = [];
    groups.push(group);
    join(claim, group);
  };
  const nameless: Claim[] = [];
  for (const claim of claims) {
    const cve = claim.names.find(isCve);
    const group = cve === undefined ? undefined : holders.get(cve)?.[0];
    if (cve === undefined) nameless.push(claim);
    else if (group === undefined) start(claim);
    else join(claim, group);
  }
  for (const claim of nameless) {
    const met = new Set(claim.names.flatMap((name) => holders.get(name) ?? []));
    if (met.size === 0) start(claim);
    else for (const group of met) join(claim, group);
  }
  return groups.map((group) => group.sort(bySource));
}

/** The publisher's record about the vulnerability itself before its updates; reviewed before collected. */
const ranks: Readonly<Record<string, number>> = { GitHub: 0, PyPA: 1, "Malicious Packages": 3, OSV: 4 };

function bySource(a: Claim, b: Claim): number {
  const rank = ({ advisory }: Claim) => (advisory.bundle === true ? 10 : 0) + (ranks[advisory.database] ?? 2);
  return rank(a) - rank(b) || (a.advisory.id < b.advisory.id ? -1 : a.advisory.id > b.advisory.id ? 1 : 0);
}
