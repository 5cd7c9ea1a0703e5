/**
 * Attestations beside an image: manifests whose layers are in-toto statements, in a DSSE envelope, in a Sigstore bundle,
 * or bare (as BuildKit writes them). They are found in the index, by the tag that cosign derives from the digest, and by
 * the referrers of OCI 1.1.
 */
import { messageOf, PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import { parseDocument } from "./documents.ts";
import type { ContentStore } from "./resolve.ts";
import type { Attached, AttachedDocument, Descriptor, ResolvedImage } from "./types.ts";

const attestationTypes =
  /^application\/(?:vnd\.dsse\.envelope\.v1\+json|vnd\.in-toto(?:\+json|\+dsse|\..*)|vnd\.dev\.sigstore\.bundle(?:\.v0\.\d|\+json).*)$/;

/** What an annotation says of the predicate: cosign's, BuildKit's, Sigstore's. */
const predicateAnnotations = ["predicateType", "in-toto.io/predicate-type", "dev.sigstore.bundle.predicateType"];

type Problem = Attached["problems"][number];

/**
 * Reads what is attached to an image, bounded by count and bytes. Only transient errors are thrown.
 * @param referring further manifests that refer to the image or its index, found by asking
 */
export async function readAttached(
  store: ContentStore,
  resolved: ResolvedImage,
  digest: string,
  wanted: (predicateType: string | undefined) => boolean,
  referring: () => Promise<{ readonly manifests: readonly Descriptor[]; readonly problems: readonly Problem[] }>,
): Promise<Attached> {
  const documents = new Map<string, AttachedDocument>();
  const found = await referring();
  const problems: Problem[] = [...found.problems];
  let bytes = 0;
  let manifests = 0;
  const candidates = [...resolved.attestations.filter((entry) => mayConcern(entry, digest)), ...found.manifests];
  for (const manifest of new Map(candidates.map((one) => [one.digest, one])).values()) {
    if (++manifests > limits.attachedDocuments) {
      problems.push({ subject: digest, detail: `over ${limits.attachedDocuments} manifests are attached` });
      break;
    }
    const outer = manifest.annotations ?? {};
    for (const layer of await layersOf(store, manifest, problems)) {
      if (documents.has(layer.digest) || !wanted(predicateOf(layer.annotations) ?? predicateOf(outer))) continue;
      const tooLarge = layer.size > limits.attachedDocumentBytes || bytes + layer.size > limits.attachedBytes;
      if (tooLarge || documents.size >= limits.attachedDocuments) {
        problems.push({ subject: layer.digest, detail: `an attestation of ${layer.size} bytes, over what is read` });
        continue;
      }
      bytes += layer.size;
      const read = await tolerant(layer.digest, problems, () => whole(store, layer));
      if (read !== undefined)
        documents.set(layer.digest, { mediaType: layer.mediaType, digest: layer.digest, bytes: read });
    }
  }
  return { documents: [...documents.values()], problems };
}

/** BuildKit says which image of the index its attestation is about. */
function mayConcern(entry: Descriptor, digest: string): boolean {
  const about = entry.annotations?.["vnd.docker.reference.digest"];
  return about === undefined || about === digest;
}

async function layersOf(
  store: ContentStore,
  manifest: Descriptor,
  problems: Problem[],
): Promise<readonly Descriptor[]> {
  const document = await tolerant(manifest.digest, problems, async () =>
    parseDocument(await store.readManifest(manifest), manifest.mediaType),
  );
  if (document?.kind !== "manifest") return [];
  return document.layers.filter(({ mediaType }) => attestationTypes.test(mediaType));
}

function predicateOf(annotations: Descriptor["annotations"]): string | undefined {
  return predicateAnnotations.map((name) => annotations?.[name]).find((type) => type !== undefined);
}

async function whole(store: ContentStore, layer: Descriptor): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of store.openBlob(layer)) parts.push(part);
  return Buffer.concat(parts);
}

/** What is broken in an attestation is told; it is no reason not to scan the image. */
async function tolerant<T>(subject: string, problems: Problem[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    // Who copies one image of an index leaves entries behind that lead nowhere: there is nothing to read.
    if (error.code !== "image-gone") problems.push({ subject, detail: messageOf(error).slice(0, 500) });
    return undefined;
  }
}
