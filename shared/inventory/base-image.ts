/**
 * Which image an image was built from, and which of its layers are that one's: what it says itself
 * (`org.opencontainers.image.base.*`, https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md), images
 * seen before whose layers it begins with, and its history.
 */
import { createHash } from "node:crypto";
import type { Image } from "../registry/types.ts";
import { isStart, stepsOf } from "./history.ts";
import type { BaseImage, Inventory, Package } from "./types.ts";

/** The whole chain of layers of an image seen before. */
export interface KnownChain {
  /** Of its last layer. */
  readonly chainId: string;
  /** Of the image's manifest. */
  readonly digest: string;
  /** As people write it, with repository and tag. */
  readonly name?: string;
}

/** The images seen before, by the chain of their layers. */
export interface KnownChains {
  /** Those of the given chain IDs that are the whole chain of a known image; in any order. */
  find(chainIds: readonly string[]): Promise<readonly KnownChain[]>;
}

/**
 * The chain ID of each layer: https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
 * `diffIds`: the lowest first.
 */
export function chainIdsOf(diffIds: readonly string[]): readonly string[] {
  let chain = "";
  return diffIds.map((diffId) => {
    chain = chain === "" ? diffId : `sha256:${createHash("sha256").update(`${chain} ${diffId}`).digest("hex")}`;
    return chain;
  });
}

/** What the image says of its base image by itself. `diffIds`: of its layers, the lowest first. */
export function statedBaseImage(
  { annotations, configuration }: Pick<Image, "annotations" | "configuration">,
  diffIds: readonly string[],
): BaseImage | undefined {
  const annotated = named(annotations);
  const labelled = annotated ?? named(configuration.config.labels ?? {});
  const layers = layersByHistory(configuration, diffIds);
  const evidence = [
    ...(annotated ? ["annotation" as const] : labelled ? ["label" as const] : []),
    ...(layers === undefined ? [] : ["history" as const]),
  ];
  if (evidence.length === 0) return undefined;
  return { ...labelled, ...(layers !== undefined && { layers }), evidence };
}

const prefix = "org.opencontainers.image.base.";

function named(values: Readonly<Record<string, string>>): Pick<BaseImage, "name" | "digest"> | undefined {
  const name = values[`${prefix}name`]?.trim().slice(0, 512);
  const digest = values[`${prefix}digest`]?.trim();
  const isDigest = digest !== undefined && /^sha(?:256|512):[a-f0-9]{64,128}$/.test(digest);
  if (!name && !isDigest) return undefined;
  return { ...(name && { name }), ...(isDigest && { digest }) };
}

/**
 * A base image ends with what it runs; the own steps follow. The last such step before another layer is the nearest
 * base image's end. Undefined when there is none, or nothing below it.
 */
function layersByHistory(configuration: Image["configuration"], diffIds: readonly string[]): number | undefined {
  const steps = stepsOf(configuration, diffIds);
  // A history that does not fit the layers tells nothing of them.
  if (steps.filter(({ layer }) => layer !== undefined).length !== diffIds.length) return undefined;
  if (configuration.history.filter(({ emptyLayer }) => emptyLayer !== true).length !== diffIds.length) return undefined;
  const last = steps.findLastIndex(({ layer }) => layer !== undefined);
  const end = steps.slice(0, Math.max(0, last)).findLastIndex(isStart);
  const layers = steps.slice(0, Math.max(0, end)).filter(({ layer }) => layer !== undefined).length;
  return layers === 0 ? undefined : layers;
}

/** The inventory with the origin of each package told, when it is known which layers are the base image's. */
export function withOrigins(inventory: Inventory): Inventory {
  const count = inventory.baseImage?.layers;
  if (count === undefined) return inventory;
  const base = new Set(inventory.layers.slice(0, count).map(({ diffId }) => diffId));
  return { ...inventory, packages: inventory.packages.map((one) => ({ ...one, origin: originOf(one, base) })) };
}

/** One copy that the own layers brought is enough: a newer base image would not take it away. */
function originOf({ locations }: Package, base: ReadonlySet<string>): "base" | "own" {
  return locations.every(({ layer }) => base.has(layer)) ? "base" : "own";
}

/**
 * The inventory with the base image that known images reveal: of those whose layers this image begins with, the one
 * with the most. What the image says of name and digest itself is kept; the number of layers is then no longer a guess.
 * To be asked each time: images become known after an inventory was stored.
 */
export async function withKnownBase(inventory: Inventory, known: KnownChains): Promise<Inventory> {
  const chainIds = chainIdsOf(inventory.layers.map(({ diffId }) => diffId));
  const positions = new Map(chainIds.slice(0, -1).map((chainId, index) => [chainId, index + 1]));
  if (positions.size === 0) return inventory;
  const stated = inventory.baseImage;
  const found = (await known.find([...positions.keys()]))
    .flatMap((chain) => {
      const layers = positions.get(chain.chainId);
      return layers === undefined || chain.digest === inventory.digest ? [] : [{ chain, layers }];
    })
    .sort((one, other) => other.layers - one.layers || preferred(other.chain, stated) - preferred(one.chain, stated));
  const [nearest] = found;
  if (nearest === undefined) return inventory;
  const { digest, name } = nearest.chain;
  const says = stated?.name !== undefined || stated?.digest !== undefined;
  const baseImage: BaseImage = {
    ...(says
      ? { ...(stated.name && { name: stated.name }), ...(stated.digest && { digest: stated.digest }) }
      : { digest, ...(name && { name }) }),
    layers: nearest.layers,
    evidence: [...(stated?.evidence ?? []).filter((one) => one !== "history" && one !== "known-image"), "known-image"],
  };
  return withOrigins({ ...inventory, baseImage });
}

function preferred(chain: KnownChain, stated: BaseImage | undefined): number {
  return chain.digest === stated?.digest ? 2 : chain.name !== undefined ? 1 : 0;
}
