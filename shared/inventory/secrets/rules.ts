/** All rules; where two match the same text, the first counts. */
import { assignedRules } from "./assigned.ts";
import { keyRules } from "./keys.ts";
import type { SecretRule } from "./rule.ts";
import { tokenRules } from "./tokens.ts";

export const secretRules: readonly SecretRule[] = [...keyRules, ...tokenRules, ...assignedRules];

const byId: ReadonlyMap<string, SecretRule> = new Map(secretRules.map((rule) => [rule.id, rule]));

/** The rule with this id; undefined for one that another version of the product had. */
export function secretRule(id: string): SecretRule | undefined {
  return byId.get(id);
}
