/** What a rule for secrets is: data, and a pattern whose time grows with the text alone. */
import type { Severity } from "../../findings/types.ts";

/** Where a text was taken from: rules that need more than the text's own form ask for it. */
export type TextOrigin =
  | { readonly kind: "file"; readonly path: string }
  /** `NAME=value`, one line. */
  | { readonly kind: "environment" | "label" }
  /** A step of the history. */
  | { readonly kind: "history" };

export interface SecretRule {
  /** kebab-case, unique, stable: part of findings. */
  readonly id: string;
  /** What it is, as a noun: "GitHub token". */
  readonly title: string;
  readonly severity: Severity;
  /** Every match contains one of these; absent: the pattern is always tried. */
  readonly keywords?: readonly string[];
  /**
   * Flags `g`. The secret is the group `value`, or the whole match; the group `name`, where there is one, is what it
   * was assigned to. No nested or adjacent repetition that can match the same text in two ways.
   */
  readonly pattern: RegExp;
  /** Where the rule applies; absent: everywhere. */
  readonly where?: (origin: TextOrigin) => boolean;
  /** Shannon entropy, bits per character, below which a match is taken for an example. */
  readonly minimumEntropy?: number;
  /** Whether a match is the real thing. Pure; its time grows with the match alone. */
  readonly accept?: (value: string, name: string) => boolean;
  /** People choose such values, so that they can be guessed: see `fingerprint`. */
  readonly guessable?: true;
}
