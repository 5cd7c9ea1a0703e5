/**
 * What Red Hat's build systems leave in container images: the content sets (repositories) that the packages of a layer
 * came from, and the labels of the product. Advisories of minor releases with longer support count for a package by
 * its content set. Content manifests:
 * https://github.com/containerbuildsystem/atomic-reactor/blob/master/docs/plugins.md (add_image_content_manifest).
 */
import type { Extractor, Facts, WantedFile } from "../../extractor.ts";
import { text } from "../../fields.ts";
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
    if (!file.path.endsWith(".json")) return productFacts(readLabels(file.content));
    return productFacts(new Map(Object.entries(objectOf(file))));
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

/** What tells the product; `name` and the rest alone may be anybody's labels. */
function productFacts(labels: ReadonlyMap<string, unknown>): Facts {
  const component = text(labels.get("com.redhat.component"));
  const name = text(labels.get("name"));
  const cpe = text(labels.get("cpe"));
  const version = text(labels.get("version"));
  const release = text(labels.get("release"));
  const architecture = text(labels.get("architecture"));
  if (component === undefined && name === undefined && cpe === undefined) return {};
  return {
    product: {
      ...(component !== undefined && { component }),
      ...(name !== undefined && { name }),
      ...(version !== undefined && { version }),
      ...(release !== undefined && { release }),
      ...(architecture !== undefined && { architecture }),
      ...(cpe !== undefined && { cpe }),
    },
  };
}
