import { isSecdb, parseSecdb, readSecdb } from "../../reading/secdb.ts";
import type { Feed } from "../../types.ts";
import { upstream } from "./upstream.ts";

const licence = "CC-BY-SA-4.0";

/** Alpine's secdb, one document for each release and repository. */
export const feed: Feed = {
  name: "alpine",
  recognises: (document) =>
    isSecdb(document) && /"distroversion"\s*:\s*"(?:v\d|edge")/.test(document.toString("latin1")),
  read(document, { wants }) {
    const secdb = parseSecdb(document);
    const release = secdb.distroversion ?? "";
    const ecosystem = `Alpine:${release}`;
    if (!wants(ecosystem)) return [{ kind: "ignored", reason: "other-ecosystem" }];
    return readSecdb(secdb, {
      database: "Alpine",
      licence,
      url: (id) => `https://security.alpinelinux.org/vuln/${encodeURIComponent(id)}`,
      ecosystem,
      scope: `${release}/${secdb.reponame}`,
    });
  },
  upstream,
};
