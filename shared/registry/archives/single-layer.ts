/** One stream of a filesystem, made to look like an image with one layer and an empty configuration. */
import { verified } from "../digest.ts";
import { mediaTypes } from "../documents.ts";
import { layerAt } from "../resolve.ts";
import type { SourceOptions } from "../source-options.ts";
import type { Descriptor, Image, ImageSource } from "../types.ts";

export interface SingleLayer {
  /** Reads everything once to know its digest. */
  describe(): Promise<Descriptor>;
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** The image's digest is its layer's; its media type is the layer's, as there is no manifest. */
export function singleLayerSource(name: string, options: SourceOptions, layer: SingleLayer): ImageSource {
  return {
    name,
    resolve: async () => {
      const descriptor = await layer.describe();
      const image = imageOf(descriptor, () => counted(layer.read(), options));
      const { digest, mediaType, platform } = image;
      const images = [{ digest, platform, open: () => Promise.resolve(image) }];
      return { digest, mediaType, kind: "image", images, attestations: [] };
    },
    close: () => layer.close(),
  };
}

function imageOf(layer: Descriptor, read: () => AsyncIterable<Uint8Array>): Image {
  const plain = layer.mediaType === mediaTypes.ociLayer;
  return {
    digest: layer.digest,
    mediaType: layer.mediaType,
    platform: { os: "linux", architecture: "unknown" },
    configuration: { config: {}, diffIds: plain ? [layer.digest] : [], history: [] },
    layers: [layer],
    annotations: {},
    openLayer: (index) => verified(read(), layerAt([layer], index), "layer"),
  };
}

async function* counted(bytes: AsyncIterable<Uint8Array>, options: SourceOptions): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    options.onBytes?.(piece.length);
    yield piece;
  }
}
