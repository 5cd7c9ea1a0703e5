/** Go programs: real ones as `go version -m` lists them, made ones for every form of the block, and hostile ones. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractor } from "../../../../shared/inventory/extractors/go-binary/extractor.ts";
import { linkedVersion } from "../../../../shared/inventory/extractors/go-binary/linker-flags.ts";
import { readImage } from "../../../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../../../shared/inventory/record.ts";
import { openImageSource } from "../../../../shared/registry/open-source.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { baseAddress, elf, namesIn, pe, type Segment, stream } from "../executables.ts";

const magic = Buffer.from("\xff Go buildinf:", "latin1");
const mark = Buffer.alloc(16, 0x77);

/** An unsigned LEB128 length, and the bytes. */
function counted(bytes: Buffer): Buffer {
  const length: number[] = [];
  let left = bytes.length;
  do {
    length.push((left % 128) + (left >= 128 ? 128 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** The block since Go 1.18. */
function block(version: string, modules: string): Buffer {
  const header = Buffer.concat([magic, Buffer.from([8, 2])], 32);
  const text = modules === "" ? Buffer.alloc(0) : Buffer.concat([mark, Buffer.from(modules), mark]);
  return Buffer.concat([header, counted(Buffer.from(version)), counted(text)]);
}

const modules = (...lines: readonly string[]): string =>
  `${lines.map((line) => line.replaceAll(" ", "\t")).join("\n")}\n`;
const plain = modules("path example.test/app", "mod example.test/app v1.2.3 h1:x", "dep golang.org/x/text v0.3.2 h1:y");
const plainNames = ["golang/example.test/app@v1.2.3", "golang/stdlib@1.22.1", "golang/golang.org/x/text@v0.3.2"];

const code: Segment = { content: Buffer.alloc(30_000, 0x90), rights: "rx" };
const programWith = (content: Buffer): Buffer => elf({ segments: [code, { content, rights: "rw" }] });
const go = (text: string, version = "go1.22.1"): Buffer => programWith(block(version, text));
const read = (text: string, version?: string): ReturnType<typeof stream> => stream(extractor, go(text, version));

describe("where the block is found", () => {
  it.each([1, 13, 4099, 65_536, 10_000_000])("in pieces of %i bytes", (pieces) => {
    expect(namesIn(stream(extractor, go(plain), "app", pieces))).toEqual(plainNames);
  });

  it("behind other data, and behind what only looks like it", () => {
    const decoy = Buffer.concat([magic, Buffer.alloc(18, 0xff)]);
    const unaligned = Buffer.concat([Buffer.alloc(5), block("go1.1", "")]);
    const data = Buffer.concat([decoy, unaligned]);
    const aligned = Buffer.alloc(Math.ceil(data.length / 16) * 16);
    aligned.set(data);
    expect(namesIn(stream(extractor, programWith(Buffer.concat([aligned, block("go1.22.1", plain)]))))).toEqual(
      plainNames,
    );
  });

  it("only in what is writable", () => {
    const file = elf({ segments: [{ content: block("go1.22.1", plain), rights: "r" }, code] });
    expect(stream(extractor, file)).toBeUndefined();
  });

  it("anywhere, when the program says nothing of its parts", () => {
    const file = elf({ segments: [{ content: block("go1.22.1", plain), rights: "r" }] });
    file.writeBigUInt64LE(1_000_000n, 32);
    expect(namesIn(stream(extractor, file))).toEqual(plainNames);
  });

  it("in Windows programs", () => {
    const sections = [
      { name: ".text", content: Buffer.alloc(5000, 0x90), writable: false },
      { name: ".data", content: block("go1.22.1", plain), writable: true },
    ];
    expect(namesIn(stream(extractor, pe(sections)))).toEqual(plainNames);
  });

  it("before Go 1.18: behind pointers, and asked for again", () => {
    // Segment 1 holds the texts, segment 2 the block and the texts' headers.
    const text = Buffer.concat([mark, Buffer.from(plain), mark]);
    const version = Buffer.from("go1.15.2");
    const data = Buffer.alloc(4096);
    const texts = baseAddress + 4096;
    const headers = baseAddress + 8192 + 1024;
    data.set(magic);
    data[14] = 8;
    data.writeBigUInt64LE(BigInt(headers), 16);
    data.writeBigUInt64LE(BigInt(headers + 16), 24);
    data.writeBigUInt64LE(BigInt(texts), 1024);
    data.writeBigUInt64LE(BigInt(version.length), 1032);
    data.writeBigUInt64LE(BigInt(texts + version.length), 1040);
    data.writeBigUInt64LE(BigInt(text.length), 1048);
    const file = elf({
      segments: [
        { content: Buffer.concat([version, text]), rights: "r" },
        { content: data, rights: "rw" },
      ],
    });
    const streamed = stream(extractor, file, "app", 777);
    expect(namesIn(streamed)).toEqual(plainNames.map((name) => name.replace("1.22.1", "1.15.2")));
    expect(streamed?.again).toBe(version.length + text.length);
    file.writeBigUInt64LE(9_999_999n, 8192 + 1024);
    expect(stream(extractor, file)?.facts.partial).toMatchObject([{ reason: "broken-record" }]);
  });

  it("before Go 1.18 and to run at any address: pointers that only the loader fills in are told of", () => {
    const data = Buffer.alloc(4096);
    data.set(magic);
    data[14] = 8;
    const decoyed = Buffer.concat([data, block("go1.22.1", plain)]);
    expect(stream(extractor, programWith(data))?.facts.partial).toMatchObject([
      { reason: "broken-record", detail: expect.stringContaining("to run at any address") },
    ]);
    expect(namesIn(stream(extractor, programWith(decoyed)))).toEqual(plainNames);
  });

  it("not in a program of another language", () => {
    expect(stream(extractor, programWith(Buffer.alloc(50_000, "data")))?.facts).toEqual({});
  });

  it("not when it is packed, which is said", () => {
    const file = go(plain);
    file.write("UPX!", 0xe8, "latin1");
    expect(stream(extractor, file)?.facts).toMatchObject({ partial: [{ reason: "packed-executable" }] });
    const windows = pe([{ name: "UPX0", content: Buffer.alloc(16), writable: true }]);
    expect(stream(extractor, windows)?.facts).toMatchObject({ partial: [{ reason: "packed-executable" }] });
  });

  it("cut off, which is said", () => {
    const file = go(plain);
    expect(stream(extractor, file.subarray(0, file.indexOf(magic) + 80))?.facts.partial).toMatchObject([
      { reason: "broken-record" },
    ]);
  });
});

describe("what the block tells", () => {
  it("settings of the build, with the main module", () => {
    const text = modules(
      "path example.test/app/cmd/server",
      "mod example.test/app (devel) ",
      "build -buildmode=exe",
      'build -tags="netgo osusergo"',
      "build CGO_ENABLED=0",
      "build GOARCH=arm64",
      "build GOOS=linux",
      "build vcs=git",
      "build vcs.revision=9640d75c13845419f5797e2e3ac3475f8d801d79",
      "build vcs.modified=true",
    );
    expect(read(text)?.facts.packages?.[0]).toEqual({
      type: "golang",
      name: "example.test/app",
      version: "",
      evidence: "binary",
      build: {
        go: "go1.22.1",
        path: "example.test/app/cmd/server",
        CGO_ENABLED: "0",
        GOARCH: "arm64",
        GOOS: "linux",
        vcs: "git",
        "vcs.revision": "9640d75c13845419f5797e2e3ac3475f8d801d79",
        "vcs.modified": "true",
      },
    });
  });

  it("replaced modules: what stands in for them was linked", () => {
    const text = modules(
      "path a",
      "mod a v0.0.0-20240101000000-abcdefabcdef ",
      "dep b v1.0.0 h1:b",
      "=> fork.test/b v1.0.1 h1:f",
      "dep c v1.5.0 ",
      "=> ./c (devel) ",
      "dep d v2.0.0+incompatible h1:d",
      "dep e (devel) ",
    );
    const packages = read(text)?.facts.packages ?? [];
    expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual([
      "a v0.0.0-20240101000000-abcdefabcdef",
      "stdlib 1.22.1",
      "fork.test/b v1.0.1",
      "c ",
      "d v2.0.0+incompatible",
      "e ",
    ]);
    expect(packages.slice(2, 4).map(({ build }) => build)).toEqual([
      { replaces: "b@v1.0.0" },
      { replacedBy: "./c", required: "v1.5.0" },
    ]);
  });

  it.each([
    ["go1.22.1", "1.22.1", undefined],
    ["go1.20", "1.20", undefined],
    ["go1.21rc2", "1.21rc2", undefined],
    ["go1.22.5 X:boringcrypto", "1.22.5", "go1.22.5 X:boringcrypto"],
    ["go1.20.7+microsoft", "1.20.7", "go1.20.7+microsoft"],
    ["devel go1.23-abcdef Tue Jan 2 2024", "", "devel go1.23-abcdef Tue Jan 2 2024"],
  ])("the standard library of %s", (version, expected, told) => {
    const library = read(plain, version)?.facts.packages?.find(({ name }) => name === "stdlib");
    expect([library?.version, library?.build?.["go"]]).toEqual([expected, told]);
  });

  it("a program without modules has the standard library alone", () => {
    expect(namesIn(read(""))).toEqual(["golang/stdlib@1.22.1"]);
  });

  it("records without a path are told of", () => {
    expect(read(modules("path a", "dep  v1.0.0 ", "dep b v1.0.0 "))?.facts.partial).toMatchObject([
      { reason: "broken-record", detail: "1 records without a usable name or version" },
    ]);
  });
});

describe("versions that the linker wrote", () => {
  it.each<[flags: string, expected: string | undefined]>([
    ["-w -X main.version=v1.0.0", "main.version v1.0.0"],
    ["-s -X=main.Version=2.3", "main.Version 2.3"],
    ["-X 'main.version=1.2.3' -X main.commit=abcdef", "main.version 1.2.3"],
    ['-X "main.buildVersion=1.2.3-rc.1"', "main.buildVersion 1.2.3-rc.1"],
    ["--X main.gitTag=v4.5.6", "main.gitTag v4.5.6"],
    ["-X github.com/prometheus/common/version.Version=2.48.0", "github.com/prometheus/common/version.Version 2.48.0"],
    [
      "-X github.com/x/lib.Version=9.9.9 -X example.test/app/internal.Version=1.0.0",
      "example.test/app/internal.Version 1.0.0",
    ],
    ["-X example.test/app/internal.Version=1.0.0 -X main.version=1.0.1", "main.version 1.0.1"],
    ["-X main.goVersion=1.22.1", undefined],
    ["-X main.note=a.version=1.0.0", undefined],
    ["-X main.version=latest", undefined],
    ["-X main.version=", undefined],
    ["-X", undefined],
    ["-X main.version", undefined],
    ["-w -s", undefined],
    ["'unclosed -X main.version=1.0.0", "main.version 1.0.0"],
  ])("%s", (flags, expected) => {
    const found = linkedVersion(flags, "example.test/app");
    expect(found && `${found.variable} ${found.version}`).toBe(expected);
  });

  it("count where the module has none, and are told of where it has one", () => {
    const flags = 'build -ldflags="-X main.version=9.9.9 -X main.token=secret"';
    const line = flags.replace("build ", "build\t");
    const development = `${modules("path a", "mod a (devel) ")}${line}\n`;
    const released = `${modules("path a", "mod a v1.2.3 h1:x")}${line}\n`;
    expect(read(development)?.facts.packages?.[0]?.version).toBe("9.9.9");
    expect(read(released)?.facts.packages?.[0]).toMatchObject({
      version: "v1.2.3",
      build: { "-X main.version": "9.9.9" },
    });
    expect(JSON.stringify(read(development)?.facts)).not.toContain("secret");
  });

  it("long flags take no long time", () => {
    const flags = "-X 'main.version=".repeat(100_000);
    const start = performance.now();
    linkedVersion(flags, "a");
    linkedVersion(`${'"'.repeat(1_000_001)}`, "a");
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe("hostile programs", () => {
  it("any damage to the block is facts, a reason, or nothing", () => {
    const sample = go(
      modules("path a", "mod a (devel) ", "dep b v1.0.0 h1:b", "=> c v1 h1:c", 'build -ldflags="-X main.version=1"'),
    );
    const start = sample.indexOf(magic);
    const change = fc.tuple(fc.nat(220), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of changes) bytes[start + at] = value;
        const packages = stream(extractor, bytes)?.facts.packages ?? [];
        for (const { name, version } of packages) expect(`${name}${version}`).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 400 },
    );
  });

  it("lengths beyond all bounds are not believed", () => {
    const header = Buffer.concat([magic, Buffer.from([8, 2])], 32);
    const endless = Buffer.concat([header, Buffer.alloc(12, 0xff)]);
    const huge = Buffer.concat([header, counted(Buffer.from("go1.22")), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07])]);
    for (const content of [endless, huge])
      expect(stream(extractor, programWith(content))?.facts.packages).toBeUndefined();
  });

  it("a program of nothing but blocks costs little", () => {
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.concat([magic, Buffer.from([8, 2])], 48)));
    const start = performance.now();
    stream(extractor, programWith(many));
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe.skipIf(sharedData === undefined)("real programs (needs the shared data beside the checkout)", () => {
  it("of Go 1.15 and 1.22, as `go version -m` lists them", () => {
    const folder = `${sharedData}images/lang/go/`;
    expect(namesIn(stream(extractor, readFileSync(`${folder}test.elf`)))).toEqual([
      "golang/github.com/aquasecurity/test@",
      "golang/stdlib@1.15.2",
      "golang/github.com/aquasecurity/go-pep440-version@v0.0.0-20210121094942-22b2f8951d46",
      "golang/github.com/aquasecurity/go-version@v0.0.0-20210121072130-637058cfe492",
      "golang/golang.org/x/xerrors@v0.0.0-20200804184101-5ec99f83aff1",
    ]);
    expect(namesIn(stream(extractor, readFileSync(`${folder}main-version-via-ldflags.elf`)))).toEqual([
      "golang/github.com/aquasecurity/test@v1.0.0",
      "golang/stdlib@1.22.1",
    ]);
  });

  it("in an image, beside a Rust program", async () => {
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const settings = { allow: [], insecure: [], allowPrivate: [] };
    const source = await openImageSource(`oci-archive:${sharedData}images/built/langbin.oci.tar`, {
      settings,
      credentials: async () => undefined,
      log,
    });
    try {
      const [first] = (await source.resolve("all")).images;
      if (first === undefined) throw new Error("no image");
      const inventory = await readImage(await first.open(), { records: layerRecordsInMemory() });
      const bin = "usr/local/bin";
      expect(inventory.packages.map(({ purl, locations }) => [purl, ...locations.map(({ path }) => path)])).toEqual([
        ["pkg:cargo/rsdemo@0.1.0", `${bin}/rsdemo`],
        ["pkg:cargo/smallvec@1.6.0", `${bin}/rsdemo`],
        ["pkg:cargo/time@0.1.43", `${bin}/rsdemo`],
        ["pkg:golang/example.test/godemo@1.2.3", `${bin}/godemo`],
        ["pkg:golang/github.com/evanw/esbuild", `${bin}/esbuild`],
        ["pkg:golang/golang.org/x/sys@v0.0.0-20220715151400-c0bba94af5f8", `${bin}/esbuild`],
        ["pkg:golang/golang.org/x/text@v0.3.2", `${bin}/godemo`],
        ["pkg:golang/stdlib@1.19.4", `${bin}/esbuild`],
        ["pkg:golang/stdlib@1.24.4", `${bin}/godemo`],
      ]);
      expect(inventory.partial).toEqual([]);
    } finally {
      await source.close();
    }
  });
});
