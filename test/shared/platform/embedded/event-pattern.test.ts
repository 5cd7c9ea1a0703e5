import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern } from "../../../../shared/platform/embedded/event-pattern.ts";

/** Values of one field `f` that an entry accepts and refuses. `undefined`: the field is absent. */
const entries: readonly [string, unknown, readonly unknown[], readonly unknown[]][] = [
  [
    "exact string",
    "a",
    ["a", ["b", "a"], [["a"]]],
    ["A", "ab", "", 1, null, undefined, [], { a: 1 }, ["b", { f: "a" }]],
  ],
  ["exact empty string", "", ["", ["", "x"]], [null, 0, false, undefined, []]],
  ["exact number", 1, [1, 1.0, [2, 1]], ["1", 2, true, null]],
  ["exact large number", 123456789012, [123456789012], [123456789013, "123456789012"]],
  ["null", null, [null, [1, null]], ["null", "", 0, false, undefined, [], {}]],
  ["true", true, [true], [false, "true", 1]],
  ["false", false, [false], [true, "false", 0, null, undefined]],
  ["exact comparison", { exact: "a" }, ["a"], ["A", 1, undefined]],

  ["prefix", { prefix: "us-" }, ["us-", "us-east-1", ["eu-1", "us-1"]], ["US-1", "us", " us-", 5, null, undefined]],
  ["empty prefix", { prefix: "" }, ["", "a"], [1, null, true, undefined, []]],
  [
    "prefix, any case",
    { prefix: { "equals-ignore-case": "Us-" } },
    ["us-1", "US-", "uS-x"],
    ["us", "eu-1", 1, undefined],
  ],
  ["suffix", { suffix: ".png" }, [".png", "a.png"], [".PNG", "png", "a.png ", 1, undefined]],
  ["suffix, any case", { suffix: { "equals-ignore-case": ".PnG" } }, [".png", "A.PNG"], ["png", 1, undefined]],
  ["equals-ignore-case", { "equals-ignore-case": "Straße É" }, ["straße é", "STRASSE É"], ["strase é", 1, undefined]],

  ["wildcard", { wildcard: "a*z" }, ["az", "abcz", "a*z", "azz"], ["a", "z", "za", "azb", "AZ", 1, undefined]],
  ["wildcard without stars", { wildcard: "az" }, ["az"], ["a", "azz", ""]],
  ["wildcard of one star", { wildcard: "*" }, ["", "anything\n"], [1, null, undefined]],
  ["wildcard of several stars", { wildcard: "*/v*/x" }, ["/v/x", "a/v1/b/x", "/v/x/v/x"], ["v/x", "/v", "/vx", "/v/y"]],
  ["wildcard whose ends may not overlap", { wildcard: "aba*aba" }, ["abaaba", "aba-aba"], ["aba", "ababa"]],
  ["wildcard whose middle may not overlap its end", { wildcard: "a*bc*c" }, ["abcc", "axbcxc"], ["abc", "abcd"]],
  ["wildcard with escapes", { wildcard: "a\\*b\\\\*" }, ["a*b\\", "a*b\\c"], ["axb\\", "a*b", "a\\*b\\"]],

  ["numeric =", { numeric: ["=", 1.5] }, [1.5, [1, 1.5]], [1, "1.5", null, undefined]],
  ["numeric <", { numeric: ["<", 0] }, [-0.000001, -5e9], [0, 1, "-1", -6e9, undefined]],
  ["numeric <=", { numeric: ["<=", 0] }, [0, -1], [0.000001]],
  ["numeric >", { numeric: [">", 0] }, [0.000001, 5e9], [0, -1, 5e9 + 1]],
  ["numeric >=", { numeric: [">=", 0] }, [0, 1], [-0.000001]],
  ["numeric range, open and closed", { numeric: [">", 0, "<=", 5] }, [0.5, 5], [0, 5.000001, -1]],
  ["numeric range, closed and open", { numeric: [">=", 0, "<", 5] }, [0, 4.9], [5]],

  ["exists", { exists: true }, ["", 0, null, false, [null]], [undefined, [], {}, { a: 1 }, [{}], [[]]]],
  ["exists not", { exists: false }, [undefined, [], {}, { a: 1 }, [{ a: 1 }]], ["", 0, null, false, [0]]],

  [
    "anything-but a string",
    { "anything-but": "a" },
    ["b", "", 1, null, true, ["a", "b"]],
    ["a", ["a"], undefined, [], {}],
  ],
  ["anything-but strings", { "anything-but": ["a", "b"] }, ["c", "A"], ["a", "b", ["a", "b"], undefined]],
  ["anything-but a number", { "anything-but": 1 }, [2, "1", null], [1, undefined]],
  ["anything-but numbers", { "anything-but": [1, 2.5] }, [2], [1, 2.5]],
  ["anything-but prefix", { "anything-but": { prefix: "a" } }, ["b", "", 1, null], ["a", "ab", undefined]],
  ["anything-but prefixes", { "anything-but": { prefix: ["a", "b"] } }, ["c"], ["ax", "bx"]],
  ["anything-but suffix", { "anything-but": { suffix: "a" } }, ["ab", 1], ["a", "ba", undefined]],
  ["anything-but suffixes", { "anything-but": { suffix: ["a", "b"] } }, ["ac"], ["xa", "xb"]],
  ["anything-but, any case", { "anything-but": { "equals-ignore-case": "a" } }, ["b", "aa", 1], ["a", "A", undefined]],
  ["anything-but several, any case", { "anything-but": { "equals-ignore-case": ["a", "B"] } }, ["c"], ["A", "b"]],
  ["anything-but wildcard", { "anything-but": { wildcard: "*/lib/*" } }, ["/bin/x", 1], ["/lib/x", undefined]],
  ["anything-but wildcards", { "anything-but": { wildcard: ["a*", "*b"] } }, ["c"], ["ac", "cb"]],

  [
    "cidr v4",
    { cidr: "10.0.0.0/24" },
    ["10.0.0.0", "10.0.0.255"],
    ["10.0.1.0", "9.255.255.255", "::a00:0", "x", 1, undefined],
  ],
  ["cidr v4 of everything", { cidr: "0.0.0.0/0" }, ["0.0.0.0", "255.255.255.255"], ["::1", "1.2.3", "256.0.0.0"]],
  ["cidr that begins inside its network", { cidr: "10.0.0.5/24" }, ["10.0.0.5", "10.0.0.200"], ["10.0.0.4"]],
  [
    "cidr v6",
    { cidr: "2001:db8::/32" },
    ["2001:db8::1", "2001:DB8:ffff::ffff", "2001:0db8:0:0:0:0:1.2.3.4"],
    ["2001:db9::", "::ffff:10.0.0.1", "10.0.0.1", "2001:db8::1%eth0"],
  ],
];

