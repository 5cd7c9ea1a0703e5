/** Every mention of a package in the image's files, gathered into one package each. */
import type { PackageFacts } from "./extractor.ts";
import { purlOf } from "./purl.ts";
import type { Distribution, Evidence, Location, Package } from "./types.ts";

export interface Mention {
  readonly facts: PackageFacts;
  readonly path: string;
  /** diffID. */
  readonly layer: string;
  /** purl of the OS package that owns the file. */
  readonly ownedBy: string | undefined;
}

export interface Gathering {
  add(mention: Mention): void;
  /** Unsorted; the locations of each by path. */
  finish(): readonly Package[];
}

/** The strongest first. */
const strengths: readonly Evidence[] = ["installed", "binary", "archive", "vendored", "lock-file", "sbom"];

interface Mutable extends Omit<Package, "locations" | "describedBy"> {
  /** By path. */
  readonly locations: Map<string, Location>;
  readonly describedBy: Set<string>;
}

/**
 * Mentions with one purl, owner and source are one package with several locations. A lock file or an SBOM only states
 * that a package should be there: beside a copy of it that is, a lock file's mention adds nothing, and an SBOM is noted
 * in `describedBy`.
 */
export function gatherPackages(distribution: Distribution | undefined): Gathering {
  const packages = new Map<string, Mutable>();
  /** SBOMs wait until every other package is known. */
  const stated: Mention[] = [];

  function join(mention: Mention, purl: string): void {
    const { facts, ownedBy } = mention;
    const key = `${purl}\n${ownedBy ?? ""}\n${facts.source?.name ?? ""}\n${facts.source?.version ?? ""}`;
    const known = packages.get(key);
    if (known === undefined || (isStatement(known) && !isStatement(facts))) {
      packages.set(key, packageOf(mention, purl));
    } else if (isStatement(known) || !isStatement(facts)) {
      packages.set(key, together(known, packageOf(mention, purl)));
    }
  }

  function describe(mention: Mention, known: ReadonlyMap<string, Mutable[]>): void {
    const own = purlOf(mention.facts, distribution);
    const purl = mention.facts.statedPurl ?? own;
    const isForeign = distribution !== undefined && !isOfDistribution(purl, own);
    // The two may differ in spelling, as in an escaped `+`.
    const spellings = isForeign ? [baseOf(purl)] : [...new Set([baseOf(purl), baseOf(own)])];
    const meant = spellings.flatMap((base) => known.get(base) ?? []).filter((one) => fits(one.purl, purl));
    for (const one of meant) one.describedBy.add(mention.path);
    if (meant.length === 0) join(isForeign ? asGeneric(mention) : mention, purl);
  }

  return {
    add(mention) {
      if (mention.facts.evidence === "sbom") stated.push(mention);
      else join(mention, purlOf(mention.facts, distribution));
    },
    finish() {
      const known = stated.length === 0 ? new Map<string, Mutable[]>() : byBase(packages.values());
      for (const mention of stated) describe(mention, known);
      return [...packages.values()].map(finished);
    },
  };
}

/** Whether it is only said that the package should be there. */
function isStatement({ evidence }: Pick<PackageFacts, "evidence">): boolean {
  return evidence === "lock-file" || evidence === "sbom";
}

function packageOf({ facts, path, layer, ownedBy }: Mention, purl: string): Mutable {
  const { within, sha1, statedPurl: _statedPurl, ...said } = facts;
  const at = within === undefined ? path : `${path}!/${within}`;
  const location = { path: at, layer, ...(sha1 !== undefined && { sha1 }) };
  return {
    ...said,
    purl,
    ...(ownedBy !== undefined && { ownedBy }),
    locations: new Map([[at, location]]),
    describedBy: new Set(),
  };
}

/** The stronger one's facts; a flag only where both have it. */
function together(known: Mutable, other: Mutable): Mutable {
  for (const [path, location] of other.locations) if (!known.locations.has(path)) known.locations.set(path, location);
  const isWeaker = strengthOf(other) >= strengthOf(known);
  if (isWeaker && known.development === other.development && known.optional === other.optional) {
    return withGapsFilled(known, other);
  }
  const { development, optional, ...facts } = isWeaker ? known : other;
  return {
    ...facts,
    ...(development && known.development && other.development && { development }),
    ...(optional && known.optional && other.optional && { optional }),
    locations: known.locations,
    describedBy: known.describedBy,
  };
}

/** Another file may say more of the same package: opkg's control files beside its status. */
function withGapsFilled(known: Mutable, { licenses, vendor }: Mutable): Mutable {
  const hasMore = (known.licenses === undefined && licenses) || (known.vendor === undefined && vendor !== undefined);
  return hasMore ? { ...(licenses && { licenses }), ...(vendor !== undefined && { vendor }), ...known } : known;
}

function strengthOf({ evidence }: Pick<PackageFacts, "evidence">): number {
  return strengths.indexOf(evidence ?? "installed");
}

/** Builds of one version that an SBOM's package is looked for among: real images have a handful. */
const buildsCompared = 100;

function byBase(packages: Iterable<Mutable>): ReadonlyMap<string, Mutable[]> {
  const groups = new Map<string, Mutable[]>();
  for (const one of packages) {
    const group = groups.get(baseOf(one.purl));
    if (group === undefined) groups.set(baseOf(one.purl), [one]);
    else if (group.length < buildsCompared) group.push(one);
  }
  return groups;
}

/** Type, namespace, name and version. */
function baseOf(purl: string): string {
  const end = purl.search(/[?#]/);
  return end < 0 ? purl : purl.slice(0, end);
}

/** Qualifiers that name another build of the same version; an SBOM need not say them. */
const buildQualifiers = ["arch", "epoch", "platform", "classifier"];

function fits(purl: string, stated: string): boolean {
  const own = qualifiersOf(purl);
  const other = qualifiersOf(stated);
  return buildQualifiers.every((key) => {
    const value = other.get(key);
    return value === null || own.get(key) === null || own.get(key) === value;
  });
}

function qualifiersOf(purl: string): URLSearchParams {
  const start = purl.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : purl.slice(start + 1).split("#")[0]);
}

const systemTypes = /^pkg:(deb|apk|rpm|alpm|opkg)\//;

/** An SBOM may describe packages of another distribution than the image's: its advisories do not hold for them. */
function isOfDistribution(purl: string, own: string): boolean {
  return !systemTypes.test(purl) || namespaceOf(purl) === namespaceOf(own);
}

/** Names by which makers of SBOMs call one distribution. */
const sameNamespaces: ReadonlyMap<string, string> = new Map([
  ["rhel", "redhat"],
  ["chainguard", "wolfi"],
  ["oracle", "ol"],
  ["sles", "suse"],
]);

function namespaceOf(purl: string): string {
  const stated = (purl.split("/", 2)[1] ?? "").toLowerCase();
  return sameNamespaces.get(stated) ?? stated;
}

function asGeneric(mention: Mention): Mention {
  return { ...mention, facts: { ...mention.facts, type: "generic" } };
}

function finished({ locations, describedBy, ...one }: Mutable): Package {
  const sorted = [...locations.values()].sort((first, second) => (first.path < second.path ? -1 : 1));
  return { ...one, locations: sorted, ...(describedBy.size > 0 && { describedBy: [...describedBy].sort() }) };
}
