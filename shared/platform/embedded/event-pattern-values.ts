/** The comparisons that may stand in the array of a pattern's field: one value, or one comparison object. */
import { parseAddress } from "./ip-address.ts";

/** Whether one leaf of the event (string, number, boolean or null) passes. */
export type ValueTest = (leaf: unknown) => boolean;
type Refuse = (message: string) => Error;
type Comparison = (argument: unknown, refuse: Refuse) => ValueTest;

const comparisons: Readonly<Record<string, Comparison>> = {
  prefix: (argument, refuse) => affix(argument, refuse, (text, part) => text.startsWith(part)),
  suffix: (argument, refuse) => affix(argument, refuse, (text, part) => text.endsWith(part)),
  "equals-ignore-case": equalsIgnoreCase,
  wildcard,
  cidr,
  numeric,
  "anything-but": anythingBut,
};

/** Names that cannot be fields of an alternative of `$or`, because they would read as a comparison. */
export const comparisonNames: ReadonlySet<string> = new Set([...Object.keys(comparisons), "exact", "exists"]);

/** Compiles one entry; `absent` for `{"exists": false}`. Throws what `refuse` makes of a reason. */
export function compileValue(entry: unknown, refuse: Refuse): ValueTest | "absent" {
  if (entry === null || typeof entry === "boolean" || typeof entry === "string" || typeof entry === "number") {
    return (leaf) => leaf === entry;
  }
  if (Array.isArray(entry) || typeof entry !== "object") {
    throw refuse("a match value must be a string, number, true, false, null or a comparison");
  }
  const [name, argument] = onlyEntry(entry, refuse);
  if (name === "exists") {
    if (typeof argument !== "boolean") throw refuse("exists must be either true or false");
    return argument ? () => true : "absent";
  }
  if (name === "exact") {
    const text = textOf(argument, refuse);
    return (leaf) => leaf === text;
  }
  const comparison = Object.hasOwn(comparisons, name) ? comparisons[name] : undefined;
  if (comparison === undefined) throw refuse(`unrecognised match type ${name}`);
  return comparison(argument, refuse);
}

function onlyEntry(object: unknown, refuse: Refuse): [string, unknown] {
  const entries = typeof object === "object" && object !== null ? Object.entries(object) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) throw refuse("a comparison has exactly one key");
  return entry;
}

function textOf(value: unknown, refuse: Refuse): string {
  if (typeof value !== "string") throw refuse("a match pattern must be a string");
  return value;
}

function onText(test: (text: string) => boolean): ValueTest {
  return (leaf) => typeof leaf === "string" && test(leaf);
}

function affix(argument: unknown, refuse: Refuse, holds: (text: string, part: string) => boolean): ValueTest {
  if (typeof argument === "string") return onText((text) => holds(text, argument));
  const [name, value] = onlyEntry(argument, refuse);
  if (name !== "equals-ignore-case") throw refuse(`unsupported pattern ${name} inside prefix or suffix`);
  const folded = fold(textOf(value, refuse));
  return onText((text) => holds(fold(text), folded));
}

/** Upper case first: `ß`, `ſ` and the Kelvin sign then meet their other spellings. */
function fold(text: string): string {
  return text.toUpperCase().toLowerCase();
}

function equalsIgnoreCase(argument: unknown, refuse: Refuse): ValueTest {
  const folded = fold(textOf(argument, refuse));
  return onText((text) => fold(text) === folded);
}

/** `*` stands for any characters; `\*` and `\\` for themselves; `**` and other escapes are refused. */
function wildcard(argument: unknown, refuse: Refuse): ValueTest {
  const parts = [""];
  const characters = textOf(argument, refuse);
  for (let at = 0; at < characters.length; at++) {
    const character = characters.charAt(at);
    if (character === "*") {
      if (characters[at + 1] === "*") throw refuse("consecutive wildcard characters");
      parts.push("");
      continue;
    }
    if (character === "\\" && !["*", "\\"].includes(characters.charAt(++at))) throw refuse("invalid escape character");
    parts.push(`${parts.pop() ?? ""}${characters.charAt(at)}`);
  }
  return onText((text) => matchesParts(text, parts));
}

/** Greedy from the left is right: the earliest place of each part leaves most for those after it. No backtracking. */
function matchesParts(text: string, parts: readonly string[]): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at + last.length <= text.length;
}

