import { describe, expect, it } from "vitest";
import { madeUpAdvisories } from "../../bench/fuzz/made-up-advisories.ts";
import { randomOf } from "../../bench/fuzz/random.ts";
import { chosenTargets, isExpected, prepare } from "../../bench/fuzz/worker.ts";
import { feeds } from "../../shared/advisories/registry.generated.ts";
import { extractors } from "../../shared/inventory/registry.generated.ts";
import { PermanentError } from "../../shared/platform/errors.ts";
import { schemeNames } from "../../shared/versions/compare.ts";

describe("the fuzz soak", async () => {
  const targets = await chosenTargets(undefined, undefined);

  it("covers every extractor, feed and order of versions, also where there are no real samples", () => {
    const wanted = [
      ...extractors.map(({ name }) => `extractor ${name}`),
      ...feeds.map(({ name }) => `feed ${name}`),
      ...schemeNames.map((name) => `versions ${name}`),
    ];
    expect(wanted.filter((name) => !targets.some((target) => target.name === name))).toEqual([]);
  });

  it("reads its own documents of feeds before they are mutated", async () => {
    for (const [feed, samples] of Object.entries(madeUpAdvisories)) {
      const target = targets.find(({ name }) => name === `feed ${feed}`);
      expect(target?.samples).toEqual(expect.arrayContaining([...samples]));
      for (const { content, path } of samples) await target?.run(Buffer.from(content), path, randomOf(1));
    }
  });

  it("makes the same input of the same seed and number, and other ones of others", () => {
    const inputOf = (seed: number, index: number) => {
      const { target, sample, input } = prepare(targets, seed, index);
      return [target.name, sample.path, input.toString("latin1")].join("\n");
    };
    const inputs = Array.from({ length: 300 }, (_, index) => inputOf(7, index));
    expect(Array.from({ length: 300 }, (_, index) => inputOf(7, index))).toEqual(inputs);
    expect(new Set([...inputs, inputOf(8, 0)]).size).toBeGreaterThan(290);
  });

  it("tells errors that say what is wrong from defects that happen to be caught", () => {
    const deep = (): number => deep() + 1;
    const thrown = (task: () => unknown): unknown => {
      try {
        return task();
      } catch (error) {
        return error;
      }
    };
    const expected = [new PermanentError("not-a-layer", "x"), new Error("x"), thrown(() => JSON.parse("["))];
    expect(expected.map((one) => isExpected(one))).toEqual([true, true, true]);
    expect(isExpected(thrown(() => Buffer.alloc(1).readUInt32LE(0)))).toBe(true);
    expect(isExpected(new Error("x"), true)).toBe(false);
    const defects = [new TypeError("x"), thrown(deep), thrown(() => "x".repeat(-1)), "text"];
    expect(defects.map((one) => isExpected(one))).toEqual([false, false, false, false]);
  });
});
