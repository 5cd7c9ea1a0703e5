/** https://security-tracker.debian.org/tracker/data/json: one object of everything, by source package. */
import { decompressedFile } from "../../sources/compressed.ts";
import { type SourceDocument, documentOf as sourceDocument } from "../../sources/document.ts";
import { jsonMembers, jsonMembersOf } from "../../sources/json-members.ts";
import { fetchWhole } from "../../sources/whole-file.ts";
import type { FeedUpstream } from "../../types.ts";

const path = "tracker/data/json";

/** What is said of the kernel comes to some ten megabytes. */
const mostSourceBytes = 64 * 1024 * 1024;

/**
 * The tracker as one document for each CVE: that is what a record is about, and what is quarantined when it is
 * malformed. The text (some 70 MB) is held in memory while it is turned round.
 */
async function* documentsByBug(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SourceDocument> {
  const places = new Map<string, { readonly source: string; readonly bytes: Buffer }[]>();
  for await (const { key: source = "", bytes } of jsonMembers(chunks, [], mostSourceBytes)) {
    if (bytes === undefined) {
      yield sourceDocument(path, undefined, source);
      continue;
    }
    for (const { key: bug, bytes: said } of jsonMembersOf(bytes)) {
      if (bug === undefined || said === undefined) continue;
      const place = { source, bytes: said };
      const list = places.get(bug);
      if (list === undefined) places.set(bug, [place]);
      else list.push(place);
    }
  }
  for (const [bug, list] of places) yield { file: path, entry: bug, bytes: documentOf(bug, list) };
}

function documentOf(bug: string, list: readonly { readonly source: string; readonly bytes: Buffer }[]): Buffer {
  const parts = list.flatMap(({ source, bytes }, index) => [
    Buffer.from(`${index === 0 ? "{" : "},"}${JSON.stringify(source)}:{${JSON.stringify(bug)}:`),
    bytes,
  ]);
  return Buffer.concat([...parts, Buffer.from("}}")]);
}

export const upstream: FeedUpstream = {
  url: "https://security-tracker.debian.org",
  enabled: true,
  attribution: "Debian security tracker, https://security-tracker.debian.org",
  redistributable: true,
  staleAfterHours: 48,
  parts: (wants) => (wants("Debian:12") ? [""] : []),
  fetch: (_part, fetcher) => fetchWhole(fetcher, path, (stored) => documentsByBug(decompressedFile(stored))),
};
