/**
 * Whether a statement's product is this image or a package in it. The product is the image (an OCI purl, a Docker purl,
 * a name, a digest) and the components its packages; or the product is a package itself; or a package with others inside
 * it (a Go program and its modules); or, as CSAF has it, an operating system and the components its packages.
 */
import type { Distribution, Location, Package } from "../inventory/types.ts";
import type { Vulnerability } from "../matching/types.ts";
import { PermanentError } from "../platform/errors.ts";
import { parseReference } from "../registry/reference.ts";
import type { ImagePlatform, ImageReference } from "../registry/types.ts";
import { matchesPackage, type PatternSubject, type PurlPattern, purlPattern } from "./purl-match.ts";
import type { VexIdentity, VexProduct } from "./types.ts";

/** The image that statements are compared with. */
export interface VexImage {
  /** Digests it is known by: of its manifest, and of the index that it is one of. */
  readonly digests: readonly string[];
  /** Where it is; empty for archives. */
  readonly references: readonly Pick<ImageReference, "registry" | "repository" | "tag">[];
  readonly platform: ImagePlatform;
  readonly distribution?: Distribution;
  readonly packages: readonly Pick<Package, "purl" | "locations" | "source">[];
}

export type ProductMatcher = (product: VexProduct, found: Vulnerability) => boolean;

/** Compares with one image; purls are taken apart once. */
export function productMatcher(image: VexImage): ProductMatcher {
  const patterns = new Map<string, PurlPattern | undefined>();
  const patternOf = (purl: string): PurlPattern | undefined => {
    if (!patterns.has(purl)) patterns.set(purl, purlPattern(purl));
    return patterns.get(purl);
  };
  const byPurl = new Map(image.packages.map((item) => [item.purl, item]));
  const subjects = new Map<string, PatternSubject | undefined>();
  const subjectOf = (purl: string): PatternSubject | undefined => {
    if (!subjects.has(purl)) {
      const pattern = patternOf(purl);
      const { distribution } = image;
      subjects.set(purl, pattern && { purl: pattern, source: byPurl.get(purl)?.source, distribution });
    }
    return subjects.get(purl);
  };
  const isPackage = (identity: VexIdentity, purl: string): boolean => {
    const subject = subjectOf(purl);
    if (subject === undefined) return false;
    return identity.purls.some((one) => {
      const pattern = patternOf(one);
      return pattern !== undefined && matchesPackage(pattern, subject);
    });
  };
  const isImage = (identity: VexIdentity): boolean =>
    identity.digests.some((digest) => image.digests.includes(digest)) ||
    identity.purls.some((one) => isImagePurl(patternOf(one), image)) ||
    (identity.purls.length === 0 && isReference(identity.id, image));
  const around = (product: VexProduct): readonly Location[] =>
    image.packages.flatMap(({ purl, locations }) => (isPackage(product, purl) ? locations : []));

  return (product, found) => {
    const { purl } = found.package;
    const { components } = product;
    if (components.length === 0) return isImage(product) || isPackage(product, purl);
    if (!components.some((component) => isPackage(component, purl))) return false;
    if (product.cpe !== undefined && product.purls.length + product.digests.length === 0) {
      return isDistribution(product.cpe, image.distribution);
    }
    return isImage(product) || isPackage(product, purl) || isWithin(found.evidence.locations, around(product));
  };
}

/** Every place of the part is inside a place of the whole: the same file, an archive in it, its own `node_modules`. */
function isWithin(parts: readonly Location[], wholes: readonly Location[]): boolean {
  if (parts.length === 0 || wholes.length === 0) return false;
  return parts.every(({ path }) =>
    wholes.some((whole) => {
      const folder = whole.path.slice(0, whole.path.lastIndexOf("/") + 1);
      return path === whole.path || path.startsWith(`${whole.path}!/`) || path.startsWith(`${folder}node_modules/`);
    }),
  );
}

/** `pkg:oci/name@sha256:…?repository_url=…` and `pkg:docker/namespace/name@tag-or-digest`, by the rules of these types. */
function isImagePurl(pattern: PurlPattern | undefined, image: VexImage): boolean {
  if (pattern === undefined || (pattern.type !== "oci" && pattern.type !== "docker")) return false;
  const { version, qualifiers } = pattern;
  // The same digest is the same image, wherever it was copied to.
  if (version?.startsWith("sha256:")) return image.digests.includes(version);
  if (!isPlatform(qualifiers, image.platform)) return false;
  const tag = qualifiers.get("tag") ?? version;
  return image.references.some(
    (reference) => (tag === undefined || tag === reference.tag) && isRepository(pattern, reference),
  );
}

function isPlatform(qualifiers: ReadonlyMap<string, string>, platform: ImagePlatform): boolean {
  const [os, architecture] = [qualifiers.get("os"), qualifiers.get("arch")];
  return (
    (os === undefined || os === platform.os) && (architecture === undefined || architecture === platform.architecture)
  );
}

function isRepository(pattern: PurlPattern, { registry, repository }: VexImage["references"][number]): boolean {
  const url = pattern.qualifiers.get("repository_url");
  const last = repository.slice(repository.lastIndexOf("/") + 1);
  if (url !== undefined) {
    const place = url
      .replace(/^(?:https?|oci|docker):\/\//, "")
      .replace(/\/+$/, "")
      .replace(/^(?:index\.|registry-1\.)docker\.io/, "docker.io");
    const whole = `${registry}/${repository}`;
    // With the name in it, as the type asks, or without, as some write it.
    if (place === whole) return pattern.path === last || pattern.path === repository;
    return `${place}/${pattern.path}` === whole;
  }
  if (pattern.type === "docker") {
    return (
      registry === "docker.io" && repository === (pattern.path.includes("/") ? pattern.path : `library/${pattern.path}`)
    );
  }
  return pattern.path === last || pattern.path === repository;
}

/** A name as one writes it for `docker pull`, with its registry and a tag (a digest counts already). */
function isReference(id: string, image: VexImage): boolean {
  if (!/^[^:/]+(?::\d+)?\/[^:@]+:[^/@]+$/.test(id)) return false;
  try {
    const { registry, repository, tag } = parseReference(id);
    return image.references.some(
      (one) => one.registry === registry && one.repository === repository && one.tag === tag,
    );
  } catch (error) {
    if (error instanceof PermanentError) return false;
    throw error;
  }
}

/**
 * CPE 2.2 or 2.3 of an operating system: vendor and product as os-release has them, and its version or the version's
 * first part. (`cpe:/a:redhat:enterprise_linux:8::appstream` is a part of that release.)
 */
function isDistribution(cpe: string, distribution: Distribution | undefined): boolean {
  if (distribution?.cpe === undefined) return false;
  const [wanted, own] = [cpeParts(cpe), cpeParts(distribution.cpe)];
  if (wanted === undefined || own === undefined) return false;
  if (wanted.vendor !== own.vendor || wanted.product !== own.product || wanted.version === "") return false;
  return own.version === wanted.version || own.version.startsWith(`${wanted.version}.`);
}

function cpeParts(cpe: string): { vendor: string; product: string; version: string } | undefined {
  const [, rest] = /^cpe:(?:\/|2\.3:)[oa]:(.*)$/.exec(cpe) ?? [];
  const [vendor, product, version = ""] = rest?.split(":") ?? [];
  return vendor && product ? { vendor, product, version: version === "*" ? "" : version } : undefined;
}
