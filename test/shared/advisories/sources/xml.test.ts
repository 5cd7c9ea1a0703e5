import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseXml, xmlElements } from "../../../../shared/advisories/sources/xml.ts";

const wanted = new Set(["definition", "update"]);

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function cut(text: string, size = 7, most?: number): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for await (const element of xmlElements(chunked(Buffer.from(text), size), wanted, most)) {
    found.push(element?.toString("utf8"));
  }
  return found;
}

const first =
  '<definition id="a>b" note=\'"<definition>"\'><definition/><x>é</x><definition>in</definition></definition>';
const second = "<update><![CDATA[</update><update>]]><!-- </update> --></update>";
const document = `<?xml version="1.0" encoding="UTF-8"?><root><!-- <update> --><definitions>\n${first}text<?pi <update> ?>${second}</definitions><update/></root>`;

describe("cutting", () => {
  test("elements come as they stand, in whatever pieces the document arrives", async () => {
    for (const size of [1, 2, 3, 16, 10_000]) {
      expect(await cut(document, size)).toEqual([first, second, "<update/>"]);
    }
  });

  test("an element that is too large is told and its neighbours stay", async () => {
    const large = `<update>${"x".repeat(2000)}</update>`;
    expect(await cut(`<u><update>1</update>${large}<update>2</update></u>`, 100, 500)).toEqual([
      "<update>1</update>",
      undefined,
      "<update>2</update>",
    ]);
  });

  test.each([
    ["a document type", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x><update>&a;</update></x>', "document type"],
    ["an element cut off", "<x><update>1</upd", "cut off"],
    ["an element without its end", "<x><update>1", "cut off"],
    ["a page that is not XML", "Not found", "no elements"],
    ["markup without end", `<x><update note="${"a".repeat(3 << 20)}`, "markup of more than"],
  ])("%s is refused", async (_about, text, why) => {
    await expect(cut(text, 1 << 16)).rejects.toMatchObject({
      code: "advisory-file-broken",
      message: expect.stringContaining(why) as string,
    });
  });

  test("whatever the bytes, it ends in elements or in a typed error", async () => {
    const pieces = fc.constantFrom(
      "<",
      ">",
      "/",
      '"',
      "'",
      "<!--",
      "-->",
      "<![CDATA[",
      "]]>",
      "<update",
      "</update>",
      "x",
      " ",
      "<?",
      "?>",
      "<!",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), async (parts, size) => {
        const text = parts.join("");
        const results = [];
        for (const pieceSize of [size, 1000]) {
          results.push(await cut(text, pieceSize).catch((error: unknown) => (error as { code?: string }).code));
        }
        // How it arrives makes no difference.
        expect(results[0]).toEqual(results[1]);
        if (!Array.isArray(results[0])) expect(results[0]).toBe("advisory-file-broken");
      }),
      { numRuns: 400 },
    );
  });
});

describe("parsing", () => {
  test("names lose their prefix, text is joined and the five entities are read", () => {
    expect(parseXml(Buffer.from('<a:b c:d="1&lt;2"> x <e/>&amp;<![CDATA[<y>]]> </a:b>'))).toEqual({
      name: "b",
      attributes: { d: "1<2" },
      children: [{ name: "e", attributes: {}, children: [], text: "" }],
      text: "x &<y>",
    });
  });

  test.each([
    ["an entity of its own", "<a>&b;</a>"],
    ["a document type", "<!DOCTYPE a><a/>"],
    ["a wrong end", "<a><b></a></b>"],
    ["two elements", "<a/><b/>"],
    ["nothing", ""],
    ["too many levels", `${"<a>".repeat(65)}${"</a>".repeat(65)}`],
  ])("%s is refused", (_about, text) => {
    expect(() => parseXml(Buffer.from(text))).toThrow(expect.objectContaining({ code: "advisory-malformed" }) as Error);
  });

  test("a broken element ends in a typed error, never in another", () => {
    const bytes = Buffer.from(first);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        try {
          parseXml(changed);
        } catch (error) {
          expect(error).toMatchObject({ code: "advisory-malformed" });
        }
      }),
      { numRuns: 500 },
    );
  });
});
