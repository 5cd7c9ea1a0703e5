/** Version requirements of Cargo, RubyGems and Composer as intervals. */
import { PermanentError } from "../../platform/errors.ts";
import { versionScheme } from "../../versions/compare.ts";
import { type Interval, intersection, type Line } from "./intervals.ts";

function malformed(text: string): PermanentError {
  return new PermanentError("advisory-malformed", `${JSON.stringify(text.slice(0, 80))} is not a version requirement`);
}

const comparator = /^\s*([<>=!^~]{0,2})\s*([0-9A-Za-z][0-9A-Za-z.+_*-]{0,200}|\*)\s*$/;

function simple(operator: string, version: string): Interval | undefined {
  switch (operator) {
    case ">=":
      return { from: { version, inclusive: true } };
    case ">":
      return { from: { version, inclusive: false } };
    case "<=":
      return { to: { version, inclusive: true } };
    case "<":
      return { to: { version, inclusive: false } };
    case "=":
    case "==":
      return { from: { version, inclusive: true }, to: { version, inclusive: true } };
    default:
      return undefined;
  }
}

const semver = versionScheme("semver");

/** Least after it: the first prerelease of the next patch, or the next prerelease. */
const cargo: Line = {
  scheme: semver,
  after(version) {
    const [, core = "", prerelease] = /^([^-+]*)(-[^+]*)?/.exec(version) ?? [];
    if (prerelease !== undefined) return `${core}${prerelease}.0`;
    const [major = "0", minor = "0", patch = "0"] = core.split(".");
    return `${major}.${minor}.${BigInt(patch) + 1n}-0`;
  },
};

/** Missing parts (`1.2`) make a comparator about all that begin so. https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html */
function cargoComparator(text: string): Interval {
  const [, operator = "", version = ""] = comparator.exec(text) ?? [];
  if (version === "*" && operator === "") return {};
  const [, core = "", rest = ""] = /^([0-9]+(?:\.[0-9]+){0,2})(?:\.\*)?((?:[-+].*)?)$/.exec(version) ?? [];
  if (core === "") throw malformed(text);
  const parts = core.split(".").map(BigInt);
  const [major = 0n, minor = 0n, patch = 0n] = parts;
  const whole = `${major}.${minor}.${patch}${rest}`;
  const isPartial = parts.length < 3;
  const nextOf = (place: number) =>
    place === 0 ? `${major + 1n}.0.0` : place === 1 ? `${major}.${minor + 1n}.0` : `${major}.${minor}.${patch + 1n}`;
  const upTo = (place: number): Interval => ({
    from: { version: whole, inclusive: true },
    to: { version: nextOf(place), inclusive: false },
  });
  const last = parts.length - 1;
  const isWild = version.endsWith(".*");
  if (operator === "~" || (isWild && operator === "")) return upTo(Math.min(last, 1 + Number(isWild)));
  if (operator === "" || operator === "^") {
    const leading = [major, minor, patch].findIndex((part) => part > 0n);
    return upTo(leading < 0 || leading > last ? last : leading);
  }
  if (isPartial && operator === "=") return upTo(last);
  if (isPartial && operator === ">") return { from: { version: nextOf(last), inclusive: true } };
  if (isPartial && operator === "<=") return { to: { version: nextOf(last), inclusive: false } };
  const interval = simple(operator, whole);
  if (interval === undefined) throw malformed(text);
  return interval;
}

/** Gems sort letters before every number: this is the first of the versions that begin so. */
const first = (release: string) => `${release}.A`;

const gem: Line = { scheme: versionScheme("rubygems"), after: (version) => `${version}.0.0.1` };

/** https://guides.rubygems.org/patterns/#pessimistic-version-constraint */
function gemComparator(text: string): Interval {
  const [, operator = "", version = ""] = comparator.exec(text) ?? [];
  if (version === "" || version === "*") throw malformed(text);
  if (operator === "~>") {
    const numbers = /^[0-9]+(?:\.[0-9]+)*/.exec(version)?.[0].split(".") ?? [];
    const kept = numbers.length > 1 ? numbers.slice(0, -1) : numbers;
    const last = kept.pop();
    if (last === undefined) throw malformed(text);
    const bumped = [...kept, String(BigInt(last) + 1n)].join(".");
    return { from: { version, inclusive: true }, to: { version: first(bumped), inclusive: false } };
  }
  const interval = simple(operator === "" ? "=" : operator, version);
  if (interval === undefined) throw malformed(text);
  return interval;
}

const composer: Line = {
  scheme: versionScheme("composer"),
  // Four numbers at most.
  after(version) {
    const numbers = /^v?([0-9]+(?:\.[0-9]+){0,3})$/.exec(version)?.[1]?.split(".") ?? [];
    if (numbers.length === 0) throw malformed(`> ${version}`);
    const [major = "0", minor = "0", patch = "0", build = "0"] = numbers;
    return `${major}.${minor}.${patch}.${BigInt(build) + 1n}`;
  },
};

/** https://getcomposer.org/doc/articles/versions.md#version-range */
function composerComparator(text: string): Interval {
  const [, operator = "", version = ""] = comparator.exec(text) ?? [];
  const interval = version === "" ? undefined : simple(operator === "" ? "=" : operator, version);
  if (interval === undefined) throw malformed(text);
  return interval;
}

export interface RequirementReader {
  readonly line: Line;
  /** Comparators (also several with commas between) that hold together. Throws `PermanentError("advisory-malformed")`. */
  readonly interval: (comparators: readonly string[]) => Interval;
}

function reader(line: Line, comparatorOf: (text: string) => Interval): RequirementReader {
  return {
    line,
    interval(comparators) {
      const all = comparators.flatMap((text) => text.split(","));
      if (all.length > 100) throw malformed(`${all.length} comparators`);
      return intersection(line, all.map(comparatorOf));
    },
  };
}

export const cargoRequirements = reader(cargo, cargoComparator);
export const gemRequirements = reader(gem, gemComparator);
export const composerRequirements = reader(composer, composerComparator);
