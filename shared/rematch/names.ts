/** The names under which packages of images are found again when what is known of a package changes. */
import { createHash } from "node:crypto";
import { packageKey } from "../advisories/ecosystems.ts";
import type { Inventory, Package, PackageType, Repository } from "../inventory/types.ts";
import { ecosystems } from "../matching/registry.generated.ts";

const longestName = 200;

/**
 * One spelling for all of a name's: case and separators differ between package managers, registries and advisories
 * (PyPI, NuGet, Composer). Two packages may share it; then an image is matched once more than needed, never once less.
 */
export function looseName(name: string): string {
  const loose = name
    .toLowerCase()
    .replace(/[-_.]+/g, "-")
    .trim();
  return loose.length <= longestName ? loose : `~${createHash("sha256").update(loose).digest("hex")}`;
}

/** The name by which every package of a type is meant: a shard that came or went changes the answer for all of them. */
export const anyName = "*";

/**
 * Every name of a package, of any source that may publish about it: its own, its source package's, and those under
 * which the present ecosystems look it up. Which of them a later one will use need not be known.
 */
export function namesOfPackage(item: Package): readonly string[] {
  const names = new Set<string>([looseName(item.name)]);
  if (item.source !== undefined) names.add(looseName(item.source.name));
  for (const ecosystem of ecosystems) {
    if (ecosystem.type !== item.type) continue;
    for (const subject of [ecosystem.subject(item), ecosystem.sourceSubject?.(item)]) {
      if (subject !== undefined) names.add(looseName(packageKey(ecosystem.name, subject.name)));
    }
  }
  names.delete("");
  return [...names];
}

/** Packages of these types are judged by the advisories of the distribution that they are built for. */
const ofDistributions: ReadonlySet<PackageType> = new Set(["deb", "apk", "rpm", "alpm", "opkg"]);

/** Stands for a distribution where it does not matter, or is unknown. */
export const noDistribution = "-";

/** Of these, the branches that an image installs from may say more than its os-release does. */
const ofBranches: ReadonlySet<PackageType> = new Set(["apk"]);

/** What an image is built on, as far as it decides which advisories judge its packages. */
export type Built = Pick<Inventory, "distribution" | "repositories">;

/** The repositories that count for packages of a type, one for each branch, without their addresses. */
export function branchesOf(type: PackageType, { repositories = [] }: Built): readonly Repository[] {
  if (!ofBranches.has(type)) return [];
  const branches = new Set(
    repositories.flatMap((one) => (one.type === type && one.tag === undefined ? (one.release ?? []) : [])),
  );
  const location = { path: "", layer: "" };
  return [...branches].sort().map((release) => ({ type, url: "", release, location }));
}

/** The release whose advisories judge packages of a type in an image: `debian:12`, or `-` for languages. */
export function releaseOf(type: PackageType, built: Built): string {
  const { distribution } = built;
  if (distribution === undefined || !ofDistributions.has(type)) return noDistribution;
  const release = distribution.versionId ?? distribution.codename ?? "";
  const branches = branchesOf(type, built).map((one) => `+${one.release ?? ""}`);
  return looseRelease(`${distribution.id}:${release}${branches.join("")}`);
}

function looseRelease(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9:._+-]/g, "-");
  return plain.length <= 100 ? plain : `~${createHash("sha256").update(plain).digest("hex").slice(0, 32)}`;
}
