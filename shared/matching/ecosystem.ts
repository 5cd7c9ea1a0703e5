import type { Distribution, Package, PackageType, Repository } from "../inventory/types.ts";

/** Which shards to ask for the packages of one image. */
export interface ShardChoice {
  /** Shards whose word counts. */
  readonly primary: readonly string[];
  /** Streams with longer support: a build that came from one of them carries its fixes. */
  readonly extended?: readonly ExtendedStream[];
}

export interface ExtendedStream {
  readonly shards: readonly string[];
  /** Whether this build is from that stream; then the stream's fixes count for it. */
  readonly builtFor: (version: string) => boolean;
  /** Marks a vulnerability, of whatever build, that has no fix but in this stream. */
  readonly mark?: string;
  /** Whether a product (CPE) is of this stream: what is installed from its repositories gets the stream's fixes. */
  readonly offeredBy?: (cpe: string) => boolean;
}

/** A name and version under which a package is looked up. */
export interface Subject {
  readonly name: string;
  readonly version: string;
  /** The version lacks the epoch that its package has (rpm's SOURCERPM): epochs of advisories do not count. */
  readonly epochUnknown?: true;
}

/**
 * How packages of one kind meet the advisories of one OSV ecosystem. One module each in `ecosystems/`, exporting
 * `ecosystem`; the list is generated.
 */
export interface Ecosystem {
  /** The OSV ecosystem, without release. */
  readonly name: string;
  readonly type: PackageType;
  /** `language` ecosystems hold for every image, `os` ones for the distributions they know. */
  readonly kind: "os" | "language";
  /**
   * The shards, of those that the store has, for an image of this distribution; `undefined` when the distribution is
   * not this ecosystem's. `repositories`: those that the image is set up to install from.
   */
  shards(
    distribution: Distribution | undefined,
    available: readonly string[],
    repositories?: readonly Repository[],
  ): ShardChoice | undefined;
  /** Under which name and version a package is looked up. */
  subject(item: Package): Subject;
  /** Some records are about source packages (`Affected.source`): the name and version that a package meets them by. */
  sourceSubject?(item: Package): Subject;
  /**
   * Builds beside the usual ones, with an order of versions of their own (Oracle's `_fips`): a fix in one flavour says
   * nothing of a build of another. Empty: the usual.
   */
  readonly flavour?: (version: string) => string;
  /**
   * The minor release that a build is made for, where its version tells. Of several fixes in one record the one for
   * that release counts alone: a later release may have begun without it.
   */
  readonly minorRelease?: (version: string) => string | undefined;
  /** Whether a package is from one of these products (`Affected.products`; empty: from the distribution itself). */
  isFrom?(item: Package, products: readonly string[]): boolean;
  /** The table that leads from ids of repositories to the products (CPEs) that they are of. */
  readonly repositoryTable?: string;
  /** Advisories leave out epochs that the packages have: then they mean the package's own. */
  readonly advisoriesOmitEpoch?: true;
  /** The maker of a package that is not the distribution's (deb Maintainer, rpm Vendor), if it can be told. */
  thirdParty?(item: Package): string | undefined;
  /** Why a package cannot be looked up, where its evidence does not say enough of what it is. */
  unknown?(item: Package): string | undefined;
}

/** The release that a distribution's advisories are told by, for messages: `debian:14`. */
export function distributionName(distribution: Distribution): string {
  const release = distribution.versionId ?? distribution.codename;
  return release === undefined ? distribution.id : `${distribution.id}:${release}`;
}

/** `9` of `9.4`. */
export function majorOf(distribution: Distribution): string | undefined {
  return distribution.versionId?.split(".", 1)[0];
}

/** The shards that the store has, of those that are named. */
export function present(names: readonly string[], available: readonly string[]): readonly string[] {
  return names.filter((name) => available.includes(name));
}
