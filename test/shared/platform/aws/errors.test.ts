import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../../../shared/platform/aws/errors.ts";
import { batches, rounds, untilAllSent } from "../../../../shared/platform/aws/retry.ts";
import { PermanentError, TransientError } from "../../../../shared/platform/errors.ts";

const sdkError = (name: string, status?: number, more: object = {}) =>
  Object.assign(new Error("as the service says"), { name, $metadata: { httpStatusCode: status } }, more);

describe("failures of AWS services", () => {
  test.each([
    ["ProvisionedThroughputExceededException", 400, "throttled"],
    ["SlowDown", 503, "throttled"],
    ["TooManyRequestsException", 429, "throttled"],
    ["Anything", 429, "throttled"],
    ["AccessDeniedException", 400, "access-denied"],
    ["Forbidden", 403, "access-denied"],
    ["ResourceNotFoundException", 400, "resource-missing"],
    ["AWS.SimpleQueueService.NonExistentQueue", 400, "resource-missing"],
    ["QueueDoesNotExist", 400, "resource-missing"],
    ["NoSuchBucket", 404, "resource-missing"],
    ["InternalServerError", 500, "service-unavailable"],
    ["TimeoutError", undefined, "service-unavailable"],
    ["CredentialsProviderError", undefined, "service-unavailable"],
    ["SomethingNew", 400, "service-unavailable"],
  ])("%s (%s) is transient: %s", (name, status, code) => {
    const thrown = sdkError(name, status);
    const failure = failureOf(thrown, "reading an item");
    expect(failure).toBeInstanceOf(TransientError);
    expect(failure).toMatchObject({ code, cause: thrown, message: `reading an item: ${name}: as the service says` });
  });

  test.each(["ValidationException", "InvalidParameterValue", "InvalidMessageContents"])("%s is permanent", (name) => {
    expect(failureOf(sdkError(name, 400), "x")).toMatchObject({ name: "PermanentError", code: "request-refused" });
  });

  test("an adapter adds its own permanent ones, and no inherited name is one", () => {
    const own = { MessageRejected: "mail-rejected" };
    expect(failureOf(sdkError("MessageRejected", 400), "x", own)).toMatchObject({ code: "mail-rejected" });
    expect(failureOf(sdkError("toString", 400), "x", own)).toBeInstanceOf(TransientError);
  });

  test("what is already told apart stays as it is, and anything thrown becomes one of the two", () => {
    const permanent = new PermanentError("bad-key", "bad");
    expect(failureOf(permanent, "x")).toBe(permanent);
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const failure = failureOf(thrown, "x");
        expect(failure instanceof PermanentError || failure instanceof TransientError).toBe(true);
      }),
      { examples: [[{ toString: 0 }]] },
    );
  });
});

describe("batches", () => {
  test("keep all elements in order, within both limits, and are never empty", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 100 }), (all, count, bytes) => {
        const runs = batches(all, count, bytes, (size) => size);
        expect(runs.flat()).toEqual(all);
        for (const run of runs) {
          expect(run.length).toBeGreaterThan(0);
          expect(run.length).toBeLessThanOrEqual(count);
          const sum = run.reduce((total, size) => total + size, 0);
          expect(run.length === 1 || sum <= bytes).toBe(true);
        }
      }),
    );
  });

  test("are sent until nothing fails, only ever what failed; what fails to the end is given back", async () => {
    const sent: number[][] = [];
    const pauses: number[] = [];
    const pause = async (round: number) => void pauses.push(round);
    const refusing = async (part: readonly number[]) => {
      sent.push([...part]);
      return sent.length === 1 ? part.filter((n) => n > 2) : [];
    };
    expect(await untilAllSent([1, 2, 3, 4], refusing, pause)).toEqual([]);
    expect(sent).toEqual([
      [1, 2, 3, 4],
      [3, 4],
    ]);
    expect(pauses).toEqual([0, 1]);
    pauses.length = 0;
    expect(await untilAllSent([1], async (part) => part, pause)).toEqual([1]);
    expect(pauses).toHaveLength(rounds);
  });
});
