import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildTar } from "../../../local/demo/build-image.ts";
import { createTarWalker } from "../../../shared/inventory/tar/walker.ts";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { createTar, type TarWriter } from "./tar-writer.ts";

interface Seen {
  readonly kind: string;
  readonly path: string;
  readonly size: number;
  readonly target?: string | undefined;
  readonly content?: string;
}

/** Everything a walker tells of a tar that comes in pieces of this size. */
function walk(tar: Uint8Array, pieceSize = tar.length, finish = true): { entries: Seen[]; refused: string[] } {
  const entries: Seen[] = [];
  const refused: string[] = [];
  let content: Buffer[] = [];
  const walker = createTarWalker({
    entry(entry) {
      const isLink = entry.kind === "symlink" || entry.kind === "hard-link";
      const { kind, size } = entry;
      entries.push({
        kind: entry.sparse ? "sparse" : kind,
        path: entry.path(),
        size,
        ...(isLink && { target: entry.target() }),
      });
      return kind === "file";
    },
    content: (piece) => content.push(Buffer.from(piece)),
    end() {
      entries.push({ ...(entries.pop() as Seen), content: Buffer.concat(content).toString("latin1") });
      content = [];
    },
    refused: (problem) => refused.push(problem),
  });
  for (let at = 0; at < tar.length; at += pieceSize) walker.push(tar.subarray(at, at + pieceSize));
  if (finish) walker.finish();
  return { entries, refused };
}

function tarOf(write: (tar: TarWriter) => void): Buffer {
  const tar = createTar();
  write(tar);
  return tar.finish();
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (thrown) {
    return thrown instanceof PermanentError ? thrown.code : `not a PermanentError: ${String(thrown)}`;
  }
}

