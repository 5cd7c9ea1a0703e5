/** Inventory x advisories -> vulnerabilities. */
import type { Shard } from "../advisories/set/shard.ts";
import type { Advisories } from "../advisories/set/store.ts";
import type { Inventory, Location, Package, PackageType } from "../inventory/types.ts";
import type { VersionScheme } from "../versions/types.ts";
import { type Claim, groupClaims, isCve, namesClaimed, withDetails } from "./claims.ts";
import { describeVulnerability, type MatchedPackage } from "./describe.ts";
import { outOfSupport } from "./end-of-life.ts";
import type { Candidate } from "./evaluate.ts";
import { clearedAlone, deniedBy, judge, meet } from "./meet.ts";
import { type Blind, type OpenEcosystem, openFor } from "./open.ts";
import { coverage, ownersOf } from "./owners.ts";
import { readSignals } from "./signals.ts";
import { judgeStreams, type Offer } from "./streams.ts";
import type { MatchResult, Vulnerability } from "./types.ts";

/**
 * The vulnerabilities of every package of an image, one for each (vulnerability, purl), sorted by purl and id; every
 * package that could not be judged, with the reason; and what is out of support. `part`: only these packages of the
 * inventory are judged. Throws what opening a shard throws.
 */
export async function matchInventory(
  inventory: Inventory,
  advisories: Advisories,
  part: readonly Package[] = inventory.packages,
): Promise<MatchResult> {
  const sights = new Map<PackageType, OpenEcosystem | Blind>();
  const owners = ownersOf(inventory.packages, part);
  for (const type of new Set([...part, ...owners.values()].map((item) => item.type))) {
    sights.set(type, await openFor(type, inventory, advisories));
  }
  const isCovered = coverage(owners, sights);
  const ended = await outOfSupport(inventory, part, advisories);
  const unsupported = new Set(ended.flatMap(({ subject, over }) => (over ? subject : [])));
  const found: Found[] = [];
  const notEvaluated: { purl: string; reason: string }[] = [];
  for (const matched of byPurl(part, isCovered, unsupported)) {
    const sight = sights.get(matched.item.type);
    if (sight === undefined) continue;
    // A part of a distribution's package that has no advisories of its own is judged with that package.
    if ("reason" in sight && matched.marks.includes(ownedMark)) continue;
    const outcome = "reason" in sight ? blind(sight.reason) : matchPackage(matched, sight);
    found.push(...outcome.found);
    for (const reason of new Set(outcome.reasons)) notEvaluated.push({ purl: matched.item.purl, reason });
  }
  return {
    vulnerabilities: await describeAll(found, advisories),
    notEvaluated,
    ...(ended.length > 0 && { endOfSupport: ended }),
    advisories: advisories.age(),
  };
}

/** One vulnerability of one package, before its records' details are read. */
interface Found {
  readonly matched: MatchedPackage;
  readonly scheme: VersionScheme;
  readonly claims: readonly [Claim, ...Claim[]];
  readonly mark: string | undefined;
}

async function describeAll(found: readonly Found[], advisories: Advisories): Promise<readonly Vulnerability[]> {
  const full = await withDetails(found.flatMap(({ claims }) => claims));
  const names = found.flatMap(({ claims }) => claims.flatMap((claim) => claim.names));
  const signals = await readSignals(advisories, names.filter(isCve));
  const described = found.flatMap(({ matched, scheme, claims, mark }) => {
    const [first, ...others] = claims.flatMap((claim) => full.get(claim) ?? []);
    if (first === undefined) return [];
    return [describeVulnerability(matched, [first, ...others], scheme, signals, mark)];
  });
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return described.sort((a, b) => order(a.package.purl, b.package.purl) || order(a.id, b.id));
}

const ownedMark = "owned-by-os-package";

/** One package for each purl, sorted by it: npm has the same package in many places. */
function byPurl(
  packages: readonly Package[],
  isCovered: (item: Package) => boolean,
  unsupported: ReadonlySet<string>,
): readonly MatchedPackage[] {
  const groups = new Map<string, [Package, ...Package[]]>();
  for (const item of packages) {
    const group = groups.get(item.purl);
    if (group === undefined) groups.set(item.purl, [item]);
    else group.push(item);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, items]) => ({
      item: items[0],
      locations: items.flatMap((item): readonly Location[] => item.locations),
      marks: [
        ...(isKernelHeaders(items[0]) ? ["kernel-headers"] : []),
        // Only when no copy of it lies elsewhere.
        ...(items.every(isCovered) ? [ownedMark] : []),
        ...(unsupported.has(items[0].purl) ? ["end-of-life"] : []),
      ],
    }));
}

