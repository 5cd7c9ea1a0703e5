/** Looks for secrets in one text. */
import { createHash } from "node:crypto";
import type { SecretRule, TextOrigin } from "./rule.ts";
import { secretRules } from "./rules.ts";
import { entropyOf } from "./values.ts";

export interface FoundSecret {
  readonly rule: SecretRule;
  /** Never to be kept: for the fingerprint, and to be taken out of texts. */
  readonly value: string;
  /** Where the value stands in the text. */
  readonly start: number;
  readonly end: number;
}

/** Secrets in a text, by position, at most `most`; where rules overlap the first of them counts. */
export function findSecrets(text: string, origin: TextOrigin, most: number): readonly FoundSecret[] {
  const found: FoundSecret[] = [];
  for (const rule of secretRules) {
    if (rule.where?.(origin) === false) continue;
    if (rule.keywords !== undefined && !rule.keywords.some((keyword) => text.includes(keyword))) continue;
    for (const match of text.matchAll(rule.pattern)) {
      const one = confirmed(rule, match);
      if (one === undefined || found.some(({ start, end }) => one.start < end && start < one.end)) continue;
      found.push(one);
      if (found.length >= most) return inOrder(found);
    }
  }
  return inOrder(found);
}

function confirmed(rule: SecretRule, match: RegExpExecArray): FoundSecret | undefined {
  const groups = match.groups ?? {};
  const value = groups["value"] ?? groups["double"] ?? groups["single"] ?? match[0];
  if (rule.minimumEntropy !== undefined && entropyOf(value) < rule.minimumEntropy) return undefined;
  if (rule.accept?.(value, groups["name"] ?? groups["label"] ?? "") === false) return undefined;
  // The value is what the match ends with or close to it: names before it may contain the same text.
  const start = match.index + match[0].lastIndexOf(value);
  return { rule, value, start, end: start + value.length };
}

function inOrder(found: FoundSecret[]): readonly FoundSecret[] {
  return found.sort((one, other) => one.start - other.start);
}

/**
 * A hash of the value, salted with the rule and the place (path, variable, `history`), in hexadecimal digits: 16, or 4
 * for what people choose. A changed value shows; a guessed one is not confirmed by four digits.
 */
export function fingerprintOf({ rule, value }: FoundSecret, place: string): string {
  const hash = createHash("sha256").update(`portwarden.secret/1\0${rule.id}\0${place}\0`).update(value).digest("hex");
  return hash.slice(0, rule.guessable === true ? 4 : 16);
}

const mostReplaced = 200;

/** The text with every secret in it replaced by `***`. */
export function withoutSecrets(text: string, origin: TextOrigin): string {
  const found = findSecrets(text, origin, mostReplaced);
  // A text that is made of secrets has nothing else to say.
  if (found.length === mostReplaced) return "***";
  let rest = text;
  for (const { start, end } of found.toReversed()) {
    rest = `${rest.slice(0, start)}***${rest.slice(end)}`;
  }
  return rest;
}
