/**
 * Arch Linux: `[epoch:]pkgver[-pkgrel]` in the order of vercmp(8), which is rpm's of long ago: separators count by how
 * many there are, and a word at the end is before the end. A release counts only where both sides have one, so that
 * `1.0-1` and `1.0-2` both equal `1.0`.
 */
import { compareDigits, compareText, isDigit, isLetter } from "../text.ts";
import { defineScheme } from "../types.ts";

interface ArchVersion {
  readonly epoch: string;
  readonly version: string;
  readonly release: string | undefined;
}

// PKGBUILD(5): ASCII without colon, slash, hyphen and space; releases are numbers.
const shape = /^(?:([0-9]+):)?([!-,.0-9;-~]+)(?:-([0-9]+(?:\.[0-9]+)*))?$/;

function parse(text: string): ArchVersion | undefined {
  const found = shape.exec(text);
  return found?.[2] === undefined ? undefined : { epoch: found[1] ?? "0", version: found[2], release: found[3] };
}

function isSeparator(code: number): boolean {
  return !isDigit(code) && !isLetter(code);
}

function endOfRun(text: string, from: number, belongs: (code: number) => boolean): number {
  let end = from;
  while (end < text.length && belongs(text.charCodeAt(end))) end++;
  return end;
}

function compareSegments(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const startA = endOfRun(a, i, isSeparator);
    const startB = endOfRun(b, j, isSeparator);
    const separators = startA - i - (startB - j);
    i = startA;
    j = startB;
    if (i === a.length || j === b.length) break;
    if (separators !== 0) return separators;
    const isNumber = isDigit(a.charCodeAt(i));
    // Of two different kinds the number is newer.
    if (isNumber !== isDigit(b.charCodeAt(j))) return isNumber ? 1 : -1;
    const belongs = isNumber ? isDigit : isLetter;
    const endA = endOfRun(a, i, belongs);
    const endB = endOfRun(b, j, belongs);
    const order = (isNumber ? compareDigits : compareText)(a.slice(i, endA), b.slice(j, endB));
    if (order !== 0) return order;
    i = endA;
    j = endB;
  }
  if (i === a.length && j === b.length) return 0;
  // What is left over is newer than the end, unless it is a word.
  return i < a.length ? (isLetter(a.charCodeAt(i)) ? -1 : 1) : isLetter(b.charCodeAt(j)) ? 1 : -1;
}

function compare(a: ArchVersion, b: ArchVersion): number {
  const order = compareDigits(a.epoch, b.epoch) || compareSegments(a.version, b.version);
  if (order !== 0 || a.release === undefined || b.release === undefined) return order;
  return compareSegments(a.release, b.release);
}

export const scheme = defineScheme({ name: "pacman", ecosystems: ["Arch"], parse, compare });
