/** The one place that knows where images stand in the table. */
import { createHash } from "node:crypto";
import type { Resource } from "../findings/types.ts";
import type { Key } from "../platform/ports.ts";
import type { ImageName } from "./types.ts";

export const imageShards = 8;

export function repositoryName(image: { readonly registry: string; readonly repository: string }): string {
  return `${image.registry}/${image.repository}`;
}

/** The resource that findings of this image are about. */
export function imageResource(image: ImageName): Resource {
  return { type: "image", id: `${repositoryName(image)}@${image.digest}` };
}

/** All repositories that hold a digest share its partition. */
export function imagePartition(digest: string): string {
  return `image#${digest}`;
}

export function imageKey(image: ImageName): Key {
  return { pk: imagePartition(image.digest), sk: `record#${repositoryName(image)}` };
}

/** Whether the registry still holds it, by source time. */
export function presenceKey(image: ImageName): Key {
  return { pk: imagePartition(image.digest), sk: `presence#${repositoryName(image)}` };
}

export function imageListPartition(shard: number): string {
  return `images#${shard}`;
}

export function imageShard(repository: string): number {
  return (createHash("sha256").update(repository).digest()[0] ?? 0) % imageShards;
}

/** All images of a repository stand together in one of the list's partitions. */
export function imageListKey(image: ImageName): Key {
  const repository = repositoryName(image);
  return { pk: imageListPartition(imageShard(repository)), sk: `${repository}@${image.digest}` };
}

export function tagPartition(image: { readonly registry: string; readonly repository: string }): string {
  return `tags#${repositoryName(image)}`;
}

/** The services of one scope (a cluster) that run a digest. */
export function runningKey(digest: string, scope: string): Key {
  return { pk: `running#${digest}`, sk: scope };
}

/** The digests that a scope was last seen to run. */
export function runningInKey(scope: string, digest: string): Key {
  return { pk: `running-in#${scope}`, sk: digest };
}
