/** RubyGems' `Gem::Version`: https://docs.ruby-lang.org/en/master/Gem/Version.html */
import { compareDigits, compareText, isDigit } from "../text.ts";
import { defineScheme } from "../types.ts";

// `Gem::Version` takes a blank text for 0; here it says nothing.
const shape = /^[ \t\n\v\f\r]*([0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)[ \t\n\v\f\r]*$/;

function parse(text: string): readonly string[] | undefined {
  // A hyphen marks a pre-release.
  return (
    shape
      .exec(text)?.[1]
      ?.replaceAll("-", ".pre.")
      .match(/[0-9]+|[A-Za-z]+/g) ?? undefined
  );
}

/** The kind of a segment decides before its value: any letters are before any number. */
function compareSegments(a: string, b: string): number {
  const left = isDigit(a.charCodeAt(0));
  const right = isDigit(b.charCodeAt(0));
  if (left !== right) return left ? 1 : -1;
  return left ? compareDigits(a, b) : compareText(a, b);
}

/** Zeros before the first letters and at the end count for nothing. */
function canonical(segments: readonly string[]): readonly string[] {
  const letters = segments.findIndex((segment) => !isDigit(segment.charCodeAt(0)));
  const release = letters === -1 ? segments : segments.slice(0, letters);
  const pre = letters === -1 ? [] : segments.slice(letters);
  return [...withoutTrailingZeros(release), ...withoutTrailingZeros(pre)];
}

function withoutTrailingZeros(segments: readonly string[]): readonly string[] {
  return segments.slice(0, segments.findLastIndex((segment) => !/^0+$/.test(segment)) + 1);
}

/** Segments that are missing are 0, so that `1.a` is before `1`. */
function compare(a: readonly string[], b: readonly string[]): number {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const order = compareSegments(a[index] ?? "0", b[index] ?? "0");
    if (order !== 0) return order;
  }
  return 0;
}

export const scheme = defineScheme({
  name: "rubygems",
  ecosystems: ["RubyGems"],
  parse: (text) => {
    const segments = parse(text);
    return segments && canonical(segments);
  },
  compare,
});
