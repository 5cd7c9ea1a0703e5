/**
 * Go's build information as packages: the main module, what it was linked with, and the standard library. Text form:
 * https://pkg.go.dev/runtime/debug#BuildInfo (`path`, `mod`, `dep`, `=>`, `build`).
 */
import type { Facts, PackageFacts } from "../../extractor.ts";
import { buildFacts, text } from "../../fields.ts";
import type { GoTexts } from "./blob.ts";
import { linkedVersion } from "./linker-flags.ts";

/** What a main module has for a version when it was built from a working copy. */
const unversioned = "(devel)";

interface Module {
  readonly path: string;
  readonly version: string;
}

interface BuildInfo {
  /** Import path of the main package. */
  path: string | undefined;
  main: Module | undefined;
  mainReplacement: Module | undefined;
  readonly dependencies: { module: Module; replacement: Module | undefined }[];
  readonly settings: Map<string, string>;
  broken: number;
}

export function factsOf({ version, modules }: GoTexts): Facts {
  const info = parse(modules);
  const facts = buildFacts();
  const main = mainPackage(info, version);
  if (main !== undefined) facts.add(main);
  facts.add(standardLibrary(version));
  for (const { module, replacement } of info.dependencies) if (!facts.add(dependency(module, replacement))) break;
  for (let count = 0; count < info.broken; count++) facts.broken();
  return facts.facts();
}

function parse(modules: string): BuildInfo {
  const info: BuildInfo = {
    path: undefined,
    main: undefined,
    mainReplacement: undefined,
    dependencies: [],
    settings: new Map(),
    broken: 0,
  };
  for (const line of modules.split("\n")) {
    const [keyword = "", ...fields] = line.split("\t");
    if (keyword === "path") info.path = text(fields[0], 2048);
    else if (keyword === "build") readSetting(fields.join("\t"), info.settings);
    else if (keyword === "mod" || keyword === "dep" || keyword === "=>") readModule(keyword, fields, info);
  }
  return info;
}

function readModule(keyword: "mod" | "dep" | "=>", fields: readonly string[], info: BuildInfo): void {
  const path = text(fields[0], 2048);
  if (path === undefined) {
    info.broken++;
    return;
  }
  const module = { path, version: text(fields[1], 256) ?? "" };
  const last = info.dependencies.at(-1);
  if (keyword === "mod") info.main = module;
  else if (keyword === "dep") info.dependencies.push({ module, replacement: undefined });
  else if (last !== undefined) last.replacement = module;
  else info.mainReplacement = module;
}

/** `key=value`; either may be a Go string literal. */
function readSetting(setting: string, settings: Map<string, string>): void {
  const match = /^("(?:[^"\\]|\\.)*"|[^=]*)=(.*)$/.exec(setting);
  if (match?.[1] !== undefined && match[2] !== undefined && settings.size < 200) {
    settings.set(unquoted(match[1]), unquoted(match[2]));
  }
}

function unquoted(value: string): string {
  if (value.startsWith("`") && value.endsWith("`") && value.length > 1) return value.slice(1, -1);
  if (!value.startsWith('"')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "string" ? parsed : value;
  } catch {
    return value;
  }
}

/** Settings that say what a program is. Linker flags are not among them: builds put secrets there. */
const toldSettings = [
  "GOOS",
  "GOARCH",
  "CGO_ENABLED",
  "GOEXPERIMENT",
  "vcs",
  "vcs.revision",
  "vcs.time",
  "vcs.modified",
];

function mainPackage(info: BuildInfo, goVersion: string): PackageFacts | undefined {
  const module = info.mainReplacement?.version ? info.mainReplacement : info.main;
  if (module === undefined) return undefined;
  const build: Record<string, string> = { go: goVersion };
  if (info.path !== undefined) build["path"] = info.path;
  for (const name of toldSettings) {
    const value = text(info.settings.get(name), 256);
    if (value !== undefined) build[name] = value;
  }
  const linked = linkedVersion(info.settings.get("-ldflags") ?? "", module.path);
  const isVersioned = module.version !== unversioned && module.version !== "";
  if (linked !== undefined) build[`-X ${linked.variable}`] = linked.version;
  const version = isVersioned ? module.version : (linked?.version ?? "");
  return { type: "golang", name: module.path, version, evidence: "binary", build };
}

/** What stands in for a module is what was linked; of a directory that does, no version is known. */
function dependency(module: Module, replacement: Module | undefined): PackageFacts {
  const base = { type: "golang", evidence: "binary" } as const;
  if (replacement === undefined) return { ...base, name: module.path, version: versionOf(module) };
  const isDirectory = versionOf(replacement) === "";
  const build = {
    ...(isDirectory && { replacedBy: replacement.path, required: module.version }),
    ...(!isDirectory && { replaces: `${module.path}@${module.version}` }),
  };
  if (isDirectory) return { ...base, name: module.path, version: "", build };
  return { ...base, name: replacement.path, version: versionOf(replacement), build };
}

function versionOf({ version }: Module): string {
  return version === unversioned ? "" : version;
}

/**
 * `go1.22.1`, with the additions of distributors and experiments behind it (`go1.22.1 X:boringcrypto`,
 * `go1.20.7+microsoft`); what was built by a development tree has no released version.
 */
function standardLibrary(goVersion: string): PackageFacts {
  const released = /^go(\d+(?:\.\d+)*(?:(?:rc|beta)\d+)?)/.exec(goVersion)?.[1];
  const isPlain = goVersion === `go${released}`;
  return {
    type: "golang",
    name: "stdlib",
    version: released ?? "",
    evidence: "binary",
    ...(!isPlain && { build: { go: text(goVersion, 1024) ?? "" } }),
  };
}
