/** Readers of documents: against the full libraries, and against input that was made to hurt. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseJson, parseJsonWithComments } from "../../../../shared/inventory/documents/json.ts";
import { parsePhpSerialized } from "../../../../shared/inventory/documents/php-serialized.ts";
import { parseToml } from "../../../../shared/inventory/documents/toml.ts";
import { member } from "../../../../shared/inventory/documents/value.ts";
import { attributeOf, parseXml } from "../../../../shared/inventory/documents/xml.ts";
import { parseYaml } from "../../../../shared/inventory/documents/yaml.ts";
import { limits } from "../../../../shared/platform/limits.ts";

const broken = expect.objectContaining({ code: "broken-document" });
const tooDeep = limits.documentDepth + 2;

/** Any nesting of objects, arrays and texts. */
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(fc.string({ unit: "grapheme-ascii" }), fc.stringMatching(/^[@a-z0-9./:#-]{1,12}$/)),
    // Not empty: the library writes an empty one where it does not read it.
    fc.array(tie("tree"), { minLength: 1, maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^[@a-z/:? -]{1,8}$/)), tie("tree"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}));

/** Objects without prototype, empty values as the YAML reader gives them. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("YAML", () => {
  it("reads what the library writes, in every style", () => {
    const styles = fc.record({
      defaultStringType: fc.constantFrom("PLAIN" as const, "QUOTE_DOUBLE" as const, "QUOTE_SINGLE" as const),
      collectionStyle: fc.constantFrom("any" as const, "block" as const, "flow" as const),
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 40),
    });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1 }), tree, { noNullPrototype: true }),
        styles,
        (value, style) => {
          const text = stringify(value, { ...style, blockQuote: false, aliasDuplicateObjects: false });
          expect(plain(parseYaml(text)), text).toEqual([value]);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it.each<[text: string, documents: unknown]>([
    ["", []],
    ["# nothing\n", []],
    ["a: 1.10\nb: true # c\nc:\nd: ~\n", [{ a: "1.10", b: "true", c: null, d: "~" }]],
    ["---\na: x\n---\n# empty\n---\nb: y\n...\n", [{ a: "x" }, null, { b: "y" }]],
    ["%YAML 1.2\n---\na: x\n", [{ a: "x" }]],
    ["a:\n- x\n- y: z\n  w: v\n-\n  - q\n- - r\n  - s\n", [{ a: ["x", { y: "z", w: "v" }, ["q"], ["r", "s"]] }]],
    ["? long key\n: value\n? other\n:\n  a: b\n", [{ "long key": "value", other: { a: "b" } }]],
    ["a: |-\n  one\n\n  # two: x\nb: >\n  three\n  four\nc: d\n", [{ a: "one\n\n# two: x", b: "three four", c: "d" }]],
    [
      "a: plain that\n  goes on # here\nb: 'it''s\n  on'\nc: \"x\\u0041\\\n  y\"\n",
      [{ a: "plain that goes on", b: "it's on", c: "xAy" }],
    ],
    [
      "a: {b: [c, 'd, e', {f: g}], \"h\":i, j, k: }\n",
      [{ a: { b: ["c", "d, e", { f: "g" }], h: "i", j: null, k: null } }],
    ],
    ["a: [\n  b, # c\n  d\n  ]\ne: http://x/#y\n", [{ a: ["b", "d"], e: "http://x/#y" }]],
    ["\"a@^1, b@npm:2\":\n  version: 1\n'c: d': e\n", [{ "a@^1, b@npm:2": { version: "1" }, "c: d": "e" }]],
    ["__proto__: x\nconstructor: y\n", [JSON.parse('{"__proto__":"x","constructor":"y"}')]],
  ])("%j", (text, documents) => {
    expect(plain(parseYaml(text))).toEqual(plain(documents));
  });

  it.each([
    "a: &x [b]\n",
    "a: *x\n",
    "a: !!js/function x\n",
    "a: [b\n",
    'a: "b\n',
    "a: 'b' c\n",
    "a: {b: c\nd: e\n",
    "a: b\n c: d\ne\n",
    "\ta: b\n",
    `${"[".repeat(tooDeep)}\n`,
    `${"- ".repeat(tooDeep)}a\n`,
    Array.from({ length: tooDeep }, (_, at) => `${" ".repeat(at)}a:`).join("\n"),
  ])("refuses (%#)", (text) => {
    expect(() => parseYaml(text)).toThrow(broken);
  });
});

describe("TOML", () => {
  it("reads tables, arrays and every kind of text", () => {
    const text = [
      'top = "x" # c',
      "version = 4",
      "date = 1979-05-27 07:32:00",
      "[[package]]",
      'name = "a\\u0041\\"b"',
      "path = 'c:\\x'",
      'long = """',
      "one \\",
      '   two""""',
      "raw = '''",
      "it's'''",
      'list = [ "x", # c',
      '  ["y"], {k = "v", "q r".s = true}, ]',
      'source = { registry = "https://x/", deep.er = 1.5 }',
      "[package.dependencies]",
      'z = ">=1"',
      "[[package]]",
      "[package.metadata.files]",
      '"b c" = []',
      "",
    ].join("\n");
    expect(plain(parseToml(text))).toEqual({
      top: "x",
      version: "4",
      date: "1979-05-27 07:32:00",
      package: [
        {
          name: 'aA"b',
          path: "c:\\x",
          long: 'one two"',
          raw: "it's",
          list: ["x", ["y"], { k: "v", "q r": { s: "true" } }],
          source: { registry: "https://x/", deep: { er: "1.5" } },
          dependencies: { z: ">=1" },
        },
        { metadata: { files: { "b c": [] } } },
      ],
    });
  });

  it("keeps names of inherited members to themselves", () => {
    const parsed = parseToml("__proto__.x = 'y'\n[constructor]\nname = 'z'\n");
    expect(member(member(parsed, "__proto__"), "x")).toBe("y");
    expect(member({}, "constructor")).toBeUndefined();
    expect(Reflect.get({}, "x")).toBeUndefined();
  });

  it.each([
    "a",
    "a =",
    'a = "b',
    "a = 'b\n'",
    '"""',
    "a = [1",
    "a = {b = 1",
    "[a",
    "[[a]",
    "a = 1 b = 2",
    "a = 1\n[a]\n",
    "a = 1\n[[a]]\n",
    `a = ${"[".repeat(tooDeep)}`,
    `${"a.".repeat(tooDeep)}a = 1`,
  ])("refuses (%#)", (text) => {
    expect(() => parseToml(text)).toThrow(broken);
  });
});

describe("JSON", () => {
  it("reads comments and trailing commas beside texts that look like them", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(" ", "\n", "// ]\n", '/* " , */', ""), (json, between) => {
        const text = json.replace(/([,:[{])(?=["[{\d])(?=(?:[^"]*"[^"]*")*[^"]*$)/g, `$1${between}`);
        expect(parseJsonWithComments(json.includes("\\") ? json : text)).toEqual(JSON.parse(json));
      }),
      { numRuns: 300 },
    );
    expect(parseJsonWithComments('\ufeff{"a": [1, 2,], /* x, */ "b // ,]": {"c": "\\",}",},} // end')).toEqual({
      a: [1, 2],
      "b // ,]": { c: '",}' },
    });
  });

  it.each(["", "{", '{"a":}', "[".repeat(tooDeep) + "]".repeat(tooDeep), "[".repeat(4_000_000)])(
    "refuses (%#)",
    (text) => {
      expect(() => parseJson(text)).toThrow(broken);
      expect(() => parseJsonWithComments(text)).toThrow(broken);
    },
  );
});

