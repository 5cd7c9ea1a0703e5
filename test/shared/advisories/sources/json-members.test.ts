import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JsonMember, jsonMembers, jsonMembersOf } from "../../../../shared/advisories/sources/json-members.ts";

async function membersOf(text: string | Buffer, path?: readonly string[], size = 1e9, most?: number) {
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  const members: JsonMember[] = [];
  for await (const member of jsonMembers(Readable.from(pieces), path, most)) members.push(member);
  return members;
}

const plain = (members: readonly JsonMember[]) => members.map(({ key, bytes }) => [key, bytes?.toString()] as const);

describe("members of large JSON", () => {
  it("gives the members of the root, or of a container inside", async () => {
    expect(plain(await membersOf('{"a": {"b": [1, "]"]}, "c" : null }'))).toEqual([
      ["a", '{"b": [1, "]"]}'],
      ["c", "null"],
    ]);
    expect(plain(await membersOf(' [1,{"x":"}"} , "\\"" ] \n'))).toEqual([
      [undefined, "1"],
      [undefined, '{"x":"}"}'],
      [undefined, '"\\""'],
    ]);
    const nested = '{"meta":{"list":[0]},"data":{"n":1,"list":[{"id":1},{"id":2}]},"end":"list"}';
    expect(plain(await membersOf(nested, ["data", "list"])).map(([, text]) => text)).toEqual(['{"id":1}', '{"id":2}']);
    expect(await membersOf(nested, ["data", "none"])).toEqual([]);
    expect(await membersOf('{"data":7}', ["data", "list"])).toEqual([]);
    expect(await membersOf("12", [])).toEqual([]);
    expect(await membersOf('{"a":{},"b":[]}', ["a"])).toEqual([]);
  });

  it("gives what JSON.parse gives, wherever the pieces are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(undefined, 2, "\t"),
        async (value, size, indent) => {
          const text = JSON.stringify({ before: value, at: value }, undefined, indent);
          const members = await membersOf(text, ["at"], size);
          const read = members.map(({ key, bytes }) => [key, JSON.parse(bytes?.toString() ?? "")]);
          const expected: unknown = JSON.parse(JSON.stringify(value));
          expect(Array.isArray(expected) ? read.map(([, item]) => item as unknown) : Object.fromEntries(read)).toEqual(
            expected,
          );
          const outer = jsonMembersOf(Buffer.from(text));
          expect(outer.map(({ bytes }) => JSON.parse(bytes?.toString() ?? "") as unknown)).toEqual([
            expected,
            expected,
          ]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("tells of a member that is too large, and goes on behind it", async () => {
    const text = JSON.stringify({ a: "x".repeat(100), b: 1 });
    expect(plain(await membersOf(text, [], 10, 50))).toEqual([
      ["a", undefined],
      ["b", "1"],
    ]);
  });

  it.each([
    ['{"a":1', "cut off"],
    ['{"a":[1}', "cut off"],
    ["", "cut off"],
    ['["a', "cut off"],
    ['{"a" 1}', "no value"],
    ["{1:2}", "no name"],
    ['{"a":1 "b":2}', "not separated"],
    ["[1] []", "follows its end"],
    ["<html>", "value is missing"],
    ["[,]", "value is missing"],
    [`{"${"k".repeat(5000)}":1}`, "name is too long"],
    ['{"\\x":1}', "name is not a string"],
  ])("refuses %j", async (text, why) => {
    await expect(membersOf(text)).rejects.toMatchObject({
      code: "advisory-file-broken",
      message: expect.stringContaining(why),
    });
  });

  it("ends on any bytes, in members or a typed error", async () => {
    const sample = JSON.stringify({ list: [{ id: "a\\", n: [1, [2]] }, "é", -1.5e3, true] });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sample.length), fc.constantFrom(...Array.from('{}[]",:\\ 1x\u0000'))), {
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 20 }),
        async (changes, size) => {
          const bytes = Buffer.from(sample);
          for (const [at, value] of changes) if (at < bytes.length) bytes.write(value, at);
          const whole = await membersOf(bytes, ["list"], 1e9).catch((error: unknown) => String(error));
          const cut = await membersOf(bytes, ["list"], size).catch((error: unknown) => String(error));
          expect(typeof cut === "string" ? cut : plain(cut)).toEqual(typeof whole === "string" ? whole : plain(whole));
          if (typeof whole === "string") expect(whole).toContain("PermanentError");
        },
      ),
      { numRuns: 500 },
    );
  });
});
