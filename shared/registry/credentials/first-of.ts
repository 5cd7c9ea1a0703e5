import type { CredentialSource } from "../types.ts";

/** Asks one source after another; the first that knows the registry answers. */
export function firstOf(...sources: readonly CredentialSource[]): CredentialSource {
  return async (registry) => {
    for (const source of sources) {
      const found = await source(registry);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
