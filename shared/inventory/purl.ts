/** Package URLs: https://github.com/package-url/purl-spec, with the rules of each type in its `types/` folder. */
import type { PackageFacts } from "./extractor.ts";
import type { Distribution } from "./types.ts";

/** The purl of a package, in the image whose distribution this is. */
export function purlOf(facts: PackageFacts, distribution: Distribution | undefined): string {
  const { name, version, qualifiers } = facts;
  switch (facts.type) {
    case "deb":
      return purl("deb", [distribution?.id ?? "debian"], name, version, osQualifiers(facts, distribution));
    case "apk":
      return purl("apk", [distribution?.id ?? "alpine"], name, version, osQualifiers(facts, distribution));
    case "alpm":
      return purl("alpm", [distribution?.id ?? "arch"], lower(name), version, osQualifiers(facts, distribution));
    case "opkg":
      return purl("opkg", [distribution?.id ?? ""], name, version, osQualifiers(facts, distribution));
    case "rpm": {
      const [epoch, rest] = splitEpoch(version);
      const all = { ...osQualifiers(facts, distribution), ...(epoch !== undefined && { epoch }) };
      return purl("rpm", [rpmNamespace(distribution)], name, rest, all);
    }
    case "maven": {
      const [group = "", artifact = ""] = name.split(":");
      // The type requires a namespace: a jar of which only the file name speaks has none.
      if (group === "" || artifact === "") return purl("generic", [], name, version, qualifiers);
      return purl("maven", [group], artifact, version, qualifiers);
    }
    case "pypi":
      return purl("pypi", [], normalisedPythonName(name), version, qualifiers);
    case "composer":
      return withNamespace("composer", lower(name), version, qualifiers);
    // Module paths distinguish capitals, and so do the databases that are asked by purl.
    case "golang":
    case "npm":
    case "swift":
    case "pear":
    case "cpan":
      return withNamespace(facts.type, name, version, qualifiers);
    case "cocoapods": {
      // A pod's subspec is a part of it: `Firebase/Auth`.
      const [pod = "", ...subspec] = name.split("/");
      return `${purl("cocoapods", [], pod, version, qualifiers)}${subspec.length > 0 ? `#${subspec.map(encode).join("/")}` : ""}`;
    }
    case "pub":
    case "hex":
    case "otp":
    case "conda":
    case "bitnami":
      return purl(facts.type, [], lower(name), version, { ...architecture(facts), ...qualifiers });
    case "gem":
    case "cargo":
    case "nuget":
    case "cran":
    case "conan":
    case "generic":
      return purl(facts.type, [], name, version, qualifiers);
  }
}

function lower(name: string): string {
  return name.toLowerCase();
}

/** A name whose parts before the last are the namespace. */
function withNamespace(
  type: string,
  name: string,
  version: string,
  qualifiers: Readonly<Record<string, string>> | undefined,
): string {
  const parts = name.split("/");
  return purl(type, parts.slice(0, -1), parts.at(-1) ?? "", version, qualifiers);
}

/** Only types of one build per architecture say it; conda says it as `subdir` in the facts. */
function architecture(facts: PackageFacts): Record<string, string> {
  return facts.type === "bitnami" && facts.architecture !== undefined ? { arch: facts.architecture } : {};
}

/** PEP 503. */
export function normalisedPythonName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** `1:2.3-4` into epoch and rest. */
export function splitEpoch(version: string): [epoch: string | undefined, rest: string] {
  const colon = version.indexOf(":");
  return colon > 0 ? [version.slice(0, colon), version.slice(colon + 1)] : [undefined, version];
}

function osQualifiers(facts: PackageFacts, distribution: Distribution | undefined): Record<string, string> {
  const release = distribution && (distribution.versionId ?? distribution.codename);
  return {
    ...(facts.architecture !== undefined && { arch: facts.architecture }),
    ...(distribution && { distro: release === undefined ? distribution.id : `${distribution.id}-${release}` }),
    ...facts.qualifiers,
  };
}

/** The vendor, where it is not what os-release calls the distribution. */
function rpmNamespace(distribution: Distribution | undefined): string {
  if (distribution === undefined) return "";
  if (distribution.id === "rhel") return "redhat";
  if (distribution.id.startsWith("opensuse")) return "opensuse";
  return /^(sles|sled|sle_hpc|sle-micro|sl-micro)/.test(distribution.id) ? "suse" : distribution.id;
}

function purl(
  type: string,
  namespace: readonly string[],
  name: string,
  version: string,
  qualifiers: Readonly<Record<string, string>> = {},
): string {
  const path = [...namespace.filter((part) => part !== ""), name].map(encode).join("/");
  const query = Object.entries(qualifiers)
    .filter(([, value]) => value !== "")
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`)
    .join("&");
  const at = version === "" ? "" : `@${encode(version)}`;
  return `pkg:${type}/${path}${at}${query === "" ? "" : `?${query}`}`;
}

/** Everything but unreserved characters and the colon (which the specification leaves as it is). */
function encode(part: string): string {
  return encodeURIComponent(part.toWellFormed())
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":");
}
