/**
 * The archives of `docker save` (moby's image/spec, v1 to v1.3), of podman, skopeo and kaniko. There is no manifest in
 * the registry's sense in them, so an image is known by the digest of its configuration, which lists the digests of its
 * layers. Where the layers are not the listed ones (the first format listed none, and people cut archives down by hand)
 * the image is known by a digest over its configuration and its layers as they are, never by somebody else's.
 */
import * as z from "zod";
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { parseDigest, sha256, verified } from "../digest.ts";
import { mediaTypes, parseConfiguration, parseJson } from "../documents.ts";
import { formatPlatform, isWanted } from "../platforms.ts";
import { formatReference, parseReference } from "../reference.ts";
import { layerAt, platformOf } from "../resolve.ts";
import type { SourceOptions } from "../source-options.ts";
import type { Descriptor, Image, ImageConfiguration, ImageSource } from "../types.ts";
import { compressionOf, digestOfFile } from "./compression.ts";
import { type LayoutFiles, readFile } from "./layout.ts";
import { readLegacy } from "./legacy-archive.ts";

/** One image of an archive, before its layers were looked at. */
export interface ArchivedImage {
  readonly names: readonly string[];
  readonly configuration: Uint8Array;
  /** Paths in the archive, lowest layer first. */
  readonly layers: readonly string[];
  /** When the configuration has none of its own. */
  readonly history?: ImageConfiguration["history"];
}

const text = z.string().max(limits.pathBytes);
const manifestSchema = z
  .array(
    z.object({
      Config: text,
      RepoTags: z.array(text).max(1000).nullish(),
      Layers: z.array(text).max(limits.layersPerImage),
    }),
  )
  .min(1)
  .max(limits.manifestsPerIndex);

/**
 * @param name as people would write it
 * @param reference one of the archive's tags, a configuration digest, or `@N` for the N-th image from 0
 */
export function dockerArchiveSource(
  name: string,
  files: LayoutFiles,
  reference: string | undefined,
  options: SourceOptions,
): ImageSource {
  return {
    name,
    resolve: async (platforms) => {
      const image = await openImage(files, await choose(files, reference), options);
      if (!isWanted(image.platform, platforms)) {
        throw new PermanentError("no-such-platform", `it is for ${formatPlatform(image.platform)} only`);
      }
      const { digest, mediaType, platform } = image;
      const images = [{ digest, platform, open: () => Promise.resolve(image) }];
      return { digest, mediaType, kind: "image", images, attestations: [] };
    },
    close: () => files.close(),
  };
}

async function choose(files: LayoutFiles, reference: string | undefined): Promise<ArchivedImage> {
  const bytes = await readFile(files, "manifest.json", limits.manifestBytes);
  const images = bytes === undefined ? await readLegacy(files) : await readManifest(files, bytes);
  const chosen = images.filter((image, position) => reference === undefined || isNamed(image, position, reference));
  const [first, ...others] = chosen;
  if (first === undefined) throw new PermanentError("image-gone", `the archive holds no image "${reference ?? ""}"`);
  if (others.length > 0) {
    const names = images.map((image, position) => image.names[0] ?? `@${position}`).slice(0, 10);
    const list = names.join(", ").slice(0, 500);
    throw new PermanentError("bad-reference", `the archive holds ${images.length} images, name one of them: ${list}`);
  }
  return first;
}

async function readManifest(files: LayoutFiles, bytes: Uint8Array): Promise<readonly ArchivedImage[]> {
  const parsed = manifestSchema.safeParse(parseJson(bytes, "manifest.json", limits.manifestBytes));
  if (!parsed.success) throw new PermanentError("not-an-image", "its manifest.json is malformed");
  const images: ArchivedImage[] = [];
  for (const entry of parsed.data) {
    const configuration = await readFile(files, entry.Config, limits.configBytes);
    if (configuration === undefined) throw lacking(entry.Config);
    images.push({ names: entry.RepoTags ?? [], configuration, layers: entry.Layers });
  }
  return images;
}

function isNamed(image: ArchivedImage, position: number, reference: string): boolean {
  if (reference === `@${position}` || reference === sha256(image.configuration)) return true;
  return image.names.some((name) => name === reference || fullName(name) === fullName(reference));
}

function fullName(name: string): string {
  try {
    return formatReference(parseReference(name));
  } catch {
    return name;
  }
}

async function openImage(files: LayoutFiles, archived: ArchivedImage, options: SourceOptions): Promise<Image> {
  const parsed = parseConfiguration(archived.configuration);
  const configuration = { ...parsed, history: archived.history ?? parsed.history };
  const listed = configuration.diffIds.length === archived.layers.length;
  const layers: Descriptor[] = [];
  for (const [index, path] of archived.layers.entries()) {
    layers.push(await describeLayer(files, path, listed ? configuration.diffIds[index] : undefined));
  }
  const own = sha256(archived.configuration);
  if (!listed) {
    options.log.warn("the archive's layers are not those of its configuration: each is known by its own digest", {
      listed: configuration.diffIds.length,
      layers: layers.length,
    });
  }
  return {
    digest: listed ? own : sha256(Buffer.from([own, ...layers.map((layer) => layer.digest)].join("\n"))),
    mediaType: mediaTypes.dockerConfig,
    platform: platformOf(configuration),
    configuration: listed ? configuration : { ...configuration, diffIds: ownDiffIds(layers) },
    layers,
    annotations: {},
    openLayer: (index) => {
      const layer = layerAt(layers, index);
      return verified(layerBytes(files, archived.layers[index] ?? "", options), layer, "layer");
    },
  };
}

/** An uncompressed layer's digest is its diffID; a compressed one's would have to be unpacked to be known. */
function ownDiffIds(layers: readonly Descriptor[]): readonly string[] {
  const plain = layers.every((layer) => layer.mediaType === mediaTypes.ociLayer);
  return plain ? layers.map((layer) => layer.digest) : [];
}

/**
 * The digest of the stored bytes: the diffID that the configuration lists when they are not compressed, the one in the
 * path when they are in `blobs/`, and else computed, at the price of reading the layer once more.
 */
async function describeLayer(files: LayoutFiles, path: string, diffId: string | undefined): Promise<Descriptor> {
  const file = await files.open(path);
  if (file === undefined) throw lacking(path);
  if (file.size > limits.layerBytes) {
    throw new PermanentError("manifest-too-large", `a layer of over ${limits.layerBytes} bytes`);
  }
  const compression = await compressionOf(file.read());
  const mediaType = compression === "none" ? mediaTypes.ociLayer : `${mediaTypes.ociLayer}+${compression}`;
  const [, algorithm, hex] = /^(?:\.\/)?blobs\/(sha256|sha512)\/([a-f0-9]+)$/.exec(path) ?? [];
  const inPath = algorithm === undefined ? undefined : `${algorithm}:${hex}`;
  const known = compression === "none" && diffId !== undefined ? diffId : inPath;
  const digest = known !== undefined && parseDigest(known) ? known : await digestOfFile(file.read());
  return { mediaType, digest, size: file.size };
}

async function* layerBytes(
  files: LayoutFiles,
  path: string,
  options: SourceOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await files.open(path);
  if (file === undefined) throw lacking(path);
  for await (const piece of file.read()) {
    options.onBytes?.(piece.length);
    yield piece;
  }
}

function lacking(path: string): PermanentError {
  return new PermanentError("not-an-image", `the archive lacks ${path.slice(0, 200)}`);
}
