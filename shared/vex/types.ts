/**
 * Statements on whether a vulnerability matters in a product (VEX), whatever form they were written in: OpenVEX 0.2.0,
 * CycloneDX 1.4 to 1.6, CSAF 2.0.
 */

export const vexStatuses = ["affected", "under_investigation", "fixed", "not_affected"] as const;
export type VexStatus = (typeof vexStatuses)[number];

/** Why a product is not affected: the words that OpenVEX and CSAF share. */
export const vexJustifications = [
  "component_not_present",
  "vulnerable_code_not_present",
  "vulnerable_code_not_in_execute_path",
  "vulnerable_code_cannot_be_controlled_by_adversary",
  "inline_mitigations_already_exist",
] as const;
export type VexJustification = (typeof vexJustifications)[number];

export type VexForm = "openvex" | "cyclonedx" | "csaf";

/** Where a document came from, most trusted first: the user's own file, what is attached to the image, a vendor. */
export const vexSources = ["file", "attestation", "feed"] as const;
export type VexSource = (typeof vexSources)[number];

export interface VexOrigin {
  readonly source: VexSource;
  /** For people: the file, the digest of the attestation, the feed's address. */
  readonly name: string;
  /** Attestations: the name of the key whose signature was right; absent: nobody vouches for it. */
  readonly verifiedBy?: string;
}

export interface VexDocument {
  readonly form: VexForm;
  readonly id: string;
  readonly url?: string;
  /** Who says so: author or publisher. */
  readonly author?: string;
  readonly version?: string;
  /** ISO 8601, UTC. */
  readonly timestamp?: string;
  readonly origin: VexOrigin;
}

/** What a product is known by; any one of them is enough. */
export interface VexIdentity {
  /** As the document names it. */
  readonly id: string;
  readonly purls: readonly string[];
  /** `sha256:hex`. */
  readonly digests: readonly string[];
}

export interface VexProduct extends VexIdentity {
  /** CPE of the operating system whose packages the components are. */
  readonly cpe?: string;
  /** The parts of it that the statement is about; none: all of it. */
  readonly components: readonly VexIdentity[];
}

export interface VexStatement {
  readonly document: VexDocument;
  /** Which statement of the document, from 0. */
  readonly index: number;
  /** Every name of the vulnerability, in capitals. */
  readonly names: readonly string[];
  readonly products: readonly VexProduct[];
  readonly status: VexStatus;
  /** One of `vexJustifications`, or the document's own word where none of them says the same. */
  readonly justification?: string;
  readonly impact?: string;
  readonly action?: string;
  /** ISO 8601, UTC: of the statement, else of the document. */
  readonly timestamp?: string;
}

export interface VexProblem {
  /** Of the statement in its document; absent: the document as a whole. */
  readonly index?: number;
  /** What is wrong, and where. */
  readonly detail: string;
}

export interface VexReading {
  readonly document: VexDocument;
  readonly statements: readonly VexStatement[];
  /** Statements that could not be used; at most `limits.vexProblems` are told one by one. */
  readonly problems: readonly VexProblem[];
  /** Products that nothing in an image can be compared with: no purl, no digest. */
  readonly unmatchable: number;
}

/** What a vulnerability carries of the statement that decided, and of those that say something else. */
export interface VexVerdict {
  readonly status: VexStatus;
  readonly justification?: string;
  readonly impact?: string;
  readonly action?: string;
  readonly document: string;
  readonly url?: string;
  readonly author?: string;
  readonly timestamp?: string;
  readonly source: VexSource;
  /** File, attestation or feed. */
  readonly origin: string;
  /** Attestations: the key that vouches for it; absent: unverified. */
  readonly verifiedBy?: string;
  /** What other documents say of the same. */
  readonly contradictions?: readonly VexContradiction[];
}

export interface VexContradiction {
  readonly status: VexStatus;
  readonly document: string;
  readonly author?: string;
  readonly source: VexSource;
  readonly timestamp?: string;
}

/** Something of the VEX for an image that was not used, and why. */
export interface VexRemark {
  /** `attestation`: it is of this image alone; the others say the same of every image. */
  readonly source: VexSource;
  /** kebab-case: `vex-unverified`, `vex-malformed`, ... */
  readonly reason: string;
  readonly detail: string;
  /** File, attestation or document. */
  readonly subject: string;
}

/** Marks of vulnerabilities that VEX sets. */
export const vexMarks = {
  not_affected: "vex-not-affected",
  fixed: "vex-fixed",
  under_investigation: "vex-under-investigation",
} as const;

/** Whether a vulnerability is marked as not affecting its image: it is listed, and does not count. */
export function isExcluded(marks: readonly string[]): boolean {
  return marks.includes(vexMarks.not_affected) || marks.includes(vexMarks.fixed);
}
