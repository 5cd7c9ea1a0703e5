/** Facts of the image beside its packages: repositories, content sets, product labels. */
import { limits } from "../platform/limits.ts";
import type { Facts } from "./extractor.ts";
import type { TreeFile } from "./file-tree.ts";
import type { ContentSets, Location, Partial, ProductLabels, Repository } from "./types.ts";

export interface BuildFacts {
  readonly repositories?: readonly Repository[];
  readonly contentSets?: readonly ContentSets[];
  readonly products?: readonly ProductLabels[];
  readonly partial: readonly Partial[];
}

/** `diffIds`: of the layers, lowest first; every fact says which layer has it, in the order of layers and paths. */
export function buildFactsOf(
  files: readonly (readonly [path: string, file: TreeFile])[],
  diffIds: readonly string[],
): BuildFacts {
  const repositories: Repository[] = [];
  const contentSets: ContentSets[] = [];
  const products: ProductLabels[] = [];
  let count = 0;
  let left = 0;
  for (const [path, file] of files.filter(([, { record }]) => record.facts.some(hasBuildFacts)).sort(byLayerAndPath)) {
    const location: Location = { path, layer: diffIds[file.layer] ?? "" };
    for (const facts of file.record.facts) {
      count += (facts.repositories?.length ?? 0) + (facts.contentSets?.length ?? 0) + (facts.product ? 1 : 0);
      if (count > limits.buildFactsPerImage) {
        left += hasBuildFacts(facts) ? 1 : 0;
        continue;
      }
      for (const one of facts.repositories ?? []) repositories.push({ ...one, location });
      if (facts.contentSets) contentSets.push({ names: facts.contentSets, location });
      if (facts.product) products.push({ ...facts.product, location });
    }
  }
  const detail = `${left} files with repositories, content sets or product labels were left out`;
  return {
    ...(repositories.length > 0 && { repositories }),
    ...(contentSets.length > 0 && { contentSets }),
    ...(products.length > 0 && { products }),
    partial: left > 0 ? [{ reason: "buildFactsPerImage", detail }] : [],
  };
}

function hasBuildFacts({ repositories, contentSets, product }: Facts): boolean {
  return repositories !== undefined || contentSets !== undefined || product !== undefined;
}

function byLayerAndPath(
  [path, file]: readonly [string, TreeFile],
  [otherPath, other]: readonly [string, TreeFile],
): number {
  return file.layer - other.layer || (path < otherPath ? -1 : 1);
}
