/** The one place that knows where the index of packages stands in the table. */
import { imagePartition, repositoryName } from "../images/keys.ts";
import type { ImageName } from "../images/types.ts";
import type { PackageType } from "../inventory/types.ts";
import type { Key } from "../platform/ports.ts";

/** Package sets that hold a name, by release. */
export function holdersPartition(type: PackageType, name: string): string {
  return `holders#${type}#${name}`;
}

export function holderKey(type: PackageType, name: string, release: string, set: string): Key {
  return { pk: holdersPartition(type, name), sk: `${release}#${set}` };
}

/** Whether the names of a set are all indexed. */
export function setKey(set: string): Key {
  return { pk: `package-set#${set}`, sk: "set" };
}

export function namesKey(set: string): Key {
  return { pk: `package-set#${set}`, sk: "names" };
}

/** The images that have a set. */
export function membersPartition(set: string): string {
  return `members#${set}`;
}

export function memberKey(set: string, image: ImageName): Key {
  return { pk: membersPartition(set), sk: `${repositoryName(image)}@${image.digest}` };
}

/** What of an image is indexed; it stands beside the image's record. */
export function indexedKey(image: ImageName): Key {
  return { pk: imagePartition(image.digest), sk: `indexed#${repositoryName(image)}` };
}

/** Releases that some image was seen to be of. */
export const releasesPartition = "releases";
