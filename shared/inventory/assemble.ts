/** The merged files as an inventory: distribution, purls, owners, locations. */
import { limits } from "../platform/limits.ts";
import type { Facts, PackageFacts } from "./extractor.ts";
import type { TreeFile } from "./file-tree.ts";
import { type MergedImage, packageKey } from "./merge.ts";
import { purlOf } from "./purl.ts";
import type { Distribution, Location, Package, Partial } from "./types.ts";

export interface Assembled {
  readonly distribution?: Distribution;
  readonly packages: readonly Package[];
  readonly partial: readonly Partial[];
}

/** os-release(5): the first of these that exists counts. */
const distributionFiles = ["etc/os-release", "usr/lib/os-release"];

/** `diffIds`: of the layers, lowest first. */
export function assemble(image: MergedImage, diffIds: readonly string[]): Assembled {
  const distribution = distributionOf(image);
  const owners = ownersOf(image, distribution);
  const packages = new Map<string, Mutable>();
  const partial: Partial[] = [...image.partial];
  for (const [path, file] of image.files) {
    const facts = file.record.facts;
    for (const one of facts.flatMap(({ packages: found }) => found ?? [])) {
      const location = locationOf(one, path, diffIds[file.since.get(packageKey(one)) ?? file.layer] ?? "");
      add(packages, one, purlOf(one, distribution), owners.get(path), location);
    }
    const layer = diffIds[file.layer] ?? "";
    for (const one of facts.flatMap(({ partial: found }) => found ?? [])) partial.push({ ...one, path, layer });
  }
  const sorted = [...packages.values()].map(finished).sort(byPurlAndPath);
  if (sorted.length > limits.packagesPerImage) {
    const detail = `${sorted.length} packages, the first ${limits.packagesPerImage} are listed`;
    partial.push({ reason: "packagesPerImage", detail });
  }
  return {
    ...(distribution && { distribution }),
    packages: sorted.slice(0, limits.packagesPerImage),
    partial,
  };
}

function factsAt(image: MergedImage, files: ReadonlyMap<string, TreeFile>, path: string): readonly Facts[] {
  return files.get(image.canonical(path, "follow") ?? "")?.record.facts ?? [];
}

function distributionOf(image: MergedImage): Distribution | undefined {
  const files = new Map(image.files.filter(([, file]) => file.record.facts.some((facts) => facts.distribution)));
  for (const path of distributionFiles) {
    for (const { distribution } of factsAt(image, files, path)) if (distribution) return distribution;
  }
  return undefined;
}

/** Canonical path of language evidence -> purl of the OS package that installed it. */
function ownersOf(image: MergedImage, distribution: Distribution | undefined): ReadonlyMap<string, string> {
  const purls = new Map<string, string>();
  const facts = image.files.flatMap(([, file]) => file.record.facts);
  for (const one of facts.flatMap(({ packages }) => packages ?? [])) {
    const purl = purlOf(one, distribution);
    for (const key of [`${one.type}\n${one.name}`, `${one.type}\n${one.name}\n${one.version}`]) {
      if (!purls.has(key)) purls.set(key, purl);
    }
  }
  const owners = new Map<string, string>();
  for (const { package: owner, paths } of facts.flatMap(({ ownership }) => ownership ?? [])) {
    const key = `${owner.type}\n${owner.name}${owner.version === undefined ? "" : `\n${owner.version}`}`;
    const purl = purls.get(key);
    if (purl === undefined) continue;
    for (const path of paths) owners.set(image.canonical(path, "keep") ?? path, purl);
  }
  return owners;
}

function locationOf({ within, sha1 }: PackageFacts, path: string, layer: string): Location {
  return { path: within === undefined ? path : `${path}!/${within}`, layer, ...(sha1 !== undefined && { sha1 }) };
}

interface Mutable extends Omit<Package, "locations"> {
  /** By path. */
  readonly locations: Map<string, Location>;
}

function add(
  packages: Map<string, Mutable>,
  facts: PackageFacts,
  purl: string,
  ownedBy: string | undefined,
  location: Location,
): void {
  const key = `${purl}\n${ownedBy ?? ""}\n${facts.source?.name ?? ""}\n${facts.source?.version ?? ""}`;
  const known = packages.get(key);
  if (known === undefined) {
    const { within: _within, sha1: _sha1, ...said } = facts;
    const locations = new Map([[location.path, location]]);
    packages.set(key, { ...said, purl, ...(ownedBy !== undefined && { ownedBy }), locations });
  } else if (!known.locations.has(location.path)) known.locations.set(location.path, location);
}

function finished(one: Mutable): Package {
  const locations = [...one.locations.values()].sort((first, second) => compare(first.path, second.path));
  return { ...one, locations };
}

function byPurlAndPath(one: Package, other: Package): number {
  return compare(one.purl, other.purl) || compare(one.locations[0]?.path ?? "", other.locations[0]?.path ?? "");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
