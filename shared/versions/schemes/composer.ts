/**
 * Composer's order: `VersionParser::normalize` and `Comparator` of composer/semver, which ends in PHP's
 * `version_compare`: https://getcomposer.org/doc/articles/versions.md. Branches that are not numbered (`dev-main`)
 * have no place in it: two of them are neither before nor after each other, so they are not read.
 */
import { compareDigits } from "../text.ts";
import { defineScheme } from "../types.ts";

/** A number, or (digits empty) a word or the end. */
interface Piece {
  readonly rank: number;
  readonly digits: string;
}

/** PHP's order of what may follow; a word that it does not know is before all. */
const ranks = { stable: -1, dev: 0, alpha: 1, beta: 2, rc: 3, end: 4, number: 5, patch: 6 } as const;
const end: Piece = { rank: ranks.end, digits: "" };

const stabilities = new Map<string, number>([
  // Only reached when not in lower case; then Composer keeps the word, and PHP does not know it.
  ["stable", ranks.stable],
  ["a", ranks.alpha],
  ["alpha", ranks.alpha],
  ["b", ranks.beta],
  ["beta", ranks.beta],
  ["rc", ranks.rc],
  ["p", ranks.patch],
  ["pl", ranks.patch],
  ["patch", ranks.patch],
]);

const modifier = "[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)([0-9]*(?:[.-][0-9]+)*))?([.-]?dev)?$";
const classical = new RegExp(`^v?([0-9]{1,5}(?:\\.[0-9]+){0,3})${modifier}`, "i");
// As composer/semver 3.4 reads them; 3.3 takes one more short number, not two.
const dated = new RegExp(`^v?([0-9]{4}(?:[.:-]?[0-9]{2}){1,6}(?:[.:-]?[0-9]{1,3}){0,2})${modifier}`, "i");
const branch = /^v?([0-9]+(?:\.(?:[0-9]+|[x*])){0,3})$/i;
/** What Composer puts for the `x` of `1.x-dev`. */
const wildcard = "9999999";
const phpLargest = "9223372036854775807";

function trim(text: string): string {
  let start = 0;
  let stop = text.length;
  const blank = (index: number) => " \t\n\r\0\v".includes(text.charAt(index));
  while (start < stop && blank(start)) start++;
  while (stop > start && blank(stop - 1)) stop--;
  return text.slice(start, stop);
}

/** Without alias (`1.0 as 2.0`), stability flag (`1.0@dev`) and build metadata (`1.0+1`). */
function bare(text: string): string {
  const trimmed = trim(text);
  const unaliased = /^([^, \t\n\v\f\r]+) +as +[^, \t\n\v\f\r]+$/.exec(trimmed)?.[1] ?? trimmed;
  // PHP's `$` also matches before a line's end, which the flag may have hidden.
  const unflagged = unaliased.replace(/@(?:stable|rc|beta|alpha|dev)$/i, "").replace(/\n$/, "");
  return /^([^, \t\n\v\f\r+]+)\+[^ \t\n\v\f\r]+$/.exec(unflagged)?.[1] ?? unflagged;
}

function number(digits: string): Piece {
  // PHP's numbers end at 2^63-1.
  return { rank: ranks.number, digits: compareDigits(digits, phpLargest) > 0 ? phpLargest : digits };
}

const numbers = (text: string) => (text.match(/[0-9]+/g) ?? []).map(number);
const word = (rank: number): Piece => ({ rank, digits: "" });

function padded(pieces: readonly string[], filling: string): readonly Piece[] {
  return [...pieces, filling, filling, filling].slice(0, 4).map(number);
}

function parse(text: string): readonly Piece[] | undefined {
  const version = bare(text);
  if (/^dev-/i.test(version)) return undefined;
  const asClassical = classical.exec(version);
  if (asClassical?.[1] !== undefined) return modified(padded(asClassical[1].split("."), "0"), asClassical);
  const asDate = dated.exec(version);
  if (asDate?.[1] !== undefined) return modified(numbers(asDate[1]), asDate);
  return numberedBranch(version);
}

function modified(release: readonly Piece[], found: RegExpExecArray): readonly Piece[] {
  const [, , stability, digits, dev] = found;
  if (stability === "stable") return release;
  const pieces = [...release];
  if (stability) pieces.push(word(stabilities.get(stability.toLowerCase()) ?? ranks.stable), ...numbers(digits ?? ""));
  if (dev) pieces.push(word(ranks.dev));
  return pieces;
}

/** `1.x-dev`, `2.0.x-dev`, which are after all their releases. */
function numberedBranch(version: string): readonly Piece[] | undefined {
  if (!/dev$/i.test(version)) return undefined;
  // Composer looks at the last line alone.
  const name = version.slice(version.lastIndexOf("\n") + 1, -3).replace(/[.-]$/, "");
  const found = branch.exec(trim(name))?.[1];
  if (found === undefined) return undefined;
  const pieces = found.split(".").map((piece) => (/[x*]/i.test(piece) ? wildcard : piece));
  return [...padded(pieces, wildcard), word(ranks.dev)];
}

/** As PHP's `version_compare`: the end is after pre-releases, before numbers and patches. */
function compare(a: readonly Piece[], b: readonly Piece[]): number {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a[index] ?? end;
    const right = b[index] ?? end;
    const order = left.rank - right.rank || compareDigits(left.digits, right.digits);
    if (order !== 0) return order;
  }
  return 0;
}

export const scheme = defineScheme({ name: "composer", ecosystems: ["Packagist"], parse, compare });
