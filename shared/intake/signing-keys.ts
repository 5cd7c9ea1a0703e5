import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import { readBounded } from "../platform/body.ts";
import { limits } from "../platform/limits.ts";

/** The signing keys published at a JWKS address (RFC 7517), looked up by a token's header. */
export type SigningKeys = (address: string) => JWTVerifyGetKey;

/**
 * Keys fetched from their providers over HTTPS, kept for ten minutes, and fetched again (at most every 30 seconds)
 * for an unknown key id. Redirects are not followed and an answer over `limits.tokenResponseBytes` is refused.
 * `locate` turns a provider's address into the one to ask: itself, except in tests.
 */
export function remoteSigningKeys(locate: (address: string) => URL = (address) => new URL(address)): SigningKeys {
  const sets = new Map<string, JWTVerifyGetKey>();
  return (address) => {
    const known = sets.get(address);
    if (known !== undefined) return known;
    const set = createRemoteJWKSet(locate(address), { [customFetch]: fetchBounded });
    sets.set(address, set);
    return set;
  };
}

async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const body = await readBounded(response.body, limits.tokenResponseBytes);
  if (body === undefined) throw new Error("the signing keys are larger than allowed");
  return new Response(body, { status: response.status === 200 ? 200 : 502 });
}