describe("XML", () => {
  it("reads elements, texts and references", () => {
    const text =
      '\ufeff<?xml version="1.0"?><!-- <x> --><p:a xmlns:p="u>v"><b c=\'>\'/> t &lt;&#65;&#x42;&other; <![CDATA[<&]]><d> e\n</d></p:a>\n';
    expect(parseXml(text)).toMatchObject({
      name: "a",
      text: "t <AB&other; <&",
      children: [
        { name: "b", text: "", children: [] },
        { name: "d", text: "e", children: [] },
      ],
    });
  });

  it("attributes, by their names alone", () => {
    const root = parseXml(`<a b = "x='1' type=2 &lt;" type='c>d'\n xmlns:e="f"><g type/></a>`);
    expect(["b", "type", "xmlns:e", "e", "x"].map((name) => attributeOf(root, name))).toEqual([
      "x='1' type=2 <",
      "c>d",
      "f",
      undefined,
      undefined,
    ]);
    const [inner] = root.children;
    expect(inner && attributeOf(inner, "type")).toBeUndefined();
  });

  it.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "</a>",
    "<a><b></a></b>",
    "<a b='></a>",
    "<!-- a",
    '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
    "<a>".repeat(tooDeep),
  ])("refuses (%#)", (text) => {
    expect(() => parseXml(text)).toThrow(broken);
  });
});

