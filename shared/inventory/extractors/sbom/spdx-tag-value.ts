/**
 * SPDX 2 in its tag-value form (https://spdx.github.io/spdx-spec/v2.3/), in the shape that it has as JSON, as far as
 * packages go: lines `Tag: value`, where `<text>` may hold several, and a package from its `PackageName` on.
 */
import { createValueCounter } from "../../documents/value.ts";

/** Members of a package by tag. */
const members: ReadonlyMap<string, string> = new Map([
  ["PackageVersion", "versionInfo"],
  ["PackageLicenseConcluded", "licenseConcluded"],
  ["PackageLicenseDeclared", "licenseDeclared"],
  ["PrimaryPackagePurpose", "primaryPackagePurpose"],
]);
/** What begins something else than a package. */
const others = new Set(["FileName", "SnippetSPDXID", "LicenseID", "Relationship", "Annotator"]);

/** Undefined for other documents. Throws `PermanentError` `broken-document` for too many lines. */
export function spdxOfTagValue(text: string): object | undefined {
  const packages: Record<string, unknown>[] = [];
  const countLine = createValueCounter();
  let spdxVersion: string | undefined;
  let current: Record<string, unknown> | undefined;
  let isText = false;
  for (const line of text.split(/\r?\n/)) {
    countLine();
    if (isText) {
      isText = !line.includes("</text>");
      continue;
    }
    const colon = line.indexOf(":");
    const tag = colon > 0 && !line.startsWith("#") ? line.slice(0, colon).trim() : "";
    const value = line.slice(colon + 1).trim();
    if (tag === "") continue;
    isText = value.startsWith("<text>") && !value.includes("</text>");
    if (tag === "SPDXVersion") spdxVersion = value;
    else if (tag === "PackageName") {
      current = { name: value, externalRefs: [] };
      packages.push(current);
    } else if (others.has(tag)) current = undefined;
    else if (current !== undefined) addTo(current, tag, value);
  }
  return spdxVersion === undefined ? undefined : { spdxVersion, packages };
}

/** `ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1` */
function addTo(current: Record<string, unknown>, tag: string, value: string): void {
  const key = members.get(tag);
  if (key !== undefined) current[key] = value.replace(/^<text>|<\/text>$/g, "");
  if (tag !== "ExternalRef" || !Array.isArray(current["externalRefs"])) return;
  const [, referenceType, referenceLocator] = value.split(/\s+/, 3);
  current["externalRefs"].push({ referenceType, referenceLocator });
}
