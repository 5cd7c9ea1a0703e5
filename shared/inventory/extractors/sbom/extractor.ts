/**
 * SBOMs in the image, as JSON: CycloneDX, SPDX 2 and 3; those that apko leaves for each package
 * (`/var/lib/db/sbom/*.spdx.json`), Bitnami for each component (`.spdx-<name>.spdx`), and others by their usual names.
 */
import { messageOf } from "../../../platform/errors.ts";
import { limits } from "../../../platform/limits.ts";
import { parseJson } from "../../documents/json.ts";
import { member } from "../../documents/value.ts";
import type { Extractor, Facts } from "../../extractor.ts";
import { buildFacts } from "../../fields.ts";
import { cycloneDxPackages } from "./cyclonedx.ts";
import { spdxGraphPackages, spdxPackages } from "./spdx.ts";
import { type StatedPackage, statedFacts } from "./stated.ts";

/** Names that say what the document is; under the others anything may stand. */
const explicitName = /\.(spdx|cdx|cyclonedx)\.json$|\/?\.spdx-[^/]+\.spdx$/i;
const usualName = /(^|[-_.])s?bom\.json$/i;

export const extractor: Extractor = {
  name: "sbom",
  version: 1,
  kind: "language",
  wants: { suffixes: [".json", ".spdx"], accept: isSbomPath },
  mode: "buffer",
  maxBytes: limits.sbomBytes,
  extract({ path, content }) {
    const isExplicit = explicitName.test(path.slice(path.lastIndexOf("/") + 1));
    try {
      return read(parseJson(content.toString("utf8")), isExplicit);
    } catch (thrown) {
      return isExplicit ? { partial: [{ reason: "broken-sbom", detail: messageOf(thrown) }] } : {};
    }
  },
};

function isSbomPath(path: string): boolean {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return (
    (explicitName.test(base) || usualName.test(base)) && !/(^|\/)(tests?|testdata|fixtures|__fixtures__)\//.test(path)
  );
}

function read(document: unknown, isExplicit: boolean): Facts {
  const packages = packagesIn(document);
  if (packages === undefined) {
    const detail = "neither CycloneDX nor SPDX as this reads them";
    return isExplicit ? { partial: [{ reason: "sbom-format", detail }] } : {};
  }
  const facts = buildFacts();
  for (const stated of packages) {
    const one = statedFacts(stated);
    if (one === "broken") facts.broken();
    else if (one !== undefined && !facts.add(one)) break;
  }
  return facts.facts();
}

function packagesIn(document: unknown): Iterable<StatedPackage> | undefined {
  if (member(document, "bomFormat") === "CycloneDX") return cycloneDxPackages(document);
  const version = member(document, "spdxVersion");
  if (typeof version === "string" && version.startsWith("SPDX-2.")) return spdxPackages(document);
  const context = member(document, "@context");
  return typeof context === "string" && context.includes("spdx.org/rdf/3") ? spdxGraphPackages(document) : undefined;
}
