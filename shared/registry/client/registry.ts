/** Images in a registry: the pull half of OCI distribution-spec 1.1. */
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { readAttached } from "../attached.ts";
import { parseDigest, sha256, verified, verifier } from "../digest.ts";
import { acceptedManifests, parseDocument } from "../documents.ts";
import { formatReference } from "../reference.ts";
import { type ContentStore, resolveImages } from "../resolve.ts";
import type { SourceOptions } from "../source-options.ts";
import type { Descriptor, ImageReference, ImageSource } from "../types.ts";
import { readBlob } from "./blobs.ts";
import { discard, failureOf, readBody } from "./http.ts";
import { referrersOf } from "./referrers.ts";
import { openSession, type Session } from "./session.ts";
import { withRetries } from "./timing.ts";

/**
 * A reference as a place to read from. Nothing is contacted before `resolve`.
 * @throws PermanentError `registry-not-allowed`, `bad-reference`
 */
export function registrySource(reference: ImageReference, options: SourceOptions): ImageSource {
  const session = openSession(reference, options);
  const store = registryStore(session, reference, options);
  return {
    name: formatReference(reference),
    resolve: async (platforms) => {
      const { bytes, type } = await readDocument(session, reference, reference.digest ?? reference.tag ?? "latest");
      const digest = reference.digest ?? sha256(bytes);
      return resolveImages(store, { digest, document: parseDocument(bytes, type) }, platforms);
    },
    attached: (resolved, digest, wanted) =>
      readAttached(store, resolved, digest, wanted, () => referrersOf(session, [resolved.digest, digest])),
    close: () => Promise.resolve(),
  };
}

function registryStore(session: Session, reference: ImageReference, options: SourceOptions): ContentStore {
  return {
    readManifest: async (descriptor) => (await readDocument(session, reference, descriptor.digest, descriptor)).bytes,
    readConfiguration: async (descriptor) => {
      if (descriptor.size > limits.configBytes) {
        throw new PermanentError("manifest-too-large", `the configuration is over ${limits.configBytes} bytes`);
      }
      const parts: Uint8Array[] = [];
      const bytes = readBlob(session, descriptor, options.log);
      for await (const part of verified(bytes, descriptor, "configuration")) parts.push(part);
      return Buffer.concat(parts);
    },
    openBlob: (descriptor) => {
      const bytes = counted(readBlob(session, descriptor, options.log), options.onBytes);
      return verified(bytes, descriptor, "layer");
    },
  };
}

/**
 * A manifest or index, verified: against its digest, or for a tag against the digest that the registry sends along.
 * @param at tag or digest
 */
function readDocument(
  session: Session,
  { registry, repository }: ImageReference,
  at: string,
  expected?: Descriptor,
): Promise<{ readonly bytes: Buffer; readonly type: string | undefined }> {
  const what = `${registry}/${repository}${at.includes(":") ? "@" : ":"}${at}`;
  return withRetries(session.timing, async () => {
    const response = await session.get(`manifests/${at}`, { accept: acceptedManifests });
    if (response.statusCode !== 200) {
      discard(response);
      throw failureOf(response, what);
    }
    const bytes = await readBody(response, registry, limits.manifestBytes, session.timing);
    const told = response.headers["docker-content-digest"];
    const digest = parseDigest(at) ? at : typeof told === "string" && parseDigest(told) ? told : sha256(bytes);
    const check = verifier({ digest, size: expected?.size ?? bytes.length }, "manifest");
    check.take(bytes);
    check.finish();
    return { bytes, type: response.headers["content-type"] };
  });
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: SourceOptions["onBytes"],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
