import { describe, expect, it } from "vitest";
import { chosenTargets, isExpected, prepare } from "../../bench/fuzz/worker.ts";
import { extractors } from "../../shared/inventory/registry.generated.ts";
import { PermanentError } from "../../shared/platform/errors.ts";

describe("the fuzz soak", () => {
  const targets = chosenTargets(undefined, undefined);

  it("covers every extractor, also where there are no real samples", () => {
    const missing = extractors.filter(({ name }) => !targets.some((target) => target.name === `extractor ${name}`));
    expect(missing.map(({ name }) => name)).toEqual([]);
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
    expect(expected.map(isExpected)).toEqual([true, true, true]);
    expect(isExpected(thrown(() => Buffer.alloc(1).readUInt32LE(0)))).toBe(true);
    const defects = [new TypeError("x"), thrown(deep), thrown(() => "x".repeat(-1)), "text"];
    expect(defects.map(isExpected)).toEqual([false, false, false, false]);
  });
});