describe("the comparisons", () => {
  test.each(entries)("%s", (_, entry, accepted, refused) => {
    const matches = compilePattern({ detail: { f: [entry] } });
    const field = (value: unknown) => ({ detail: value === undefined ? { other: 1 } : { other: 1, f: value } });
    for (const value of accepted) expect([value, matches(field(value))]).toEqual([value, true]);
    for (const value of refused) expect([value, matches(field(value))]).toEqual([value, false]);
  });

  test("one field matches when any of its entries does", () => {
    const matches = compilePattern({ f: ["a", { prefix: "b" }, { numeric: [">", 5] }, { exists: false }] });
    const probes = [{ f: "a" }, { f: "bc" }, { f: 6 }, {}, { f: "c" }, { f: 5 }];
    expect(probes.map(matches)).toEqual([true, true, true, true, false, false]);
  });
});

describe("structure", () => {
  const check = (pattern: unknown, accepted: unknown[], refused: unknown[]) => {
    const matches = compilePattern(pattern);
    expect(accepted.map(matches)).toEqual(accepted.map(() => true));
    expect(refused.map(matches)).toEqual(refused.map(() => false));
  };

  test("all fields must match; others do not matter", () => {
    check(
      { source: ["s"], detail: { a: ["x"], b: { c: [1] } } },
      [{ source: "s", detail: { a: "x", b: { c: 1, d: 2 }, e: 3 }, id: "i" }],
      [{ source: "s" }, { source: "s", detail: { a: "x" } }, { source: "s", detail: { a: "x", b: 1 } }, null, "s", []],
    );
  });

  test("fields of one object meet within one element of an array of objects", () => {
    check(
      { people: { first: ["Anna"], last: ["Jones"] } },
      [
        { people: [{ first: "Bob" }, { first: "Anna", last: "Jones" }] },
        { people: { first: "Anna", last: "Jones" } },
        { people: [[{ first: ["Eve", "Anna"], last: "Jones" }]] },
      ],
      [
        {
          people: [
            { first: "Anna", last: "Smith" },
            { first: "Bob", last: "Jones" },
          ],
        },
        { people: [] },
        { people: ["Anna"] },
      ],
    );
  });

  test("absence inside an array of objects: in none of them; beside a demand: in the element that meets it", () => {
    check(
      { list: { f: [{ exists: false }] } },
      [{}, { list: [] }, { list: [{ g: 1 }, {}] }, { list: "scalar" }, { list: { g: 1 } }],
      [{ list: [{ g: 1 }, { f: 1 }] }, { list: { f: null } }],
    );
    check(
      { list: { f: [{ exists: false }], g: [1] } },
      [{ list: [{ f: 1 }, { g: 1 }] }, { list: { g: 1 } }],
      [{}, { list: [{ f: 1, g: 1 }, { g: 2 }] }],
    );
  });

  test("$or, beside fields, nested, parallel, and with absence", () => {
    check(
      {
        source: ["s"],
        $or: [{ a: [1] }, { b: [2], $or: [{ c: [3] }, { d: [4] }] }, { e: [{ exists: false }], f: [1] }],
      },
      [
        { source: "s", a: 1, e: 0 },
        { source: "s", b: 2, c: 3, e: 0 },
        { source: "s", b: 2, d: 4, e: 0 },
        { source: "s", f: 1 },
      ],
      [{ source: "t", a: 1 }, { source: "s" }, { source: "s", b: 2, e: 0 }, { source: "s", f: 1, e: 0 }, { a: 1 }],
    );
    check(
      { d: { $or: [{ x: [1] }, { y: [1] }] }, $or: [{ p: [1] }, { q: [1] }] },
      [{ d: { y: 1 }, p: 1 }],
      [{ d: { y: 1 } }],
    );
  });

  test("$or that makes no alternatives is a field of that name", () => {
    check({ $or: ["a", "b"] }, [{ $or: "a" }], [{}, { a: 1 }]);
    check({ $or: { a: [1] } }, [{ $or: { a: 1 } }], [{ a: 1 }]);
    check({ $or: [{ prefix: "a" }, { suffix: "b" }] }, [{ $or: "ax" }, { $or: "xb" }], [{ $or: "c" }]);
  });

  test("names that JavaScript treats specially are names like others", () => {
    check(JSON.parse('{"__proto__":{"a":[1]}}'), [JSON.parse('{"__proto__":{"a":1}}')], [{}, { a: 1 }]);
    check({ constructor: [{ exists: true }] }, [{ constructor: 1 }], [{}]);
    check({ toString: { name: [{ exists: true }] } }, [{ toString: { name: 1 } }], [{}]);
  });

  test("an event nested without end is answered", () => {
    const deep = JSON.parse(`${"[".repeat(20_000)}"a"${"]".repeat(20_000)}`);
    check({ f: ["a"] }, [], [{ f: deep }]);
    check({ f: { g: ["a"] } }, [], [{ f: deep }]);
  });
});

