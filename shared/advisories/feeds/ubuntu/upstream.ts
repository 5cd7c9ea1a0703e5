/** https://security-metadata.canonical.com: everything as one archive of OSV records, which the OSV feed reads. */
import { limits } from "../../../platform/limits.ts";
import { decompressedFile } from "../../sources/compressed.ts";
import { documentOf, type SourceDocument } from "../../sources/document.ts";
import { tarFiles } from "../../sources/tar.ts";
import { fetchWhole } from "../../sources/whole-file.ts";
import type { FeedUpstream } from "../../types.ts";

const archive = "osv/osv-all.tar.xz";

async function* documentsIn(path: string): AsyncGenerator<SourceDocument> {
  const files = tarFiles(decompressedFile(path), (name) => name.endsWith(".json"), limits.advisoryRecordBytes);
  for await (const { name, bytes } of files) {
    yield documentOf(archive, bytes, name);
  }
}

export const upstream: FeedUpstream = {
  url: "https://security-metadata.canonical.com",
  enabled: true,
  licence: "CC-BY-SA-4.0",
  attribution: "Canonical, Ubuntu security metadata, https://ubuntu.com/security",
  redistributable: true,
  staleAfterHours: 48,
  parts: (wants) => (wants("Ubuntu:24.04:LTS") ? [""] : []),
  fetch: (_part, fetcher) => fetchWhole(fetcher, archive, documentsIn),
};
