/** DSSE v1 envelopes and their signatures: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import * as z from "zod";
import type { VexSettings } from "./settings.ts";

const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/);
const envelopeSchema = z.object({
  payloadType: z.string().max(255),
  payload: base64,
  signatures: z.array(z.object({ sig: base64.max(10_000) })).max(20),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** A Sigstore bundle holds the envelope beside what proves who signed it. */
const bundleSchema = z.object({ dsseEnvelope: envelopeSchema });

/** The envelope in a document: itself, or in a Sigstore bundle; `undefined` when there is none. */
export function envelopeIn(value: unknown): Envelope | undefined {
  return envelopeSchema.safeParse(value).data ?? bundleSchema.safeParse(value).data?.dsseEnvelope;
}

/** The bytes that were signed (pre-authentication encoding). */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The name of the first key with which one of the signatures is right; `undefined` when none is. */
export function verifiedBy(envelope: Envelope, keys: VexSettings["keys"]): string | undefined {
  if (envelope.signatures.length === 0) return undefined;
  const signed = preAuthenticationEncoding(envelope.payloadType, Buffer.from(envelope.payload, "base64"));
  return keys.find(({ publicKey }) => {
    const key = createPublicKey(publicKey);
    return envelope.signatures.some(({ sig }) => isSignature(signed, key, Buffer.from(sig, "base64")));
  })?.name;
}

/** Ed25519 hashes by itself; makers of ECDSA and RSA signatures use SHA-256, with larger curves also longer ones. */
function isSignature(signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  const algorithms = key.asymmetricKeyType === "ed25519" ? [null] : ["sha256", "sha384", "sha512"];
  return algorithms.some((algorithm) => {
    try {
      return verify(algorithm, signed, key, signature);
    } catch {
      return false;
    }
  });
}
