/**
 * SBOMs in the image: CycloneDX as JSON and XML, SPDX 2 as JSON, YAML and tag-value, SPDX 3 as JSON; those that apko
 * leaves for each package (`/var/lib/db/sbom/*.spdx.json`), Bitnami for each component (`.spdx-<name>.spdx`), and
 * others by their usual names. SPDX as RDF is told of, but not read.
 */
import { messageOf, PermanentError } from "../../../platform/errors.ts";
import { limits } from "../../../platform/limits.ts";
import { parseJson } from "../../documents/json.ts";
import { member } from "../../documents/value.ts";
import { parseXml } from "../../documents/xml.ts";
import { parseYaml } from "../../documents/yaml.ts";
import type { Extractor, Facts } from "../../extractor.ts";
import { buildFacts, unsupportedFormat } from "../../fields.ts";
import { cycloneDxPackages } from "./cyclonedx.ts";
import { cycloneDxOfXml } from "./cyclonedx-xml.ts";
import { spdxGraphPackages, spdxPackages } from "./spdx.ts";
import { spdxOfTagValue } from "./spdx-tag-value.ts";
import { type StatedPackage, statedFacts } from "./stated.ts";

/** Names that say what the document is; under the others anything may stand. */
const explicitName = /\.(spdx|cdx|cyclonedx)\.(json|xml)$|\.spdx\.(ya?ml|tag|rdf|rdf\.xml)$|(^|\/)\.spdx-[^/]+\.spdx$/i;
const usualName = /(^|[-_.])s?bom\.(json|xml)$|\.spdx$/i;

export const extractor: Extractor = {
  name: "sbom",
  version: 2,
  kind: "language",
  wants: {
    suffixes: [".json", ".xml", ".spdx", ".spdx.yaml", ".spdx.yml", ".spdx.tag", ".spdx.rdf"],
    accept: isSbomPath,
  },
  mode: "buffer",
  maxBytes: limits.sbomBytes,
  extract({ path, content }) {
    const text = content.toString("utf8");
    const base = path.slice(path.lastIndexOf("/") + 1);
    const isExplicit = explicitName.test(base) || (/\.spdx$/i.test(base) && /^SPDXVersion:/m.test(text));
    try {
      return read(parse(path, text), isExplicit);
    } catch (thrown) {
      return isExplicit ? { partial: [{ reason: reasonOf(thrown), detail: messageOf(thrown) }] } : {};
    }
  },
};

function isSbomPath(path: string): boolean {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return (
    (explicitName.test(base) || usualName.test(base)) && !/(^|\/)(tests?|testdata|fixtures|__fixtures__)\//.test(path)
  );
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof PermanentError && thrown.code === unsupportedFormat ? unsupportedFormat : "broken-sbom";
}

/** The document in the shape that its format has as JSON; undefined where it is of none. */
function parse(path: string, text: string): unknown {
  const start = /[^\s\ufeff]/.exec(text)?.[0];
  if (start === "{" || start === "[" || path.toLowerCase().endsWith(".json")) return parseJson(text);
  if (start === "<") return xmlDocument(text);
  return /\.ya?ml$/i.test(path) ? parseYaml(text)[0] : spdxOfTagValue(text);
}

function xmlDocument(text: string): unknown {
  const document = parseXml(text);
  if (document.name === "RDF" || document.name === "Document") {
    throw new PermanentError(unsupportedFormat, "SPDX as RDF or XML is not read: it can be had as JSON or tag-value");
  }
  return cycloneDxOfXml(document);
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
