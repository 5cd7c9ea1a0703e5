/** Swift packages: SemVer 2.0.0, tagged with or without a leading `v` (https://docs.swift.org/package-manager/). */
import { compareSemantic, readLenient } from "../semantic.ts";
import { defineScheme } from "../types.ts";

export const scheme = defineScheme({
  name: "swift",
  ecosystems: ["SwiftURL"],
  parse: readLenient,
  compare: compareSemantic,
});
