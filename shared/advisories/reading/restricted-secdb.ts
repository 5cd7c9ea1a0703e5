/**
 * Secdbs whose licence lets a scanner use them for its user, with attribution, but not pass them on or derive from them:
 * they are fetched only by who turns them on, and never exported.
 */

import { fetchWhole, oneDocument } from "../sources/whole-file.ts";
import type { Feed } from "../types.ts";
import { isSecdb, parseSecdb, readSecdb } from "./secdb.ts";

interface Restricted {
  readonly name: string;
  /** The publisher's name for it, and that of its ecosystem. */
  readonly database: string;
  readonly url: string;
  readonly path: string;
  /** Of `urlprefix` in its documents. */
  readonly domain: string;
  readonly attribution: string;
}

/** The feed of such a secdb. */
export function restrictedSecdb({ name, database, url, path, domain, attribution }: Restricted): Feed {
  const prefix = new RegExp(`"urlprefix"\\s*:\\s*"https://(?:[a-z]+\\.)*${domain.replaceAll(".", "\\.")}`);
  return {
    name,
    recognises: (document) => isSecdb(document) && prefix.test(document.toString("latin1")),
    read(document, { wants }) {
      if (!wants(database)) return [{ kind: "ignored", reason: "other-ecosystem" }];
      const parsed = parseSecdb(document);
      return readSecdb(parsed, {
        database,
        url: (id) => `https://images.chainguard.dev/security/${encodeURIComponent(id)}`,
        ecosystem: database,
        scope: parsed.reponame,
      });
    },
    upstream: {
      url,
      enabled: false,
      licence: "LicenseRef-Chainguard-Commercial-Scanners",
      attribution,
      redistributable: false,
      staleAfterHours: 48,
      parts: (wants) => (wants(database) ? [""] : []),
      fetch: (_part, fetcher) => fetchWhole(fetcher, path, (stored) => oneDocument(stored, path)),
    },
  };
}
