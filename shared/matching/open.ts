/** Which shards an image needs, opened. */
import { maliciousShard } from "../advisories/ecosystems.ts";
import type { Shard } from "../advisories/set/shard.ts";
import type { Advisories } from "../advisories/set/store.ts";
import type { Inventory, PackageType } from "../inventory/types.ts";
import { rememberingScheme, schemeOfEcosystem } from "../versions/compare.ts";
import type { VersionScheme } from "../versions/types.ts";
import { distributionName, type Ecosystem, type ExtendedStream, present } from "./ecosystem.ts";
import { ecosystems } from "./registry.generated.ts";
import { type ProductsOf, readProducts } from "./repositories.ts";

/** An ecosystem with the shards that were opened for one image. */
export interface OpenEcosystem {
  readonly ecosystem: Ecosystem;
  readonly scheme: VersionScheme;
  readonly primary: readonly Shard[];
  readonly extended: readonly OpenStream[];
  readonly productsOf: ProductsOf;
}

export interface OpenStream extends ExtendedStream {
  readonly opened: readonly Shard[];
}

/** Why no package of a type can be judged. */
export interface Blind {
  readonly reason: string;
}

/** What there is to judge the packages of one type in one image by. Throws what opening a shard throws. */
export async function openFor(
  type: PackageType,
  inventory: Inventory,
  advisories: Advisories,
): Promise<OpenEcosystem | Blind> {
  const { distribution, repositories } = inventory;
  const candidates = ecosystems.filter((ecosystem) => ecosystem.type === type);
  for (const ecosystem of candidates) {
    const choice = ecosystem.shards(distribution, advisories.shards, repositories);
    const scheme = schemeOfEcosystem(ecosystem.name);
    if (choice === undefined || choice.primary.length === 0 || scheme === undefined) continue;
    const malicious = present(choice.primary.map(maliciousShard), advisories.shards);
    const primary = await openAll([...choice.primary, ...malicious], advisories);
    const { repositoryTable } = ecosystem;
    const productsOf =
      repositoryTable === undefined ? noProducts : await readProducts(inventory, advisories, repositoryTable);
    const extended = await openStreams(choice.extended ?? [], inventory, advisories, productsOf);
    return { ecosystem, scheme: rememberingScheme(scheme), primary, extended, productsOf };
  }
  const language = candidates.find((ecosystem) => ecosystem.kind === "language");
  if (language !== undefined) return { reason: `no-advisories-for ${language.name}` };
  if (candidates.length === 0) return { reason: `no-advisories-for ${type}` };
  if (distribution === undefined) return { reason: "distribution-unknown" };
  return { reason: `no-advisories-for ${distributionName(distribution)}` };
}

const noProducts: ProductsOf = () => [];

/** The streams that some package of the image is built for or from, and those whose fixes are worth telling anyhow. */
async function openStreams(
  streams: readonly ExtendedStream[],
  { packages }: Inventory,
  advisories: Advisories,
  productsOf: ProductsOf,
): Promise<readonly OpenStream[]> {
  const needed = streams.filter(
    (stream) =>
      stream.mark !== undefined ||
      packages.some((item) => stream.builtFor(item.version) || isOffered(stream, productsOf(item))),
  );
  return Promise.all(needed.map(async (stream) => ({ ...stream, opened: await openAll(stream.shards, advisories) })));
}

/** Whether what is from these products gets the stream's fixes. */
export function isOffered({ offeredBy }: ExtendedStream, products: readonly string[]): boolean {
  return offeredBy !== undefined && products.some(offeredBy);
}

async function openAll(names: readonly string[], advisories: Advisories): Promise<readonly Shard[]> {
  const shards = await Promise.all(names.map((name) => advisories.shard(name)));
  return shards.filter((shard) => shard !== undefined);
}
