/** What differs between the packages of two images, and which steps of their builds brought it. */
import type { ImagePlatform } from "../registry/types.ts";
import { compareVersions, type SchemeName } from "../versions/compare.ts";
import type { Distribution, Inventory, Package, PackageType } from "./types.ts";

/** What brought a package. */
export interface Brought {
  /** Position of the layer in its image, from 1. */
  readonly layer: number;
  readonly diffId: string;
  /** The Dockerfile step. */
  readonly createdBy?: string;
}

export interface DifferentPackage {
  readonly type: PackageType;
  readonly name: string;
  readonly architecture?: string;
}

export interface OnePackage extends DifferentPackage {
  readonly version: string;
  readonly purl: string;
  readonly origin?: "base" | "own";
  readonly path: string;
  readonly brought?: Brought;
}

export interface ChangedPackage extends DifferentPackage {
  readonly from: Omit<OnePackage, keyof DifferentPackage>;
  readonly to: Omit<OnePackage, keyof DifferentPackage>;
  /** By the ecosystem's own order; absent where that is not known. */
  readonly direction?: "up" | "down";
}

export interface DiffedImage {
  readonly digest: string;
  readonly platform: ImagePlatform;
  readonly distribution?: Pick<Distribution, "id" | "versionId" | "name">;
  readonly packages: number;
  /** False when the inventory is partial: then a package may be missing from it that is there. */
  readonly complete: boolean;
}

/** `portwarden.inventory-diff/1`, described in docs/inventory-document.md. */
export interface InventoryDiff {
  readonly schema: "portwarden.inventory-diff/1";
  readonly from: DiffedImage;
  readonly to: DiffedImage;
  /** How many of the lowest layers both images share. */
  readonly sharedLayers: number;
  /** Each sorted by type, name and version. */
  readonly added: readonly OnePackage[];
  readonly removed: readonly OnePackage[];
  readonly changed: readonly ChangedPackage[];
}

/**
 * The difference from one inventory to the other. Packages are the same when type, name and version are; of versions
 * that only one side has, the lowest is taken to have become the lowest, and so on.
 */
export function diffInventories(from: Inventory, to: Inventory): InventoryDiff {
  const before = groupsOf(from);
  const after = groupsOf(to);
  const added: OnePackage[] = [];
  const removed: OnePackage[] = [];
  const changed: ChangedPackage[] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [left, right] = onlyOnOneSide(before.get(key) ?? [], after.get(key) ?? []);
    const pairs = Math.min(left.length, right.length);
    for (let index = 0; index < pairs; index++) {
      const [old, now] = [left[index], right[index]];
      if (old !== undefined && now !== undefined) changed.push(changeOf(old, now));
    }
    removed.push(...left.slice(pairs));
    added.push(...right.slice(pairs));
  }
  return {
    schema: "portwarden.inventory-diff/1",
    from: imageOf(from),
    to: imageOf(to),
    sharedLayers: sharedLayersOf(from, to),
    added,
    removed,
    changed,
  };
}

/** Whether anything differs. */
export function isSame({ added, removed, changed }: InventoryDiff): boolean {
  return added.length === 0 && removed.length === 0 && changed.length === 0;
}

function imageOf({ digest, platform, distribution, packages, partial }: Inventory): DiffedImage {
  const { id, versionId, name } = distribution ?? {};
  return {
    digest,
    platform,
    ...(id !== undefined && {
      distribution: { id, ...(versionId !== undefined && { versionId }), ...(name !== undefined && { name }) },
    }),
    packages: packages.length,
    complete: partial.length === 0,
  };
}

function sharedLayersOf(from: Inventory, to: Inventory): number {
  const differs = to.layers.findIndex(({ diffId }, index) => diffId !== from.layers[index]?.diffId);
  return differs < 0 ? to.layers.length : differs;
}

/** By type, name and architecture; each version once, in the ecosystem's order. */
function groupsOf(inventory: Inventory): ReadonlyMap<string, readonly OnePackage[]> {
  const brought = new Map<string, Brought>();
  for (const [index, { diffId, createdBy }] of inventory.layers.entries()) {
    if (brought.has(diffId)) continue;
    brought.set(diffId, { layer: index + 1, diffId, ...(createdBy !== undefined && { createdBy }) });
  }
  const groups = new Map<string, OnePackage[]>();
  for (const item of inventory.packages) {
    const key = [item.type, item.name, item.architecture ?? ""].join("\n");
    const group = groups.get(key);
    const one = onePackage(item, brought);
    if (group === undefined) groups.set(key, [one]);
    else if (!group.some(({ version }) => version === one.version)) group.push(one);
  }
  for (const group of groups.values()) group.sort(byVersion(group));
  return groups;
}

/** By the ecosystem's order where every version of the group has a place in it, else as text. */
function byVersion(group: readonly OnePackage[]): (one: OnePackage, other: OnePackage) => number {
  const ordered = group.every(({ type, version }) => order(type, version, version) !== undefined);
  return (one, other) =>
    (ordered ? order(one.type, one.version, other.version) : undefined) || (one.version < other.version ? -1 : 1);
}

function onePackage(item: Package, brought: ReadonlyMap<string, Brought>): OnePackage {
  const { type, name, architecture, version, purl, origin, locations } = item;
  const [first] = locations;
  const by = brought.get(first?.layer ?? "");
  return {
    type,
    name,
    ...(architecture !== undefined && { architecture }),
    version,
    purl,
    ...(origin !== undefined && { origin }),
    path: first?.path ?? "",
    ...(by !== undefined && { brought: by }),
  };
}

function onlyOnOneSide(
  before: readonly OnePackage[],
  after: readonly OnePackage[],
): [left: readonly OnePackage[], right: readonly OnePackage[]] {
  const old = new Set(before.map(({ version }) => version));
  const now = new Set(after.map(({ version }) => version));
  return [before.filter(({ version }) => !now.has(version)), after.filter(({ version }) => !old.has(version))];
}

function changeOf(before: OnePackage, after: OnePackage): ChangedPackage {
  const { type, name, architecture, ...from } = before;
  const { type: _type, name: _name, architecture: _architecture, ...to } = after;
  const compared = order(type, before.version, after.version);
  return {
    type,
    name,
    ...(architecture !== undefined && { architecture }),
    from,
    to,
    ...(compared !== undefined && compared !== 0 && { direction: compared < 0 ? "up" : "down" }),
  };
}

const schemes: Partial<Readonly<Record<PackageType, SchemeName>>> = {
  deb: "deb",
  apk: "apk",
  rpm: "rpm",
  npm: "semver",
  pypi: "pep440",
};

/** Undefined where the ecosystem's order is not known, or a version is none by it. */
function order(type: PackageType, one: string, other: string): number | undefined {
  const scheme = schemes[type];
  if (scheme === undefined) return undefined;
  try {
    return compareVersions(scheme, one, other);
  } catch {
    return undefined;
  }
}
