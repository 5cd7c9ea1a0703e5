/**
 * Maven's order: https://maven.apache.org/pom.html#version-order-specification, and where that is silent, what
 * `ComparableVersion` of Maven 3.9 does. Every text is a version. Like Maven's own, the order is not transitive
 * where a zero (or nothing) stands before a qualifier that a separator follows: `1 < 1-sp < 1.0.beta-1 < 1`.
 */
import { compareDigits, compareText } from "../text.ts";
import { defineScheme } from "../types.ts";

interface NumberItem {
  readonly kind: "number";
  /** Maven's Integer, Long and BigInteger, chosen by length: each is before the next, even `0` before `0000000000`. */
  readonly width: 0 | 1 | 2;
  readonly digits: string;
}

interface Qualifier {
  readonly kind: "qualifier";
  readonly rank: number;
  /** Empty for the qualifiers that are known, which their rank tells apart. */
  readonly text: string;
}

interface List {
  readonly kind: "list";
  readonly items: Item[];
}

type Item = NumberItem | Qualifier | List;

const qualifiers: readonly string[] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
const releaseRank = qualifiers.indexOf("");
const aliases = new Map([
  ["ga", ""],
  ["final", ""],
  ["release", ""],
  ["cr", "rc"],
]);
const shorthands = new Map([
  ["a", "alpha"],
  ["b", "beta"],
  ["m", "milestone"],
]);

/** Java's `Character.isDigit`: the decimal digits of every script, in the basic plane. */
const decimal = /^\p{Nd}$/u;

function isDecimal(code: number): boolean {
  return code < 128 ? code >= 48 && code <= 57 : decimal.test(String.fromCharCode(code));
}

/** The digits of a script stand in a row, zero first. */
function asciiDigit(digit: string): string {
  const code = digit.charCodeAt(0);
  let zero = code;
  while (isDecimal(zero - 1)) zero--;
  return String(code - zero);
}

function numberItem(text: string): NumberItem {
  // Maven strips the zeros before a number, but leaves a row of nothing but zeros as long as it is.
  const stripped = text.replace(/^0+(?!0*$)/, "");
  const width = stripped.length <= 9 ? 0 : stripped.length <= 18 ? 1 : 2;
  return { kind: "number", width, digits: stripped.replace(/[^0-9]/g, asciiDigit) };
}

const zero = numberItem("0");

function qualifier(text: string, beforeDigit: boolean): Qualifier {
  const long = (beforeDigit && shorthands.get(text)) || text;
  const name = aliases.get(long) ?? long;
  const rank = qualifiers.indexOf(name);
  return rank === -1
    ? { kind: "qualifier", rank: qualifiers.length, text: name }
    : { kind: "qualifier", rank, text: "" };
}

const newList = (): List => ({ kind: "list", items: [] });

function parse(text: string): List {
  const version = text.toLowerCase();
  const root = newList();
  const lists = [root];
  let list = root;
  let inDigits = false;
  let start = 0;
  const open = () => {
    const inner = newList();
    list.items.push(inner);
    lists.push(inner);
    list = inner;
  };
  const piece = (end: number) => {
    const content = version.slice(start, end);
    return inDigits ? numberItem(content) : qualifier(content, false);
  };
  for (let index = 0; index < version.length; index++) {
    const code = version.charCodeAt(index);
    if (code === 46 || code === 45) {
      list.items.push(index === start ? zero : piece(index));
      start = index + 1;
      if (code === 45) open();
      continue;
    }
    const digit = isDecimal(code);
    if (digit !== inDigits && index > start) {
      // `.X1` is as `-X-1` for every qualifier X.
      if (digit && list.items.length > 0) open();
      list.items.push(digit ? qualifier(version.slice(start, index), true) : piece(index));
      start = index;
      open();
    }
    inDigits = digit;
  }
  if (start < version.length) {
    if (!inDigits && list.items.length > 0) open();
    list.items.push(piece(version.length));
  }
  for (const each of lists.reverse()) dropTrailingNulls(each.items);
  return root;
}

function isNull(item: Item): boolean {
  if (item.kind === "list") return item.items.length === 0;
  return item.kind === "number" ? /^0+$/.test(item.digits) : item.rank === releaseRank;
}

/** Drops the nulls at the end, and those before lists at the end. */
function dropTrailingNulls(items: Item[]): void {
  let kept = items.length;
  const tail: Item[] = [];
  while (kept > 0) {
    const last = items[kept - 1] as Item;
    if (!isNull(last)) {
      if (last.kind !== "list") break;
      tail.push(last);
    }
    kept--;
  }
  items.splice(kept, items.length - kept, ...tail.reverse());
}

/** Where the other version has ended. */
function compareToNothing(item: Item): number {
  if (item.kind === "number") return isNull(item) ? 0 : 1;
  if (item.kind === "qualifier") return item.rank - releaseRank;
  for (const inner of item.items) {
    const order = compareToNothing(inner);
    if (order !== 0) return order;
  }
  return 0;
}

const kindOrder = { qualifier: 0, list: 1, number: 2 } as const;

function compareItems(a: Item, b: Item): number {
  if (a.kind === "number" && b.kind === "number") return a.width - b.width || compareDigits(a.digits, b.digits);
  if (a.kind === "qualifier" && b.kind === "qualifier") return a.rank - b.rank || compareText(a.text, b.text);
  if (a.kind === "list" && b.kind === "list") return compare(a, b);
  return kindOrder[a.kind] - kindOrder[b.kind];
}

function compare(a: List, b: List): number {
  const length = Math.max(a.items.length, b.items.length);
  for (let index = 0; index < length; index++) {
    const left = a.items[index];
    const right = b.items[index];
    let order = 0;
    if (left === undefined) order = right === undefined ? 0 : -compareToNothing(right);
    else order = right === undefined ? compareToNothing(left) : compareItems(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

export const scheme = defineScheme({ name: "maven", ecosystems: ["Maven"], parse, compare });
