/** What the SBOM formats share: stable references, identifiers and times out of nothing but the inventory. */
import { createHash } from "node:crypto";
import type { Inventory, Package } from "./types.ts";

/** Packages with a reference each that is unique in the document: the purl, with a number where it comes again. */
export function withReferences(packages: readonly Package[]): readonly (readonly [reference: string, item: Package])[] {
  const seen = new Map<string, number>();
  return packages.map((item) => {
    const times = seen.get(item.purl) ?? 0;
    seen.set(item.purl, times + 1);
    return [times === 0 ? item.purl : `${item.purl}${item.purl.includes("#") ? "&" : "#"}${times}`, item];
  });
}

/** A name-based UUID in the form of RFC 9562, version 8: the same inventory gives the same one. */
export function documentUuid({ digest, extractors }: Inventory, format: string): string {
  const bytes = createHash("sha256").update(`${digest} ${extractors}${format}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** `linux/arm64/v8` */
export function platformText({ platform }: Inventory): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}

/** Owner's purl -> the references of what it brought; under `undefined` what nobody owns. */
export function byOwner(
  references: readonly (readonly [reference: string, item: Package])[],
): ReadonlyMap<string | undefined, readonly string[]> {
  const known = new Set(references.map(([reference]) => reference));
  const groups = new Map<string | undefined, string[]>();
  for (const [reference, { ownedBy }] of references) {
    const owner = ownedBy !== undefined && known.has(ownedBy) && ownedBy !== reference ? ownedBy : undefined;
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [reference]);
    else group.push(reference);
  }
  return groups;
}
