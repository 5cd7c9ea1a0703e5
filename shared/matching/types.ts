import type { Severity } from "../findings/types.ts";
import type { Location } from "../inventory/types.ts";
import type { VexVerdict } from "../vex/types.ts";

/** One vulnerability of one package of one image, with its evidence. */
export interface Vulnerability {
  /** Canonical: the CVE when there is exactly one, else the advisory's own id. */
  readonly id: string;
  readonly aliases: readonly string[];
  /** Every record that says so: the vendor's first. */
  readonly sources: readonly { readonly id: string; readonly database: string; readonly url?: string }[];
  readonly package: {
    readonly purl: string;
    readonly type: string;
    readonly name: string;
    readonly version: string;
    readonly source?: string;
    /** purl of the package of the distribution that brought it. */
    readonly ownedBy?: string;
  };
  /** `not-fixed`: affected, and nobody says more. `reason`: the publisher's own words. */
  readonly fix:
    | { readonly state: "fixed"; readonly version: string }
    | { readonly state: UnfixedState; readonly reason?: string };
  readonly severity: Severity;
  /** Of the source that the severity is from, or the best one that gives a score. */
  readonly cvss?: { readonly vector: string; readonly score: number };
  /** What each source says, in the order of `sources`; third parties (NVD) last. */
  readonly severities: readonly {
    readonly by: string;
    readonly severity?: Severity;
    readonly cvss?: { readonly vector: string; readonly score: number };
  }[];
  /** Probability of exploitation in the next 30 days (0 to 1), and its rank among all CVEs. */
  readonly epss?: { readonly probability: number; readonly percentile?: number; readonly date: string };
  /** Known to be exploited (CISA KEV). */
  readonly exploited: boolean;
  readonly summary: string;
  /** At length, where a source does. */
  readonly description?: string;
  /** States that filters use; nothing is dropped: `kernel-headers`, `unimportant`, `owned-by-os-package`, ... */
  readonly marks: readonly string[];
  /** What VEX says of it in this image, and where; `vex-not-affected` and its kin are among the marks then. */
  readonly vex?: VexVerdict;
  readonly evidence: {
    readonly locations: readonly Location[];
    /** Readable: `deb 1.2-3 < 1.2-4`. */
    readonly comparison: string;
    /** Hash of the advisory shard that was asked. */
    readonly shard: string;
  };
}

export const unfixedStates = [
  "not-fixed",
  "will-not-fix",
  "deferred",
  "end-of-life",
  "under-investigation",
  "unknown",
] as const;
export type UnfixedState = (typeof unfixedStates)[number];

/** Whether it is about a package that was published to do harm: no fix is waited for, and nothing about it is minor. */
export function isMalicious({ marks }: Pick<Vulnerability, "marks">): boolean {
  return marks.includes("malicious");
}

export interface MatchResult {
  readonly vulnerabilities: readonly Vulnerability[];
  /** Packages that could not be judged, and why: silence is never a pass. */
  readonly notEvaluated: readonly { readonly purl: string; readonly reason: string }[];
  /** What is out of support: of it nothing is published any more. The distribution first. */
  readonly endOfSupport?: readonly EndOfSupport[];
  /** The advisory set that was asked. */
  readonly advisories: AdvisoryAge;
}

export interface EndOfSupport {
  /** `distribution`, or the purl of a package. */
  readonly subject: string;
  /** `debian:10`, `node 16.20.2`. */
  readonly name: string;
  /** The last day (YYYY-MM-DD) of support for everybody. */
  readonly since?: string;
  /** The last day of the longer support that is offered beyond it. */
  readonly extended?: string;
  /** No longer support goes on either. */
  readonly over: boolean;
  /** The publisher's own words. */
  readonly reason?: string;
}

export interface AdvisoryAge {
  /** Hash of the whole set; `none` when the store is empty. */
  readonly set: string;
  /** When the set was written, ISO 8601. */
  readonly updatedAt?: string;
  /** The newest `modified` among its records, ISO 8601. */
  readonly newestRecord?: string;
  /** When each source (`osv/npm`) was last read or found unchanged, ISO 8601, and why it is not newer. */
  readonly sources?: readonly {
    readonly name: string;
    readonly updatedAt: string;
    readonly staleAfterHours?: number;
    readonly failure?: string;
  }[];
}
