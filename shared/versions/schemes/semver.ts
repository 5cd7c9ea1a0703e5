/**
 * SemVer 2.0.0 as OSV's `SEMVER` ranges and npm use it. Read as leniently as registries do: a leading `v`, and missing
 * minor and patch numbers, which are 0 (advisories write `1.2`).
 */
import { compareSemantic, readLenient } from "../semantic.ts";
import { defineScheme } from "../types.ts";

export const scheme = defineScheme({
  name: "semver",
  ecosystems: ["npm", "crates.io", "GitHub Actions"],
  parse: readLenient,
  compare: compareSemantic,
});
