/** Rust programs built by cargo-auditable: real ones, every place of the section, and hostile ones. */
import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractor } from "../../../../shared/inventory/extractors/rust-binary/extractor.ts";
import { limits } from "../../../../shared/platform/limits.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { type ElfInput, elf, namesIn, pe, stream } from "../executables.ts";

const crates = {
  packages: [
    { name: "app", version: "0.1.0", source: "local", root: true, dependencies: [1] },
    { name: "time", version: "0.1.43", source: "crates.io" },
    { name: "cc", version: "1.0.0", source: "crates.io", kind: "build" },
    { name: "fork", version: "2.0.0-alpha.1", source: "git", kind: "runtime" },
  ],
};
const names = ["cargo/app@0.1.0", "cargo/time@0.1.43", "cargo/fork@2.0.0-alpha.1"];
const auditable = (value: unknown): Buffer => deflateSync(JSON.stringify(value));

function program(content: Uint8Array, form: Partial<ElfInput> = {}): Buffer {
  const sections = [
    { name: ".comment", content: Buffer.from("rustc") },
    { name: ".dep-v0", content },
    { name: ".debug_str", content: Buffer.from("x.dep-v0\0.dep-v0 \0") },
  ];
  return elf({ segments: [{ content: Buffer.alloc(20_000), rights: "rx" }], sections, ...form });
}

describe("where the section is found", () => {
  it.each([
    { bits: 64, bigEndian: false },
    { bits: 64, bigEndian: true },
    { bits: 32, bigEndian: false },
    { bits: 32, bigEndian: true },
  ] as const)("ELF %j", (form) => {
    for (const pieces of [61, 4096, 1_000_000]) {
      const streamed = stream(extractor, program(auditable(crates), form), "app", pieces);
      expect([namesIn(streamed), streamed?.again]).toEqual([names, 0]);
    }
  });

  it("far from the end of a program with many symbols: asked for again", () => {
    const content = auditable(crates);
    const streamed = stream(extractor, program(content, { symbols: 2_000_000 }));
    expect([namesIn(streamed), streamed?.again]).toEqual([names, content.length]);
  });

  it("in Windows programs, by name", () => {
    const content = auditable(crates);
    const sections = [
      { name: ".text", content: Buffer.alloc(3000), writable: false },
      { name: ".dep-v0", content, writable: false },
    ];
    expect(namesIn(stream(extractor, pe(sections), "app.exe"))).toEqual(names);
    expect(stream(extractor, pe(sections.slice(0, 1)), "app.exe")).toBeUndefined();
  });

  it("not in programs that only speak of it", () => {
    const sections = [{ name: ".rodata", content: Buffer.from("\0.dep-v0\0") }];
    expect(stream(extractor, elf({ sections }))?.facts).toEqual({});
  });
});

describe("what it tells", () => {
  it("crates that are in the program, with where they come from", () => {
    const { facts } = stream(extractor, program(auditable(crates))) ?? {};
    expect(facts?.packages?.map(({ build }) => build?.["source"])).toEqual(["local", "crates.io", "git"]);
    expect(facts?.partial).toEqual([]);
  });

  it("what is broken in it is said", () => {
    const some = { packages: [...crates.packages, { name: "" }, 5] };
    const { facts } = stream(extractor, program(auditable(some))) ?? {};
    expect(facts?.packages).toHaveLength(3);
    expect(facts?.partial).toMatchObject([{ reason: "broken-record" }]);
    for (const content of [Buffer.from("no zlib"), auditable([]), auditable({ packages: 1 }), Buffer.alloc(0)]) {
      expect(stream(extractor, program(content))?.facts.partial).toMatchObject([{ reason: "broken-record" }]);
    }
  });

  it("a bomb does not go off", () => {
    const bomb = deflateSync(Buffer.alloc(200 * 1024 * 1024, 0x20));
    const before = process.memoryUsage().rss;
    const partial = stream(extractor, program(bomb))?.facts.partial;
    expect(partial).toMatchObject([{ reason: "broken-record" }]);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  it("a section that claims more than the file, or than is read, is told of", () => {
    const file = program(auditable(crates));
    const table = Number(file.readBigUInt64LE(40));
    for (const length of [file.length, limits.buildInfoBytes + 1]) {
      file.writeBigUInt64LE(BigInt(length), table + 2 * 64 + 32);
      expect(stream(extractor, file)?.facts.partial).toMatchObject([{ reason: "broken-record" }]);
    }
  });
});

describe("hostile programs", () => {
  it("any damage to header, table or section is facts, a reason, or nothing", () => {
    const sample = program(auditable(crates));
    const places = fc.oneof(fc.nat(80), fc.integer({ min: 24_576, max: sample.length - 1 }));
    const changes = fc.array(fc.tuple(places, fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(changes, (splices) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of splices) bytes[at] = value;
        for (const { name } of stream(extractor, bytes)?.facts.packages ?? []) expect(name).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 400 },
    );
  });
});

describe.skipIf(sharedData === undefined)("real programs (needs the shared data beside the checkout)", () => {
  it("lists the crates that cargo-auditable wrote", () => {
    const file = readFileSync(`${sharedData}images/lang/rust/test.elf`);
    expect(namesIn(stream(extractor, file))).toEqual(["cargo/crate_with_features@0.1.0", "cargo/library_crate@0.1.0"]);
  });
});
