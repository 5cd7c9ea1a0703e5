/** Advisories that are kept as files of a Git repository: read from the archive that its host makes of a branch. */
import { limits } from "../../platform/limits.ts";
import { decompressedFile } from "../sources/compressed.ts";
import { documentOf, type SourceDocument } from "../sources/document.ts";
import { tarFiles } from "../sources/tar.ts";
import { fetchWhole } from "../sources/whole-file.ts";
import type { FeedUpstream } from "../types.ts";

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
    yield documentOf(branch, bytes, name);
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
    fetch: (_part, fetcher) => fetchWhole(fetcher, repository.branch, (stored) => documentsIn(stored, repository)),
  };
}
