/** Archives as tools write them, and as attackers do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readZipEntry, type ZipEntry, zipEntries } from "../../../shared/inventory/zip.ts";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { buildZip, type ZipFile, type ZipOptions } from "./zip-writer.ts";

const MB = 1024 * 1024;

function contents(archive: Buffer): [name: string, content: string][] {
  return [...zipEntries(archive)].map((entry) => [entry.name, readZipEntry(archive, entry, MB).toString("utf8")]);
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof PermanentError) return thrown.code;
    throw thrown;
  }
  return "none";
}

function firstOf(archive: Buffer): ZipEntry {
  const [entry] = zipEntries(archive);
  if (entry === undefined) throw new Error("no entry");
  return entry;
}

const files: readonly ZipFile[] = [
  { name: "META-INF/", content: "", stored: true },
  { name: "a.txt", content: "stored", stored: true },
  { name: "größe.txt", content: "deflated ".repeat(100) },
  { name: "empty", content: "" },
];
const expected = files.map(({ name, content }) => [name, String(content)]);

describe("zip archives", () => {
  it.each<[what: string, options: ZipOptions]>([
    ["as they are", {}],
    ["behind a launcher", { launcher: Buffer.from("#!/bin/sh\nexec java -jar $0\n") }],
    ["with zip64 fields", { zip64: true }],
    ["with zip64 fields behind a launcher", { zip64: true, launcher: Buffer.alloc(70_000, 1) }],
    ["with a comment", { comment: Buffer.alloc(0xffff, 32) }],
    ["with a comment that holds an end record", { comment: buildZip([]) }],
  ])("%s", (_what, options) => {
    expect(contents(buildZip(files, options))).toEqual(expected);
  });

  it("an empty archive has no entries; what is no archive is broken", () => {
    expect(contents(buildZip([]))).toEqual([]);
    for (const bytes of [Buffer.alloc(0), Buffer.from("PK"), Buffer.alloc(100_000), buildZip(files).subarray(0, -30)]) {
      expect(codeOf(() => [...zipEntries(bytes)])).toBe("broken-archive");
    }
  });

  it.each<[what: string, file: ZipFile, code: string]>([
    ["more than is asked for", { name: "a", content: Buffer.alloc(2 * MB), stored: true }, "archiveEntryBytes"],
    ["a claim of too little", { name: "a", content: "x".repeat(1000), claims: { size: 10 } }, "broken-archive"],
    ["a claim of too much", { name: "a", content: "x".repeat(1000), claims: { size: 1001 } }, "broken-archive"],
    ["a bomb", { name: "a", content: Buffer.alloc(MB) }, "none"],
    ["encryption", { name: "a", content: "x", claims: { flags: 1 } }, "encrypted-archive"],
    ["another method", { name: "a", content: "x", claims: { method: 12 } }, "archive-method"],
    ["a position outside", { name: "a", content: "x", claims: { position: 0x7fffffff } }, "broken-archive"],
    ["a position elsewhere", { name: "a", content: "x", claims: { position: 1 } }, "broken-archive"],
    ["content outside", { name: "a", content: "x", claims: { compressedSize: 5000 } }, "broken-archive"],
    ["two sizes", { name: "a", content: "xx", stored: true, claims: { size: 1 } }, "broken-archive"],
  ])("an entry with %s", (_what, file, code) => {
    const archive = buildZip([file]);
    expect(codeOf(() => readZipEntry(archive, firstOf(archive), MB))).toBe(code);
  });

  it("refuses a bomb by what it claims, before unpacking", () => {
    const archive = buildZip([{ name: "a", content: Buffer.alloc(4 * MB) }]);
    expect(4 * MB).toBeGreaterThan(limits.archiveRatioFloorBytes);
    expect(codeOf(() => readZipEntry(archive, firstOf(archive), 100 * MB))).toBe("archiveRatio");
  });

  it("any damage ends in the content, or in a typed error", () => {
    const archive = buildZip(files, { comment: Buffer.from("c") });
    const damage = fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, fc.nat(archive.length), (changes, length) => {
        const damaged = Buffer.from(archive);
        for (const [at, value] of changes) damaged[at] = value;
        const cut = damaged.subarray(0, changes.length === 1 ? length : undefined);
        codeOf(() => contents(cut));
      }),
      { numRuns: 3000 },
    );
  });
});
