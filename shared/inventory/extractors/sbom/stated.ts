/** A package as an SBOM states it, in the inventory's own terms. */
import type { PackageFacts } from "../../extractor.ts";
import { text } from "../../fields.ts";
import type { PackageType } from "../../types.ts";
import { type Purl, parsePurl } from "./purl.ts";

export interface StatedPackage {
  readonly purl: unknown;
  readonly name: unknown;
  readonly version: unknown;
  readonly licenses: readonly unknown[];
  readonly development?: boolean;
  readonly optional?: boolean;
}

/** How the inventory writes the name of each type: with the namespace, without (distributions), or Maven's way. */
const naming: Readonly<Record<PackageType, "name" | "namespace/name" | "group:artifact">> = {
  deb: "name",
  apk: "name",
  rpm: "name",
  alpm: "name",
  opkg: "name",
  npm: "namespace/name",
  pypi: "name",
  gem: "name",
  composer: "namespace/name",
  pear: "namespace/name",
  maven: "group:artifact",
  golang: "namespace/name",
  cargo: "name",
  nuget: "name",
  conda: "name",
  pub: "name",
  hex: "name",
  otp: "name",
  cran: "name",
  cpan: "namespace/name",
  conan: "name",
  cocoapods: "name",
  swift: "namespace/name",
  bitnami: "name",
  generic: "namespace/name",
};

/** Undefined for a package without version: nothing can be said of it. */
export function statedFacts(stated: StatedPackage): PackageFacts | "broken" | undefined {
  const purl = stated.purl === undefined ? undefined : parsePurl(stated.purl);
  if (stated.purl !== undefined && purl === undefined) return "broken";
  const identity = purl === undefined ? identityOf(stated) : identityIn(purl, stated);
  if (identity === "broken" || identity === undefined) return identity;
  const licenses = stated.licenses.slice(0, 20).flatMap((license) => text(license) ?? []);
  return {
    ...identity,
    evidence: "sbom",
    ...(licenses.length > 0 && { licenses }),
    ...(stated.development === true && { development: true }),
    ...(stated.optional === true && { optional: true }),
  };
}

function identityOf({ name: statedName, version: statedVersion }: StatedPackage): PackageFacts | "broken" | undefined {
  const name = text(statedName);
  const version = text(statedVersion, 256);
  if (statedVersion === undefined || statedVersion === "") return undefined;
  return name === undefined || version === undefined ? "broken" : { type: "generic", name, version };
}

function identityIn(purl: Purl, stated: StatedPackage): PackageFacts | "broken" | undefined {
  const plain = purl.version ?? stated.version;
  if (plain === undefined || plain === "") return undefined;
  const { type, qualifiers } = purl;
  const epoch = type === "rpm" ? qualifiers.get("epoch") : undefined;
  const version = text(plain, 256);
  const name = text(nameIn(purl));
  if (name === undefined || version === undefined) return "broken";
  const architecture = text(qualifiers.get("arch"), 64);
  const source = sourceIn(purl, version);
  return {
    // Types that the inventory does not know keep their purl.
    type: isKnown(type) ? type : "generic",
    name,
    version: epoch === undefined ? version : `${epoch}:${version}`,
    ...(architecture !== undefined && { architecture }),
    ...(source && { source }),
    statedPurl: purl.text,
  };
}

function isKnown(type: string): type is PackageType {
  return Object.hasOwn(naming, type);
}

function nameIn({ type, namespace, name }: Purl): string {
  const way = isKnown(type) ? naming[type] : "namespace/name";
  if (way === "name" || namespace === "") return name;
  return way === "group:artifact" ? `${namespace}:${name}` : `${namespace}/${name}`;
}

/** `upstream` as Syft writes it (`name`, `name@version`, or for rpm the source package's file), `origin` as apko does. */
function sourceIn({ type, qualifiers }: Purl, version: string): { name: string; version: string } | undefined {
  if (!["deb", "apk", "rpm"].includes(type)) return undefined;
  const stated = text(qualifiers.get("upstream") ?? qualifiers.get("origin"));
  if (stated === undefined) return undefined;
  const [, file, fileVersion] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(stated) ?? [];
  if (file !== undefined && fileVersion !== undefined) return { name: file, version: fileVersion };
  const at = stated.lastIndexOf("@");
  return at > 0 ? { name: stated.slice(0, at), version: stated.slice(at + 1) } : { name: stated, version };
}
