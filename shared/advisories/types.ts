/**
 * What an advisory says, in the one form that the shards keep and the matcher reads. A feed turns its documents into
 * this; its own record's id and address stay.
 */
import type { Severity } from "../findings/types.ts";
import type { SourceDocument } from "./sources/document.ts";

export interface CvssScore {
  readonly vector: string;
  readonly score: number;
}

/** What matching needs of a record; it lies in the shard itself, told once however many packages the record names. */
export interface AdvisoryHead {
  readonly id: string;
  /** Other names of the same vulnerability. */
  readonly aliases?: readonly string[];
  /** The vulnerabilities that this record is about. */
  readonly cves?: readonly string[];
  /** The record announces an update that fixes several vulnerabilities (DSA, RHSA, ...): it is not itself one. */
  readonly bundle?: true;
  /** Who publishes it: `Debian`, `GitHub`, ... */
  readonly database: string;
  readonly malicious?: true;
}

/** What is told of a record once it matched; it lies in the shard's details. */
export interface AdvisoryDetails {
  /** One line of at most 200 characters. */
  readonly summary: string;
  /** At most `limits.advisoryDescription` characters. */
  readonly description?: string;
  /** The source's own word; absent when it only gives a score, or nothing. */
  readonly severity?: Severity;
  readonly cvss?: CvssScore;
  readonly url: string;
  /** ISO 8601. */
  readonly modified: string;
  /** `CWE-79`. */
  readonly cwes?: readonly string[];
}

export interface Advisory extends AdvisoryHead, AdvisoryDetails {}

/** Events of one OSV range (`SEMVER` or `ECOSYSTEM`) in version order: [kind, version]. */
export type RangeEvent = readonly [kind: "introduced" | "fixed" | "last_affected" | "limit", version: string];

/** What the publisher says of versions that lie in a range without a fix; of none: affected, and open. */
export type AffectedState =
  /** Looked at, and left as it is: Red Hat's `Will not fix`, Debian's `ignored`. */
  | "will-not-fix"
  /** Left for later: Red Hat's `Fix deferred`, Debian's `postponed` and `no-dsa`, Ubuntu's `deferred`. */
  | "deferred"
  /** The release, or the package in it, is no longer looked after. */
  | "end-of-life"
  /** Not yet known whether it is affected at all: Ubuntu's `needs-triage`, Red Hat's `Under investigation`. */
  | "under-investigation"
  /** Said to be not affected: it clears the package of this vulnerability, whatever updates say. */
  | "not-affected";

/** Go: functions of one package of the module; empty: the whole package. */
export interface AffectedSymbols {
  readonly path: string;
  readonly symbols: readonly string[];
}

/** Which versions of one package one record affects. */
export interface Affected {
  readonly ranges?: readonly (readonly RangeEvent[])[];
  /** Versions that are affected and not already inside a range. */
  readonly versions?: readonly string[];
  /** More of them were listed than are kept (`limits.advisoryVersions`). */
  readonly versionsCut?: true;
  readonly state?: AffectedState;
  /** The publisher's own words for the state: `Minor issue`, `Out of support scope`. At most 200 characters. */
  readonly reason?: string;
  /** For this package, in place of the record's. */
  readonly severity?: Severity;
  readonly cvss?: CvssScore;
  /** What filters use: `unimportant`, `end-of-life`. */
  readonly marks?: readonly string[];
  /** The update is for builds of these module streams (`nodejs:18`) only; empty: modular, but the stream is not told. */
  readonly modules?: readonly string[];
  /** Only these binary packages of the source package were shipped by this ecosystem. */
  readonly binaries?: readonly string[];
  /** Only builds for these architectures, as the packages name them; absent: all. */
  readonly arches?: readonly string[];
  /** Red Hat: only packages from repositories of these products (CPE 2.2 URIs, or their beginnings). */
  readonly products?: readonly string[];
  /** The version is about the source package, not the binary one of that name. */
  readonly source?: true;
  readonly symbols?: readonly AffectedSymbols[];
}

/** One entry of a shard: this record says this about the package that was asked for. */
export interface PackageAdvisory {
  readonly advisory: AdvisoryHead;
  readonly affected: Affected;
}

export interface AffectedPackage {
  /** As OSV names ecosystems: `Debian:12`, `npm`, `Amazon Linux:2023`. */
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
      /**
       * Where a feed tells of one id in several documents (one for each repository): which of them this is. A record
       * only takes the place of one with the same scope.
       */
      readonly scope?: string;
    }
  /** Known to be exploited since that day (YYYY-MM-DD). */
  | { readonly kind: "exploited"; readonly cve: string; readonly since: string }
  /**
   * One row of a table that is looked up by key, only for what matched: `epss` (CVE -> EpssRow), `cvss` (CVE ->
   * CvssRow), `red-hat-repositories` (repository id -> list of CPEs), `end-of-life` (`product:release` -> EndOfLifeRow).
   */
  | { readonly kind: "row"; readonly table: string; readonly key: string; readonly value: unknown }
  /** Withdrawn by its publisher: as if it were not there. */
  | { readonly kind: "withdrawn"; readonly id: string }
  /**
   * Nothing for us, and why: an ecosystem nobody asked for, an update that fixes no vulnerability. `id`: of the record,
   * which may have been something for us before.
   */
  | { readonly kind: "ignored"; readonly reason: string; readonly id?: string };

