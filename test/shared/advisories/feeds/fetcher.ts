/** An upstream on this machine that remembers nothing between fetches but what it is given. */
import type { SourceDocument } from "../../../../shared/advisories/sources/document.ts";
import type { Feed } from "../../../../shared/advisories/types.ts";
import { fetchPart, serving, type Upstream } from "./serving.ts";

export interface FetchingUpstream extends Upstream {
  /** Fetches a part; `cursors` are what the fetch before it left, validators and all. */
  fetch(
    feed: Feed,
    part: string,
    cursors?: Readonly<Record<string, string>>,
  ): Promise<{
    readonly unchanged: boolean;
    readonly extent: "whole" | "changes" | undefined;
    readonly documents: readonly SourceDocument[];
    readonly removed: readonly string[];
    readonly cursors: Readonly<Record<string, string>>;
  }>;
}

export function withUpstream<Result>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (upstream: FetchingUpstream) => Promise<Result>,
): Promise<Result> {
  return serving(files, (upstream) =>
    use({
      ...upstream,
      async fetch(feed, part, remembered = {}) {
        const outcome = await fetchPart(feed, part, upstream, { remembered });
        const { unchanged, remembered: cursors } = outcome;
        return outcome.unchanged
          ? { unchanged, extent: undefined, documents: [], removed: [], cursors }
          : { unchanged, extent: outcome.extent, documents: outcome.documents, removed: outcome.removed, cursors };
      },
    }),
  );
}
