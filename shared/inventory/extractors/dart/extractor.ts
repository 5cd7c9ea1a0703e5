/**
 * Dart packages: the pub cache (`hosted/<host>/<name>-<version>/pubspec.yaml`), and what an application runs with
 * (`.dart_tool/package_config.json`). https://dart.dev/tools/pub/package-layout
 */

import { parseJson } from "../../documents/json.ts";
import { itemsOf, member } from "../../documents/value.ts";
import type { Extractor, Facts } from "../../extractor.ts";
import { buildFacts, linesOf, text } from "../../fields.ts";

const validName = /^[a-z_][a-z0-9_]*$/i;
const validVersion = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]*)?$/;

export const extractor: Extractor = {
  name: "dart",
  version: 1,
  kind: "language",
  wants: {
    basenames: ["pubspec.yaml", "package_config.json"],
    accept: (path) =>
      /(^|\/)hosted\/[^/]+\/[^/]+\/pubspec\.yaml$/.test(path) || /(^|\/)\.dart_tool\/package_config\.json$/.test(path),
  },
  mode: "buffer",
  maxBytes: 8 * 1024 * 1024,
  extract: ({ path, content }) =>
    path.endsWith(".json") ? configuredPackages(parseJson(content.toString("utf8"))) : cachedPackage(path, content),
};

/** The cache's directory says name and version; the pubspec must agree. */
function cachedPackage(path: string, content: Buffer): Facts {
  const facts = buildFacts();
  const [name, version] = [fieldOf(content, "name"), fieldOf(content, "version")];
  const directory = path.split("/").at(-2);
  if (name !== undefined && version !== undefined && directory === `${name}-${version}` && isPackage(name, version)) {
    facts.add({ type: "pub", name, version });
  } else facts.broken();
  return facts.facts();
}

/** A plain or quoted value of a key at the beginning of a line. */
function fieldOf(content: Buffer, key: string): string | undefined {
  for (const line of linesOf(content)) {
    if (!line.startsWith(`${key}:`)) continue;
    const value = line.slice(key.length + 1).replace(/\s#.*$/, "");
    return text(value.trim().replace(/^(["'])(.*)\1$/, "$2"), 256);
  }
  return undefined;
}

/** Only packages from a registry say their version, in the directory that they lie in. */
function configuredPackages(document: unknown): Facts {
  const facts = buildFacts();
  for (const one of itemsOf(member(document, "packages"))) {
    const name = text(member(one, "name"), 256);
    const root = text(member(one, "rootUri"), 4096);
    const directory = /\/hosted\/[^/]+\/([^/]+)\/?$/.exec(root ?? "")?.[1];
    if (name === undefined || directory === undefined || !directory.startsWith(`${name}-`)) continue;
    const version = unescaped(directory.slice(name.length + 1));
    if (!isPackage(name, version)) facts.broken();
    else if (!facts.add({ type: "pub", name, version })) break;
  }
  return facts.facts();
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function isPackage(name: string, version: string): boolean {
  return validName.test(name) && validVersion.test(version);
}
