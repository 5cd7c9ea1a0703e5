import { restrictedSecdb } from "../../reading/restricted-secdb.ts";

/** Chainguard's secdb. */
export const feed = restrictedSecdb({
  name: "chainguard",
  database: "Chainguard",
  url: "https://packages.cgr.dev",
  path: "chainguard/security.json",
  domain: "cgr.dev",
  attribution: "Chainguard security advisories, https://packages.cgr.dev",
});
