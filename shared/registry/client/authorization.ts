/**
 * Authentication against a registry: none until it is asked for, then what the challenge and the credentials allow.
 * Bearer tokens by Docker's token protocol (https://distribution.github.io/distribution/spec/auth/token/ and, for
 * refresh tokens, .../auth/oauth/), kept by scope until shortly before they expire.
 */
import type { IncomingMessage } from "node:http";
import * as z from "zod";
import { PermanentError, TransientError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import type { CredentialSource, Credentials } from "../types.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { discard, failureOf, type HttpOptions, type HttpRequest, readBody, send } from "./http.ts";

export interface Authorizer {
  /** The `Authorization` header for a scope, when one is known already. */
  header(scope: string): string | undefined;
  /**
   * Answers a 401. Throws `registry-forbidden` when nothing more can be tried.
   * @param used the header that was refused
   */
  answer(response: IncomingMessage, scope: string, used: string | undefined): Promise<string>;
}

/** A token is not used in its last seconds; the protocol's default life is 60 seconds. */
const marginMilliseconds = 10_000;
const defaultLifeSeconds = 60;

const optionalToken = z
  .string()
  .max(limits.tokenResponseBytes)
  .regex(/^[\x21-\x7e]+$/)
  .optional();
const tokenResponse = z.object({
  token: optionalToken,
  access_token: optionalToken,
  expires_in: z.number().min(0).optional().catch(undefined),
});

export function authorizer(credentialsFor: CredentialSource, options: HttpOptions): Authorizer {
  const known = new Map<string, { readonly header: string; readonly expiresAt: number }>();
  let asked: Promise<Credentials | undefined> | undefined;
  const credentials = () => {
    asked ??= credentialsFor(options.registry);
    return asked;
  };

  async function answerBearer(challenge: Challenge, scope: string): Promise<string> {
    const found = await credentials();
    if (found?.kind === "bearer") {
      known.set(scope, { header: `Bearer ${found.token}`, expiresAt: Number.POSITIVE_INFINITY });
      return `Bearer ${found.token}`;
    }
    const issued = await requestToken(challenge, scope, found, options);
    const header = `Bearer ${issued.token}`;
    known.set(scope, { header, expiresAt: Date.now() + issued.lifeSeconds * 1000 - marginMilliseconds });
    return header;
  }

  async function answerBasic(scope: string): Promise<string> {
    const found = await credentials();
    if (found === undefined) throw forbidden(options.registry, "it wants a password and none is known");
    if (found.kind === "refresh") throw forbidden(options.registry, "it wants a password and only a token is known");
    const header = found.kind === "bearer" ? `Bearer ${found.token}` : basicHeader(found);
    known.set(scope, { header, expiresAt: Number.POSITIVE_INFINITY });
    return header;
  }

  return {
    header: (scope) => {
      const found = known.get(scope);
      return found !== undefined && found.expiresAt > Date.now() ? found.header : undefined;
    },
    answer: async (response, scope, used) => {
      known.delete(scope);
      const challenges = parseChallenges(response.headers["www-authenticate"] ?? "");
      const bearer = challenges.find((one) => one.scheme === "bearer" && one.parameters["realm"] !== undefined);
      const basic = challenges.some((one) => one.scheme === "basic");
      if (bearer === undefined && !basic)
        throw forbidden(options.registry, "it asks for no way of signing in that we know");
      const header = bearer === undefined ? await answerBasic(scope) : await answerBearer(bearer, scope);
      if (header === used) {
        known.delete(scope);
        throw forbidden(options.registry, "it does not accept our credentials");
      }
      return header;
    },
  };
}

async function requestToken(
  challenge: Challenge,
  scope: string,
  credentials: Credentials | undefined,
  options: HttpOptions,
): Promise<{ readonly token: string; readonly lifeSeconds: number }> {
  const response = await send(tokenRequest(challenge, scope, credentials, options.registry), options);
  const what = `a token of ${options.registry}`;
  if (response.statusCode !== 200) {
    discard(response);
    throw failureOfToken(response, what, options.registry);
  }
  const body = await readBody(response, options.registry, limits.tokenResponseBytes, options.timing);
  const parsed = tokenResponse.safeParse(jsonOrUndefined(body));
  const token = parsed.data?.token ?? parsed.data?.access_token;
  if (token === undefined) throw new TransientError("registry-token", `${options.registry} answered without a token`);
  return { token, lifeSeconds: parsed.data?.expires_in ?? defaultLifeSeconds };
}

function tokenRequest(
  challenge: Challenge,
  scope: string,
  credentials: Credentials | undefined,
  registry: string,
): HttpRequest {
  const realm = challenge.parameters["realm"] ?? "";
  if (!URL.canParse(realm)) throw forbidden(registry, "its token service has no address");
  const url = new URL(realm);
  const service = challenge.parameters["service"];
  const wanted = challenge.parameters["scope"] ?? scope;
  if (credentials?.kind === "refresh") {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "portwarden", scope: wanted });
    form.set("refresh_token", credentials.token);
    if (service !== undefined) form.set("service", service);
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    return { method: "POST", url, headers, body: form.toString() };
  }
  if (service !== undefined) url.searchParams.set("service", service);
  for (const one of wanted.split(" ")) if (one !== "") url.searchParams.append("scope", one);
  const authorization = credentials?.kind === "basic" ? { authorization: basicHeader(credentials) } : {};
  return { method: "GET", url, headers: { accept: "application/json", ...authorization } };
}

/** The token service's refusal is the registry's refusal, also when it says "not found" or "bad request". */
function failureOfToken(response: IncomingMessage, what: string, registry: string): Error {
  const failure = failureOf(response, what);
  if (failure instanceof TransientError) return failure;
  return forbidden(registry, `its token service answered ${response.statusCode}`);
}

function basicHeader(credentials: Extract<Credentials, { kind: "basic" }>): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}

function jsonOrUndefined(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function forbidden(registry: string, why: string): PermanentError {
  return new PermanentError("registry-forbidden", `${registry}: ${why}`);
}
