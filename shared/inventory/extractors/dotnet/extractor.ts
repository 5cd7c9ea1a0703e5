/**
 * .NET applications and frameworks: `*.deps.json`, which lists what an application was published with.
 * https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md
 */

import { parseJson } from "../../documents/json.ts";
import { member, membersOf } from "../../documents/value.ts";
import type { Extractor, Facts } from "../../extractor.ts";
import { buildFacts, text } from "../../fields.ts";

/** As the NuGet gallery takes them. */
const validId = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const validVersion = /^\d+(\.\d+){0,3}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const assets = ["runtime", "native", "runtimeTargets", "resources"];

export const extractor: Extractor = {
  name: "dotnet",
  version: 1,
  kind: "language",
  wants: { suffixes: [".deps.json"] },
  mode: "buffer",
  maxBytes: 32 * 1024 * 1024,
  extract: ({ content }) => packagesOf(parseJson(content.toString("utf8"))),
};

/**
 * Packages that have files at run time, and the runtime of an application that carries its own. What only compilers
 * need (`compile` assets, reference packages) is not in the image.
 */
function packagesOf(document: unknown): Facts {
  const facts = buildFacts();
  const libraries = membersOf(member(document, "libraries"));
  if (libraries.length === 0) {
    facts.partial("broken-record", "no libraries in it");
    return facts.facts();
  }
  const target = targetOf(document);
  for (const [key, library] of libraries) {
    const type = member(library, "type");
    if (type !== "package" && type !== "runtimepack") continue;
    if (type === "package" && target !== undefined && !hasAssets(member(target, key))) continue;
    const slash = key.lastIndexOf("/");
    const name = text(key.slice(0, Math.max(0, slash)).replace(/^runtimepack\./, ""), 128);
    const version = text(key.slice(slash + 1), 128);
    if (name === undefined || version === undefined || !validId.test(name) || !validVersion.test(version)) {
      facts.broken();
    } else if (!facts.add({ type: "nuget", name, version })) break;
  }
  return facts.facts();
}

/** The assets of the target that it runs on; undefined when the file has none. */
function targetOf(document: unknown): unknown {
  const targets = member(document, "targets");
  const runtime = member(member(document, "runtimeTarget"), "name");
  const named = typeof runtime === "string" ? member(targets, runtime) : undefined;
  return named ?? membersOf(targets)[0]?.[1];
}

function hasAssets(library: unknown): boolean {
  return assets.some((kind) => membersOf(member(library, kind)).length > 0);
}