/** Headers share the kernel's source package, but no kernel runs from them. */
function isKernelHeaders({ type, name }: Package): boolean {
  if (type === "deb") return /^linux-(?:libc-dev$|libc-dev-|headers-|[a-z0-9.-]+-headers-)/.test(name);
  return type === "rpm" && /^(?:kernel(?:-[a-z0-9]+)*-(?:headers|devel)|linux-glibc-devel)$/.test(name);
}

interface Outcome {
  readonly found: readonly Found[];
  readonly reasons: readonly string[];
}

function blind(reason: string): Outcome {
  return { found: [], reasons: [reason] };
}

function matchPackage(matched: MatchedPackage, open: OpenEcosystem): Outcome {
  const { ecosystem, scheme } = open;
  const thirdParty = ecosystem.thirdParty?.(matched.item);
  if (thirdParty !== undefined) return blind(`third-party ${thirdParty.slice(0, 100)}`);
  const unknown = ecosystem.unknown?.(matched.item);
  // A part of a distribution's package is judged with that package.
  if (unknown !== undefined) return matched.marks.includes(ownedMark) ? { found: [], reasons: [] } : blind(unknown);
  const subject = ecosystem.subject(matched.item);
  const candidate = { item: matched.item, ecosystem, scheme, subject, version: scheme.parse(subject.version) };
  const reasons: string[] = [];
  const claims = claimsOf(candidate, open.primary, reasons);
  return { found: foundIn(matched, candidate, claims, open), reasons };
}

/**
 * What the records claim about a package; `reasons` takes why some could not be judged. A publisher's word in one shard
 * holds for the others too: SUSE's modules and service packs are shards of their own, and one image has several.
 */
function claimsOf(candidate: Candidate, shards: readonly Shard[], reasons: string[]): readonly Claim[] {
  const judged = shards.flatMap((shard) => meet(candidate, shard).map((met) => ({ ...judge(met), shard })));
  const cleared = clearedAlone(judged);
  const denied = deniedBy(judged);
  return judged.flatMap(({ entry: { advisory, number, affected }, verdict, shard }) => {
    if (verdict.kind === "undecided") {
      // A version that cannot be read is so for every record alike.
      const alike = verdict.reason === "version-unparsable";
      reasons.push(alike ? verdict.reason : `${verdict.reason} (${advisory.id})`);
    }
    if (verdict.kind !== "affected" || denied(advisory)) return [];
    return namesClaimed(advisory, cleared).map((names) => ({
      advisory,
      number,
      affected,
      comparison: verdict.comparison,
      ...(verdict.fixed !== undefined && { fixed: verdict.fixed }),
      shard,
      names,
    }));
  });
}

function foundIn(
  matched: MatchedPackage,
  candidate: Candidate,
  claims: readonly Claim[],
  open: OpenEcosystem,
): readonly Found[] {
  if (claims.length === 0) return [];
  const products = open.productsOf(matched.item);
  const streams = judgeStreams(candidate, open.extended, products, (shard) => meet(candidate, shard));
  return groupClaims(claims).flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const names = [first, ...others].flatMap((claim) => claim.names);
    const cves = names.filter(isCve);
    if (cves.length > 0 && cves.every((cve) => streams.fixed.has(cve))) return [];
    const mark = cves.map((cve) => streams.fixable.get(cve)).find((value) => value !== undefined);
    const offered = cves.map((cve) => streams.offered.get(cve)).find((value) => value !== undefined);
    const told = offered === undefined ? ([first, ...others] as const) : withOffer([first, ...others], offered);
    return [{ matched, scheme: open.scheme, claims: told, mark }];
  });
}

/** The fix of the stream that a package gets its updates from stands in for the main stream's, which it is not given. */
function withOffer(
  [first, ...others]: readonly [Claim, ...Claim[]],
  [offer, ...more]: readonly [Offer, ...Offer[]],
): readonly [Claim, ...Claim[]] {
  const { comparison, fixed } = offer;
  const withOffered = (claim: Claim): Claim => ({ ...claim, fixed });
  return [{ ...withOffered(first), comparison }, ...[...others, offer, ...more].map(withOffered)];
}
