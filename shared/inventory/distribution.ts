/** Which distribution the merged image is of. */
import { endOfLifeOf } from "./end-of-life.ts";
import { familyOf } from "./extractors/os-release/families.ts";
import { releaseFiles } from "./extractors/os-release/release-files.ts";
import type { MergedImage } from "./merge.ts";
import type { Distribution } from "./types.ts";

/** os-release(5): the first of these that exists counts; without one of them, the files that were there before it. */
const distributionFiles = ["etc/os-release", "usr/lib/os-release", ...releaseFiles];

/** Distributions whose images are built from repositories, often without the package that brings os-release. */
const repositoryOwners: readonly (readonly [address: RegExp, id: string])[] = [
  [/^https:\/\/packages\.wolfi\.dev\/os\/?$/, "wolfi"],
  [/^https:\/\/(?:packages|apk|virtualapk)\.cgr\.dev\//, "chainguard"],
];

export function distributionOf(image: MergedImage): Distribution | undefined {
  const found = namedDistribution(image);
  // What apko writes into images that have no os-release of their own.
  const distribution =
    found === undefined || found.id === "unknown" ? (distributionByRepository(image) ?? found) : found;
  if (distribution === undefined) return undefined;
  const endOfLife = endOfLifeOf(distribution);
  return { ...distribution, ...(endOfLife && { endOfLife }) };
}

function namedDistribution(image: MergedImage): Distribution | undefined {
  const files = new Map(image.files.filter(([, file]) => file.record.facts.some((facts) => facts.distribution)));
  for (const path of distributionFiles) {
    const facts = files.get(image.canonical(path, "follow") ?? "")?.record.facts ?? [];
    for (const { distribution } of facts) if (distribution !== undefined) return distribution;
  }
  return undefined;
}

/** Where all repositories belong to one distribution, so do the packages. */
function distributionByRepository(image: MergedImage): Distribution | undefined {
  const addresses = image.files.flatMap(([, { record }]) =>
    record.facts.flatMap(({ repositories }) => repositories?.map(({ url }) => url) ?? []),
  );
  const ids = new Set(addresses.map((url) => repositoryOwners.find(([address]) => address.test(url))?.[1]));
  const [id] = ids;
  if (ids.size !== 1 || id === undefined) return undefined;
  const family = familyOf(id, []);
  return { id, idLike: [], ...(family !== undefined && { family }) };
}
