/**
 * Azure Container Registry without a stored secret: the role's web identity token is the client assertion of an Entra
 * application with a federated credential (RFC 7523), its access token is exchanged at the registry for a refresh token
 * (https://azure.github.io/acr/AAD-OAuth.html), and the registry client does the rest.
 */
import * as z from "zod";
import { TransientError } from "../../platform/errors.ts";
import type { Clock } from "../../platform/ports.ts";
import type { RegistrySettings } from "../../registry/settings.ts";
import type { CredentialSource, Credentials } from "../../registry/types.ts";
import { type Expiring, keptByKey } from "../expiring.ts";
import { requestToken } from "../token-request.ts";
import type { WebIdentity } from "../types.ts";

const hostPattern = /^[a-z0-9]{5,50}(?:-[a-z0-9]+)?\.azurecr\.io$/;
/** The audience that Entra expects in federated credentials. The function's rights are limited to it. */
export const assertionAudience = "api://AzureADTokenExchange";
/** ACR's refresh tokens are good for three hours and say so only inside. */
const refreshTokenSeconds = 3 * 3600;
const marginSeconds = 15 * 60;

const accessTokenSchema = z.object({ access_token: z.string().min(1) });
const refreshTokenSchema = z.object({ refresh_token: z.string().min(1) });

export interface AzureOptions {
  readonly settings: NonNullable<RegistrySettings["azure"]>;
  readonly webIdentity: WebIdentity;
  readonly clock: Clock;
  /** Addresses of the services, for tests. */
  readonly endpoints?: { readonly entra?: string; readonly registry?: (registry: string) => string };
}

/** Refresh tokens for `*.azurecr.io`. */
export function azureRegistryCredentials(options: AzureOptions): CredentialSource {
  const tokenOf = keptByKey(options.clock, marginSeconds, (registry) => exchange(registry, options));
  return async (registry) => (hostPattern.test(registry) ? tokenOf(registry) : undefined);
}

async function exchange(registry: string, options: AzureOptions): Promise<Expiring<Credentials>> {
  const { tenantId } = options.settings;
  const base = options.endpoints?.registry?.(registry) ?? `https://${registry}`;
  const form = {
    grant_type: "access_token",
    service: registry,
    tenant: tenantId,
    access_token: await entraToken(options),
  };
  const answer = await requestToken({ url: `${base}/oauth2/exchange`, service: registry, body: { form } });
  const parsed = refreshTokenSchema.safeParse(answer);
  if (!parsed.success) throw new TransientError("token-service-unavailable", `${registry} answered without a token`);
  const value = { kind: "refresh", token: parsed.data.refresh_token } as const;
  return { value, expiresAt: options.clock.now() + refreshTokenSeconds * 1000 };
}

async function entraToken({ settings, webIdentity, endpoints }: AzureOptions): Promise<string> {
  const base = endpoints?.entra ?? "https://login.microsoftonline.com";
  const form = {
    grant_type: "client_credentials",
    client_id: settings.clientId,
    scope: "https://containerregistry.azure.net/.default",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await webIdentity(assertionAudience),
  };
  const url = `${base}/${encodeURIComponent(settings.tenantId)}/oauth2/v2.0/token`;
  const parsed = accessTokenSchema.safeParse(await requestToken({ url, service: "Entra ID", body: { form } }));
  if (!parsed.success) throw new TransientError("token-service-unavailable", "Entra ID answered without a token");
  return parsed.data.access_token;
}
