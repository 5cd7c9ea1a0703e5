/** Bodhi's lists of updates, page by page: https://bodhi.fedoraproject.org/docs/server_api/ */
import { PermanentError } from "../../../platform/errors.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { jsonMembersOf } from "../../sources/json-members.ts";
import type { FeedUpstream, Fetched, Fetcher } from "../../types.ts";

const rows = 100;
/** A release of Fedora has some 2,500 security updates in its time. */
const mostPages = 2000;
const mostPageBytes = 64 * 1024 * 1024;

/** The updates of every page of one list. */
async function* pagesOf(fetcher: Fetcher, filter: string): AsyncGenerator<SourceDocument> {
  const query = `type=security&status=stable&rows_per_page=${rows}${filter}`;
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

/** An update that becomes stable counts as pushed, and one that is edited after that as modified. */
async function* since(fetcher: Fetcher, time: string): AsyncGenerator<SourceDocument> {
  for (const moment of ["pushed", "modified"]) yield* pagesOf(fetcher, `&${moment}_since=${time}`);
}

export const upstream: FeedUpstream = {
  url: "https://bodhi.fedoraproject.org",
  enabled: true,
  attribution: "The Fedora Project, https://bodhi.fedoraproject.org",
  redistributable: true,
  staleAfterHours: 72,
  parts: (wants) => (wants("Fedora") ? [""] : []),
  async fetch(_part, fetcher): Promise<Fetched> {
    const last = fetcher.cursors["since"];
    // A day over: an update may be told of while its page is read.
    const next = new Date(fetcher.now() - 24 * 60 * 60 * 1000).toISOString().slice(0, 19);
    return {
      unchanged: false,
      extent: last === undefined ? "whole" : "changes",
      documents: last === undefined ? pagesOf(fetcher, "") : since(fetcher, last),
      cursors: () => ({ since: next }),
    };
  },
};
