/** The errata API of the Rocky Enterprise Software Foundation, page by page, newest first. */
import { createHash } from "node:crypto";
import { PermanentError } from "../../../platform/errors.ts";
import { documentOf, type SourceDocument } from "../../sources/document.ts";
import { jsonMembersOf } from "../../sources/json-members.ts";
import type { FeedUpstream, Fetcher } from "../../types.ts";

const rows = 100;
const mostPages = 1000;
const mostPageBytes = 64 * 1024 * 1024;

const pathOf = (page: number) => `api/v3/advisories/?page=${page}&size=${rows}`;

/** How many pages there are. Throws `PermanentError("advisories-refused")` for what is no page. */
function pagesOf(page: Buffer): number {
  const total = Number(
    jsonMembersOf(page)
      .find(({ key }) => key === "total")
      ?.bytes?.toString("latin1") ?? Number.NaN,
  );
  const pages = Math.ceil(total / rows);
  if (!Number.isInteger(total) || total < 0 || pages > mostPages) {
    throw new PermanentError("advisories-refused", `${pathOf(1)} is not a page of errata`);
  }
  return pages;
}

async function* errata(fetcher: Fetcher, first: Buffer): AsyncGenerator<SourceDocument> {
  const pages = pagesOf(first);
  for (let page = 1; page <= pages; page++) {
    const bytes = page === 1 ? first : await fetcher.bytes(pathOf(page), { mostBytes: mostPageBytes });
    fetcher.progress(page, pages);
    for (const { bytes: erratum } of jsonMembersOf(bytes, ["advisories"])) yield documentOf("advisories", erratum);
  }
}

export const upstream: FeedUpstream = {
  url: "https://apollo.build.resf.org",
  // OSV carries them.
  enabled: false,
  attribution: "Rocky Linux errata, https://errata.rockylinux.org",
  redistributable: true,
  staleAfterHours: 72,
  parts: (wants) => (wants("Rocky Linux") ? [""] : []),
  async fetch(_part, fetcher) {
    const first = await fetcher.bytes(pathOf(1), { mostBytes: mostPageBytes });
    pagesOf(first);
    const newest = createHash("sha256").update(first).digest("hex");
    if (fetcher.cursors["newest"] === newest) return { unchanged: true };
    return { unchanged: false, extent: "whole", documents: errata(fetcher, first), cursors: () => ({ newest }) };
  },
};
