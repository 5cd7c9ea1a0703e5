/**
 * From a root document to images: the part that is the same wherever content comes from. It follows indexes (and
 * indexes in indexes, which containerd writes), sets attestations aside, and keeps the wanted platforms.
 */
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import {
  type IndexDocument,
  isAttestation,
  isImage,
  isIndexType,
  type ManifestDocument,
  parseConfiguration,
  parseDocument,
} from "./documents.ts";
import { formatPlatform, isWanted } from "./platforms.ts";
import type {
  Descriptor,
  Image,
  ImageConfiguration,
  ImagePlatform,
  PlatformSelection,
  ResolvedImage,
} from "./types.ts";

/** Content-addressed storage: everything it gives has been verified against the descriptor. */
export interface ContentStore {
  readManifest(descriptor: Descriptor): Promise<Uint8Array>;
  readConfiguration(descriptor: Descriptor): Promise<Uint8Array>;
  openBlob(descriptor: Descriptor): AsyncIterable<Uint8Array>;
}

/** The document that a name led to. */
export interface Root {
  readonly digest: string;
  readonly document: ManifestDocument | IndexDocument;
}

/** Indexes inside indexes; two are seen in practice. */
const deepestIndex = 4;

/**
 * The images behind a root document.
 * @throws PermanentError `not-an-image`, `no-such-platform`, `manifest-too-large`, `digest-mismatch`
 */
export async function resolveImages(
  store: ContentStore,
  root: Root,
  selection: PlatformSelection,
): Promise<ResolvedImage> {
  const found =
    root.document.kind === "index" ? await fromIndex(store, root.document) : await fromManifest(store, root);
  const images = found.images.filter((image) => isWanted(image.platform, selection));
  if (found.images.length === 0) throw new PermanentError("not-an-image", "this holds no image, only other artefacts");
  if (images.length === 0) {
    const present = [...new Set(found.images.map((image) => formatPlatform(image.platform)))].join(", ");
    throw new PermanentError("no-such-platform", `none of the wanted platforms; it is for ${present.slice(0, 500)}`);
  }
  return {
    digest: root.digest,
    mediaType: root.document.mediaType,
    kind: root.document.kind === "index" ? "index" : "image",
    images,
    attestations: found.attestations,
  };
}

interface Found {
  readonly images: ResolvedImage["images"];
  readonly attestations: readonly Descriptor[];
}

async function fromManifest(store: ContentStore, root: Root): Promise<Found> {
  const image = await openImage(store, root.digest, root.document as ManifestDocument);
  return { images: [opened(image)], attestations: [] };
}

async function fromIndex(store: ContentStore, index: IndexDocument): Promise<Found> {
  const images = new Map<string, ResolvedImage["images"][number]>();
  const attestations: Descriptor[] = [];
  let seen = 0;

  async function follow(entries: readonly Descriptor[], depth: number): Promise<void> {
    if (depth > deepestIndex) throw new PermanentError("not-an-image", "indexes are nested too deeply");
    for (const entry of entries) {
      seen++;
      if (seen > limits.manifestsPerIndex) {
        throw new PermanentError("manifest-too-large", `over ${limits.manifestsPerIndex} manifests in nested indexes`);
      }
      if (isAttestation(entry)) attestations.push(entry);
      else if (isIndexType(entry.mediaType)) {
        const inner = parseDocument(await store.readManifest(entry), entry.mediaType);
        if (inner.kind === "index") await follow(inner.manifests, depth + 1);
      } else if (entry.platform !== undefined) {
        images.set(entry.digest, lazily(store, entry, entry.platform));
      } else {
        // Only the configuration knows the platform, and only the manifest whether this is an image.
        const image = await tryOpen(store, entry);
        if (image === undefined) attestations.push(entry);
        else images.set(entry.digest, opened(image));
      }
    }
  }

  await follow(index.manifests, 1);
  return { images: [...images.values()], attestations };
}

function opened(image: Image): ResolvedImage["images"][number] {
  return { digest: image.digest, platform: image.platform, open: () => Promise.resolve(image) };
}

function lazily(store: ContentStore, entry: Descriptor, platform: ImagePlatform): ResolvedImage["images"][number] {
  return { digest: entry.digest, platform, open: async () => openImage(store, entry.digest, await read(), platform) };

  async function read(): Promise<ManifestDocument> {
    const document = parseDocument(await store.readManifest(entry), entry.mediaType);
    if (document.kind === "index") throw new PermanentError("not-an-image", "an index stands where an image should be");
    return document;
  }
}

async function tryOpen(store: ContentStore, entry: Descriptor): Promise<Image | undefined> {
  const document = parseDocument(await store.readManifest(entry), entry.mediaType);
  return document.kind === "manifest" && isImage(document) ? openImage(store, entry.digest, document) : undefined;
}

async function openImage(
  store: ContentStore,
  digest: string,
  manifest: ManifestDocument,
  platform?: ImagePlatform,
): Promise<Image> {
  if (!isImage(manifest)) {
    const type = manifest.artifactType ?? manifest.config.mediaType;
    throw new PermanentError("not-an-image", `this is an artefact of type ${type.slice(0, 100) || "unknown"}`);
  }
  const configuration = parseConfiguration(await store.readConfiguration(manifest.config));
  checkLayerCount(manifest.layers.length, configuration);
  return {
    digest,
    mediaType: manifest.mediaType,
    platform: platformOf(configuration, platform),
    configuration,
    layers: manifest.layers,
    annotations: manifest.annotations,
    openLayer: (index) => store.openBlob(layerAt(manifest.layers, index)),
  };
}

/** The configuration's own word, and the index's where it has none. */
export function platformOf(configuration: ImageConfiguration, fallback?: ImagePlatform): ImagePlatform {
  const { os, architecture, variant } = configuration;
  if (!os || !architecture) return fallback ?? { os: "unknown", architecture: "unknown" };
  return { os, architecture, ...(variant ? { variant } : {}) };
}

/** @throws RangeError a defect of the caller, not of the image */
export function layerAt(layers: readonly Descriptor[], index: number): Descriptor {
  const layer = layers[index];
  if (layer === undefined) throw new RangeError(`no layer ${index} in an image of ${layers.length}`);
  return layer;
}

function checkLayerCount(layers: number, configuration: ImageConfiguration): void {
  const expected = configuration.diffIds.length;
  if (expected === 0 || expected === layers) return;
  throw new PermanentError("not-an-image", `its configuration speaks of ${expected} layers, its manifest of ${layers}`);
}
