/** Language packages that packages of the distribution brought: those are judged with their owners. */
import type { Package, PackageType } from "../inventory/types.ts";
import type { Blind, OpenEcosystem } from "./open.ts";

/** The packages of the distribution that own some of these, by purl. */
export function ownersOf(packages: readonly Package[], owned: readonly Package[]): ReadonlyMap<string, Package> {
  const named = new Set(owned.flatMap(({ ownedBy }) => ownedBy ?? []));
  if (named.size === 0) return new Map();
  return new Map(packages.flatMap((item) => (named.has(item.purl) ? [[item.purl, item] as const] : [])));
}

/**
 * Whether who publishes advisories about a package's owner answers for the package too. Nobody does where the owner is
 * not judged: it is another vendor's (NodeSource's `nodejs` with its npm), or the release has no advisories here.
 */
export function coverage(
  owners: ReadonlyMap<string, Package>,
  sights: ReadonlyMap<PackageType, OpenEcosystem | Blind>,
): (item: Package) => boolean {
  const isJudged = (owner: Package): boolean => {
    const sight = sights.get(owner.type);
    return sight !== undefined && "ecosystem" in sight && sight.ecosystem.thirdParty?.(owner) === undefined;
  };
  return ({ ownedBy }) => {
    if (ownedBy === undefined) return false;
    const owner = owners.get(ownedBy);
    // One that is not listed itself cannot be told to be a stranger.
    return owner === undefined || isJudged(owner);
  };
}
