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
  | "pear"
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
  /**
   * How it was built, as its executable says, by the compiler's own names: `go`, `GOOS`, `vcs.revision`, `replaces`
   * (Go); `source` (Rust).
   */
  readonly build?: Readonly<Record<string, string>>;
  /** CPE 2.3, only where it is certain: for software that databases know by nothing else. */
  readonly cpe?: string;
  readonly licenses?: readonly string[];
  /** deb Maintainer, rpm Vendor. */
  readonly vendor?: string;
  /** rpm MODULARITYLABEL. */
  readonly modularity?: string;
  /** Id of the repository that it was installed from, as the package manager's history says (dnf). */
  readonly repository?: string;
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

/** A container product whose build left its labels in the image's files or configuration. */
export interface ProductLabels {
  /** `com.redhat.component`, `name`, `version`, `release`, `architecture`, `cpe`. */
  readonly component?: string;
  readonly name?: string;
  readonly version?: string;
  readonly release?: string;
  readonly architecture?: string;
  readonly cpe?: string;
  /** Absent: in the image's configuration. */
  readonly location?: Location;
}

/** Where a secret stands. */
export type SecretPlace =
  | {
      readonly kind: "file";
      readonly path: string;
      /** diffID. */
      readonly layer: string;
      /** From 1. */
      readonly line: number;
      /** Whether a later layer removed or replaced the file: whoever has the image can still read it in `layer`. */
      readonly removed: boolean;
    }
  /** A variable of the image's environment, or a label, by name. */
  | { readonly kind: "environment" | "label"; readonly name: string }
  /** A step of the image's history, from 0, and the diffID of the layer it made. */
  | { readonly kind: "history"; readonly step: number; readonly layer?: string };

/** A secret in an image: where, by which rule, and never its value. */
export interface Secret {
  /** Id of a rule of `secrets/rules.ts`. */
  readonly rule: string;
  readonly place: SecretPlace;
  /**
   * Hexadecimal digits of a hash of the value, salted with rule and place: another value at the same place has
   * another one. Only four digits where the value may be guessed (passwords), so that a guess cannot be confirmed.
   */
  readonly fingerprint: string;
}

/** The image that this one was built from. */
export interface BaseImage {
  /** As the image says it: `docker.io/library/node:20`. */
  readonly name?: string;
  /** Of its manifest or index. */
  readonly digest?: string;
  /** How many of the image's layers, from the lowest, are the base image's; absent when unknown. */
  readonly layers?: number;
  /**
   * What says so. `annotation`, `label`: `org.opencontainers.image.base.*` (a label may be inherited from the base
   * image itself). `known-image`: an image seen before has these layers. `history`: the last CMD or ENTRYPOINT before
   * further layers, an informed guess.
   */
  readonly evidence: readonly ("annotation" | "label" | "known-image" | "history")[];
}

/** A way of building that posture checks ask about. */
export type BuildHabit =
  | "add-remote"
  | "add-instead-of-copy"
  | "pipe-to-shell"
  | "sudo"
  | "latest"
  | "world-writable"
  | "update-alone"
  | "unverified-packages";

/** One step of the image's history that shows such habits. */
export interface BuildStep {
  /** From 0, of all steps. */
  readonly step: number;
  /** diffID of the layer it made. */
  readonly layer?: string;
  /** Secrets replaced by `***`. */
  readonly createdBy: string;
  readonly habits: readonly BuildHabit[];
}

/** Files with set-user-ID or set-group-ID that stand in the image. */
export interface PrivilegedFiles {
  readonly count: number;
  /** The first of them by path. `mode`: octal, four digits. */
  readonly files: readonly { readonly path: string; readonly mode: string; readonly layer: string }[];
}

/** What the image's configuration and history say, for posture checks. Environment values are left out. */
export interface ImageFacts {
  readonly created?: string;
  /** Absent: root. */
  readonly user?: string;
  /** Names of variables. */
  readonly environment: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** As `8080/tcp`. */
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly workingDirectory?: string;
  readonly stopSignal?: string;
  /** Absent: none is declared. `disabled`: declared as NONE. */
  readonly healthcheck?: { readonly test: readonly string[]; readonly disabled: boolean };
  /** How many steps the history has. 0: it was removed, and nothing can be said of how the image was built. */
  readonly historySteps: number;
  /** The steps that show habits. */
  readonly steps: readonly BuildStep[];
  readonly privilegedFiles: PrivilegedFiles;
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
  readonly baseImage?: BaseImage;
  /** Files by path, then environment, labels and history. */
  readonly secrets?: readonly Secret[];
  readonly facts?: ImageFacts;
  /** Names and versions of the extractors that read it; part of every cache key. */
  readonly extractors: string;
}
