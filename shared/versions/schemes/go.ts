/**
 * Go: modules' semantic versions, of which pseudo-versions and `+incompatible` are ordinary ones
 * (https://go.dev/ref/mod#versions), and the toolchain's own (https://go.dev/doc/toolchain#version), which is the
 * version of the standard library: `go1.21rc2` is `1.21.0-rc.2`, as advisories write it. Both may lack their prefix.
 */
import { compareSemantic, readLenient, type SemanticVersion } from "../semantic.ts";
import { compareDigits } from "../text.ts";
import { defineScheme } from "../types.ts";

const number = "(0|[1-9][0-9]*)";
const toolchain = new RegExp(`^${number}(?:\\.${number}(?:\\.${number}|([a-z]+)${number}?)?)?$`);
const preRelease = /^[0-9]+\.[0-9]+[a-z]/;

function readToolchain(text: string): SemanticVersion | undefined {
  const [, major, minor, patch, kind, count] = toolchain.exec(text) ?? [];
  if (major === undefined) return undefined;
  const pre = kind === undefined ? [] : count === undefined ? [kind] : [kind, count];
  // Since 1.21 the first release of a line is its `.0`; two numbers are the language, which is before all of them.
  const isLanguage = pre.length === 0 && patch === undefined && minor !== undefined && compareDigits(minor, "21") >= 0;
  return { release: [major, minor ?? "0", patch ?? "0"], pre: isLanguage ? ["0"] : pre, build: [] };
}

function parse(text: string): SemanticVersion | undefined {
  // What follows a hyphen is the mark of whoever built the toolchain and does not count.
  if (text.startsWith("go")) return readToolchain(text.slice(2).replace(/-.*$/, ""));
  return preRelease.test(text) ? readToolchain(text) : readLenient(text);
}

export const scheme = defineScheme({ name: "go", ecosystems: ["Go", "Kubernetes"], parse, compare: compareSemantic });
