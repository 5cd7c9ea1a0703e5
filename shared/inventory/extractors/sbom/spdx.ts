/** Packages of an SPDX document: version 2 (https://spdx.github.io/spdx-spec/v2.3/), and 3 as JSON-LD. */
import { itemsOf, member } from "../../documents/value.ts";
import type { StatedPackage } from "./stated.ts";

const otherPurposes = new Set([
  "container",
  "operating-system",
  "operatingsystem",
  "file",
  "device",
  "data",
  "archive",
]);
const packagePurposes = new Set(["library", "application", "framework"]);

export function* spdxPackages(document: unknown): Generator<StatedPackage> {
  for (const one of itemsOf(member(document, "packages"))) {
    const reference = itemsOf(member(one, "externalRefs")).find((ref) => member(ref, "referenceType") === "purl");
    const purl = member(reference, "referenceLocator");
    if (!isPackage(member(one, "primaryPackagePurpose"), purl)) continue;
    yield {
      purl,
      name: member(one, "name"),
      version: member(one, "versionInfo"),
      licenses: [said(member(one, "licenseConcluded")) ?? said(member(one, "licenseDeclared"))],
    };
  }
}

/** https://spdx.github.io/spdx-spec/v3.0.1/serializations/: elements in `@graph`. */
export function* spdxGraphPackages(document: unknown): Generator<StatedPackage> {
  for (const one of itemsOf(member(document, "@graph"))) {
    if (member(one, "type") !== "software_Package") continue;
    const identifier = itemsOf(member(one, "externalIdentifier")).find(
      (other) => member(other, "externalIdentifierType") === "packageUrl",
    );
    const purl = member(one, "software_packageUrl") ?? member(identifier, "identifier");
    if (!isPackage(member(one, "software_primaryPurpose"), purl)) continue;
    yield { purl, name: member(one, "name"), version: member(one, "software_packageVersion"), licenses: [] };
  }
}

/** What bears no purl is often a layer, an image or a source file. */
function isPackage(purpose: unknown, purl: unknown): boolean {
  const known = typeof purpose === "string" ? purpose.toLowerCase() : "";
  return !otherPurposes.has(known) && (purl !== undefined || packagePurposes.has(known));
}

function said(license: unknown): unknown {
  return license === "NOASSERTION" || license === "NONE" ? undefined : license;
}
