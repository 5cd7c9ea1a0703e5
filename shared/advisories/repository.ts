/** Advisories that are kept as files of a Git repository: read from the archive that its host makes of a branch. */
import { limits } from "../platform/limits.ts";
import { decompressedFile } from "./sources/compressed.ts";
import type { SourceDocument } from "./sources/document.ts";
import { tarFiles } from "./sources/tar.ts";
import type { FeedUpstream } from "./types.ts";

interface Repository {
  /** `owner/name` on GitHub. */
  readonly name: string;
  readonly branch: string;
  /** Of the files that are records; names begin with the archive's own folder. */
  readonly files: RegExp;
}

async function* documentsIn(path: string, { branch, files }: Repository): AsyncGenerator<SourceDocument> {
  const members = tarFiles(decompressedFile(path), (name) => files.test(name), limits.advisoryRecordBytes);
  for await (const { name, bytes } of members) {
    const document = { file: branch, entry: name };
    yield bytes === undefined
      ? { ...document, bytes: Buffer.alloc(0), problem: "larger than allowed" }
      : { ...document, bytes };
  }
}

/** The upstream of such a feed: one part, always whole. */
export function repositoryUpstream(
  repository: Repository,
  about: Omit<FeedUpstream, "url" | "fetch" | "parts"> & Partial<Pick<FeedUpstream, "parts">>,
): FeedUpstream {
  return {
    parts: () => [""],
    ...about,
    url: `https://codeload.github.com/${repository.name}/tar.gz/refs/heads`,
    async fetch(_part, fetcher) {
      const fetched = await fetcher.file(repository.branch, { conditional: true });
      if (fetched.unchanged) return fetched;
      return { unchanged: false, extent: "whole", documents: documentsIn(fetched.path, repository) };
    },
  };
}
