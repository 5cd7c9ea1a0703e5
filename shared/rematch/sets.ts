/**
 * Package sets: the names of the packages that one layer brought, by package type and release, in pieces. A base layer
 * that ten thousand images share is one set (or a few pieces), named by its content: what was indexed once is known.
 * Versions are left out, so that the rebuild of an image with newer versions has the same sets.
 */
import { createHash } from "node:crypto";
import type { Distribution, Inventory, PackageType } from "../inventory/types.ts";
import { branchesOf, namesOfPackage, releaseOf } from "./names.ts";

export interface SetName {
  /** Hash of type, release and names, 32 hex digits. */
  readonly id: string;
  readonly type: PackageType;
  readonly release: string;
}

export interface PackageSet extends SetName {
  /** Sorted. */
  readonly names: readonly string[];
  /** What the release is, for those who ask which advisories judge it. */
  readonly built?: {
    readonly distribution: Pick<Distribution, "id" | "versionId" | "codename" | "idLike" | "family">;
    /** Branches that it installs from. */
    readonly branches: readonly string[];
  };
}

/** Mean length of a piece, and the most names in one: a package more or less changes one piece, not the whole. */
const meanNames = 128;
const mostNames = 512;

/** The sets of an image's packages, in order of their ids. Every name of every package is in one of them. */
export function packageSetsOf(inventory: Inventory): readonly PackageSet[] {
  const groups = new Map<string, { readonly type: PackageType; readonly names: Set<string> }>();
  for (const item of inventory.packages) {
    const key = `${item.type} ${item.locations[0]?.layer ?? ""}`;
    const group = groups.get(key) ?? { type: item.type, names: new Set() };
    groups.set(key, group);
    for (const name of namesOfPackage(item)) group.names.add(name);
  }
  const sets = new Map<string, PackageSet>();
  for (const { type, names } of groups.values()) {
    const release = releaseOf(type, inventory);
    for (const piece of pieces([...names].sort())) {
      const set = packageSet(type, release, piece, inventory);
      sets.set(set.id, set);
    }
  }
  return [...sets.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function packageSet(type: PackageType, release: string, names: readonly string[], inventory: Inventory): PackageSet {
  const { distribution } = inventory;
  const content = JSON.stringify([type, release, names]);
  const id = createHash("sha256").update(content).digest("hex").slice(0, 32);
  if (distribution === undefined || release === "-") return { id, type, release, names };
  const { id: name, versionId, codename, idLike, family } = distribution;
  const known = {
    id: name,
    idLike: idLike.slice(0, 10),
    ...(versionId !== undefined && { versionId }),
    ...(codename !== undefined && { codename }),
    ...(family !== undefined && { family }),
  };
  const branches = branchesOf(type, inventory).flatMap((one) => one.release ?? []);
  return { id, type, release, names, built: { distribution: known, branches } };
}

/** Cut where a name's own hash says so: whatever stands before it, the cut stays. */
function* pieces(names: readonly string[]): Generator<readonly string[]> {
  let piece: string[] = [];
  for (const name of names) {
    piece.push(name);
    if (!endsPiece(name) && piece.length < mostNames) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ Names that are chosen badly make longer pieces, no more. */
function endsPiece(name: string): boolean {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  // Its upper bits are the better mixed.
  return (hash >>> 16) % meanNames === 0;
}
