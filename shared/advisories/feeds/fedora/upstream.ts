/** Bodhi's lists of updates, page by page: https://bodhi.fedoraproject.org/docs/server_api/ */
import { PermanentError } from "../../../platform/errors.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { jsonMembersOf } from "../../sources/json-members.ts";
import type { FeedUpstream, Fetched, Fetcher } from "../../types.ts";

const rows = 100;
/** A release of Fedora has some 2,500 security updates in its time. */
const mostPages = 2000;
const mostPageBytes = 64 * 1024 * 1024;

/** The updates of every page; `seen` hears of the time at which they were asked for. */
async function* pagesOf(fetcher: Fetcher, since: string | undefined): AsyncGenerator<SourceDocument> {
  const query = `type=security&status=stable&rows_per_page=${rows}${since === undefined ? "" : `&modified_since=${since}`}`;
  let pages = 1;
  for (let page = 1; page <= pages; page++) {
    const file = `updates/?${query}&page=${page}`;
    const bytes = await fetcher.bytes(file, { mostBytes: mostPageBytes });
    const members = jsonMembersOf(bytes);
    pages = Number(members.find(({ key }) => key === "pages")?.bytes?.toString("latin1") ?? Number.NaN);
    if (!Number.isInteger(pages) || pages < 0 || pages > mostPages) {
      throw new PermanentError("advisories-refused", `${file} is not a page of updates`);
    }
    fetcher.progress(page, pages);
    for (const { bytes: update } of jsonMembersOf(bytes, ["updates"])) {
      yield { file: "updates", bytes: update ?? Buffer.alloc(0) };
    }
  }
}

export const upstream: FeedUpstream = {
  url: "https://bodhi.fedoraproject.org",
  enabled: true,
  attribution: "The Fedora Project, https://bodhi.fedoraproject.org",
  redistributable: true,
  staleAfterHours: 72,
  parts: (wants) => (wants("Fedora") ? [""] : []),
  async fetch(_part, fetcher): Promise<Fetched> {
    const since = fetcher.cursors["since"];
    // A day over: an update may be told of while its page is read.
    const next = new Date(fetcher.now() - 24 * 60 * 60 * 1000).toISOString().slice(0, 19);
    return {
      unchanged: false,
      extent: since === undefined ? "whole" : "changes",
      documents: pagesOf(fetcher, since),
      cursors: () => ({ since: next }),
    };
  },
};
