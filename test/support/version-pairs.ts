/** What the checks of our version order against the upstream implementations share. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { expect } from "vitest";
import { type SchemeName, versionScheme } from "../../shared/versions/compare.ts";
import { sharedData } from "./shared-data.ts";

export type Pair = readonly [string, string];

/** For each reference; a matter of seconds. */
const pairCount = 300_000;

export function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Mulberry32: a seed makes the same pairs on every machine. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The versions that real advisories of an ecosystem name; none where the shared data is missing. */
export function realVersions(file: string): readonly string[] {
  if (sharedData === undefined) return [];
  const folder = join(sharedData, "advisories/ghsa");
  if (!readdirSync(folder).includes(file)) throw new Error(`${file} is not there`);
  const text = zstdDecompressSync(readFileSync(join(folder, file))).toString("utf8");
  const found = text.matchAll(/"(?:introduced|fixed|last_affected)":"([^"\\]+)"/g);
  return [...new Set([...found].map(([, version]) => version ?? ""))];
}

/**
 * Pairs of versions, of mutated versions, and of neighbours; some of them equal, some of them not versions. `versions`
 * makes well-formed ones, `pieces` are what the scheme's rules are about.
 */
export function nastyPairs(
  versions: fc.Arbitrary<string>,
  real: readonly string[],
  pieces: readonly string[],
): readonly Pair[] {
  const random = randomOf(20261122);
  const one = <Of>(list: readonly Of[]): Of => list[random(list.length)] as Of;
  const seeds = [...real, ...fc.sample(versions, { numRuns: 4000, seed: 20261122 })];
  const all = [
    ...pieces,
    "0",
    "00",
    "1",
    "01",
    "9",
    "10",
    "2147483648",
    "99999999999999999999",
    ".",
    "-",
    ".0",
    "..",
    "+",
  ];

  const mutated = (text: string): string => {
    const at = random(text.length + 1);
    const until = Math.min(text.length, at + 1 + random(3));
    const kind = random(6);
    if (kind === 0) return text.slice(0, at) + text.slice(until);
    if (kind === 1) return text.slice(0, at) + one(all) + text.slice(until);
    if (kind === 2) return text.slice(0, at) + text.slice(at, until).repeat(2) + text.slice(until);
    if (kind === 3) return random(2) === 0 ? text.toUpperCase() : text.toLowerCase();
    return text.slice(0, at) + one(all) + text.slice(at);
  };
  const made = () => Array.from({ length: 1 + random(6) }, () => one(all)).join("");
  const text = (): string => {
    const kind = random(6);
    if (kind === 0) return made();
    const seed = one(seeds);
    return kind < 3 ? seed : kind < 5 ? mutated(seed) : mutated(mutated(seed));
  };
  return Array.from({ length: pairCount }, (): Pair => {
    const a = text() || "1";
    const kind = random(8);
    const b = kind === 0 ? a : kind < 4 ? mutated(a) : kind === 4 ? mutated(mutated(mutated(a))) : text();
    // Half of a surrogate pair has no form in UTF-8.
    return [a.toWellFormed(), (b || "1").toWellFormed()];
  });
}

/** Runs a command over all pairs, one tab-separated pair a line; gives a verdict for each. */
export function askInBulk(command: string, args: readonly string[], pairs: readonly Pair[]): readonly string[] {
  const input = `${pairs.map((pair) => pair.join("\t")).join("\n")}\n`;
  const output = execFileSync(command, args, { input, encoding: "utf8", maxBuffer: 1 << 28 });
  return output.trimEnd().split("\n");
}

/**
 * Our verdict (`<`, `=`, `>`, or `?` when one of them is no version) is the reference's on every pair, and they were
 * pairs worth asking about.
 */
export function expectAgreement(scheme: SchemeName, pairs: readonly Pair[], verdicts: readonly string[]): void {
  expect(verdicts).toHaveLength(pairs.length);
  const order = versionScheme(scheme);
  const disagreements = pairs.flatMap(([a, b], index) => {
    const left = order.parse(a);
    const right = order.parse(b);
    const compared = left === undefined || right === undefined ? undefined : order.compare(left, right);
    const ours = compared === undefined ? "?" : compared < 0 ? "<" : compared > 0 ? ">" : "=";
    return verdicts[index] === ours ? [] : [`${JSON.stringify([a, b])}: ${verdicts[index]}, we say ${ours}`];
  });
  expect(disagreements.slice(0, 40)).toEqual([]);
  expect(verdicts.filter((verdict) => verdict !== "?").length).toBeGreaterThanOrEqual(100_000);
  expect(
    verdicts.filter((verdict, index) => verdict === "=" && pairs[index]?.[0] !== pairs[index]?.[1]).length,
  ).toBeGreaterThan(1000);
}
