/** Images and layers made on the spot, as the inventory reads them. */
import { buildImage, buildTar, type LayerFile, type LayerInput } from "../../../local/demo/build-image.ts";
import { readLayer } from "../../../shared/inventory/layer.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { type LayerRecord, type LayerRecords, layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import { extractors } from "../../../shared/inventory/registry.generated.ts";
import type { Inventory } from "../../../shared/inventory/types.ts";
import { compileMatcher } from "../../../shared/inventory/wanted.ts";
import { openImageSource } from "../../../shared/registry/open-source.ts";
import type { Image } from "../../../shared/registry/types.ts";

/** Copies, because pieces belong to their reader. */
export async function* inPieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

/** An image of these layers; counts how often each was opened. */
export function imageOf(layers: readonly LayerInput[]): Image & { readonly opened: number[] } {
  const built = buildImage({ layers });
  const opened = layers.map(() => 0);
  return {
    digest: built.manifest.digest,
    mediaType: built.manifest.mediaType,
    platform: built.platform,
    configuration: {
      config: {},
      diffIds: built.diffIds,
      history: layers.map(({ createdBy }) => (createdBy === undefined ? {} : { createdBy })),
    },
    layers: built.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    annotations: {},
    openLayer(index) {
      opened[index] = (opened[index] ?? 0) + 1;
      return inPieces(built.layers[index]?.bytes ?? Buffer.alloc(0));
    },
    opened,
  };
}

export function inventoryOf(layers: readonly (readonly LayerFile[])[], records?: LayerRecords): Promise<Inventory> {
  const image = imageOf(layers.map((files) => ({ files })));
  return readImage(image, { records: records ?? layerRecordsInMemory() });
}

/** `name@version` of every package, or of those with this type. */
export function packagesIn(inventory: Inventory, type?: string): string[] {
  return inventory.packages
    .filter((one) => type === undefined || one.type === type)
    .map(({ name, version }) => `${name}@${version}`);
}

const matcher = compileMatcher(extractors);

/** Reads an uncompressed tar as a layer. */
export function recordOf(tar: Uint8Array, pieces = 65_536): Promise<LayerRecord> {
  const source = {
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    open: () => inPieces(tar, pieces),
    diffId: undefined,
  };
  return readLayer(source, { matcher, extractors: "test" });
}

export function recordOfFiles(files: readonly LayerFile[]): Promise<LayerRecord> {
  return recordOf(buildTar(files));
}

export function npmPackage(directory: string, name: string, version: string): LayerFile {
  return { path: `${directory}node_modules/${name}/package.json`, content: JSON.stringify({ name, version }) };
}

export function dpkgStatus(...packages: readonly (readonly [name: string, version: string])[]): LayerFile {
  const content = packages
    .map(
      ([name, version]) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
    )
    .join("\n");
  return { path: "var/lib/dpkg/status", content };
}

/** The first image of an archive or layout, by its source name. */
export async function readSharedImage(name: string): Promise<Inventory> {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const settings = { allow: [], insecure: [], allowPrivate: [] };
  const source = await openImageSource(name, { settings, credentials: async () => undefined, log });
  try {
    const [first] = (await source.resolve("all")).images;
    if (first === undefined) throw new Error("no image");
    return await readImage(await first.open(), { records: layerRecordsInMemory() });
  } finally {
    await source.close();
  }
}
