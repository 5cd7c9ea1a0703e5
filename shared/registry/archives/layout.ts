/** OCI image layouts (image-spec 1.1, image-layout.md), in a directory or in an archive. */
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { readAttached } from "../attached.ts";
import { parseDigest, sha256, verified } from "../digest.ts";
import { type IndexDocument, mediaTypes, parseDocument } from "../documents.ts";
import { type ContentStore, type Root, resolveImages } from "../resolve.ts";
import type { SourceOptions } from "../source-options.ts";
import type { Descriptor, ImageSource } from "../types.ts";

/** The files of a layout, wherever they are. */
export interface LayoutFiles {
  /** @returns `undefined` when there is no such file */
  open(path: string): Promise<{ readonly size: number; read(): AsyncIterable<Uint8Array> } | undefined>;
  close(): Promise<void>;
}

/**
 * A layout as an image source. The image's digest is that of its manifest, as in a registry.
 * @param name as people would write it
 * @param reference tag (`org.opencontainers.image.ref.name`), full image name, or digest of one of its images
 */
export function layoutSource(
  name: string,
  files: LayoutFiles,
  reference: string | undefined,
  options: SourceOptions,
): ImageSource {
  const store = layoutStore(files, options);
  return {
    name,
    resolve: async (platforms) => {
      const bytes = await readFile(files, "index.json", limits.manifestBytes);
      if (bytes === undefined) throw new PermanentError("not-an-image", "there is no index.json: no image layout");
      const index = parseDocument(bytes, mediaTypes.ociIndex);
      if (index.kind !== "index") throw new PermanentError("not-an-image", "its index.json is no index");
      return resolveImages(store, await rootOf(store, index, sha256(bytes), reference), platforms);
    },
    attached: (resolved, digest, wanted) =>
      readAttached(store, resolved, digest, wanted, () => Promise.resolve({ manifests: [], problems: [] })),
    close: () => files.close(),
  };
}

/**
 * One entry is the root itself. Several entries under one name are an index as it stands; under several names they are
 * different images, and one must be named.
 */
async function rootOf(
  store: ContentStore,
  index: IndexDocument,
  digest: string,
  reference: string | undefined,
): Promise<Root> {
  const chosen = reference === undefined ? index.manifests : index.manifests.filter((one) => isNamed(one, reference));
  const [first, ...others] = chosen;
  if (first === undefined) {
    throw new PermanentError(
      "image-gone",
      `the layout holds no image${reference === undefined ? "" : ` "${reference}"`}`,
    );
  }
  const names = new Set(chosen.flatMap((one) => nameOf(one) ?? []));
  if (others.length > 0 && names.size > 1) {
    const list = [...names].slice(0, 10).join(", ").slice(0, 500);
    throw new PermanentError("bad-reference", `the layout holds ${names.size} images, name one of them: ${list}`);
  }
  if (others.length > 0) return { digest, document: { ...index, manifests: chosen } };
  return { digest: first.digest, document: parseDocument(await store.readManifest(first), first.mediaType) };
}

function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.["io.containerd.image.name"] ?? entry.annotations?.["org.opencontainers.image.ref.name"];
}

function isNamed(entry: Descriptor, reference: string): boolean {
  const tag = entry.annotations?.["org.opencontainers.image.ref.name"];
  return [entry.digest, tag, entry.annotations?.["io.containerd.image.name"]].includes(reference);
}

function layoutStore(files: LayoutFiles, options: SourceOptions): ContentStore {
  async function* blob(descriptor: Descriptor, onBytes?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
    const digest = parseDigest(descriptor.digest);
    const file = digest === undefined ? undefined : await files.open(`blobs/${digest.algorithm}/${digest.hex}`);
    if (file === undefined) throw new PermanentError("image-gone", `the layout lacks the blob ${descriptor.digest}`);
    for await (const piece of file.read()) {
      onBytes?.(piece.length);
      yield piece;
    }
  }
  async function whole(descriptor: Descriptor, what: string, limit: number): Promise<Buffer> {
    if (descriptor.size > limit) throw new PermanentError("manifest-too-large", `the ${what} is over ${limit} bytes`);
    const parts: Uint8Array[] = [];
    for await (const part of verified(blob(descriptor), descriptor, what)) parts.push(part);
    return Buffer.concat(parts);
  }
  return {
    readManifest: (descriptor) => whole(descriptor, "manifest", limits.manifestBytes),
    readConfiguration: (descriptor) => whole(descriptor, "configuration", limits.configBytes),
    openBlob: (descriptor) => verified(blob(descriptor, options.onBytes), descriptor, "layer"),
  };
}

/** A whole small file, or `undefined` when there is none. */
export async function readFile(files: LayoutFiles, path: string, limit: number): Promise<Buffer | undefined> {
  const file = await files.open(path);
  if (file === undefined) return undefined;
  if (file.size > limit) throw new PermanentError("manifest-too-large", `${path} is over ${limit} bytes`);
  const parts: Uint8Array[] = [];
  for await (const part of file.read()) parts.push(part);
  return Buffer.concat(parts);
}
