/**
 * Bitnami: SemVer 2.0.0, except that what follows the hyphen is a revision of the packaging, which is after the version
 * without one: `15.4.0` < `15.4.0-2` < `15.4.0-10`. The order is that of github.com/bitnami/go-version; it has no
 * pre-releases either. Read as leniently as `semver`: advisories write `v1.2.3` and `0.15`.
 */
import { compareIdentifiers, compareReleases, readLenient, type SemanticVersion } from "../semantic.ts";
import { compareLists } from "../text.ts";
import { defineScheme } from "../types.ts";

export const scheme = defineScheme({
  name: "bitnami",
  ecosystems: ["Bitnami"],
  parse: readLenient,
  compare: (a: SemanticVersion, b: SemanticVersion) =>
    compareReleases(a, b) || compareLists(a.pre, b.pre, compareIdentifiers),
});
