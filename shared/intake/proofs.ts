/** The ways a delivery proves its sender: a shared secret shown, a body signed with one, or a provider's token. */
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import { errors, type JWTPayload, jwtVerify } from "jose";
import { PermanentError, TransientError } from "../platform/errors.ts";
import type { Proof, ProofPorts, Refusal } from "./sender.ts";

const proven: Proof = { proven: true };

export function refused(reason: Refusal): Proof {
  return { proven: false, reason };
}

/**
 * The live secrets of these names. One that is missing is left out (while rotating, the new one may not exist yet);
 * an empty one proves nothing and is left out too.
 */
async function liveSecrets(names: readonly string[], ports: ProofPorts): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of names) {
    try {
      const secret = await ports.secrets.get(name);
      if (secret !== "") found.push(secret);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      ports.log.error("an intake secret cannot be read", { secret: name, error: error.message });
    }
  }
  return found;
}

/** Compares every pair, always all of them, in time that tells nothing about where they differ. */
function anyEqual(shown: readonly string[], secrets: readonly string[]): boolean {
  let equal = false;
  for (const secret of secrets) {
    const wanted = hash("sha256", secret, "buffer");
    for (const candidate of shown) {
      if (timingSafeEqual(hash("sha256", candidate, "buffer"), wanted)) equal = true;
    }
  }
  return equal;
}

/** A secret shown as it is, in one of the forms the sender can show it in. */
export async function proveShownSecret(
  shown: readonly string[],
  names: readonly string[],
  ports: ProofPorts,
): Promise<Proof> {
  const candidates = shown.filter((candidate) => candidate !== "");
  if (candidates.length === 0) return refused("unsigned");
  const secrets = await liveSecrets(names, ports);
  if (secrets.length === 0) return refused("no-secret");
  return anyEqual(candidates, secrets) ? proven : refused("wrong-signature");
}

/**
 * The secrets that an Authorization header may be showing: registries let people configure the whole header, so a
 * bearer token, the bare secret, and the password of basic credentials all count (RFC 6750, RFC 7617).
 */
export function shownInAuthorization(headers: Headers): readonly string[] {
  const header = headers.get("authorization")?.trim() ?? "";
  const shown = [header];
  const scheme = /^(bearer|basic) +(.+)$/i.exec(header);
  if (scheme?.[1]?.toLowerCase() === "bearer") shown.push(scheme[2] ?? "");
  if (scheme?.[1]?.toLowerCase() === "basic") {
    const credentials = Buffer.from(scheme[2] ?? "", "base64").toString("utf8");
    const colon = credentials.indexOf(":");
    if (colon >= 0) shown.push(credentials.slice(colon + 1));
  }
  return shown;
}

/** `sha256=<hex>` over the raw body, by any live secret. */
export async function proveSignedBody(
  signature: string | null,
  body: Uint8Array,
  names: readonly string[],
  ports: ProofPorts,
): Promise<Proof> {
  if (signature === null) return refused("unsigned");
  const hex = /^sha256=([0-9a-f]{64})$/.exec(signature)?.[1];
  if (hex === undefined) return refused("wrong-signature");
  const secrets = await liveSecrets(names, ports);
  if (secrets.length === 0) return refused("no-secret");
  const stated = Buffer.from(hex, "hex");
  let equal = false;
  for (const secret of secrets) {
    if (timingSafeEqual(createHmac("sha256", secret).update(body).digest(), stated)) equal = true;
  }
  return equal ? proven : refused("wrong-signature");
}

export interface TokenRule {
  /** Address of the provider's JWKS. */
  readonly keys: string;
  readonly issuers: readonly string[];
  /** The one audience, exactly. */
  readonly audience: string;
  /** The sender's own claims. */
  readonly claims: (payload: JWTPayload) => boolean;
}

/** Clocks differ; providers' tokens live an hour. */
const clockToleranceSeconds = 30;

/**
 * The bearer token is a JWT (RFC 7519) signed with RS256 by one of the provider's keys, for us, now, by whom the rule
 * names. Throws `TransientError("signing-keys-unavailable")` when the provider's keys cannot be had.
 */
export async function proveToken(headers: Headers, rule: TokenRule, ports: ProofPorts): Promise<Proof> {
  const token = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (token === undefined) return refused("unsigned");
  try {
    const { payload } = await jwtVerify(token, ports.keys(rule.keys), {
      algorithms: ["RS256"],
      issuer: [...rule.issuers],
      audience: rule.audience,
      requiredClaims: ["exp"],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(ports.clock.now()),
    });
    // The library accepts a list of audiences that has ours among others; a token made for us alone has just one.
    return payload.aud === rule.audience && rule.claims(payload) ? proven : refused("wrong-claims");
  } catch (error) {
    return refused(tokenRefusal(error));
  }
}

function tokenRefusal(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return "expired-token";
  if (error instanceof errors.JWTClaimValidationFailed) return "wrong-claims";
  const ownFault =
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported;
  if (ownFault) return "wrong-token";
  throw new TransientError("signing-keys-unavailable", "the sender's signing keys cannot be read now", {
    cause: error,
  });
}
