/** Which shards an image needs, opened. */
import { maliciousShard } from "../advisories/ecosystems.ts";
import type { Shard } from "../advisories/shard.ts";
import type { Advisories } from "../advisories/store.ts";
import type { Inventory, PackageType } from "../inventory/types.ts";
import { rememberingScheme, schemeOfEcosystem } from "../versions/compare.ts";
import type { VersionScheme } from "../versions/types.ts";
import { distributionName, type Ecosystem, type ExtendedStream, present } from "./ecosystem.ts";
import { ecosystems } from "./registry.generated.ts";

/** An ecosystem with the shards that were opened for one image. */
export interface OpenEcosystem {
  readonly ecosystem: Ecosystem;
  readonly scheme: VersionScheme;
  readonly primary: readonly Shard[];
  readonly extended: readonly OpenStream[];
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
  const { distribution } = inventory;
  const candidates = ecosystems.filter((ecosystem) => ecosystem.type === type);
  for (const ecosystem of candidates) {
    const choice = ecosystem.shards(distribution, advisories.shards);
    const scheme = schemeOfEcosystem(ecosystem.name);
    if (choice === undefined || choice.primary.length === 0 || scheme === undefined) continue;
    const malicious = present(choice.primary.map(maliciousShard), advisories.shards);
    const primary = await openAll([...choice.primary, ...malicious], advisories);
    const extended = await openStreams(choice.extended ?? [], inventory, advisories);
    return { ecosystem, scheme: rememberingScheme(scheme), primary, extended };
  }
  const language = candidates.find((ecosystem) => ecosystem.kind === "language");
  if (language !== undefined) return { reason: `no-advisories-for ${language.name}` };
  if (candidates.length === 0) return { reason: `no-advisories-for ${type}` };
  if (distribution === undefined) return { reason: "distribution-unknown" };
  return { reason: `no-advisories-for ${distributionName(distribution)}` };
}

/** The streams that some package of the image is built for, and those whose fixes are worth telling anyhow. */
async function openStreams(
  streams: readonly ExtendedStream[],
  { packages }: Inventory,
  advisories: Advisories,
): Promise<readonly OpenStream[]> {
  const needed = streams.filter(
    (stream) => stream.mark !== undefined || packages.some((item) => stream.builtFor(item.version)),
  );
  return Promise.all(needed.map(async (stream) => ({ ...stream, opened: await openAll(stream.shards, advisories) })));
}

async function openAll(names: readonly string[], advisories: Advisories): Promise<readonly Shard[]> {
  const shards = await Promise.all(names.map((name) => advisories.shard(name)));
  return shards.filter((shard) => shard !== undefined);
}
