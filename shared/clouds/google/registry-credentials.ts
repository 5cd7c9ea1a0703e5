/**
 * Google Artifact Registry without a stored key: the role's web identity token is exchanged at Google's Security Token
 * Service (RFC 8693, https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token), on wish the result for one
 * of a service account's, and that is the password of the user `oauth2accesstoken`.
 */
import * as z from "zod";
import { TransientError } from "../../platform/errors.ts";
import type { Clock } from "../../platform/ports.ts";
import type { RegistrySettings } from "../../registry/settings.ts";
import type { CredentialSource, Credentials } from "../../registry/types.ts";
import { type Expiring, keptByKey } from "../expiring.ts";
import { requestToken } from "../token-request.ts";
import type { WebIdentity } from "../types.ts";

const hostPattern = /^(?:[a-z0-9-]+\.)?(?:pkg\.dev|gcr\.io)$/;
const marginSeconds = 10 * 60;
const scope = "https://www.googleapis.com/auth/cloud-platform";

const exchangeSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().min(0).optional() });
const impersonationSchema = z.object({ accessToken: z.string().min(1), expireTime: z.string() });

export interface GoogleOptions {
  readonly settings: NonNullable<RegistrySettings["google"]>;
  readonly webIdentity: WebIdentity;
  readonly clock: Clock;
  /** Addresses of the services, for tests. */
  readonly endpoints?: { readonly sts?: string; readonly credentials?: string };
}

/** Passwords for `*.pkg.dev` and `gcr.io`; one token serves them all. */
export function googleRegistryCredentials(options: GoogleOptions): CredentialSource {
  const tokenOf = keptByKey(options.clock, marginSeconds, () => fetchToken(options));
  return async (registry) => {
    if (!hostPattern.test(registry)) return undefined;
    return { kind: "basic", username: "oauth2accesstoken", password: await tokenOf("google") } satisfies Credentials;
  };
}

async function fetchToken(options: GoogleOptions): Promise<Expiring<string>> {
  const federated = await exchange(options);
  const { serviceAccount } = options.settings;
  return serviceAccount === undefined ? federated : impersonate(federated.value, serviceAccount, options);
}

/**
 * The audience of the JWT: the provider's name with its scheme (without it, the name is the audience of the exchange).
 * The function's rights are limited to it.
 */
export function subjectAudience(audience: string): string {
  return audience.startsWith("//") ? `https:${audience}` : audience;
}

async function exchange({ settings, webIdentity, clock, endpoints }: GoogleOptions): Promise<Expiring<string>> {
  const { audience } = settings;
  const subjectToken = await webIdentity(subjectAudience(audience));
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    audience: audience.replace(/^https:/, ""),
    scope,
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    subject_token: subjectToken,
  };
  const url = `${endpoints?.sts ?? "https://sts.googleapis.com"}/v1/token`;
  const parsed = exchangeSchema.safeParse(await requestToken({ url, service: "Google STS", body: { form } }));
  if (!parsed.success) throw new TransientError("token-service-unavailable", "Google STS answered without a token");
  const seconds = parsed.data.expires_in ?? 3600;
  return { value: parsed.data.access_token, expiresAt: clock.now() + seconds * 1000 };
}

async function impersonate(bearer: string, account: string, options: GoogleOptions): Promise<Expiring<string>> {
  const base = options.endpoints?.credentials ?? "https://iamcredentials.googleapis.com";
  const url = `${base}/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:generateAccessToken`;
  const body = { json: { scope: [scope], lifetime: "3600s" } };
  const parsed = impersonationSchema.safeParse(await requestToken({ url, service: "Google IAM", body, bearer }));
  const expiresAt = Date.parse(parsed.data?.expireTime ?? "");
  if (!parsed.success || Number.isNaN(expiresAt)) {
    throw new TransientError("token-service-unavailable", "Google IAM answered without a token");
  }
  return { value: parsed.data.accessToken, expiresAt };
}
