/** https://secdb.alpinelinux.org: a directory for each release, in it a document for each repository. */
import { PermanentError } from "../../../platform/errors.ts";
import { contentOf } from "../../sources/compressed.ts";
import type { SourceDocument } from "../../sources/document.ts";
import type { FeedUpstream, Fetcher } from "../../types.ts";

/** Twelve years of two releases each, and as many again. */
const mostReleases = 50;

async function linksOf(fetcher: Fetcher, path: string, link: RegExp): Promise<readonly string[]> {
  const page = (await fetcher.bytes(path)).toString("utf8");
  return [...new Set([...page.matchAll(/href="([^"]{1,200})"/g)].flatMap(([, to = ""]) => link.exec(to)?.[1] ?? []))];
}

/** `v3.20/main.json`: every document that the lists of directories link to. */
async function filesOf(fetcher: Fetcher): Promise<readonly string[]> {
  const releases = await linksOf(fetcher, "", /(?:^|\/)(v\d{1,3}\.\d{1,3}|edge)\/$/);
  if (releases.length === 0 || releases.length > mostReleases) {
    throw new PermanentError("advisories-refused", `${fetcher.base} lists ${releases.length} releases of Alpine`);
  }
  const files: string[] = [];
  for (const release of releases) {
    const repositories = await linksOf(fetcher, `${release}/`, /(?:^|\/)(main|community)\.json$/);
    files.push(...repositories.map((repository) => `${release}/${repository}.json`));
  }
  return files;
}

async function* documentsOf(files: readonly { readonly file: string; readonly path: string }[]) {
  for (const { file, path } of files) yield { file, bytes: await contentOf(path) } satisfies SourceDocument;
}

export const upstream: FeedUpstream = {
  url: "https://secdb.alpinelinux.org",
  enabled: true,
  licence: "CC-BY-SA-4.0",
  attribution: "Alpine Linux security database, https://secdb.alpinelinux.org",
  redistributable: true,
  staleAfterHours: 48,
  parts: (wants) => (wants("Alpine:edge") ? [""] : []),
  async fetch(_part, fetcher) {
    const files = await filesOf(fetcher);
    const fetched = new Map<string, string>();
    for (const [index, file] of files.entries()) {
      const answer = await fetcher.file(file, { conditional: true });
      if (!answer.unchanged) fetched.set(file, answer.path);
      fetcher.progress(index + 1, files.length);
    }
    if (fetched.size === 0) return { unchanged: true };
    // All of it is replaced at once: what did not change is needed again.
    for (const file of files) {
      if (fetched.has(file)) continue;
      const answer = await fetcher.file(file);
      if (!answer.unchanged) fetched.set(file, answer.path);
    }
    const documents = documentsOf([...fetched].map(([file, path]) => ({ file, path })));
    return { unchanged: false, extent: "whole", documents };
  },
};
