import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseChallenges } from "../../../shared/registry/client/challenge.ts";
import { retryAfterSeconds } from "../../../shared/registry/client/timing.ts";

describe("WWW-Authenticate", () => {
  test.each<[string, unknown]>([
    ['Basic realm="x"', [{ scheme: "basic", parameters: { realm: "x" } }]],
    [
      'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push"',
      [
        {
          scheme: "bearer",
          parameters: { realm: "https://auth.example/token", service: "registry", scope: "repository:a/b:pull,push" },
        },
      ],
    ],
    [
      "BEARER Realm = https://a.example/t , SERVICE=x",
      [{ scheme: "bearer", parameters: { realm: "https://a.example/t", service: "x" } }],
    ],
    [
      'Basic realm="a, b", Bearer realm="c"',
      [
        { scheme: "basic", parameters: { realm: "a, b" } },
        { scheme: "bearer", parameters: { realm: "c" } },
      ],
    ],
    [
      "Negotiate, Basic realm=x",
      [
        { scheme: "negotiate", parameters: {} },
        { scheme: "basic", parameters: { realm: "x" } },
      ],
    ],
    ['Bearer realm="a \\"quoted\\" \\\\ word"', [{ scheme: "bearer", parameters: { realm: 'a "quoted" \\ word' } }]],
    ['Bearer realm="one",realm="two"', [{ scheme: "bearer", parameters: { realm: "one" } }]],
    ['Bearer realm="never closed', [{ scheme: "bearer", parameters: { realm: "" } }]],
    ["", []],
    [",,  ,", []],
    ['"x"', []],
    ["Bearer __proto__=x", [{ scheme: "bearer", parameters: expect.anything() }]],
  ])("%s", (header, expected) => expect(parseChallenges(header)).toEqual(expected));

  test("a challenge written by the grammar is read as it was meant", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const challenge = fc.record({
      scheme: word,
      parameters: fc.dictionary(word, fc.string(), { minKeys: 1, maxKeys: 4 }),
    });
    const quoted = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;
    fc.assert(
      fc.property(fc.array(challenge, { minLength: 1, maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(({ scheme, parameters }) => {
            const list = Object.entries(parameters).map(([name, value]) => `${name}=${quoted(value)}`);
            return `${scheme} ${list.join(", ")}`;
          })
          .join(", ");
        const flat = challenges.map((one) => ({ ...one, parameters: { ...one.parameters } }));
        expect(parseChallenges(header).map((one) => ({ ...one, parameters: { ...one.parameters } }))).toEqual(flat);
      }),
    );
  });

  test("anything at all is read without an error and in little time", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (header) => void parseChallenges(header)),
      { numRuns: 2000 },
    );
    const start = performance.now();
    for (const hostile of [
      'a="'.repeat(5000),
      "a=\\".repeat(5000),
      `Bearer x="${"\\".repeat(9000)}`,
      "a ".repeat(9000),
    ]) {
      parseChallenges(hostile);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

test.each([
  [undefined, undefined],
  ["", undefined],
  ["7", 7],
  ["soon", undefined],
  ["-3", undefined],
  ["Thu, 01 Jan 1970 00:00:30 GMT", 20],
  ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
])("Retry-After %j is %j", (header, seconds) => expect(retryAfterSeconds(header, 10_000)).toBe(seconds));
