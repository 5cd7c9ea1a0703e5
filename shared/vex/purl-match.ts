/**
 * Whether a package is what a purl in a statement means (package-url, and the matching rules of OpenVEX): type,
 * namespace and name are equal; without a version all versions are meant; qualifiers only narrow.
 */
import { type Purl, parsePurl } from "../inventory/extractors/sbom/purl.ts";
import type { Distribution } from "../inventory/types.ts";

/** Types whose names do not tell capitals apart. */
const caseless: ReadonlySet<string> = new Set([
  "deb",
  "apk",
  "rpm",
  "alpm",
  "opkg",
  "pypi",
  "composer",
  "nuget",
  "hex",
  "pub",
  "oci",
  "docker",
  "github",
  "bitnami",
]);

export interface PurlPattern extends Purl {
  readonly path: string;
  /** What stands behind `#`: a part of the package. */
  readonly subpath: string | undefined;
}

/** A purl taken apart; `undefined` when it is none. Linear in its length. */
export function purlPattern(text: string): PurlPattern | undefined {
  const purl = parsePurl(text);
  if (purl === undefined) return undefined;
  const hash = text.indexOf("#");
  const path = purl.namespace === "" ? purl.name : `${purl.namespace}/${purl.name}`;
  return {
    ...purl,
    path: comparablePath(purl.type, path),
    subpath: hash < 0 || hash === text.length - 1 ? undefined : text.slice(hash + 1),
  };
}

function comparablePath(type: string, path: string): string {
  if (type === "pypi") return path.replace(/[-_.]+/g, "-").toLowerCase();
  return caseless.has(type) ? path.toLowerCase() : path;
}

/** A package as statements are compared with it. */
export interface PatternSubject {
  readonly purl: PurlPattern;
  /** The source package it was built from. */
  readonly source: { readonly name: string; readonly version: string } | undefined;
  readonly distribution: Distribution | undefined;
}

export function matchesPackage(pattern: PurlPattern, subject: PatternSubject): boolean {
  const { purl } = subject;
  if (pattern.type !== purl.type) return false;
  if (pattern.subpath !== undefined && pattern.subpath !== purl.subpath) return false;
  if (isSource(pattern)) return matchesSource(pattern, subject) && narrows(pattern, subject, ["arch"]);
  if (pattern.path !== purl.path) return false;
  if (pattern.version !== undefined && !sameVersion(pattern, purl.version)) return false;
  return narrows(pattern, subject, []);
}

/** `arch=src` (rpm) and `arch=source` (deb) mean the source package, and so everything that is built from it. */
function isSource(pattern: PurlPattern): boolean {
  const architecture = pattern.qualifiers.get("arch");
  return architecture === "src" || architecture === "source";
}

function matchesSource(pattern: PurlPattern, { purl, source }: PatternSubject): boolean {
  const name = source?.name ?? purl.name;
  const path = comparablePath(purl.type, purl.namespace === "" ? name : `${purl.namespace}/${name}`);
  if (path !== pattern.path) return false;
  return pattern.version === undefined || sameVersion(pattern, source?.version ?? purl.version);
}

/** Go modules are written with and without their `v`, rpm versions with and without their epoch. */
function sameVersion(pattern: PurlPattern, version: string | undefined): boolean {
  if (version === undefined || pattern.version === undefined) return false;
  if (pattern.version === version) return true;
  if (pattern.type === "golang") return withoutV(pattern.version) === withoutV(version);
  if (pattern.type === "rpm") return withoutEpoch(pattern.version) === withoutEpoch(version);
  return false;
}

const withoutV = (version: string) => version.replace(/^v/, "");
const withoutEpoch = (version: string) => version.replace(/^\d+:/, "");

/** Where a package can be downloaded says nothing of what it is. */
const places: ReadonlySet<string> = new Set(["download_url", "repository_url", "vcs_url", "file_name", "checksum"]);

function narrows(pattern: PurlPattern, { purl, distribution }: PatternSubject, but: readonly string[]): boolean {
  for (const [name, wanted] of pattern.qualifiers) {
    if (but.includes(name) || places.has(name)) continue;
    const known = ofDistribution(name, distribution);
    if (known !== undefined ? !known.includes(wanted) : purl.qualifiers.get(name) !== wanted) {
      // An epoch of 0 is the same as none.
      if (name === "epoch" && wanted === "0" && !purl.qualifiers.has("epoch")) continue;
      return false;
    }
  }
  return true;
}

/** What a qualifier about the distribution may say; `undefined`: it is about something else. */
function ofDistribution(name: string, distribution: Distribution | undefined): readonly string[] | undefined {
  if (name !== "distro" && !name.startsWith("os_")) return undefined;
  if (distribution === undefined) return [];
  const { id, versionId, codename } = distribution;
  const releases = [versionId, codename].filter((one) => one !== undefined);
  if (name === "os_name") return [id];
  if (name === "os_version") return releases;
  if (name === "os_distro") return [...releases, id];
  return name === "distro" ? [id, ...releases, ...releases.map((release) => `${id}-${release}`)] : undefined;
}
