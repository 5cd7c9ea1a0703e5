/**
 * Dart's pub: SemVer 2.0.0, but build metadata counts, after the same version without it
 * (https://dart.dev/tools/pub/versioning, https://pub.dev/documentation/pub_semver/latest/pub_semver/Version-class.html).
 * Identifiers are numbers where Dart's `int.tryParse` reads one: `-1` and `0x1f` too, and none beyond 64 bits.
 */
import { readFull } from "../semantic.ts";
import { compareDigits, compareLists, compareText } from "../text.ts";
import { defineScheme } from "../types.ts";

type Identifier = bigint | string;

interface PubVersion {
  readonly release: readonly [string, string, string];
  readonly pre: readonly Identifier[];
  readonly build: readonly Identifier[];
}

const decimal = /^(-?)0*([0-9]{1,19})$/;
const hexadecimal = /^(-?)0[xX]0*([0-9a-fA-F]{1,16})$/;

function identifier(text: string): Identifier {
  const [, sign, digits] = decimal.exec(text) ?? [];
  if (digits !== undefined) {
    const value = BigInt(`${sign}${digits}`);
    return BigInt.asIntN(64, value) === value ? value : text;
  }
  const [, minus, digits16] = hexadecimal.exec(text) ?? [];
  if (digits16 === undefined) return text;
  const value = BigInt.asIntN(64, BigInt(`0x${digits16}`));
  return minus === "-" ? BigInt.asIntN(64, -value) : value;
}

function parse(text: string): PubVersion | undefined {
  const version = readFull(text);
  if (version === undefined) return undefined;
  return { release: version.release, pre: version.pre.map(identifier), build: version.build.map(identifier) };
}

function compareIdentifiers(a: Identifier, b: Identifier): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "bigint" ? -1 : 1;
}

function compare(a: PubVersion, b: PubVersion): number {
  return (
    compareLists(a.release, b.release, compareDigits) ||
    // A pre-release is before the release.
    Number(a.pre.length === 0) - Number(b.pre.length === 0) ||
    compareLists(a.pre, b.pre, compareIdentifiers) ||
    compareLists(a.build, b.build, compareIdentifiers)
  );
}

export const scheme = defineScheme({ name: "pub", ecosystems: ["Pub"], parse, compare });
