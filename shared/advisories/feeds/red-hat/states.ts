/** Red Hat's words for packages without a fix: https://access.redhat.com/articles/cve_states */
import { oneLine } from "../../reading/text.ts";
import type { AffectedState } from "../../types.ts";

const words: Readonly<Record<string, AffectedState | "open">> = {
  affected: "open",
  new: "under-investigation",
  "under investigation": "under-investigation",
  "will not fix": "will-not-fix",
  "wont fix": "will-not-fix",
  "fix deferred": "deferred",
  "out of support scope": "end-of-life",
  "not affected": "not-affected",
};

/** The state that the words say, with the words; what they are not known for is affected and open. */
export function stateOf(text: string): { readonly state: AffectedState | "open"; readonly reason: string } {
  const reason = oneLine(text);
  return { state: words[reason.toLowerCase()] ?? "open", reason };
}
