/** The index as it is read: which images hold a package that changed. Costs what is found, not what is stored. */
import * as z from "zod";
import { maliciousShard } from "../advisories/ecosystems.ts";
import type { ImageName } from "../images/types.ts";
import type { PackageType } from "../inventory/types.ts";
import { ecosystems } from "../matching/registry.generated.ts";
import type { Platform, Table } from "../platform/ports.ts";
import { closeSet } from "./index-image.ts";
import { holdersPartition, membersPartition, releasesPartition } from "./keys.ts";
import { type Built, noDistribution } from "./names.ts";
import type { SetName } from "./sets.ts";

/** Packages of one type that one shard speaks of; `release` as in the index. */
export interface Reach {
  readonly type: PackageType;
  readonly release: string;
}

const distributionSchema = z.object({
  id: z.string(),
  idLike: z.array(z.string()),
  versionId: z.string().optional(),
  codename: z.string().optional(),
  family: z.string().optional(),
});

const builtSchema = z.object({ distribution: distributionSchema, branches: z.array(z.string()) });

interface Release extends Reach, Built {}

async function releasesSeen(table: Table): Promise<readonly Release[]> {
  const seen: Release[] = [];
  for await (const { sk, data } of itemsOf(table, releasesPartition)) {
    const at = sk.indexOf("#");
    const { distribution: known, branches } = builtSchema.parse(data);
    const { versionId, codename, family, ...rest } = known;
    const distribution = {
      ...rest,
      ...(versionId !== undefined && { versionId }),
      ...(codename !== undefined && { codename }),
      ...(family !== undefined && { family }),
    };
    const type = sk.slice(0, at) as PackageType;
    const location = { path: "", layer: "" };
    const repositories = branches.map((release) => ({ type, url: "", release, location }));
    seen.push({ type, release: sk.slice(at + 1), distribution, repositories });
  }
  return seen;
}

/**
 * Which packages a shard speaks of, for a set of shards as it was and as it is: a release may be judged by another
 * shard because one came or went.
 */
export async function reachOfShards(
  table: Table,
  sets: readonly (readonly string[])[],
): Promise<(shard: string) => readonly Reach[]> {
  const releases = await releasesSeen(table);
  const reached = new Map<string, Map<string, Reach>>();
  const note = (shard: string, reach: Reach) => {
    const all = reached.get(shard) ?? new Map<string, Reach>();
    reached.set(shard, all);
    all.set(`${reach.type} ${reach.release}`, { type: reach.type, release: reach.release });
  };
  for (const ecosystem of ecosystems) {
    const here: readonly (Built & { readonly release: string })[] = [
      { release: noDistribution },
      ...releases.filter(({ type }) => type === ecosystem.type),
    ];
    for (const available of sets) {
      for (const { release, distribution, repositories } of here) {
        const choice = ecosystem.shards(distribution, available, repositories);
        const streams = choice?.extended?.flatMap(({ shards }) => shards) ?? [];
        const primary = choice?.primary ?? [];
        for (const shard of [...primary, ...primary.map(maliciousShard), ...streams])
          note(shard, { type: ecosystem.type, release });
      }
    }
  }
  return (shard) => [...(reached.get(shard)?.values() ?? [])];
}

/** The sets of one type and release that hold a name. */
export async function setsHolding(table: Table, { type, release }: Reach, name: string): Promise<readonly SetName[]> {
  const sets: SetName[] = [];
  const prefix = `${release}#`;
  for await (const { sk } of itemsOf(table, holdersPartition(type, name), prefix)) {
    sets.push({ id: sk.slice(prefix.length), type, release });
  }
  return sets;
}

/** The images that have a set. One that nobody has is taken out of the index. */
export async function membersOf(
  platform: Pick<Platform, "table" | "clock">,
  set: SetName,
): Promise<readonly ImageName[]> {
  const { table } = platform;
  const images: ImageName[] = [];
  for await (const { sk } of itemsOf(table, membersPartition(set.id))) images.push(imageOf(sk));
  if (images.length === 0) {
    const first = () => table.query({ pk: membersPartition(set.id), limit: 1 });
    await closeSet(platform, set, async () => (await first()).items.length > 0);
  }
  return images;
}

function imageOf(name: string): ImageName {
  const at = name.lastIndexOf("@");
  const slash = name.indexOf("/");
  return { registry: name.slice(0, slash), repository: name.slice(slash + 1, at), digest: name.slice(at + 1) };
}

async function* itemsOf(table: Table, pk: string, prefix?: string) {
  let after: string | undefined;
  do {
    const page = await table.query({
      pk,
      ...(prefix === undefined ? {} : { prefix }),
      ...(after === undefined ? {} : { after }),
    });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
