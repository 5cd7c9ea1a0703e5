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

/** Where a package was seen, and which layer brought it. */
export interface Location {
  /** Path in the image, without leading slash. */
  readonly path: string;
  /** diffID of the layer. */
  readonly layer: string;
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
  /** Names and versions of the extractors that read it; part of every cache key. */
  readonly extractors: string;
}
