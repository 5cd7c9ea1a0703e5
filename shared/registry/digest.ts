/** Content digests (OCI image-spec 1.1, descriptor.md): only the two registered algorithms are accepted. */
import { createHash, hash } from "node:crypto";
import { PermanentError } from "../platform/errors.ts";

export interface Digest {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

export const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** The parts of a digest, or `undefined` when it is none or of another algorithm. */
export function parseDigest(text: string): Digest | undefined {
  if (!digestPattern.test(text)) return undefined;
  return { algorithm: text.startsWith("sha256:") ? "sha256" : "sha512", hex: text.slice(7) };
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${hash("sha256", bytes, "hex")}`;
}

/** What bytes must be. */
export interface Expected {
  readonly digest: string;
  readonly size: number;
}

/** Takes the bytes in order, then says whether they were the right ones. */
export interface Verifier {
  /** Bytes taken so far. */
  readonly taken: number;
  /** @throws PermanentError `digest-mismatch` as soon as there are too many */
  take(chunk: Uint8Array): void;
  /** @throws PermanentError `truncated-layer` (too few) or `digest-mismatch` */
  finish(): void;
}

/** @param what for messages: "layer", "manifest" */
export function verifier(expected: Expected, what: string): Verifier {
  const digest = parseDigest(expected.digest);
  if (digest === undefined) throw new PermanentError("not-an-image", `${what} has a digest of an unknown kind`);
  const running = createHash(digest.algorithm);
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    take: (chunk) => {
      taken += chunk.length;
      if (taken > expected.size) {
        throw new PermanentError("digest-mismatch", `${what} ${expected.digest} is longer than ${expected.size} bytes`);
      }
      running.update(chunk);
    },
    finish: () => {
      if (taken < expected.size) {
        const missing = `${taken} of ${expected.size} bytes`;
        throw new PermanentError("truncated-layer", `${what} ${expected.digest} ends after ${missing}`);
      }
      if (running.digest("hex") !== digest.hex) {
        throw new PermanentError("digest-mismatch", `${what} ${expected.digest}: its bytes have another digest`);
      }
    },
  };
}

/** Passes the bytes on and ends normally only when they were the right ones. */
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  expected: Expected,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const check = verifier(expected, what);
  for await (const chunk of bytes) {
    check.take(chunk);
    yield chunk;
  }
  check.finish();
}