describe("what PHP serialises", () => {
  const hasPhp = ((): boolean => {
    try {
      execFileSync("php", ["-v"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();

  it.skipIf(!hasPhp)("is read as PHP means it (needs PHP)", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 20 }), (values) => {
        // As arrays with keys, which is all that PHP knows.
        const json = JSON.stringify(values);
        const script = "$v = json_decode(stream_get_contents(STDIN), true); echo json_encode([serialize($v)]);";
        const [written = ""]: string[] = JSON.parse(execFileSync("php", ["-r", script], { input: json }).toString());
        expect(asMembers(parsePhpSerialized(Buffer.from(written)))).toEqual(asMembers(JSON.parse(json)));
      }),
      { numRuns: 8 },
    );
  });

  it.each([
    "",
    "x",
    "i:1",
    's:5:"abc";',
    's:3:"abcd";',
    "a:1:{i:0;i:1;i:2;}",
    "a:1:{N;i:1;}",
    "a:2:{i:0;i:1;}",
    'O:1:"A":0:{}',
    "a:1:{i:0;R:1;}",
    "a:99999999999:{}",
    "a:1:{i:0;".repeat(tooDeep),
  ])("refuses %j", (text) => {
    expect(() => parsePhpSerialized(Buffer.from(text))).toThrow(broken);
  });
});

/** Lists and objects alike. */
function asMembers(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asMembers(one)]));
}

describe("cost", () => {
  const size = 1_000_000;

  it("more values than memory should be spent on are refused", () => {
    const many = limits.documentValues + 10;
    expect(() => parseJson(`[${"0,".repeat(many)}0]`)).toThrow(broken);
    expect(() => parseYaml(`- ${"x\n- ".repeat(many)}`)).toThrow(broken);
    expect(() => parseToml(`a = [${"1,".repeat(many)}]`)).toThrow(broken);
    expect(() => parseToml("[[a]]\n".repeat(many))).toThrow(broken);
    expect(() => parseXml(`<a>${"<a/>".repeat(many)}</a>`)).toThrow(broken);
  });

  it.each<[name: string, text: string, parse: (text: string) => unknown]>([
    ["open quotes", 'a: "\\"'.repeat(size / 6), parseYaml],
    ["open lists", "a: [b,\n".repeat(size / 7), parseYaml],
    ["items", "- ".repeat(200) + "- a\n".repeat(size / 4), parseYaml],
    ["block scalars", `a: |\n${" x\n".repeat(size / 3)}`, parseYaml],
    ["plain scalars that go on", `a: b\n${" x\n".repeat(size / 3)}`, parseYaml],
    ["colons", `${":x".repeat(size / 2)}\n`, parseYaml],
    ["comments", "a: b #\n".repeat(size / 7), parseYaml],
    ["tables", "[a.b]\n".repeat(size / 6), parseToml],
    ["quotes", '"'.repeat(size), parseToml],
    ["long texts", `a = """${'"\\""'.repeat(size / 4)}`, parseToml],
    ["open comments", "/*".repeat(size / 2), parseJsonWithComments],
    ["open texts", '"\\'.repeat(size / 2), parseJsonWithComments],
    ["commas", `[${", ".repeat(size / 2)}`, parseJsonWithComments],
    ["tags", "<a>".repeat(200) + "<a/>".repeat(size / 4), parseXml],
    ["open tags", "<a <".repeat(size / 4), parseXml],
    ["references", `<a>${"&".repeat(size)}</a>`, parseXml],
  ])("of %s grows with their number", (_name, text, parse) => {
    const started = performance.now();
    try {
      parse(text);
    } catch (thrown) {
      expect(thrown).toEqual(broken);
    }
    expect(performance.now() - started).toBeLessThan(1500);
  });
});
