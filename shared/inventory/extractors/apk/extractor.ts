/**
 * Alpine and Wolfi packages: the installed database of apk, https://wiki.alpinelinux.org/wiki/Apk_spec, and the
 * repositories that they come from, which tell edge from a release.
 */
import type { Extractor, Facts, PackageFacts, WantedFile } from "../../extractor.ts";
import { buildFacts, linesOf, text } from "../../fields.ts";
import { readRepositories } from "./repositories.ts";

const databases = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];
const repositories = "etc/apk/repositories";
const repositoryDirectories = ["etc/apk/repositories.d", "lib/apk/repositories.d", "usr/lib/apk/repositories.d"];

/**
 * Single letters, case matters: name, version, architecture, origin, licence, maintainer. `F:` names a directory, the
 * `R:` after it its files.
 */
const wantedFields = new Set(["P", "V", "A", "o", "L", "m"]);

export const extractor: Extractor = {
  name: "apk",
  version: 2,
  kind: "os",
  wants: {
    paths: [...databases, repositories],
    directories: repositoryDirectories,
    accept: (path) => databases.includes(path) || path === repositories || path.endsWith(".list"),
  },
  mode: "buffer",
  maxBytes: 64 * 1024 * 1024,
  extract: (file) => (databases.includes(file.path) ? packages(file) : readRepositories(file.content)),
};

function packages(file: WantedFile): Facts {
  const facts = buildFacts();
  let fields = new Map<string, string>();
  let directory = "";
  let evidence: string[] = [];
  /** A package is over; false when no more are taken. */
  function close(): boolean {
    const one = packageOf(fields);
    if (one === undefined && fields.size > 0) facts.broken();
    if (one !== undefined) facts.own({ type: one.type, name: one.name, version: one.version }, evidence);
    fields = new Map();
    evidence = [];
    return one === undefined || facts.add(one);
  }
  for (const line of linesOf(file.content)) {
    const letter = line[1] === ":" ? (line[0] ?? "") : "";
    const value = line.slice(2);
    if (line === "") {
      if (!close()) break;
    } else if (letter === "F") directory = value === "" ? "" : `${value}/`;
    else if (letter === "R") {
      if (file.isLanguageEvidence(directory + value)) evidence.push(directory + value);
    } else if (wantedFields.has(letter)) fields.set(letter, value);
  }
  close();
  return facts.facts();
}

function packageOf(fields: ReadonlyMap<string, string>): PackageFacts | undefined {
  const name = text(fields.get("P"));
  const version = text(fields.get("V"));
  if (name === undefined || version === undefined) return undefined;
  const architecture = text(fields.get("A"));
  const origin = text(fields.get("o"));
  const license = text(fields.get("L"));
  const vendor = text(fields.get("m"));
  return {
    type: "apk",
    name,
    version,
    ...(architecture !== undefined && { architecture }),
    ...(origin !== undefined && { source: { name: origin, version } }),
    ...(license !== undefined && { licenses: [license] }),
    ...(vendor !== undefined && { vendor }),
  };
}
