/**
 * SemVer 2.0.0 section 11, as OSV's `SEMVER` ranges and npm use it. Read as leniently as registries do: a leading
 * `v`, and missing minor and patch numbers, which are 0 (advisories write `1.2`).
 */
import { compareDigits, compareLists, compareText } from "../text.ts";
import { defineScheme } from "../types.ts";

interface SemVer {
  readonly release: readonly [string, string, string];
  /** Empty: a release, which is after all its pre-releases. */
  readonly pre: readonly string[];
}

const shape =
  /^[v=]?([0-9]+)(?:\.([0-9]+)(?:\.([0-9]+))?)?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const numeric = /^[0-9]+$/;

function parse(text: string): SemVer | undefined {
  const found = shape.exec(text);
  if (found?.[1] === undefined) return undefined;
  return { release: [found[1], found[2] ?? "0", found[3] ?? "0"], pre: found[4]?.split(".") ?? [] };
}

function compareIdentifiers(a: string, b: string): number {
  const left = numeric.test(a);
  const right = numeric.test(b);
  if (left && right) return compareDigits(a, b);
  if (left !== right) return left ? -1 : 1;
  return compareText(a, b);
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Number(a.length === 0) - Number(b.length === 0);
  return compareLists(a, b, compareIdentifiers);
}

export const scheme = defineScheme({
  name: "semver",
  ecosystems: ["npm", "Go", "crates.io"],
  parse,
  compare: (a: SemVer, b: SemVer) =>
    compareLists(a.release, b.release, compareDigits) || comparePreReleases(a.pre, b.pre),
});
