/** RPM versions: `[epoch:]version[-release]`, rpm-version(7); segments, `~` and `^` as `rpmvercmp` orders them. */
import { compareDigits, compareText, isDigit, isLetter } from "../text.ts";
import { defineScheme } from "../types.ts";

interface RpmVersion {
  readonly epoch: string;
  readonly version: string;
  readonly release: string | undefined;
}

const shape = /^(?:([0-9]{1,10}):)?([A-Za-z0-9._+~^]+)(?:-([A-Za-z0-9._+~^]+))?$/;

function parse(text: string): RpmVersion | undefined {
  const found = shape.exec(text);
  if (found?.[2] === undefined) return undefined;
  return { epoch: found[1] ?? "0", version: found[2], release: found[3] };
}

const tilde = 126;
const caret = 94;

function isSeparator(code: number): boolean {
  return !isDigit(code) && !isLetter(code) && code !== tilde && code !== caret;
}

function endOfRun(text: string, from: number, belongs: (code: number) => boolean): number {
  let end = from;
  while (end < text.length && belongs(text.charCodeAt(end))) end++;
  return end;
}

/** One segment list against another; `undefined` goes on. */
function compareMarks(a: string, i: number, b: string, j: number): number | "both" | undefined {
  const left = i < a.length ? a.charCodeAt(i) : -1;
  const right = j < b.length ? b.charCodeAt(j) : -1;
  if (left === tilde || right === tilde) return left === right ? "both" : left === tilde ? -1 : 1;
  if (left === caret || right === caret) {
    if (left === right) return "both";
    // A caret is after the end, but before any other continuation.
    if (left === -1) return -1;
    if (right === -1) return 1;
    return left === caret ? -1 : 1;
  }
  return undefined;
}

function compareSegments(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  let j = 0;
  for (;;) {
    i = endOfRun(a, i, isSeparator);
    j = endOfRun(b, j, isSeparator);
    const marks = compareMarks(a, i, b, j);
    if (typeof marks === "number") return marks;
    if (marks === "both") {
      i++;
      j++;
      continue;
    }
    if (i >= a.length || j >= b.length) break;
    const numeric = isDigit(a.charCodeAt(i));
    const belongs = numeric ? isDigit : isLetter;
    const endA = endOfRun(a, i, belongs);
    const endB = endOfRun(b, j, belongs);
    // Segments of different kinds: the numeric one is newer.
    if (endB === j) return numeric ? 1 : -1;
    const left = a.slice(i, endA);
    const right = b.slice(j, endB);
    const order = numeric ? compareDigits(left, right) : compareText(left, right);
    if (order !== 0) return order;
    i = endA;
    j = endB;
  }
  // Whichever has segments left is newer.
  return Number(i < a.length) - Number(j < b.length);
}

/** A missing release is before any release. */
function compareReleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareSegments(a, b);
}

export const scheme = defineScheme({
  name: "rpm",
  ecosystems: [
    "Red Hat",
    "AlmaLinux",
    "Rocky Linux",
    "SUSE",
    "openSUSE",
    "Oracle Linux",
    "Amazon Linux",
    "Photon OS",
    "Azure Linux",
    "Fedora",
  ],
  parse,
  compare: (a: RpmVersion, b: RpmVersion) =>
    compareDigits(a.epoch, b.epoch) || compareSegments(a.version, b.version) || compareReleases(a.release, b.release),
});
