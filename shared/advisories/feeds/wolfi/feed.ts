import { restrictedSecdb } from "../../reading/restricted-secdb.ts";

/** Wolfi's secdb. */
export const feed = restrictedSecdb({
  name: "wolfi",
  database: "Wolfi",
  url: "https://packages.wolfi.dev",
  path: "os/security.json",
  domain: "wolfi.dev",
  attribution: "Wolfi security advisories, Chainguard, https://packages.wolfi.dev",
});