describe("patterns that EventBridge refuses", () => {
  test.each<[string, unknown]>([
    ["not an object", "a"],
    ["nothing", undefined],
    ["an array", [{ a: [1] }]],
    ["empty", {}],
    ["an empty object inside", { a: {} }],
    ["an empty array", { a: [] }],
    ["a scalar field", { a: "b" }],
    ["a null field", { a: null }],
    ["an array in an array", { a: [["b"]] }],
    ["an unknown comparison", { a: [{ matches: "b" }] }],
    ["a comparison named as a method", { a: [{ toString: "b" }] }],
    ["an empty comparison", { a: [{}] }],
    ["two comparisons in one", { a: [{ prefix: "b", suffix: "c" }] }],
    ["a prefix of a number", { a: [{ prefix: 1 }] }],
    ["a prefix of a suffix", { a: [{ prefix: { suffix: "b" } }] }],
    ["a suffix of nothing", { a: [{ suffix: null }] }],
    ["an ignore-case number", { a: [{ "equals-ignore-case": 1 }] }],
    ["an exists that is not a boolean", { a: [{ exists: "true" }] }],
    ["two stars", { a: [{ wildcard: "a**" }] }],
    ["an escape of nothing", { a: [{ wildcard: "a\\" }] }],
    ["an escape of a letter", { a: [{ wildcard: "\\a" }] }],
    ["a wildcard list", { a: [{ wildcard: ["a*"] }] }],
    ["a CIDR without mask", { a: [{ cidr: "10.0.0.0" }] }],
    ["a CIDR of a name", { a: [{ cidr: "example.com/8" }] }],
    ["a CIDR of one address", { a: [{ cidr: "10.0.0.1/32" }] }],
    ["a CIDR with a mask too long", { a: [{ cidr: "::/128" }] }],
    ["a CIDR with a negative mask", { a: [{ cidr: "10.0.0.0/-1" }] }],
    ["a numeric that is no array", { a: [{ numeric: 5 }] }],
    ["a numeric without terms", { a: [{ numeric: [] }] }],
    ["a numeric without value", { a: [{ numeric: [">"] }] }],
    ["a numeric string", { a: [{ numeric: ["=", "5"] }] }],
    ["an unknown operator", { a: [{ numeric: ["!=", 5] }] }],
    ["a range upside down", { a: [{ numeric: ["<", 5, ">", 0] }] }],
    ["a range of equals", { a: [{ numeric: ["=", 5, "<", 6] }] }],
    ["an empty range", { a: [{ numeric: [">", 5, "<", 5] }] }],
    ["three operators", { a: [{ numeric: [">", 1, "<", 5, "<", 6] }] }],
    ["a number out of range", { a: [{ numeric: ["<", 5_000_000_001] }] }],
    ["anything-but nothing", { a: [{ "anything-but": [] }] }],
    ["anything-but null", { a: [{ "anything-but": null }] }],
    ["anything-but a boolean", { a: [{ "anything-but": true }] }],
    ["anything-but mixed types", { a: [{ "anything-but": ["a", 1] }] }],
    ["anything-but an empty prefix", { a: [{ "anything-but": { prefix: "" } }] }],
    ["anything-but an empty suffix in a list", { a: [{ "anything-but": { suffix: ["a", ""] } }] }],
    ["anything-but numeric", { a: [{ "anything-but": { numeric: ["=", 1] } }] }],
    ["anything-but two comparisons", { a: [{ "anything-but": { prefix: "a", suffix: "b" } }] }],
    ["anything-but a bad wildcard", { a: [{ "anything-but": { wildcard: "**" } }] }],
    ["$or of one", { $or: [{ a: [1] }] }],
    ["an empty alternative", { $or: [{ a: [1] }, {}] }],
    ["a pattern over the size limit", { a: ["x".repeat(4096)] }],
  ])("%s", (_, pattern) => {
    expect(() => compilePattern(pattern)).toThrow(
      expect.objectContaining({ name: "PermanentError", code: "bad-pattern" }),
    );
  });

  test("more than a thousand combinations", () => {
    const or = (name: string) => ({ [name]: { $or: Array.from({ length: 11 }, (_, n) => ({ [`x${n}`]: [1] })) } });
    expect(() => compilePattern({ ...or("a"), ...or("b") })).not.toThrow();
    expect(() => compilePattern({ ...or("a"), ...or("b"), ...or("c") })).toThrow(/combinations/);
  });

  test("the error names the place", () => {
    expect(() => compilePattern({ detail: { deep: { f: [] } } })).toThrow(
      "detail.deep.f: empty arrays are not allowed",
    );
  });
});

