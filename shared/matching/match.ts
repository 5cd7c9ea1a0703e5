/** Inventory x advisories -> vulnerabilities. */
import { packageKey } from "../advisories/ecosystems.ts";
import type { Shard, ShardEntry } from "../advisories/shard.ts";
import type { Advisories } from "../advisories/store.ts";
import type { Inventory, Location, Package, PackageType } from "../inventory/types.ts";
import { type Claim, groupClaims, namesClaimed } from "./claims.ts";
import { describeVulnerability, type MatchedPackage } from "./describe.ts";
import { type Candidate, evaluate, type Verdict } from "./evaluate.ts";
import { type Blind, type OpenEcosystem, openFor } from "./open.ts";
import { judgeStreams } from "./streams.ts";
import type { MatchResult, Vulnerability } from "./types.ts";

/**
 * The vulnerabilities of every package of an image, one for each (vulnerability, purl), sorted by purl and id; and
 * every package that could not be judged, with the reason. Throws what opening a shard throws.
 */
export async function matchInventory(inventory: Inventory, advisories: Advisories): Promise<MatchResult> {
  const sights = new Map<PackageType, OpenEcosystem | Blind>();
  for (const type of new Set(inventory.packages.map((item) => item.type))) {
    sights.set(type, await openFor(type, inventory, advisories));
  }
  const vulnerabilities: Vulnerability[] = [];
  const notEvaluated: { purl: string; reason: string }[] = [];
  for (const matched of byPurl(inventory.packages)) {
    const sight = sights.get(matched.item.type);
    if (sight === undefined) continue;
    // A part of a distribution's package that has no advisories of its own is judged with that package.
    if ("reason" in sight && matched.marks.includes(ownedMark)) continue;
    const outcome = "reason" in sight ? blind(sight.reason) : matchPackage(matched, sight, advisories);
    vulnerabilities.push(...outcome.vulnerabilities);
    for (const reason of new Set(outcome.reasons)) notEvaluated.push({ purl: matched.item.purl, reason });
  }
  return { vulnerabilities, notEvaluated, advisories: advisories.age() };
}

const ownedMark = "owned-by-os-package";

/** One package for each purl, sorted by it: npm has the same package in many places. */
function byPurl(packages: readonly Package[]): readonly MatchedPackage[] {
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
        ...(items.every((item) => item.ownedBy !== undefined) ? [ownedMark] : []),
      ],
    }));
}

/** Headers share the kernel's source package, but no kernel runs from them. */
function isKernelHeaders({ type, name }: Package): boolean {
  if (type === "deb") return /^linux-(?:libc-dev$|libc-dev-|headers-|[a-z0-9.-]+-headers-)/.test(name);
  return type === "rpm" && /^kernel(?:-[a-z0-9]+)*-headers$/.test(name);
}

interface Outcome {
  readonly vulnerabilities: readonly Vulnerability[];
  readonly reasons: readonly string[];
}

function blind(reason: string): Outcome {
  return { vulnerabilities: [], reasons: [reason] };
}

function matchPackage(matched: MatchedPackage, open: OpenEcosystem, advisories: Advisories): Outcome {
  const { ecosystem, scheme } = open;
  const thirdParty = ecosystem.thirdParty?.(matched.item);
  if (thirdParty !== undefined) return blind(`third-party ${thirdParty.slice(0, 100)}`);
  const subject = ecosystem.subject(matched.item);
  const candidate = { item: matched.item, ecosystem, scheme, subject, version: scheme.parse(subject.version) };
  const reasons: string[] = [];
  const claims = open.primary.flatMap((shard) => claimsOf(candidate, shard, reasons));
  const vulnerabilities = [...vulnerabilitiesOf(matched, candidate, claims, open, advisories)];
  return { vulnerabilities: vulnerabilities.sort((a, b) => (a.id < b.id ? -1 : 1)), reasons };
}

function entriesOf({ ecosystem, subject }: Candidate, shard: Shard): readonly ShardEntry[] {
  return shard.lookup(packageKey(ecosystem.name, subject.name));
}

/** What the records of one shard claim about a package; `reasons` takes why some could not be judged. */
function claimsOf(candidate: Candidate, shard: Shard, reasons: string[]): readonly Claim[] {
  const entries = entriesOf(candidate, shard);
  const matching: (ShardEntry & { readonly verdict: Extract<Verdict, { kind: "affected" }> })[] = [];
  for (const entry of entries) {
    const verdict = evaluate(candidate, entry.affected);
    if (verdict.kind === "affected") matching.push({ affected: entry.affected, advisory: entry.advisory, verdict });
    // A version that cannot be read is so for every record alike.
    else if (verdict.kind === "undecided" && verdict.reason === "version-unparsable") reasons.push(verdict.reason);
    else if (verdict.kind === "undecided") reasons.push(`${verdict.reason} (${entry.advisory.id})`);
  }
  const cleared = clearedAlone(entries, matching);
  return matching.flatMap(({ advisory, affected, verdict }) =>
    namesClaimed(advisory, cleared).map((names) => ({
      advisory,
      affected,
      comparison: verdict.comparison,
      ...(verdict.fixed !== undefined && { fixed: verdict.fixed }),
      shard: shard.hash,
      names,
    })),
  );
}

/**
 * Whether a CVE has a record of its own about the package that does not match: then no update claims it. An update
 * that fixes ten vulnerabilities says nothing about which of them an older version had. (Read only when asked: it
 * needs every record of the package.)
 */
function clearedAlone(entries: readonly ShardEntry[], matching: readonly ShardEntry[]): (cve: string) => boolean {
  const cvesAlone = (list: readonly ShardEntry[]) =>
    new Set(list.flatMap(({ advisory }) => (advisory.bundle === true ? [] : (advisory.cves ?? []))));
  let known: { readonly all: ReadonlySet<string>; readonly matching: ReadonlySet<string> } | undefined;
  return (cve) => {
    known ??= { all: cvesAlone(entries), matching: cvesAlone(matching) };
    return known.all.has(cve) && !known.matching.has(cve);
  };
}

function vulnerabilitiesOf(
  matched: MatchedPackage,
  candidate: Candidate,
  claims: readonly Claim[],
  open: OpenEcosystem,
  advisories: Advisories,
): readonly Vulnerability[] {
  if (claims.length === 0) return [];
  const streams = judgeStreams(candidate, open.extended, (shard) => entriesOf(candidate, shard));
  const exploited = (cve: string) => advisories.exploited(cve) !== undefined;
  return groupClaims(claims).flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const names = [first, ...others].flatMap((claim) => claim.names);
    const cves = names.filter((name) => name.startsWith("CVE-"));
    if (cves.length > 0 && cves.every((cve) => streams.fixed.has(cve))) return [];
    const mark = cves.map((cve) => streams.fixable.get(cve)).find((value) => value !== undefined);
    return [describeVulnerability(matched, [first, ...others], open.scheme, exploited, mark)];
  });
}
