/** What is inside an image. `portwarden.inventory/1` is this, as JSON. */
import type { ImagePlatform } from "../registry/types.ts";

/** purl types: https://github.com/package-url/purl-spec */
export type PackageType =
  | "deb"
  | "apk"
  | "rpm"
  | "alpm"
  | "opkg"
  | "npm"
  | "pypi"
  | "gem"
  | "composer"
  | "maven"
  | "golang"
  | "cargo"
  | "nuget"
  | "conda"
  | "pub"
  | "hex"
  | "otp"
  | "cran"
  | "cpan"
  | "conan"
  | "cocoapods"
  | "swift"
  | "bitnami"
  | "generic";

/**
 * What tells that a package is there:
 * - `installed`: the package manager's record, or the metadata that it was installed with;
 * - `binary`: what its maker or compiler wrote into an executable;
 * - `archive`: a whole copy in the package manager's cache, or kept to be installed from;
 * - `vendored`: a copy that another package carries inside itself;
 * - `lock-file`: only a project's lock file, beside which nothing of its ecosystem is installed;
 * - `sbom`: only an SBOM found in the image.
 */
export type Evidence = "installed" | "binary" | "archive" | "vendored" | "lock-file" | "sbom";

/** Where a package was seen, and which layer brought it. */
export interface Location {
  /**
   * Path in the image, without leading slash. What lies inside an archive is told as in Java's `jar:` URLs: the
   * archive's path, `!/`, and the path in it, again for archives in archives: `app.war!/WEB-INF/lib/x.jar`.
   */
  readonly path: string;
  /** diffID of the layer. */
  readonly layer: string;
  /** SHA-1 of the archive at this path, by which registries know it; only where the archive is the package. */
  readonly sha1?: string;
}

export interface Package {
  readonly type: PackageType;
  /**
   * As the ecosystem writes it, with its namespace: `@scope/name` (npm), `group:artifact` (maven), `vendor/name`
   * (composer), the module path (golang), `host/owner/name` (swift).
   */
  readonly name: string;
  /** As the package manager prints it: for deb and rpm with epoch where there is one (`1:2.3-4`). */
  readonly version: string;
  readonly architecture?: string;
  /** The source package it was built from, when the format says so (deb Source, apk origin, rpm SOURCERPM). */
  readonly source?: { readonly name: string; readonly version: string };
  /** Further purl qualifiers that tell builds apart: `channel` and `build` (conda), `platform` (gem). */
  readonly qualifiers?: Readonly<Record<string, string>>;
  readonly purl: string;
  readonly locations: readonly Location[];
  /** The strongest there is. Absent: `installed`. */
  readonly evidence?: Evidence;
  /** Its lock file says that only development needs it. */
  readonly development?: true;
  /** Its lock file says that it may be left out. */
  readonly optional?: true;
  /** Paths of the SBOMs in the image that list it too. */
  readonly describedBy?: readonly string[];
  /** What installed it, as its metadata says: `pip`, `conda`, `uv` (Python INSTALLER). */
  readonly installer?: string;
  readonly licenses?: readonly string[];
  /** deb Maintainer, rpm Vendor. */
  readonly vendor?: string;
  /** rpm MODULARITYLABEL. */
  readonly modularity?: string;
  /** purl of the OS package that owns the file this package was read from. */
  readonly ownedBy?: string;
  /** Brought by the base image alone, or (also) by the image's own layers; absent when the base image is unknown. */
  readonly origin?: "base" | "own";
}

/** From os-release: https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
export interface Distribution {
  readonly id: string;
  readonly versionId?: string;
  readonly codename?: string;
  readonly idLike: readonly string[];
  readonly name?: string;
  readonly cpe?: string;
  /** The distribution that it is made after, or its own id: `debian`, `rhel`, `suse`, `azurelinux`, `amzn`. */
  readonly family?: string;
  /** When security fixes end for this release; absent for rolling and unknown ones. */
  readonly endOfLife?: EndOfLife;
}

/** The last day (ISO 8601) of security fixes. */
export interface EndOfLife {
  /** For everybody. */
  readonly standard: string;
  /** For those with the longer support that the vendor offers (Debian LTS, Ubuntu Pro, Red Hat ELS, SUSE LTSS). */
  readonly extended?: string;
}

/** A package repository that the image is set up to install from. */
export interface Repository {
  readonly type: PackageType;
  /** Without credentials. */
  readonly url: string;
  /** Release branch and component, where the address says them: `v3.20` or `edge`, and `main`. */
  readonly release?: string;
  readonly component?: string;
  /** apk: packages come from it only when asked for by this tag. */
  readonly tag?: string;
  readonly location: Location;
}

/** The Red Hat repositories from which the packages of one layer's build came. */
export interface ContentSets {
  readonly names: readonly string[];
  readonly location: Location;
}

/** A container product whose build left its labels in the image. */
export interface ProductLabels {
  /** `com.redhat.component`, `name`, `version`, `release`, `architecture`, `cpe`. */
  readonly component?: string;
  readonly name?: string;
  readonly version?: string;
  readonly release?: string;
  readonly architecture?: string;
  readonly cpe?: string;
  readonly location: Location;
}

/** What was not read, and why: never silence. */
export interface Partial {
  /** A key of `limits`, or an error code. */
  readonly reason: string;
  readonly path?: string;
  readonly layer?: string;
  readonly detail: string;
}

export interface InventoryLayer {
  readonly digest: string;
  readonly diffId: string;
  /** Compressed bytes. */
  readonly size: number;
  readonly mediaType: string;
  /** The Dockerfile step, from the image's history. */
  readonly createdBy?: string;
}

export interface Inventory {
  readonly schema: "portwarden.inventory/1";
  /** Digest of the image manifest. */
  readonly digest: string;
  readonly platform: ImagePlatform;
  readonly distribution?: Distribution;
  readonly layers: readonly InventoryLayer[];
  /** Sorted by purl, then first path. */
  readonly packages: readonly Package[];
  readonly partial: readonly Partial[];
  /** What was read but set aside on purpose, and why. Says nothing against the rest. */
  readonly remarks?: readonly Partial[];
  readonly repositories?: readonly Repository[];
  readonly contentSets?: readonly ContentSets[];
  readonly products?: readonly ProductLabels[];
  /** Names and versions of the extractors that read it; part of every cache key. */
  readonly extractors: string;
}
