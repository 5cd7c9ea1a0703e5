/** Broken versions of real inputs: bytes, numbers, lines and brackets, because that is what parsers trip over. */
import type { Random } from "./random.ts";

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

/** No input grows beyond it. */
const mostBytes = 256 * 1024;

const lengths = [1, 2, 4, 8] as const;
const edges = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff] as const;
const numbers = [
  "0",
  "-1",
  "1",
  "00",
  "31",
  "99",
  "99999999999",
  "18446744073709551616",
  "1e999",
  "-9007199254740993",
  "7777777777",
];
const tokens = [
  "null",
  "true",
  "[]",
  "{}",
  '""',
  "-",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "/",
  "%00",
  "\0",
  "\r\n",
  "\n\n",
  "\ufeff",
  "\u2028",
  "é",
  ":",
  "=",
  "==",
  "@",
  "#",
  "'",
  '"',
  '"""',
  "\\",
  "\\u0000",
  "&a",
  "*a",
  "<<: *a",
  "!!js/function x",
  "-----BEGIN RSA PRIVATE KEY-----",
  "1:2-3~4+5",
  "a".repeat(5000),
  "0".repeat(400),
  "=".repeat(3000),
  " ".repeat(3000),
];
const nesting = ["[", '{"a":', "(", "<a>", "- ", "{", "[[", "\t"];

function place(bytes: Buffer, random: Random): number {
  return random.below(bytes.length + 1);
}

function replaced(bytes: Buffer, from: number, to: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(Math.max(from, to))]);
}

/** A range that is short most of the time. */
function range(bytes: Buffer, random: Random): readonly [from: number, to: number] {
  const from = place(bytes, random);
  const most = random.oneIn(4) ? bytes.length : 32;
  return [from, Math.min(bytes.length, from + 1 + random.below(most))];
}

/** The line around a place, with its end. */
function line(bytes: Buffer, random: Random): readonly [from: number, to: number] {
  const at = place(bytes, random);
  const end = bytes.indexOf(10, at);
  return [bytes.lastIndexOf(10, Math.max(0, at - 1)) + 1, end < 0 ? bytes.length : end + 1];
}

/** A run of digits at or after a place. */
function digits(bytes: Buffer, random: Random): readonly [from: number, to: number] | undefined {
  const isDigit = (at: number) => (bytes[at] ?? 0) >= 48 && (bytes[at] ?? 0) <= 57;
  let from = place(bytes, random);
  const stop = Math.min(bytes.length, from + 4096);
  while (from < stop && !isDigit(from)) from++;
  if (from >= stop) return undefined;
  let to = from;
  while (isDigit(to)) to++;
  return [from, to];
}

const mutations: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = random.below(Math.max(1, bytes.length));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[random.below(Math.max(1, bytes.length))] = random.oneIn(2) ? random.below(256) : (random.pick(edges) ?? 0);
    return bytes;
  },
  function setNumber(bytes, random) {
    const length = random.pick(lengths) ?? 1;
    if (bytes.length < 8) return bytes;
    const at = random.below(bytes.length - 7);
    const value = BigInt(random.pick(edges) ?? 0);
    const all = Buffer.alloc(8);
    // The same number in either order of bytes; large ones fill eight.
    if (random.oneIn(2)) all.writeBigUInt64LE(length === 8 && random.oneIn(2) ? 0xffffffffffffffffn - value : value);
    else all.writeBigUInt64BE(value << BigInt(64 - 8 * Math.max(length, 4)));
    all.copy(bytes, at, 0, length);
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, place(bytes, random));
  },
  function remove(bytes, random) {
    const [from, to] = range(bytes, random);
    return replaced(bytes, from, to, Buffer.alloc(0));
  },
  function repeat(bytes, random) {
    const [from, to] = range(bytes, random);
    const part = bytes.subarray(from, to);
    const times = random.oneIn(10) ? 200 : 1 + random.below(3);
    return replaced(bytes, to, to, Buffer.concat(Array.from({ length: times }, () => part)));
  },
  function fillRange(bytes, random) {
    const [from, to] = range(bytes, random);
    return bytes.fill(random.pick([0, 255, 32, 65]) ?? 0, from, to);
  },
  function splice(bytes, random, other) {
    const [from, to] = range(bytes, random);
    const [first, last] = range(other, random);
    return replaced(bytes, from, to, other.subarray(first, last));
  },
  function insertToken(bytes, random) {
    const at = place(bytes, random);
    return replaced(bytes, at, at, Buffer.from(random.pick(tokens) ?? ""));
  },
  function changeDigits(bytes, random) {
    const found = digits(bytes, random);
    return found === undefined ? bytes : replaced(bytes, found[0], found[1], Buffer.from(random.pick(numbers) ?? ""));
  },
  function repeatLine(bytes, random) {
    const [from, to] = line(bytes, random);
    return replaced(bytes, to, to, bytes.subarray(from, to));
  },
  function dropLine(bytes, random) {
    const [from, to] = line(bytes, random);
    return replaced(bytes, from, to, Buffer.alloc(0));
  },
  function moveLine(bytes, random) {
    const [from, to] = line(bytes, random);
    const moved = Buffer.from(bytes.subarray(from, to));
    const rest = replaced(bytes, from, to, Buffer.alloc(0));
    const [at] = line(rest, random);
    return replaced(rest, at, at, moved);
  },
  function nest(bytes, random) {
    const at = random.oneIn(3) ? 0 : place(bytes, random);
    const depth = random.oneIn(20) ? 20_000 : 1 + random.below(300);
    return replaced(bytes, at, at, Buffer.from((random.pick(nesting) ?? "[").repeat(depth)));
  },
];

/** One to eight mutations of a copy. `other`: something of the same kind, to take pieces from. */
export function mutate(sample: Buffer, random: Random, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  const times = 1 + random.below(random.oneIn(4) ? 8 : 2);
  for (let count = 0; count < times; count++) {
    const mutation = random.pick(mutations);
    if (mutation !== undefined && (bytes.length > 0 || random.oneIn(2))) bytes = mutation(bytes, random, other);
    if (bytes.length > mostBytes) bytes = bytes.subarray(0, mostBytes);
  }
  return Buffer.from(bytes);
}
