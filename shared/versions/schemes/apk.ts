/**
 * Alpine versions: `digits{.digits}...{letter}{_suffix{digits}}...{~hash}{-r digits}`, apk-package(5) and the order
 * of `apk version -t`. Wolfi and Chainguard use the same.
 */
import { compareDigits, compareText } from "../text.ts";
import { defineScheme } from "../types.ts";

/** The kinds of parts in the order in which they may follow; where one version has ended and the other goes on with
 * a kind, the kind decides. */
const kinds = { first: 0, digits: 1, letter: 2, suffix: 3, suffixNumber: 4, hash: 5, revision: 6, end: 7 } as const;

interface Part {
  readonly kind: number;
  readonly text: string;
  /** Of a suffix: its place among the suffixes; below 0 it marks a pre-release. */
  readonly rank: number;
}

const suffixes = new Map(
  ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"].map((suffix, index) => [suffix, index - 4]),
);
suffixes.delete("");

// apk refuses more than 18 digits.
const shape =
  /^([0-9]{1,18})((?:\.[0-9]{1,18})*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]{0,18})*)(~[0-9a-f]+)?(?:-r([0-9]{1,18}))?$/;

function parse(text: string): readonly Part[] | undefined {
  const found = shape.exec(text);
  if (found?.[1] === undefined) return undefined;
  const [, first, rest, letter, tail, hash, revision] = found;
  const parts: Part[] = [{ kind: kinds.first, text: first, rank: 0 }];
  for (const digits of rest?.split(".").slice(1) ?? []) parts.push({ kind: kinds.digits, text: digits, rank: 0 });
  if (letter !== undefined && letter !== "") parts.push({ kind: kinds.letter, text: letter, rank: 0 });
  for (const suffix of tail?.split("_").slice(1) ?? []) {
    const name = suffix.replace(/[0-9]+$/, "");
    parts.push({ kind: kinds.suffix, text: name, rank: suffixes.get(name) ?? 0 });
    if (name.length < suffix.length) parts.push({ kind: kinds.suffixNumber, text: suffix.slice(name.length), rank: 0 });
  }
  if (hash !== undefined) parts.push({ kind: kinds.hash, text: hash.slice(1), rank: 0 });
  if (revision !== undefined) parts.push({ kind: kinds.revision, text: revision, rank: 0 });
  parts.push({ kind: kinds.end, text: "", rank: 0 });
  return parts;
}

function comparePart(a: Part, b: Part): number {
  if (a.kind === kinds.suffix) return a.rank - b.rank;
  if (a.kind === kinds.letter || a.kind === kinds.hash || a.kind === kinds.end) return compareText(a.text, b.text);
  // After the first, digits with a leading zero are compared as the fractions they look like (as apk 3 does).
  if (a.kind === kinds.digits && (a.text.startsWith("0") || b.text.startsWith("0"))) return compareText(a.text, b.text);
  return compareDigits(a.text, b.text);
}

function compare(a: readonly Part[], b: readonly Part[]): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a[index] as Part;
    const right = b[index] as Part;
    if (left.kind !== right.kind) {
      // The one that goes on is newer, unless it goes on to a pre-release.
      if (left.kind === kinds.suffix && left.rank < 0) return -1;
      if (right.kind === kinds.suffix && right.rank < 0) return 1;
      return right.kind - left.kind;
    }
    const order = comparePart(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

export const scheme = defineScheme({
  name: "apk",
  ecosystems: ["Alpine", "Wolfi", "Chainguard"],
  parse,
  compare,
});
