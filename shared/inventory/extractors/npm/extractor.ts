/**
 * Installed npm packages, whichever tool installed them: https://docs.npmjs.com/cli/v11/configuring-npm/package-json.
 * In trees of npm and Yarn a package is `node_modules/<name>`; pnpm, Bun and Deno keep each in a `node_modules` of its
 * own (`node_modules/.pnpm/<key>/node_modules/<name>`) and link to it; Yarn's pnpm linker in
 * `node_modules/.store/<key>/package`. Links are no files, so that each copy counts once.
 */
import { parseJson } from "../../documents/json.ts";
import { isTrue, member } from "../../documents/value.ts";
import type { Extractor, Facts } from "../../extractor.ts";
import { text } from "../../fields.ts";

/** As the registry takes them, old names with capitals included. */
const validName = /^(@[A-Za-z0-9._~!'()*-]+\/)?[A-Za-z0-9._~!'()*-]+$/;
/** Semantic version, leniently: what npm itself installs. */
const validVersion = /^[=v\s]*\d+\.\d+\.\d+([-+.][0-9A-Za-z.+-]*)?$/;

export const extractor: Extractor = {
  name: "npm",
  version: 2,
  kind: "language",
  wants: { basenames: ["package.json"], accept: isPackageRoot },
  mode: "buffer",
  maxBytes: 8 * 1024 * 1024,
  extract: (file) => factsOfManifest(parseJson(file.content.toString("utf8"))),
};

/** Where packages keep what only their own tests and readers use. */
const testDirectories = /^(tests?|__tests__|specs?|fixtures?|__fixtures__|test-?data|examples?)$/;

function isPackageRoot(path: string): boolean {
  // Yarn 1 as Node's images have it.
  if (/^opt\/yarn-v[^/]+\/package\.json$/.test(path)) return true;
  const parts = path.split("/").slice(0, -1);
  const own = ownTree(parts);
  return own >= 0 && !isInTests(parts.slice(0, own + 1));
}

/** The index of the `node_modules` that the package at this path stands in; negative for what is no package's root. */
function ownTree(parts: readonly string[]): number {
  const last = parts.at(-1) ?? "";
  if (last === "package" && parts.at(-3) === ".store" && parts.at(-4) === "node_modules") return parts.length - 4;
  if (last.startsWith("@") || last.startsWith(".")) return -1;
  const tree = parts.length - (parts.at(-2)?.startsWith("@") === true ? 3 : 2);
  return parts[tree] === "node_modules" ? tree : -1;
}

/** Whether a `node_modules` on the way, the last one included, belongs to the tests of the package around it. */
function isInTests(parts: readonly string[]): boolean {
  let from = -1;
  for (let at = 0; at < parts.length; at++) {
    if (parts[at] !== "node_modules") continue;
    if (from >= 0 && parts.slice(from, at).some((part) => testDirectories.test(part))) return true;
    // Behind the package's name: packages are also called `test` and `examples`.
    from = at + (parts[at + 1]?.startsWith("@") === true ? 3 : 2);
  }
  return false;
}

/** What a `package.json` says. Without a version it came from no registry, and none is made up. */
export function factsOfManifest(manifest: unknown): Facts {
  const name = text(member(manifest, "name"), 214);
  const version = text(member(manifest, "version"), 256);
  const isNamed = name !== undefined && validName.test(name);
  const isVersioned = version !== undefined && validVersion.test(version);
  if (isNamed && isVersioned) {
    const licenses = licensesOf(member(manifest, "license") ?? member(manifest, "licenses"));
    const number = version.replace(/^[=v\s]+/, "");
    return { packages: [{ type: "npm", name, version: number, ...(licenses.length > 0 && { licenses }) }] };
  }
  // Parts of the project itself need no version; Yarn leaves such stubs for packages of other systems.
  const isUnversioned = member(manifest, "version") === undefined || isTrue(member(manifest, "private"));
  if (isUnversioned) return {};
  const detail = isNamed ? "a package without a usable version" : "a package without a usable name";
  return { partial: [{ reason: "broken-record", detail }] };
}

/** A text, or the old forms `{type}` and a list of either. */
function licensesOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, 20) : [value];
  return list.flatMap((one) => text(typeof one === "string" ? one : member(one, "type")) ?? []);
}