/** Probability (0 to 1) of exploitation in the next 30 days, and its rank among all: https://www.first.org/epss/ */
export interface EpssRow {
  readonly probability: number;
  readonly percentile?: number;
  /** YYYY-MM-DD. */
  readonly date: string;
}

/** What a third party says of a CVE; it counts where no publisher gave a severity. */
export interface CvssRow {
  readonly cvss?: CvssScore;
  readonly cwes?: readonly string[];
  /** `NVD`, `CISA`. */
  readonly by: string;
  /** SSVC: `active`, `poc`, `none`. */
  readonly exploitation?: string;
}

export interface EndOfLifeRow {
  /** YYYY-MM-DD; absent: it is over, nobody says since when. */
  readonly date?: string;
  /** With paid or community extension, YYYY-MM-DD. */
  readonly extended?: string;
  /** The publisher's own words: `incompatible with PHP8`. At most 200 characters. */
  readonly reason?: string;
}

export interface FeedContext {
  /** Whether that OSV ecosystem is to be kept. */
  readonly wants: (ecosystem: string) => boolean;
}

/**
 * A form in which advisories are published. One folder each in `feeds/`, with `feed.ts` exporting `feed`. A record's
 * key in the store is (feed and part, id): what a feed brings never replaces what another one said.
 */
export interface Feed {
  readonly name: string;
  /** Is this document in my form? A cheap look at name and bytes; documents that no feed recognises are counted. */
  recognises(document: Buffer, file: string): boolean;
  /**
   * What the document says. `file` is the name that `recognises` was asked with. Throws
   * `PermanentError("advisory-malformed")`: it is then quarantined by its id.
   */
  read(document: Buffer, context: FeedContext, file?: string): readonly FeedRecord[];
  /** Where it is fetched; absent: it only comes in files. */
  readonly upstream?: FeedUpstream;
}

/** The publisher's place, and how it is read. */
export interface FeedUpstream {
  /** Base URL; `advisories.feeds.<name>.url` of the settings replaces it (mirrors). No slash at its end. */
  readonly url: string;
  /** Fetched unless the settings say otherwise. */
  readonly enabled: boolean;
  /** Of the data, as SPDX names it; absent: none is stated. */
  readonly licence?: string;
  /** How the publisher wants to be named: travels in the manifest. */
  readonly attribution: string;
  /** False: the licence forbids to pass it on, so it is never exported. */
  readonly redistributable: boolean;
  /** Data older than this raises an alarm. */
  readonly staleAfterHours: number;
  /** The parts that are fetched, and may fail, on their own (releases, ecosystems); `[""]` when there is one. */
  parts(wants: FeedContext["wants"]): readonly string[];
  /** Fetches one part. Throws what the fetcher throws, and `PermanentError("advisories-refused")` for what is wrong. */
  fetch(part: string, fetcher: Fetcher): Promise<Fetched>;
}

export type Fetched =
  | { readonly unchanged: true }
  | {
      readonly unchanged: false;
      /** `whole`: all the part has, replacing what it had; `changes`: records to add or replace. */
      readonly extent: "whole" | "changes";
      /** Read once, as a stream. Throws when the upstream breaks off. */
      readonly documents: AsyncIterable<SourceDocument>;
      /** With `changes`: ids of records that are gone. Asked for after the documents. */
      readonly removed?: () => readonly string[];
      /** Cursors to remember, beside the validators that the fetcher remembers. Asked for after the documents. */
      readonly cursors?: () => Readonly<Record<string, string>>;
    };

export type FetchedFile =
  | { readonly unchanged: true }
  /** A file in a temporary directory, removed after the update. */
  | { readonly unchanged: false; readonly path: string; readonly bytes: number };

export interface Fetcher {
  /** Without a slash at its end. */
  readonly base: string;
  /** What this part's last successful fetch left in `cursors`; empty at the first. */
  readonly cursors: Readonly<Record<string, string>>;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly wants: FeedContext["wants"];
  /**
   * Downloads `path` below the base (or a whole URL of the same origin). `conditional`: asks only for what is newer
   * than the last successful fetch of it (ETag, Last-Modified). `sha256` is verified. Throws
   * `TransientError("advisories-unreachable")`, `PermanentError("advisories-refused")`.
   */
  file(path: string, options?: { readonly conditional?: boolean; readonly sha256?: string }): Promise<FetchedFile>;
  /** A small document (16 MB at most by default). */
  bytes(path: string, options?: { readonly mostBytes?: number }): Promise<Buffer>;
  /** Counts towards the progress that is shown. */
  readonly progress: (done: number, total?: number) => void;
}
