/** Package URLs: https://github.com/package-url/purl-spec (types deb, apk, rpm, npm, pypi). */
import type { PackageFacts } from "./extractor.ts";
import type { Distribution } from "./types.ts";

/** The purl of a package, in the image whose distribution this is. */
export function purlOf(facts: PackageFacts, distribution: Distribution | undefined): string {
  switch (facts.type) {
    case "deb":
      return purl("deb", [distribution?.id ?? "debian"], facts.name, facts.version, osQualifiers(facts, distribution));
    case "apk":
      return purl("apk", [distribution?.id ?? "alpine"], facts.name, facts.version, osQualifiers(facts, distribution));
    case "rpm": {
      const [epoch, version] = splitEpoch(facts.version);
      const qualifiers = { ...osQualifiers(facts, distribution), ...(epoch !== undefined && { epoch }) };
      return purl("rpm", [rpmNamespace(distribution)], facts.name, version, qualifiers);
    }
    case "npm": {
      const parts = facts.name.split("/");
      return purl("npm", parts.slice(0, -1), parts.at(-1) ?? "", facts.version, {});
    }
    case "pypi":
      return purl("pypi", [], normalisedPythonName(facts.name), facts.version, {});
  }
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
  qualifiers: Readonly<Record<string, string>>,
): string {
  const path = [...namespace.filter((part) => part !== ""), name].map(encode).join("/");
  const query = Object.entries(qualifiers)
    .filter(([, value]) => value !== "")
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`)
    .join("&");
  return `pkg:${type}/${path}@${encode(version)}${query === "" ? "" : `?${query}`}`;
}

/** Everything but unreserved characters and the colon (which the specification leaves as it is). */
function encode(part: string): string {
  return encodeURIComponent(part.toWellFormed())
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":");
}
