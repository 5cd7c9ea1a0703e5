/**
 * What an advisory says, in the one form that the shards keep and the matcher reads. A feed turns its documents into
 * this; its own record's id and address stay.
 */
import type { Severity } from "../findings/types.ts";

/** The facts of one record, told once per shard however many packages it names. */
export interface Advisory {
  readonly id: string;
  /** Other names of the same vulnerability. */
  readonly aliases?: readonly string[];
  /** The vulnerabilities that this record is about. */
  readonly cves?: readonly string[];
  /** The record announces an update that fixes several vulnerabilities (DSA, RHSA, ...): it is not itself one. */
  readonly bundle?: true;
  /** At most 200 characters. */
  readonly summary: string;
  /** The source's own word; absent when it only gives a score, or nothing. */
  readonly severity?: Severity;
  readonly cvss?: { readonly vector: string; readonly score: number };
  /** Who publishes it: `Debian`, `GitHub`, ... */
  readonly database: string;
  readonly url: string;
  /** ISO 8601. */
  readonly modified: string;
  readonly malicious?: true;
}

/** Events of one OSV range (`SEMVER` or `ECOSYSTEM`) in version order: [kind, version]. */
export type RangeEvent = readonly [kind: "introduced" | "fixed" | "last_affected" | "limit", version: string];

/** Which versions of one package one record affects. */
export interface Affected {
  readonly ranges?: readonly (readonly RangeEvent[])[];
  /** Versions that are affected and not already inside a range. */
  readonly versions?: readonly string[];
  /** More of them were listed than are kept (`limits.advisoryVersions`). */
  readonly versionsCut?: true;
  /** For this package, in place of the record's. */
  readonly severity?: Severity;
  readonly cvss?: { readonly vector: string; readonly score: number };
  /** What filters use: `unimportant`, `end-of-life`. */
  readonly marks?: readonly string[];
  /** The update is for builds of these module streams (`nodejs:18`) only; empty: modular, but the stream is not told. */
  readonly modules?: readonly string[];
  /** Only these binary packages of the source package were shipped by this ecosystem. */
  readonly binaries?: readonly string[];
}

/** One entry of a shard: this record says this about the package that was asked for. */
export interface PackageAdvisory {
  readonly advisory: Advisory;
  readonly affected: Affected;
}

export interface AffectedPackage {
  readonly ecosystem: string;
  readonly name: string;
  readonly affected: Affected;
}

/** What a feed reads out of one document. */
export type FeedRecord =
  | {
      readonly kind: "advisory";
      readonly advisory: Advisory;
      readonly affected: readonly AffectedPackage[];
      /** Licence of the record, as SPDX names it, where its publisher states one. */
      readonly licence?: string;
    }
  /** Known to be exploited since that day (YYYY-MM-DD). */
  | { readonly kind: "exploited"; readonly cve: string; readonly since: string }
  /** Withdrawn by its publisher: as if it were not there. */
  | { readonly kind: "withdrawn"; readonly id: string }
  /** Nothing for us, and why: an ecosystem nobody asked for, an update that fixes no vulnerability. */
  | { readonly kind: "ignored"; readonly reason: string };

export interface FeedContext {
  /** Whether that OSV ecosystem is to be kept. */
  wants(ecosystem: string): boolean;
}

/** A form in which advisories are published. One folder each in `feeds/`, with `feed.ts` exporting `feed`. */
export interface Feed {
  readonly name: string;
  /** Is this document in my form? A cheap look at name and bytes; documents that no feed recognises are counted. */
  recognises(document: Buffer, file: string): boolean;
  /** What the document says. Throws `PermanentError("advisory-malformed")`: it is then quarantined by its id. */
  read(document: Buffer, context: FeedContext): readonly FeedRecord[];
}
