/**
 * Packages that Yarn installs without `node_modules` (Plug'n'Play): https://yarnpkg.com/advanced/pnp-spec. The file
 * `.pnp.cjs` lists them; they stay in zip archives, in the project's `.yarn/cache` or the user's.
 */
import { messageOf } from "../../../platform/errors.ts";
import { parseJson } from "../../documents/json.ts";
import { brokenDocument, itemsOf, member } from "../../documents/value.ts";
import type { Extractor, Facts } from "../../extractor.ts";
import { buildFacts, text } from "../../fields.ts";
import { readZipEntry, zipEntries } from "../../zip.ts";
import { factsOfManifest } from "../npm/extractor.ts";

const listNames = [".pnp.cjs", ".pnp.js", ".pnp.data.json"];
const manifestBytes = 8 * 1024 * 1024;

export const extractor: Extractor = {
  name: "yarn",
  version: 1,
  kind: "language",
  wants: {
    basenames: listNames,
    suffixes: [".zip"],
    accept: (path) =>
      !path.endsWith(".zip") || /(^|\/)(\.yarn|\.yarn\/berry|yarn\/berry)\/cache\/[^/]+\.zip$/.test(path),
  },
  mode: "buffer",
  maxBytes: 128 * 1024 * 1024,
  extract: ({ path, content }) => (path.endsWith(".zip") ? archived(content) : listed(path, content.toString("utf8"))),
};

/** One package, as `node_modules/<name>/`; its name cannot be told from the archive's. */
function archived(archive: Buffer): Facts {
  try {
    for (const entry of zipEntries(archive)) {
      if (!/^node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(entry.name)) continue;
      const manifest = parseJson(readZipEntry(archive, entry, manifestBytes).toString("utf8"));
      const { packages = [], partial = [] } = factsOfManifest(manifest);
      return { packages: packages.map((one) => ({ ...one, evidence: "archive", within: entry.name })), partial };
    }
  } catch (thrown) {
    return { partial: [{ reason: "broken-archive", detail: messageOf(thrown) }] };
  }
  return { partial: [{ reason: "broken-record", detail: "an archive without a package" }] };
}

/** `packageRegistryData`: pairs of a name and its references, each with where it stands. */
function listed(path: string, content: string): Facts {
  const facts = buildFacts();
  let data: unknown;
  try {
    data = parseJson(path.endsWith(".json") ? content : stateIn(content));
  } catch (thrown) {
    return { partial: [{ reason: "broken-record", detail: messageOf(thrown) }] };
  }
  for (const [name, references] of itemsOf(member(data, "packageRegistryData")).map(itemsOf)) {
    for (const [reference, where] of itemsOf(references).map(itemsOf)) {
      // The project itself has neither; its folders are linked.
      if (name === null || reference === null || member(where, "linkType") === "SOFT") continue;
      const known = text(name, 214);
      const version = typeof reference === "string" ? versionIn(reference) : undefined;
      if (known === undefined || version === undefined) facts.broken();
      else if (!facts.add({ type: "npm", name: known, version })) return facts.facts();
    }
  }
  return facts.facts();
}

/** `npm:1.2.3`, also as what a `virtual:` or `patch:` reference is made from. */
function versionIn(reference: string): string | undefined {
  return /(?:^|[#@])npm(?::|%3A)([0-9][0-9A-Za-z.+-]*)/.exec(reference.slice(0, 4096))?.[1];
}

/**
 * The data in the script: a text in single quotes whose lines end with a backslash (since Yarn 3.4), or before that
 * the argument of a call.
 */
function stateIn(script: string): string {
  const text = script.indexOf("RAW_RUNTIME_STATE =");
  if (text >= 0) {
    const start = script.indexOf("'", text) + 1;
    const end = endOfQuoted(script, start);
    if (start > 0 && end > 0)
      return script.slice(start, end).replace(/\\(\r?\n|.)/g, (_all, one: string) => one.trim() || one);
  }
  const call = script.indexOf("hydrateRuntimeState({");
  if (call < 0) throw brokenDocument("no list of packages");
  const start = call + "hydrateRuntimeState(".length;
  return script.slice(start, endOfObject(script, start));
}

/** Where the closing single quote stands. */
function endOfQuoted(script: string, start: number): number {
  for (let at = start; at < script.length; at++) {
    if (script[at] === "\\") at++;
    else if (script[at] === "'") return at;
  }
  return -1;
}

/** Behind the bracket that closes the one at `start`. */
function endOfObject(script: string, start: number): number {
  let depth = 0;
  let isText = false;
  for (let at = start; at < script.length; at++) {
    const one = script[at] ?? "";
    if (isText) {
      if (one === "\\") at++;
      else if (one === '"') isText = false;
    } else if (one === '"') isText = true;
    else if (one === "{" || one === "[") depth++;
    else if ((one === "}" || one === "]") && --depth === 0) return at + 1;
  }
  throw brokenDocument("the list of packages breaks off");
}