describe("formats", () => {
  const deep = `${"deep/".repeat(60)}file`;
  it.each<[what: string, tar: Buffer, path: string, content: string]>([
    ["ustar", tarOf((tar) => tar.entry({ name: "a/b", content: "x" })), "a/b", "x"],
    ["ustar prefix", tarOf((tar) => tar.entry({ name: "c/d", prefix: "a/b", content: "x" })), "a/b/c/d", "x"],
    ["GNU's use of the prefix bytes", tarOf((tar) => tar.entry({ name: "c", prefix: "a", magic: "gnu" })), "c", ""],
    ["v7", tarOf((tar) => tar.entry({ name: "a", type: "\0", magic: "none", content: "old" })), "a", "old"],
    ["a name of exactly 100 bytes", tarOf((tar) => tar.entry({ name: "n".repeat(100) })), "n".repeat(100), ""],
    [
      "pax path and size",
      tarOf((tar) => {
        tar.pax({ mtime: "1.5", path: deep, size: "3" });
        tar.entry({ name: "short", size: 0, content: "abc" });
      }),
      deep,
      "abc",
    ],
    [
      "pax path in UTF-8",
      tarOf((tar) => {
        tar.pax({ path: "naïve/日本" });
        tar.entry({ name: "x" });
      }),
      "naïve/日本",
      "",
    ],
    [
      "a global header, which changes nothing",
      tarOf((tar) => {
        tar.pax({ path: "other", comment: "a commit" }, "g");
        tar.entry({ name: "mine" });
      }),
      "mine",
      "",
    ],
    [
      "GNU long name",
      tarOf((tar) => {
        tar.entry({ name: "././@LongLink", type: "L", magic: "gnu", content: `${deep}\0` });
        tar.entry({ name: deep.slice(0, 100), magic: "gnu", content: "x" });
      }),
      deep,
      "x",
    ],
    [
      "base-256 size",
      tarOf((tar) =>
        tar.entry({ name: "a", content: "xyz", size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]) }),
      ),
      "a",
      "xyz",
    ],
    ["an unknown type, read as a file", tarOf((tar) => tar.entry({ name: "a", type: "Q", content: "x" })), "a", "x"],
  ])("%s", (_what, tar, path, content) => {
    expect(walk(tar).entries).toEqual([{ kind: "file", path, size: content.length, content }]);
  });

  it("links, long links, directories and devices", () => {
    const tar = tarOf((writer) => {
      writer.entry({ name: "dir/", type: "5" });
      writer.entry({ name: "old-dir/", type: "\0", magic: "none" });
      writer.entry({ name: "sym", type: "2", link: "../up" });
      writer.entry({ name: "././@LongLink", type: "K", content: `${"t/".repeat(80)}\0` });
      writer.entry({ name: "long", type: "2", link: "cut" });
      writer.pax({ linkpath: "./dir//target" });
      writer.entry({ name: "hard", type: "1", link: "cut", size: 500 });
      writer.entry({ name: "null", type: "3" });
    });
    expect(walk(tar).entries).toEqual([
      { kind: "directory", path: "dir", size: 0 },
      { kind: "directory", path: "old-dir", size: 0 },
      { kind: "symlink", path: "sym", size: 0, target: "../up" },
      { kind: "symlink", path: "long", size: 0, target: "t/".repeat(80) },
      { kind: "hard-link", path: "hard", size: 0, target: "dir/target" },
      { kind: "other", path: "null", size: 0 },
    ]);
  });

  it("sparse files are skipped to the byte, whatever their make", () => {
    const tar = tarOf((writer) => {
      const extension = Buffer.alloc(1024);
      extension[504] = 1;
      writer.entry({ name: "gnu", type: "S", magic: "gnu", size: 600, patch: (bytes) => bytes.fill(1, 482, 483) });
      writer.raw(extension);
      writer.raw(Buffer.alloc(1024, "d"));
      writer.entry({ name: "gnu-short", type: "S", magic: "gnu", content: "data" });
      writer.pax({
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "pax",
        "GNU.sparse.realsize": "9999",
      });
      writer.entry({ name: "GNUSparseFile.0/pax", content: `1\n0\n4\n${"\0".repeat(505)}data` });
      writer.entry({ name: "after", content: "x" });
    });
    expect(walk(tar).entries.map(({ kind, path }) => [kind, path])).toEqual([
      ["sparse", "gnu"],
      ["sparse", "gnu-short"],
      ["sparse", "pax"],
      ["file", "after"],
    ]);
  });

  it("names that are no UTF-8 keep their identity", () => {
    const tar = tarOf((writer) => writer.entry({ name: Buffer.from([0x61, 0xff, 0x2f, 0x62]) }));
    expect(walk(tar).entries[0]?.path).toBe("a\\xff/b");
  });

  it("names are made canonical or refused", () => {
    const names = ["./", "/", "./a", "/a/", "a//b", "a/./b", "a/../b", "..", "a/../../b", "....", "...", "a/..b/.c."];
    const { entries, refused } = walk(tarOf((writer) => names.map((name) => writer.entry({ name, type: "5" }))));
    expect(entries.map(({ path }) => path)).toEqual(["a", "a", "a/b", "a/b", "b", "....", "...", "a/..b/.c."]);
    expect(refused).toEqual(["outside-root", "outside-root"]);
    const long = tarOf((writer) => {
      writer.pax({ path: "x/".repeat(limits.pathBytes) });
      writer.entry({ name: "x" });
    });
    expect(walk(long)).toEqual({ entries: [], refused: ["too-long"] });
  });
});

