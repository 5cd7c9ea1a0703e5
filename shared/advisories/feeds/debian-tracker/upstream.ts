/** https://security-tracker.debian.org/tracker/data/json: one object of everything, by source package. */
import { PermanentError } from "../../../platform/errors.ts";
import { decompressedFile } from "../../sources/compressed.ts";
import type { SourceDocument } from "../../sources/document.ts";
import { jsonMembers, jsonMembersOf } from "../../sources/json-members.ts";
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
      yield { file: path, entry: source, bytes: Buffer.alloc(0), problem: "larger than allowed" };
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
  async fetch(part, fetcher) {
    if (part !== "") throw new PermanentError("advisories-refused", `the Debian tracker has no part ${part}`);
    const file = await fetcher.file(path, { conditional: true });
    if (file.unchanged) return file;
    return { unchanged: false, extent: "whole", documents: documentsByBug(decompressedFile(file.path)) };
  },
};
