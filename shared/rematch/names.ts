/** The names under which packages of images are found again when what is known of a package changes. */
import { createHash } from "node:crypto";
import { packageKey } from "../advisories/ecosystems.ts";
import type { Distribution, Package, PackageType } from "../inventory/types.ts";
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
    names.add(looseName(packageKey(ecosystem.name, ecosystem.subject(item).name)));
  }
  names.delete("");
  return [...names];
}

/** Packages of these types are judged by the advisories of the distribution that they are built for. */
const ofDistributions: ReadonlySet<PackageType> = new Set(["deb", "apk", "rpm", "alpm", "opkg"]);

/** Stands for a distribution where it does not matter, or is unknown. */
export const noDistribution = "-";

/** The release whose advisories judge packages of a type in an image: `debian:12`, or `-` for languages. */
export function releaseOf(type: PackageType, distribution: Distribution | undefined): string {
  if (distribution === undefined || !ofDistributions.has(type)) return noDistribution;
  const release = distribution.versionId ?? distribution.codename ?? "";
  return looseRelease(`${distribution.id}:${release}`);
}

function looseRelease(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9:._-]/g, "-");
  return plain.length <= 100 ? plain : `~${createHash("sha256").update(plain).digest("hex").slice(0, 32)}`;
}
