/** Which images run where, as a cluster's tasks say. Pure. */
import { digestSchema, registrySchema, repositorySchema } from "../events/types.ts";
import { parseReference } from "../registry/reference.ts";
import type { EcsCluster } from "./types.ts";

export interface RunningImage {
  readonly digest: string;
  /** `<cluster>/<service>`; `<cluster>/<family>` for tasks that no service started. Sorted. */
  readonly services: readonly string[];
  /** Where the digest comes from; absent when the image's name cannot be read. */
  readonly reference?: { readonly registry: string; readonly repository: string };
}

export interface RunningImages {
  /** By digest, sorted. */
  readonly images: readonly RunningImage[];
  /** Images that run without a digest that the cluster knows: they cannot be matched with a scan. */
  readonly unknown: readonly string[];
}

/** Tasks that run, or are about to; ECS knows the digest once the image is pulled. */
export function runningImages(cluster: EcsCluster): RunningImages {
  const images = new Map<string, { services: Set<string>; reference?: RunningImage["reference"] }>();
  const unknown = new Set<string>();
  for (const task of cluster.tasks) {
    for (const { image, imageDigest } of task.containers) {
      if (!digestSchema.safeParse(imageDigest).success || imageDigest === undefined) {
        if (task.lastStatus === "RUNNING" && image !== "") unknown.add(image);
        continue;
      }
      const entry = images.get(imageDigest) ?? { services: new Set<string>() };
      entry.services.add(workloadName(cluster.name, task));
      entry.reference ??= referenceOf(image);
      images.set(imageDigest, entry);
    }
  }
  return {
    images: [...images]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([digest, { services, reference }]) => ({
        digest,
        services: [...services].sort(),
        ...(reference === undefined ? {} : { reference }),
      })),
    unknown: [...unknown].sort(),
  };
}

/** `service:web` and `family:job` become `web` and `job`. */
function workloadName(cluster: string, task: EcsCluster["tasks"][number]): string {
  const name = task.group === undefined ? "" : task.group.slice(task.group.indexOf(":") + 1);
  return `${cluster}/${name === "" ? "task" : name}`.slice(0, 512);
}

function referenceOf(image: string): RunningImage["reference"] {
  try {
    const { registry, repository } = parseReference(image);
    const sound = registrySchema.safeParse(registry).success && repositorySchema.safeParse(repository).success;
    return sound ? { registry, repository } : undefined;
  } catch {
    return undefined;
  }
}
