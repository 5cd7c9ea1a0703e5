/**
 * NuGet's `NuGetVersion`: SemVer 2.0.0 with a fourth number, missing numbers 0, zeros before
 * numbers (not before numeric labels) allowed, letters of either case alike: https://learn.microsoft.com/nuget/concepts/package-versioning
 */
import { compareDigits, compareLists, compareText } from "../text.ts";
import { defineScheme } from "../types.ts";

interface NuGetVersion {
  readonly numbers: readonly string[];
  /** Empty: a release, which is after all its pre-releases. */
  readonly labels: readonly Label[];
}

interface Label {
  /** Labels that are 32-bit integers are compared as such; longer ones are text to NuGet. */
  readonly number: number | undefined;
  readonly text: string;
}

// NuGet skips white space around numbers and at the end.
const blank = "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const number = `${blank}[0-9]+${blank}`;
const identifiers = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const shape = new RegExp(`^(${number}(?:\\.${number}){0,3})(?:(?:-(${identifiers}))?(?:\\+${identifiers})?${blank})$`);
const largest = 2_147_483_647;

function parse(text: string): NuGetVersion | undefined {
  const found = shape.exec(text);
  if (found?.[1] === undefined) return undefined;
  const labels = found[2]?.split(".") ?? [];
  if (labels.some((text) => /^0[0-9]+$/.test(text))) return undefined;
  const numbers = found[1].split(".").map((piece) => piece.replace(/[^0-9]/g, ""));
  if (numbers.some((digits) => compareDigits(digits, String(largest)) > 0)) return undefined;
  return { numbers, labels: labels.map(label) };
}

function label(text: string): Label {
  const number = /^-?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  const fits = number >= -largest - 1 && number <= largest;
  return { number: fits ? number : undefined, text: text.toUpperCase() };
}

function compareLabels(a: Label, b: Label): number {
  if (a.number !== undefined && b.number !== undefined) return a.number - b.number;
  if (a.number !== undefined || b.number !== undefined) return a.number === undefined ? 1 : -1;
  return compareText(a.text, b.text);
}

function compare(a: NuGetVersion, b: NuGetVersion): number {
  for (let index = 0; index < 4; index++) {
    const order = compareDigits(a.numbers[index] ?? "0", b.numbers[index] ?? "0");
    if (order !== 0) return order;
  }
  if (a.labels.length === 0 || b.labels.length === 0) {
    return Number(a.labels.length === 0) - Number(b.labels.length === 0);
  }
  return compareLists(a.labels, b.labels, compareLabels);
}

export const scheme = defineScheme({ name: "nuget", ecosystems: ["NuGet"], parse, compare });
