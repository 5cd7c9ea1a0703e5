/** Semantic versions: what the schemes that build on https://semver.org/spec/v2.0.0.html (section 11) share. */
import { compareDigits, compareLists, compareText } from "./text.ts";

export interface SemanticVersion {
  readonly release: readonly [major: string, minor: string, patch: string];
  /** Empty: a release, which is after all its pre-releases. */
  readonly pre: readonly string[];
  readonly build: readonly string[];
}

const identifiers = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const tail = `(?:-(${identifiers}))?(?:\\+(${identifiers}))?$`;
const lenient = new RegExp(`^[v=]?([0-9]+)(?:\\.([0-9]+)(?:\\.([0-9]+))?)?${tail}`);
const full = new RegExp(`^([0-9]+)\\.([0-9]+)\\.([0-9]+)${tail}`);
const numeric = /^[0-9]+$/;
const leadingZero = /^0[0-9]+$/;

function read(shape: RegExp, text: string): SemanticVersion | undefined {
  const found = shape.exec(text);
  if (found?.[1] === undefined) return undefined;
  const [, major, minor = "0", patch = "0", pre, build] = found;
  return { release: [major, minor, patch], pre: pre?.split(".") ?? [], build: build?.split(".") ?? [] };
}

/** As registries and advisories write them: a leading `v`, and minor and patch numbers left out, which are then 0. */
export function readLenient(text: string): SemanticVersion | undefined {
  return read(lenient, text);
}

/** All three numbers; zeros in front of numbers do not count. */
export function readFull(text: string): SemanticVersion | undefined {
  return read(full, text);
}

/** To the letter of the specification: all three numbers, and no number with zeros in front. */
export function readStrict(text: string): SemanticVersion | undefined {
  const version = readFull(text);
  return version === undefined || [...version.release, ...version.pre].some((part) => leadingZero.test(part))
    ? undefined
    : version;
}

/** Numbers by value and before words, words by their bytes. */
export function compareIdentifiers(a: string, b: string): number {
  const left = numeric.test(a);
  const right = numeric.test(b);
  if (left && right) return compareDigits(a, b);
  if (left !== right) return left ? -1 : 1;
  return compareText(a, b);
}

export function compareReleases(a: SemanticVersion, b: SemanticVersion): number {
  return compareLists(a.release, b.release, compareDigits);
}

/** Pre-releases before the release. Build metadata does not count. */
export function compareSemantic(a: SemanticVersion, b: SemanticVersion): number {
  const order = compareReleases(a, b);
  if (order !== 0) return order;
  if (a.pre.length === 0 || b.pre.length === 0) return Number(a.pre.length === 0) - Number(b.pre.length === 0);
  return compareLists(a.pre, b.pre, compareIdentifiers);
}
