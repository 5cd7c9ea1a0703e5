/**
 * Arch Linux packages: the local database of pacman, a directory per package with `desc` and `files`. Sections begin
 * with `%NAME%` and end with an empty line: https://man.archlinux.org/man/alpm-db-desc.5,
 * https://man.archlinux.org/man/alpm-db-files.5
 */
import type { Extractor, Facts, WantedFile } from "../../extractor.ts";
import { buildFacts, linesOf, text } from "../../fields.ts";

/** The directory is named `name-version-release`, of which the last two have no hyphen. */
const entry = /^var\/lib\/pacman\/local\/(.+)-([^-/]+-[^-/]+)\/(?:desc|files)$/;

/** Of one section that lists values: licences. */
const maximumValues = 100;

export const extractor: Extractor = {
  name: "pacman",
  version: 1,
  kind: "os",
  wants: { basenames: ["desc", "files"], accept: (path) => entry.test(path) },
  mode: "buffer",
  maxBytes: 32 * 1024 * 1024,
  extract: (file) => (file.path.endsWith("/desc") ? description(file) : ownership(file)),
};

const wantedSections = new Set(["NAME", "VERSION", "BASE", "ARCH", "LICENSE", "PACKAGER"]);

function description(file: WantedFile): Facts {
  const facts = buildFacts();
  const values = new Map<string, string[]>();
  for (const [section, line] of sectionLines(file.content)) {
    if (!wantedSections.has(section)) continue;
    const known = values.get(section);
    const value = text(line);
    if (value === undefined) continue;
    if (known === undefined) values.set(section, [value]);
    else if (known.length < maximumValues) known.push(value);
  }
  const first = (section: string): string | undefined => values.get(section)?.[0];
  const name = first("NAME");
  const version = first("VERSION");
  if (name === undefined || version === undefined) {
    facts.broken();
    return facts.facts();
  }
  const architecture = first("ARCH");
  const base = first("BASE");
  const vendor = first("PACKAGER");
  const licenses = values.get("LICENSE");
  facts.add({
    type: "alpm",
    name,
    version,
    ...(architecture !== undefined && { architecture }),
    // One version for all packages of a base.
    ...(base !== undefined && { source: { name: base, version } }),
    ...(licenses && { licenses }),
    ...(vendor !== undefined && { vendor }),
  });
  return facts.facts();
}

function ownership(file: WantedFile): Facts {
  const facts = buildFacts();
  const [, name, version] = entry.exec(file.path) ?? [];
  if (name === undefined || version === undefined) return {};
  const paths: string[] = [];
  for (const [section, path] of sectionLines(file.content)) {
    if (section === "FILES" && file.isLanguageEvidence(path)) paths.push(path);
  }
  facts.own({ type: "alpm", name, version }, paths);
  return facts.facts();
}

/** The lines that are not empty, each with its section. */
function* sectionLines(content: Buffer): Generator<readonly [section: string, line: string]> {
  let section = "";
  for (const line of linesOf(content)) {
    if (line === "") section = "";
    else if (section === "") section = /^%([A-Z0-9]+)%$/.exec(line)?.[1] ?? "";
    else yield [section, line];
  }
}
