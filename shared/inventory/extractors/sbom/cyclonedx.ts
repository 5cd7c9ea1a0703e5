/** Components of a CycloneDX document: https://cyclonedx.org/docs/1.6/json/ */
import { itemsOf, member } from "../../documents/value.ts";
import type { StatedPackage } from "./stated.ts";

/** Kinds that are no packages, even with a purl: the image itself, its distribution. */
const otherTypes = new Set(["container", "operating-system", "file", "device", "data"]);
/** Kinds that are packages without a purl too. */
const packageTypes = new Set(["library", "application", "framework"]);

/** The subject of the document and its components, with those inside of components. */
export function* cycloneDxPackages(document: unknown): Generator<StatedPackage> {
  const pending = [
    member(member(document, "metadata"), "component"),
    ...itemsOf(member(document, "components")),
  ].reverse();
  while (pending.length > 0) {
    const one = pending.pop();
    for (const inner of itemsOf(member(one, "components"))) pending.push(inner);
    const type = member(one, "type");
    const purl = member(one, "purl");
    if (typeof type !== "string" || otherTypes.has(type) || (purl === undefined && !packageTypes.has(type))) continue;
    const group = member(one, "group");
    const name = member(one, "name");
    yield {
      purl,
      name: typeof group === "string" && group !== "" && typeof name === "string" ? `${group}/${name}` : name,
      version: member(one, "version"),
      licenses: itemsOf(member(one, "licenses")).map(
        (license) =>
          member(license, "expression") ??
          member(member(license, "license"), "id") ??
          member(member(license, "license"), "name"),
      ),
      // `excluded`: needed to build or to test, not part of what is described.
      development: member(one, "scope") === "excluded",
      optional: member(one, "scope") === "optional",
    };
  }
}
