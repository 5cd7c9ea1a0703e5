/**
 * What Red Hat's build systems leave in container images: the content sets (repositories) that the packages of a layer
 * came from, and the labels of the product. Advisories of minor releases with longer support count for a package by
 * its content set. Content manifests:
 * https://github.com/containerbuildsystem/atomic-reactor/blob/master/docs/plugins.md (add_image_content_manifest).
 */
import type { Extractor, Facts, WantedFile } from "../../extractor.ts";
import { text } from "../../fields.ts";
import { productOf } from "../../product-labels.ts";
import { readLabels } from "./dockerfile.ts";

const directories = ["root/buildinfo", "usr/share/buildinfo"];
const maximumContentSets = 1000;

export const extractor: Extractor = {
  name: "red-hat",
  version: 1,
  kind: "os",
  wants: {
    directories: directories.flatMap((directory) => [directory, `${directory}/content_manifests`]),
    accept: (path) =>
      isContentManifest(path) || /^(?:Dockerfile-.+|labels\.json)$/.test(path.slice(path.lastIndexOf("/") + 1)),
  },
  mode: "buffer",
  maxBytes: 4 * 1024 * 1024,
  extract(file) {
    if (isContentManifest(file.path)) return contentSets(file);
    const isJson = file.path.endsWith(".json");
    const product = productOf(isJson ? new Map(Object.entries(objectOf(file))) : readLabels(file.content));
    return product === undefined ? {} : { product };
  },
};

function isContentManifest(path: string): boolean {
  return /\/(?:content_manifests\/[^/]+|content-sets)\.json$/.test(path);
}

function objectOf(file: WantedFile): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(file.content.toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("not a JSON object");
  return { ...value };
}

function contentSets(file: WantedFile): Facts {
  const listed = objectOf(file)["content_sets"];
  // Layers that install no packages have a manifest without any.
  if (listed === undefined || listed === null) return {};
  if (!Array.isArray(listed)) throw new Error("content_sets is no list");
  const names = [...new Set(listed.slice(0, maximumContentSets).flatMap((name) => text(name, 256) ?? []))].sort();
  const partial = { reason: "content-sets", detail: `only the first ${maximumContentSets} content sets were read` };
  return { contentSets: names, ...(listed.length > maximumContentSets && { partial: [partial] }) };
}
