/** Bodhi's lists of updates, page by page: https://bodhi.fedoraproject.org/docs/server_api/ */
import * as z from "zod";
import { PermanentError } from "../../../platform/errors.ts";
import { parseJson } from "../../reading/json-document.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { jsonMembersOf } from "../../sources/json-members.ts";
import type { FeedUpstream, Fetched, Fetcher } from "../../types.ts";

const rows = 100;
/** A release of Fedora has some 2,500 security updates in its time. */
const mostPages = 2000;
const mostPageBytes = 64 * 1024 * 1024;

/** The members of `name` on every page of one list. */
async function* pagesOf(fetcher: Fetcher, list: string, name: string): AsyncGenerator<Buffer> {
  let pages = 1;
  for (let page = 1; page <= pages; page++) {
    const file = `${list}&rows_per_page=${rows}&page=${page}`;
    const bytes = await fetcher.bytes(file, { mostBytes: mostPageBytes });
    const members = jsonMembersOf(bytes);
    pages = Number(members.find(({ key }) => key === "pages")?.bytes?.toString("latin1") ?? Number.NaN);
    if (!Number.isInteger(pages) || pages < 0 || pages > mostPages) {
      throw new PermanentError("advisories-refused", `${file} is not a page of ${name}`);
    }
    fetcher.progress(page, pages);
    for (const { bytes: member } of jsonMembersOf(bytes, [name])) yield member ?? Buffer.alloc(0);
  }
}

const release = z.object({
  name: z.string().regex(/^F[0-9]{1,3}$/),
  id_prefix: z.literal("FEDORA"),
  state: z.string().max(100),
});

/** `F43,F42`: the releases that are looked after. The updates of all that ever were come to gigabytes. */
async function releasesOf(fetcher: Fetcher): Promise<string> {
  const names: string[] = [];
  for await (const member of pagesOf(fetcher, "releases/?exclude_archived=true", "releases")) {
    // Others are of containers, of modules, of EPEL.
    const { data } = release.safeParse(parseJson(member));
    if (data !== undefined && data.state !== "archived") names.push(data.name);
  }
  if (names.length === 0) throw new PermanentError("advisories-refused", `${fetcher.base} lists no release of Fedora`);
  return names.sort().join(",");
}

async function* updatesOf(fetcher: Fetcher, filter: string): AsyncGenerator<SourceDocument> {
  const list = `updates/?type=security&status=stable${filter}`;
  for await (const bytes of pagesOf(fetcher, list, "updates")) yield { file: "updates", bytes };
}

async function* every(fetcher: Fetcher): AsyncGenerator<SourceDocument> {
  yield* updatesOf(fetcher, `&releases=${await releasesOf(fetcher)}`);
}

/** An update that becomes stable counts as pushed, and one that is edited after that as modified. */
async function* since(fetcher: Fetcher, time: string): AsyncGenerator<SourceDocument> {
  for (const moment of ["pushed", "modified"]) yield* updatesOf(fetcher, `&${moment}_since=${time}`);
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
      documents: last === undefined ? every(fetcher) : since(fetcher, last),
      cursors: () => ({ since: next }),
    };
  },
};