describe("hostile archives", () => {
  const good = buildTar([{ path: "a", content: "x".repeat(700) }]);
  it.each<[what: string, tar: Buffer, code: string]>([
    ["no tar at all", Buffer.alloc(2048, "not a tar "), "not-a-layer"],
    ["a wrong checksum", tarOf((tar) => tar.entry({ name: "a", checksum: 1 })), "not-a-layer"],
    ["a negative size", tarOf((tar) => tar.entry({ name: "a", size: Buffer.alloc(12, 0xff) })), "not-a-layer"],
    [
      "a size beyond all numbers",
      tarOf((tar) => tar.entry({ name: "a", size: Buffer.from([0x80, ...Buffer.alloc(11, 0xff)]) })),
      "not-a-layer",
    ],
    [
      "a size over the limit",
      tarOf((tar) => tar.entry({ name: "a", size: Buffer.from([0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]) })),
      "layer-too-large",
    ],
    ["letters for a size", tarOf((tar) => tar.entry({ name: "a", size: Buffer.from("12x45678901\0") })), "not-a-layer"],
    [
      "an extended header over the limit",
      tarOf((tar) => tar.entry({ name: "a", type: "x", size: limits.tarMetadataBytes + 1 })),
      "not-a-layer",
    ],
    [
      "an extended header of nonsense",
      tarOf((tar) => tar.entry({ name: "a", type: "x", content: "nonsense" })),
      "not-a-layer",
    ],
    [
      "a record longer than its header",
      tarOf((tar) => tar.entry({ name: "a", type: "x", content: "99 path=a\n" })),
      "not-a-layer",
    ],
    ["a zero byte in a name", tarOf((tar) => tar.pax({ path: "a\0b" })), "not-a-layer"],
    ["an end inside a header", good.subarray(0, 300), "truncated-layer"],
    ["an end inside content", good.subarray(0, 900), "truncated-layer"],
    ["an end after an extended header", createTarOfPax(), "truncated-layer"],
  ])("%s", (_what, tar, code) => {
    expect(codeOf(() => walk(tar))).toBe(code);
  });

  it("the padding and the end blocks may be missing, and anything may follow them", () => {
    expect(walk(good.subarray(0, 512 + 700)).entries).toHaveLength(1);
    expect(walk(Buffer.concat([good, Buffer.alloc(700, "junk")])).entries).toHaveLength(1);
    expect(walk(Buffer.alloc(0)).entries).toEqual([]);
  });

  it("mutated archives end in a typed error or in entries", () => {
    const sample = tarOf((writer) => {
      writer.pax({ path: "long/".repeat(50), size: "5" });
      writer.entry({ name: "x", content: "12345" });
      writer.entry({ name: "gnu", type: "S", magic: "gnu", content: "data" });
      writer.entry({ name: "./dir/../file", content: "x".repeat(600) });
      writer.entry({ name: "l", type: "2", link: "t" });
    });
    const change = fc.tuple(fc.nat(sample.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 2000 }),
        (changes, size) => {
          const tar = Buffer.from(sample);
          for (const [at, byte] of changes) tar[at] = byte;
          // A right checksum lets the change through to the rest of the code.
          for (const [at] of changes) repairChecksum(tar, at - (at % 512));
          expect([undefined, "not-a-layer", "truncated-layer", "layer-too-large"]).toContain(
            codeOf(() => walk(tar, size)),
          );
        },
      ),
      { numRuns: 3000 },
    );
  });
});

function createTarOfPax(): Buffer {
  const tar = createTar();
  tar.pax({ path: "a" });
  return tar.finish().subarray(0, -1024);
}

function repairChecksum(tar: Buffer, at: number): void {
  tar.fill(32, at + 148, at + 156);
  const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
}

describe("pieces", () => {
  const name = fc.stringMatching(/^[a-z./]{1,120}$/);
  const file = fc.record({ name, content: fc.string({ unit: "binary-ascii", maxLength: 1500 }), long: fc.boolean() });
  it("the way a tar is cut changes nothing", () => {
    fc.assert(
      fc.property(fc.array(file, { maxLength: 6 }), fc.integer({ min: 1, max: 1600 }), (files, size) => {
        const tar = tarOf((writer) => {
          for (const one of files) {
            if (one.long || one.name.length > 100) writer.pax({ path: one.name });
            writer.entry({ name: one.name, content: one.content });
          }
        });
        expect(walk(tar, size)).toEqual(walk(tar));
      }),
      { numRuns: 200 },
    );
  });
});