/** From the address given (not the network's first) to the network's last, as Event Ruler has it. */
function cidr(argument: unknown, refuse: Refuse): ValueTest {
  const [, text = "", bitsText = ""] = /^([^/]+)\/(\d{1,3})$/.exec(textOf(argument, refuse)) ?? [];
  const bottom = parseAddress(text);
  const bits = Number(bitsText);
  if (bottom === undefined || bits >= bottom.bits) {
    throw refuse("malformed CIDR: an address, one slash, and mask bits below 32 (IPv4) or 128 (IPv6)");
  }
  const hosts = (1n << BigInt(bottom.bits - bits)) - 1n;
  const top = bottom.value | hosts;
  return onText((leaf) => {
    const address = parseAddress(leaf);
    return address?.bits === bottom.bits && address.value >= bottom.value && address.value <= top;
  });
}

/** EventBridge compares numbers from -5e9 to 5e9; others only as exact values. */
const mostNumber = 5e9;

function numberOf(value: unknown, refuse: Refuse): number {
  if (typeof value !== "number") throw refuse("the value of a numeric operator must be a number");
  if (Math.abs(value) > mostNumber) throw refuse("a numeric value must be between -5.0e9 and 5.0e9");
  return value;
}

const operators: Readonly<Record<string, (leaf: number, bound: number) => boolean>> = {
  "=": (leaf, bound) => leaf === bound,
  "<": (leaf, bound) => leaf < bound,
  "<=": (leaf, bound) => leaf <= bound,
  ">": (leaf, bound) => leaf > bound,
  ">=": (leaf, bound) => leaf >= bound,
};

/** `[operator, number]`, or a range: `[">" or ">=", bottom, "<" or "<=", top]`. */
function numeric(argument: unknown, refuse: Refuse): ValueTest {
  if (!Array.isArray(argument)) throw refuse("the value of numeric must be an array");
  if (argument.length !== 2 && argument.length !== 4) throw refuse("a numeric expression has one or two operators");
  const terms = [argument.slice(0, 2), argument.slice(2)].filter((term) => term.length > 0);
  const tests = terms.map(([name, value], index) => {
    const operator = typeof name === "string" && Object.hasOwn(operators, name) ? operators[name] : undefined;
    if (operator === undefined) throw refuse(`unrecognised numeric operator ${String(name)}`);
    if (terms.length === 2 && !String(name).startsWith(index === 0 ? ">" : "<")) {
      throw refuse("a numeric range goes from > or >= to < or <=");
    }
    const bound = numberOf(value, refuse);
    return (leaf: number) => operator(leaf, bound);
  });
  if (terms.length === 2 && numberOf(argument[1], refuse) >= numberOf(argument[3], refuse)) {
    throw refuse("the bottom of a numeric range must be less than its top");
  }
  return (leaf) => typeof leaf === "number" && Math.abs(leaf) <= mostNumber && tests.every((test) => test(leaf));
}

const negatable = new Set(["prefix", "suffix", "equals-ignore-case", "wildcard"]);

/** The negation of values or of a comparison with text; it needs a leaf to be there, of whatever type. */
function anythingBut(argument: unknown, refuse: Refuse): ValueTest {
  const tests = isPlainObject(argument) ? negatedComparison(argument, refuse) : negatedValues(argument, refuse);
  return (leaf) => !tests.some((test) => test(leaf));
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function negatedComparison(argument: object, refuse: Refuse): ValueTest[] {
  const [name, value] = onlyEntry(argument, refuse);
  const comparison = negatable.has(name) ? comparisons[name] : undefined;
  if (comparison === undefined) throw refuse(`unsupported anything-but pattern ${name}`);
  const texts = listOf(value, refuse).map((text) => textOf(text, refuse));
  if (name.endsWith("fix") && texts.includes(""))
    throw refuse("an empty prefix or suffix is not allowed in anything-but");
  return texts.map((text) => comparison(text, refuse));
}

function negatedValues(argument: unknown, refuse: Refuse): ValueTest[] {
  const values = listOf(argument, refuse);
  const allText = values.every((value) => typeof value === "string");
  if (!allText && !values.every((value) => typeof value === "number")) {
    throw refuse("inside anything-but all values are strings, or all are numbers");
  }
  if (!allText) for (const value of values) numberOf(value, refuse);
  return values.map((value) => (leaf) => leaf === value);
}

function listOf(value: unknown, refuse: Refuse): unknown[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw refuse("empty arrays are not allowed");
  return list;
}
