/** Registry credentials of a function on AWS, in one source: what the settings name, then each cloud's own way. */
import type { Platform } from "../../platform/ports.ts";
import { firstOf } from "../../registry/credentials/first-of.ts";
import { settingsCredentials } from "../../registry/credentials/settings.ts";
import type { RegistrySettings } from "../../registry/settings.ts";
import type { CredentialSource } from "../../registry/types.ts";
import { azureRegistryCredentials } from "../azure/registry-credentials.ts";
import { googleRegistryCredentials } from "../google/registry-credentials.ts";
import { ecrCredentials } from "./ecr-credentials.ts";
import { awsWebIdentity } from "./web-identity.ts";

/**
 * Needs the rights `ecr:GetAuthorizationToken` and, when the settings name Azure or Google,
 * `sts:GetWebIdentityToken`.
 */
export function roleCredentials(
  settings: RegistrySettings,
  { secrets, clock }: Pick<Platform, "secrets" | "clock">,
): CredentialSource {
  const webIdentity = awsWebIdentity();
  const { azure, google } = settings;
  return firstOf(
    settingsCredentials(settings, secrets),
    ecrCredentials({ clock }),
    ...(azure === undefined ? [] : [azureRegistryCredentials({ settings: azure, webIdentity, clock })]),
    ...(google === undefined ? [] : [googleRegistryCredentials({ settings: google, webIdentity, clock })]),
  );
}
