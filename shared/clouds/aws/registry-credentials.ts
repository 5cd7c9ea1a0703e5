/** Registry credentials of a function on AWS, in one source: what the settings name, then each cloud's own way. */
import type { Platform } from "../../platform/ports.ts";
import { firstOf } from "../../registry/credentials/first-of.ts";
import { settingsCredentials } from "../../registry/credentials/settings.ts";
import type { RegistrySettings } from "../../registry/settings.ts";
import type { CredentialSource } from "../../registry/types.ts";
import { cloudCredentials } from "../credentials.ts";

/** See `cloudCredentials` for the rights that it needs. */
export function roleCredentials(
  settings: RegistrySettings,
  { secrets, clock }: Pick<Platform, "secrets" | "clock">,
): CredentialSource {
  return firstOf(settingsCredentials(settings, secrets), cloudCredentials(settings, { clock }));
}
