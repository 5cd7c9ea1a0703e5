import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeRange } from "../../../shared/advisories/ranges.ts";
import { type Interval, rangeOf, rangeOutside } from "../../../shared/advisories/reading/intervals.ts";
import {
  cargoRequirements,
  composerRequirements,
  gemRequirements,
  type RequirementReader,
} from "../../../shared/advisories/reading/requirements.ts";

/** What is affected when these requirements tell what is not. */
function outside({ line, interval }: RequirementReader, requirements: readonly string[]): string {
  return told(
    rangeOutside(
      line,
      requirements.map((text) => interval([text])),
    ),
  );
}
const told = (events: readonly (readonly [string, string])[]) => events.map((event) => event.join(" ")).join(", ");

describe("what is patched or unaffected leaves the rest affected", () => {
  test.each([
    [[">= 0.9.1"], "introduced 0, fixed 0.9.1"],
    [[">=0.20.0", "<0.15.0"], "introduced 0.15.0, fixed 0.20.0"],
    [[], "introduced 0"],
    [["*"], ""],
    [
      [">= 0.12.3, < 0.13.0", ">= 0.13.1", "< 0.12"],
      "introduced 0.12.0, fixed 0.12.3, introduced 0.13.0, fixed 0.13.1",
    ],
    [["^0.7.1", ">= 0.8.1"], "introduced 0, fixed 0.7.1, introduced 0.8.0, fixed 0.8.1"],
    [
      ["^1.2", "~2.3", "=3.1.0", "> 4"],
      "introduced 0, fixed 1.2.0, introduced 2.0.0, fixed 2.3.0, introduced 2.4.0, fixed 3.1.0, introduced 3.1.1-0, fixed 5.0.0",
    ],
    [["<= 0.11.0", "> 0.11.2"], "introduced 0.11.1-0, last_affected 0.11.2"],
    [["<= 1.0.0-rc.1"], "introduced 1.0.0-rc.1.0"],
    [["0.25.4", "1.*"], "introduced 0, fixed 0.25.4, introduced 0.26.0, fixed 1.0.0, introduced 2.0.0"],
    // Neighbours and overlaps are one.
    [["< 1.0.0", ">= 1.0.0, < 2.0.0", ">= 1.5.0, < 1.6.0"], "introduced 2.0.0"],
  ])("Cargo: %j", (requirements, expected) => {
    expect(outside(cargoRequirements, requirements)).toBe(expected);
  });

  test.each([
    [[">= 2.2.1"], "introduced 0, fixed 2.2.1"],
    // 1.54.0.pre is not of 1.53, and before 1.54.3 it is not patched.
    [["~> 1.53.2", ">= 1.54.3"], "introduced 0, fixed 1.53.2, introduced 1.54.A, fixed 1.54.3"],
    [["~> 3.1.0.rc5", "< 2"], "introduced 2, fixed 3.1.0.rc5, introduced 3.2.A"],
    [["~> 2"], "introduced 0, fixed 2, introduced 3.A"],
    [["> 3.0.4"], "introduced 0, last_affected 3.0.4"],
    [["= 1.6.0", "<= 0.12.1"], "introduced 0.12.1.0.0.1, fixed 1.6.0, introduced 1.6.0.0.0.1"],
  ])("RubyGems: %j", (requirements, expected) => {
    expect(outside(gemRequirements, requirements)).toBe(expected);
  });

  test.each([
    [
      ["~> 1.53.2", ">= 1.54.3"],
      { "1.53.1": true, "1.53.99": false, "1.54.0.rc1": true, "1.54.2": true, "1.54.3": false },
    ],
    [["~> 2.3.4.1", ">= 2.4.pre"], { "2.3.4": true, "2.3.4.1": false, "2.3.5": true, "2.4.pre": false }],
  ])("RubyGems: pre-releases fall on the side where Gem::Requirement has them: %j", (requirements, versions) => {
    const { line, interval } = gemRequirements;
    const events = rangeOutside(
      line,
      requirements.map((text) => interval([text])),
    );
    for (const [text, affected] of Object.entries(versions)) {
      const version = line.scheme.parse(text);
      if (version === undefined) throw new Error(text);
      expect(judgeRange(line.scheme, events, version), text).toMatchObject({ affected });
    }
  });

  test.each([
    [[">=1.0", "<1.2.3"], "introduced 1.0, fixed 1.2.3"],
    [["<=5.5.44"], "introduced 0, last_affected 5.5.44"],
    [[">3.2", "<=3.2.1"], "introduced 3.2.0.1, last_affected 3.2.1"],
    [["1.4.0"], "introduced 1.4.0, last_affected 1.4.0"],
  ])("Composer's are of what is affected: %j", (comparators, expected) => {
    expect(told(rangeOf(composerRequirements.line, composerRequirements.interval(comparators)))).toBe(expected);
  });
});

test("a version is affected exactly when it lies in none of the intervals", () => {
  const { line } = cargoRequirements;
  const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(2)).map((parts) => parts.join("."));
  const bound = fc.record({ version, inclusive: fc.boolean() });
  const compare = (a: string, b: string) => {
    const [left, right] = [line.scheme.parse(a), line.scheme.parse(b)];
    if (left === undefined || right === undefined) throw new Error(`${a} ${b}`);
    return line.scheme.compare(left, right);
  };
  const holds = (text: string, { from, to }: Interval) => {
    const low = from === undefined ? 1 : compare(text, from.version);
    const high = to === undefined ? -1 : compare(text, to.version);
    return (low > 0 || (low === 0 && from?.inclusive === true)) && (high < 0 || (high === 0 && to?.inclusive === true));
  };
  const interval = fc
    .record({ from: bound, to: bound }, { requiredKeys: [] })
    .filter(({ from, to }) => from === undefined || to === undefined || compare(from.version, to.version) < 0);
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 5 }), version, (intervals, text) => {
      const parsed = line.scheme.parse(text);
      if (parsed === undefined) throw new Error(text);
      const verdict = judgeRange(line.scheme, rangeOutside(line, intervals), parsed);
      expect(verdict).toMatchObject({ affected: !intervals.some((one) => holds(text, one)) });
    }),
    { numRuns: 1000 },
  );
});

test("any text is a requirement, or malformed", () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(
        fc.constantFrom(">=", "<", "~>", "^", "=", ",", " ", "1", "2.0", ".", "-rc", "*", "99999999999999999999"),
        { maxLength: 8 },
      )
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (requirement) => {
      for (const { line, interval } of [cargoRequirements, gemRequirements, composerRequirements]) {
        try {
          rangeOutside(line, [interval([requirement])]);
          rangeOf(line, interval([requirement]));
        } catch (error) {
          expect(error).toMatchObject({ code: "advisory-malformed" });
        }
      }
    }),
    { numRuns: 1000 },
  );
});
