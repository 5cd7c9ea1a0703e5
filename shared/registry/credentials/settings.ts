import type { Secrets } from "../../platform/ports.ts";
import { hostMatcher } from "../client/policy.ts";
import type { RegistrySettings } from "../settings.ts";
import type { CredentialSource } from "../types.ts";
import { credentialsOf } from "./token-user.ts";

/**
 * The credentials that the settings name, with their passwords from the secrets. The first entry whose glob matches the
 * registry counts. The user name `<token>` says, as it does for Docker, that the secret is a refresh token.
 * @throws PermanentError `secret-missing`
 */
export function settingsCredentials(
  settings: Pick<RegistrySettings, "credentials">,
  secrets: Pick<Secrets, "get">,
): CredentialSource {
  const entries = settings.credentials.map((entry) => ({ ...entry, matches: hostMatcher([entry.registry]) }));
  return async (registry) => {
    const entry = entries.find((one) => one.matches(registry));
    if (entry === undefined) return undefined;
    // Secrets are often stored with the newline that the editor or `echo` added.
    const password = (await secrets.get(entry.passwordSecret)).replace(/\r?\n$/, "");
    return credentialsOf(entry.username, password);
  };
}
