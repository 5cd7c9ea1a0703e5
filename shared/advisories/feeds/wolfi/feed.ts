import { isSecdb, parseSecdb, readSecdb } from "../../secdb.ts";
import { contentOf } from "../../sources/compressed.ts";
import type { Feed } from "../../types.ts";

const path = "os/security.json";

/**
 * Wolfi's secdb. Its licence lets a scanner use it for its user, with attribution, but not pass it on or derive from it:
 * it is fetched only by who turns it on, and never exported.
 */
export const feed: Feed = {
  name: "wolfi",
  recognises: (document) =>
    isSecdb(document) && /"urlprefix"\s*:\s*"https:\/\/(?:[a-z]+\.)*wolfi\.dev/.test(document.toString("latin1")),
  read(document, { wants }) {
    if (!wants("Wolfi")) return [{ kind: "ignored", reason: "other-ecosystem" }];
    const secdb = parseSecdb(document);
    return readSecdb(secdb, {
      database: "Wolfi",
      url: (id) => `https://images.chainguard.dev/security/${encodeURIComponent(id)}`,
      ecosystem: "Wolfi",
      scope: secdb.reponame,
    });
  },
  upstream: {
    url: "https://packages.wolfi.dev",
    enabled: false,
    licence: "LicenseRef-Chainguard-Commercial-Scanners",
    attribution: "Wolfi security advisories, Chainguard, https://packages.wolfi.dev",
    redistributable: false,
    staleAfterHours: 48,
    parts: (wants) => (wants("Wolfi") ? [""] : []),
    async fetch(_part, fetcher) {
      const file = await fetcher.file(path, { conditional: true });
      if (file.unchanged) return file;
      return { unchanged: false, extent: "whole", documents: documentOf(file.path) };
    },
  },
};

async function* documentOf(file: string) {
  yield { file: path, bytes: await contentOf(file) };
}
