/** What the in-process registry holds, in memory. */
import { digestOf } from "./build-image.ts";

export interface StoredBlob {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface RegistryStore {
  blob(digest: string): Buffer | undefined;
  /** @returns the digest */
  putBlob(bytes: Buffer): string;
  manifest(repository: string, reference: string): StoredBlob | undefined;
  /** Stores it under a tag or digest, and under its digest. */
  putManifest(repository: string, reference: string, stored: StoredBlob): void;
  /** Removes a manifest with all its tags. */
  removeManifest(repository: string, reference: string): void;
  tags(repository: string): readonly string[];
}

export function memoryStore(): RegistryStore {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, StoredBlob>();
  return {
    blob: (digest) => blobs.get(digest),
    putBlob: (bytes) => {
      const digest = digestOf(bytes);
      blobs.set(digest, bytes);
      return digest;
    },
    manifest: (repository, reference) => manifests.get(`${repository}@${reference}`),
    putManifest: (repository, reference, stored) => {
      manifests.set(`${repository}@${reference}`, stored);
      manifests.set(`${repository}@${digestOf(stored.bytes)}`, stored);
    },
    removeManifest: (repository, reference) => {
      const removed = manifests.get(`${repository}@${reference}`);
      for (const [key, stored] of manifests) {
        if (stored === removed && key.startsWith(`${repository}@`)) manifests.delete(key);
      }
    },
    tags: (repository) =>
      [...manifests.keys()]
        .filter((key) => key.startsWith(`${repository}@`))
        .map((key) => key.slice(repository.length + 1))
        .filter((reference) => !reference.includes(":"))
        .sort(),
  };
}
