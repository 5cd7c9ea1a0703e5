import { isSecdb, parseSecdb, readSecdb } from "../../secdb.ts";
import { contentOf } from "../../sources/compressed.ts";
import type { Feed } from "../../types.ts";

const path = "chainguard/security.json";

/**
 * Chainguard's secdb. Its licence lets a scanner use it for its user, with attribution, but not pass it on or derive from it:
 * it is fetched only by who turns it on, and never exported.
 */
export const feed: Feed = {
  name: "chainguard",
  recognises: (document) =>
    isSecdb(document) && /"urlprefix"\s*:\s*"https:\/\/(?:[a-z]+\.)*cgr\.dev/.test(document.toString("latin1")),
  read(document, { wants }) {
    if (!wants("Chainguard")) return [{ kind: "ignored", reason: "other-ecosystem" }];
    const secdb = parseSecdb(document);
    return readSecdb(secdb, {
      database: "Chainguard",
      url: (id) => `https://images.chainguard.dev/security/${encodeURIComponent(id)}`,
      ecosystem: "Chainguard",
      scope: secdb.reponame,
    });
  },
  upstream: {
    url: "https://packages.cgr.dev",
    enabled: false,
    licence: "LicenseRef-Chainguard-Commercial-Scanners",
    attribution: "Chainguard security advisories, https://packages.cgr.dev",
    redistributable: false,
    staleAfterHours: 48,
    parts: (wants) => (wants("Chainguard") ? [""] : []),
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
