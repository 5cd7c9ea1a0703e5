/** The merged files as an inventory: distribution, purls, owners, locations. */
import { limits } from "../platform/limits.ts";
import { type BuildFacts, buildFactsOf } from "./build-facts.ts";
import { withLogsApplied } from "./database-logs.ts";
import { distributionOf } from "./distribution.ts";
import { installedFrom } from "./installed-from.ts";
import { createLockRule } from "./lock-rule.ts";
import { gatherPackages } from "./mentions.ts";
import { type MergedImage, packageKey } from "./merge.ts";
import { purlOf } from "./purl.ts";
import { supersededFiles } from "./superseded.ts";
import type { Distribution, Package, Partial } from "./types.ts";

export interface Assembled extends BuildFacts {
  readonly distribution?: Distribution;
  readonly packages: readonly Package[];
  readonly partial: readonly Partial[];
  readonly remarks?: readonly Partial[];
}

/** `diffIds`: of the layers, lowest first. */
export function assemble(merged: MergedImage, diffIds: readonly string[]): Assembled {
  const image = withLogsApplied(merged);
  const distribution = distributionOf(image);
  const { image: counting, remarks } = withoutSuperseded(image, diffIds);
  const owners = ownersOf(counting, distribution);
  const gathering = gatherPackages(distribution);
  const locks = createLockRule(counting.files);
  const repositoryOf = installedFrom(image.files);
  const build = buildFactsOf(image.files, diffIds);
  const partial: Partial[] = [...image.partial, ...build.partial];
  for (const [path, file] of counting.files) {
    const facts = file.record.facts.filter(({ lockOf }) => lockOf === undefined || !locks.isInstalled(lockOf, path));
    for (const one of facts.flatMap(({ packages: found }) => found ?? [])) {
      const broughtBy = diffIds[file.since.get(packageKey(one)) ?? file.layer] ?? "";
      gathering.add({ facts: repositoryOf(one), path, layer: broughtBy, ownedBy: owners.get(path) });
    }
    const layer = diffIds[file.layer] ?? "";
    for (const one of facts.flatMap(({ partial: found }) => found ?? [])) partial.push({ ...one, path, layer });
  }
  const sorted = [...gathering.finish()].sort(byPurlAndPath);
  if (sorted.length > limits.packagesPerImage) {
    const detail = `${sorted.length} packages, the first ${limits.packagesPerImage} are listed`;
    partial.push({ reason: "packagesPerImage", detail });
  }
  return {
    ...(distribution && { distribution }),
    packages: sorted.slice(0, limits.packagesPerImage),
    ...build,
    partial,
    ...(remarks.length > 0 && { remarks }),
  };
}

/** The image without the package databases that a migration left behind, each with a remark. */
function withoutSuperseded(image: MergedImage, diffIds: readonly string[]): { image: MergedImage; remarks: Partial[] } {
  const superseded = supersededFiles(image);
  if (superseded.size === 0) return { image, remarks: [] };
  const remarks = image.files.flatMap(([path, { layer }]) => {
    const newer = superseded.get(path);
    if (newer === undefined) return [];
    const detail = `left from before a migration: the packages that count are those of ${newer}`;
    return [{ reason: "superseded-database", path, layer: diffIds[layer] ?? "", detail }];
  });
  return { image: { ...image, files: image.files.filter(([path]) => !superseded.has(path)) }, remarks };
}

/** Canonical path of language evidence -> purl of the OS package that installed it. */
function ownersOf(image: MergedImage, distribution: Distribution | undefined): ReadonlyMap<string, string> {
  const purls = new Map<string, string>();
  const facts = image.files.flatMap(([, file]) => file.record.facts);
  for (const one of facts.flatMap(({ packages }) => packages ?? [])) {
    if (one.evidence === "sbom") continue;
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

function byPurlAndPath(one: Package, other: Package): number {
  return compare(one.purl, other.purl) || compare(one.locations[0]?.path ?? "", other.locations[0]?.path ?? "");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