describe("properties", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "A", "*", "é"), maxLength: 6 });
  const scalar = fc.oneof(text, fc.integer({ min: -3, max: 3 }), fc.boolean(), fc.constant(null));
  const one = (entry: unknown, value: unknown) => compilePattern({ f: [entry] })({ f: value });

  test("prefix and suffix are startsWith and endsWith", () => {
    fc.assert(
      fc.property(text, text, (part, whole) => {
        expect(one({ prefix: part }, whole)).toBe(whole.startsWith(part));
        expect(one({ suffix: part }, whole)).toBe(whole.endsWith(part));
      }),
    );
  });

  test("a wildcard is the regular expression with `.*` for stars", () => {
    const pattern = fc
      .string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 })
      .map((raw) => raw.replace(/\*+/g, "*"));
    const subject = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 });
    fc.assert(
      fc.property(pattern, subject, (wildcard, whole) => {
        expect(one({ wildcard }, whole)).toBe(new RegExp(`^${wildcard.replaceAll("*", ".*")}$`).test(whole));
      }),
      { numRuns: 500 },
    );
  });

  test("anything-but is the negation of what it holds, for a field that is there", () => {
    const texts = fc.array(
      text.filter((part) => part !== ""),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(texts, scalar, (values, leaf) => {
        expect(one({ "anything-but": values }, leaf)).toBe(!values.some((value) => value === leaf));
        for (const name of ["prefix", "suffix", "equals-ignore-case"]) {
          const some = values.some((value) => one({ [name]: value }, leaf));
          expect(one({ "anything-but": { [name]: values } }, leaf)).toBe(!some);
        }
        expect(compilePattern({ f: [{ "anything-but": values }] })({})).toBe(false);
      }),
    );
  });

  test("a numeric range is both of its halves, and = is neither < nor >", () => {
    const number = fc.integer({ min: -5, max: 5 });
    fc.assert(
      fc.property(number, number, number, (bottom, top, leaf) => {
        fc.pre(bottom < top);
        const both = one({ numeric: [">=", bottom] }, leaf) && one({ numeric: ["<", top] }, leaf);
        expect(one({ numeric: [">=", bottom, "<", top] }, leaf)).toBe(both);
        const neither = !one({ numeric: ["<", bottom] }, leaf) && !one({ numeric: [">", bottom] }, leaf);
        expect(one({ numeric: ["=", bottom] }, leaf)).toBe(neither);
      }),
    );
  });

  test("a CIDR holds what has its leading bits", () => {
    const address = fc.integer({ min: 0, max: 0xffffffff });
    const dotted = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 31 }), address, (value, bits, low) => {
        const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
        const network = (value & mask) >>> 0;
        const inside = (network | (low & ~mask)) >>> 0;
        expect(one({ cidr: `${dotted(network)}/${bits}` }, dotted(inside))).toBe(true);
        expect(one({ cidr: `${dotted(network)}/${bits}` }, dotted(low))).toBe((low & mask) >>> 0 === network);
      }),
    );
  });

  test("an array matches when one of its elements does, an entry list when one of its entries does", () => {
    const entry = fc.oneof(
      scalar,
      text.map((prefix) => ({ prefix })),
      text.map((value) => ({ "anything-but": value })),
    );
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 3 }),
        fc.array(scalar, { maxLength: 4 }),
        (list, values) => {
          const whole = compilePattern({ f: list })({ f: values });
          expect(whole).toBe(values.some((value) => list.some((member) => one(member, value))));
        },
      ),
    );
  });

  test("whatever the pattern, it compiles or is refused as bad; whatever the event, it is answered", () => {
    const hostile = fc.object({
      key: fc.constantFrom(
        "f",
        "$or",
        "prefix",
        "suffix",
        "numeric",
        "exists",
        "anything-but",
        "wildcard",
        "cidr",
        "__proto__",
      ),
      values: [
        fc.constantFrom("=", ">", "<", "*", "\\", "10.0.0.0/8", "a"),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
      ],
      maxDepth: 4,
    });
    fc.assert(
      fc.property(hostile, fc.jsonValue(), (pattern, event) => {
        try {
          expect(typeof compilePattern(pattern)(event)).toBe("boolean");
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "bad-pattern" });
        }
      }),
      { numRuns: 500 },
    );
  });
});
