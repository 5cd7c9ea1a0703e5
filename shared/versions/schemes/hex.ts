/** Hex: SemVer 2.0.0 to the letter, as Elixir's `Version` reads it (https://hexdocs.pm/elixir/Version.html). */
import { compareSemantic, readStrict } from "../semantic.ts";
import { defineScheme } from "../types.ts";

export const scheme = defineScheme({ name: "hex", ecosystems: ["Hex"], parse: readStrict, compare: compareSemantic });
