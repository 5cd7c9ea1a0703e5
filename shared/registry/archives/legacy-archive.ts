/**
 * Docker archives from before manifest.json (image-spec v1.0): `repositories` names the top layer of each tag, and every
 * layer's `json` names its parent.
 */
import * as z from "zod";
import { PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { parseJson } from "../documents.ts";
import type { ArchivedImage } from "./docker-archive.ts";
import { type LayoutFiles, readFile } from "./layout.ts";

const identifier = z.string().regex(/^[a-f0-9]{64}$/);
const repositoriesSchema = z.record(z.string().max(1024), z.record(z.string().max(128), identifier));
const layerSchema = z.object({
  parent: z.union([identifier, z.literal("")]).nullish(),
  container_config: z.object({ Cmd: z.array(z.string()).nullish() }).nullish(),
});

/** @throws PermanentError `not-an-image` */
export async function readLegacy(files: LayoutFiles): Promise<readonly ArchivedImage[]> {
  const bytes = await readFile(files, "repositories", limits.manifestBytes);
  const parsed = bytes && repositoriesSchema.safeParse(parseJson(bytes, "repositories", limits.manifestBytes));
  if (parsed?.success !== true) throw new PermanentError("not-an-image", "there is no manifest in the archive");
  const namesByTop = new Map<string, string[]>();
  for (const [repository, tags] of Object.entries(parsed.data)) {
    for (const [tag, top] of Object.entries(tags)) {
      namesByTop.set(top, [...(namesByTop.get(top) ?? []), `${repository}:${tag}`]);
    }
  }
  if (namesByTop.size > limits.manifestsPerIndex) {
    throw new PermanentError("manifest-too-large", `over ${limits.manifestsPerIndex} images in the archive`);
  }
  const images: ArchivedImage[] = [];
  for (const [top, names] of namesByTop) images.push(await readChain(files, top, names));
  return images;
}

async function readChain(files: LayoutFiles, top: string, names: readonly string[]): Promise<ArchivedImage> {
  const layers: string[] = [];
  const history: { readonly createdBy?: string }[] = [];
  let configuration: Uint8Array | undefined;
  for (let id: string | undefined = top; id !== undefined; ) {
    if (layers.length >= limits.layersPerImage) {
      throw new PermanentError("manifest-too-large", `over ${limits.layersPerImage} layers in an image`);
    }
    const bytes: Buffer | undefined = await readFile(files, `${id}/json`, limits.configBytes);
    const layer = bytes && layerSchema.safeParse(parseJson(bytes, "layer", limits.configBytes));
    if (bytes === undefined || layer?.success !== true) {
      throw new PermanentError("not-an-image", `the archive says nothing about its layer ${id}`);
    }
    configuration ??= bytes;
    layers.unshift(`${id}/layer.tar`);
    const command = layer.data.container_config?.Cmd?.join(" ");
    history.unshift(command === undefined ? {} : { createdBy: command });
    id = layer.data.parent ? layer.data.parent : undefined;
  }
  return { names, configuration: configuration ?? new Uint8Array(), layers, history };
}
