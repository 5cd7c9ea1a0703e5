/** Registry credentials that the clouds give to whoever this process is: nothing stored. */
import type { Clock, Log } from "../platform/ports.ts";
import { firstOf } from "../registry/credentials/first-of.ts";
import type { RegistrySettings } from "../registry/settings.ts";
import type { CredentialSource } from "../registry/types.ts";
import { ecrCredentials } from "./aws/ecr-credentials.ts";
import { awsWebIdentity } from "./aws/web-identity.ts";
import { azureRegistryCredentials } from "./azure/registry-credentials.ts";
import { googleRegistryCredentials } from "./google/registry-credentials.ts";

export interface CloudCredentialsOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly log?: Log;
}

/**
 * ECR always; Azure and Google when the settings name them. Make it once: it keeps the tokens. The identity needs the
 * rights `ecr:GetAuthorizationToken` and, for Azure and Google, `sts:GetWebIdentityToken`.
 * @throws (on use) PermanentError `registry-forbidden` when there is no identity or it is refused; TransientError
 */
export function cloudCredentials(
  settings: Pick<RegistrySettings, "azure" | "google">,
  options: CloudCredentialsOptions = {},
): CredentialSource {
  const clock = options.clock ?? { now: () => Date.now() };
  const webIdentity = awsWebIdentity();
  const { azure, google } = settings;
  const source = firstOf(
    ecrCredentials({ clock }),
    ...(azure === undefined ? [] : [azureRegistryCredentials({ settings: azure, webIdentity, clock })]),
    ...(google === undefined ? [] : [googleRegistryCredentials({ settings: google, webIdentity, clock })]),
  );
  return async (registry) => {
    const found = await source(registry);
    if (found !== undefined) options.log?.debug("signing in to the registry by role", { registry });
    return found;
  };
}
