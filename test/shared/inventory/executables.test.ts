/** Outlines of executables, and searches in files that go by in pieces. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mayNameExecutable } from "../../../shared/inventory/executable/entry.ts";
import { layoutOf, offsetOf } from "../../../shared/inventory/executable/layout.ts";
import { clip, searchFor } from "../../../shared/inventory/executable/search.ts";
import { searchWindows } from "../../../shared/inventory/executable/window-search.ts";
import { captureRanges } from "../../../shared/inventory/range-capture.ts";
import { baseAddress, elf, pe } from "./executables.ts";

describe("outline", () => {
  it.each([
    { bits: 64, bigEndian: false },
    { bits: 64, bigEndian: true },
    { bits: 32, bigEndian: false },
    { bits: 32, bigEndian: true },
  ] as const)("ELF %j", (form) => {
    const text = Buffer.from("code");
    const file = elf({
      ...form,
      segments: [
        { content: text, rights: "rx" },
        { content: Buffer.from("data"), rights: "rw" },
      ],
      sections: [{ name: ".note", content: Buffer.from("note") }],
    });
    const layout = layoutOf(file.subarray(0, 4096));
    expect(layout).toMatchObject({ format: "elf", pointerSize: form.bits / 8, littleEndian: !form.bigEndian });
    expect(layout?.parts).toEqual([
      { name: "", offset: 4096, address: baseAddress + 4096, size: 4, writable: false, executable: true },
      { name: "", offset: 8192, address: baseAddress + 8192, size: 4, writable: true, executable: false },
    ]);
    expect(layout?.sections).toMatchObject({ count: 4, names: 3 });
    expect(offsetOf(layout?.parts ?? [], baseAddress + 8193)).toBe(8193);
    expect(offsetOf(layout?.parts ?? [], baseAddress + 8196)).toBeUndefined();
  });

  it("PE, with names", () => {
    const file = pe([
      { name: ".text", content: Buffer.alloc(700), writable: false },
      { name: ".data", content: Buffer.alloc(10), writable: true },
    ]);
    expect(layoutOf(file)?.parts).toEqual([
      { name: ".text", offset: 1024, address: 0x10000, size: 700, writable: false },
      { name: ".data", offset: 2048, address: 0x20000, size: 10, writable: true },
    ]);
  });

  it("Mach-O, with names", () => {
    const head = Buffer.alloc(512);
    head.writeUInt32LE(0xfeedfacf, 0);
    head.writeUInt32LE(2, 16);
    head.writeUInt32LE(16 + 152, 20);
    // Another command, then a segment of one section.
    head.writeUInt32LE(0x1b, 32);
    head.writeUInt32LE(16, 36);
    const segment = 48;
    head.writeUInt32LE(0x19, segment);
    head.writeUInt32LE(152, segment + 4);
    head.writeUInt32LE(3, segment + 60);
    head.writeUInt32LE(1, segment + 64);
    head.write("__go_buildinfo", segment + 72, "latin1");
    head.writeBigUInt64LE(0x1_0000_0000n, segment + 72 + 32);
    head.writeBigUInt64LE(288n, segment + 72 + 40);
    head.writeUInt32LE(0x8000, segment + 72 + 48);
    expect(layoutOf(head)?.parts).toEqual([
      { name: "__go_buildinfo", offset: 0x8000, address: 0x1_0000_0000, size: 288, writable: true },
    ]);
    head.writeUInt32LE(4, segment + 4);
    expect(layoutOf(head)?.parts).toEqual([]);
  });

  it("says nothing of what is none", () => {
    expect(layoutOf(Buffer.alloc(4096))).toBeUndefined();
    expect(layoutOf(Buffer.from("\x7fELF"))).toBeUndefined();
    expect(layoutOf(Buffer.from(`MZ${"x".repeat(100)}`))).toBeUndefined();
    expect(layoutOf(Buffer.from(`#!/bin/sh\n${"x".repeat(100)}`))).toBeUndefined();
  });

  it("leaves the parts open when their table lies far behind", () => {
    const file = elf({ segments: [{ content: Buffer.alloc(1), rights: "r" }] });
    file.writeBigUInt64LE(1_000_000n, 32);
    expect(layoutOf(file)).toMatchObject({ format: "elf", parts: undefined });
  });

  it("survives any bytes behind a magic number", () => {
    const magic = fc.constantFrom("\x7fELF\x02\x01", "\x7fELF\x01\x02", "MZ", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe");
    fc.assert(
      fc.property(magic, fc.uint8Array({ minLength: 60, maxLength: 400 }), (start, rest) => {
        const head = Buffer.concat([Buffer.from(start, "latin1"), rest]);
        expect(layoutOf(head)?.parts?.length ?? 0).toBeLessThanOrEqual(head.length);
      }),
      { numRuns: 2000 },
    );
  });
});

/** Cuts bytes at these places and leads the pieces past `push`, each in memory that is used again. */
function inPieces(bytes: Buffer, cuts: readonly number[], push: (piece: Buffer, offset: number) => void): void {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  for (const [index, start] of places.entries()) {
    const piece = Buffer.from(bytes.subarray(start, places[index + 1] ?? start));
    push(piece, start);
    piece.fill(0xff);
  }
}

describe("searching", () => {
  const alphabet = fc.constantFrom("a", "b", "aab", "aba", "ab");
  const text = fc.array(alphabet, { maxLength: 40 }).map((parts) => Buffer.from(parts.join("")));
  const needle = fc.constantFrom("ab", "aba", "aabaab", "bbbb");
  const cuts = fc.array(fc.nat(200), { maxLength: 12 });

  function occurrences(bytes: Buffer, sought: string): number[] {
    const found: number[] = [];
    for (let at = bytes.indexOf(sought); at >= 0; at = bytes.indexOf(sought, at + 1)) found.push(at);
    return found;
  }

  it("finds what one search over the whole finds, however it is cut", () => {
    fc.assert(
      fc.property(text, needle, cuts, (bytes, sought, places) => {
        const search = searchFor(Buffer.from(sought));
        const found: number[] = [];
        inPieces(bytes, places, (piece, offset) => {
          search.push(piece, offset, (at) => {
            found.push(at);
            return true;
          });
        });
        expect(found).toEqual(occurrences(bytes, sought));
      }),
      { numRuns: 2000 },
    );
  });

  it("shows the same windows, however it is cut", () => {
    fc.assert(
      fc.property(text, needle, cuts, fc.nat(9), fc.nat(9), (bytes, sought, places, before, after) => {
        const search = searchWindows(Buffer.from(sought), before, after);
        const found: string[] = [];
        const onWindow = (window: string): boolean => {
          found.push(window);
          return true;
        };
        inPieces(bytes, places, (piece, offset) => search.push(piece, offset, onWindow));
        search.end(onWindow);
        const expected = occurrences(bytes, sought).map((at) =>
          bytes.toString("latin1", Math.max(0, at - before), at + sought.length + after),
        );
        expect(found).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps what lies on either side of a gap apart", () => {
    const search = searchFor(Buffer.from("xyz"));
    const found: number[] = [];
    const note = (at: number): boolean => found.push(at) > 0;
    search.push(Buffer.from("..xy"), 0, note);
    search.push(Buffer.from("z..xyz"), 100, note);
    expect(found).toEqual([103]);
  });

  it("clips to extents", () => {
    const seen: string[] = [];
    const extents = [
      [2, 4],
      [6, 100],
    ] as const;
    clip(extents, Buffer.from("01234567"), 0, (piece, offset) => seen.push(`${offset}:${piece.toString()}`));
    clip(extents, Buffer.from("89"), 8, (piece, offset) => seen.push(`${offset}:${piece.toString()}`));
    expect(seen).toEqual(["2:23", "6:67", "8:89"]);
  });

  it("captures ranges, in any order and overlapping", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(80), fc.nat(30)), { maxLength: 5 }), cuts, (wanted, places) => {
        const bytes = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
        const ranges = wanted.map(([offset, length]) => ({ offset, length }));
        const capture = captureRanges(ranges);
        inPieces(bytes, places, capture.push);
        const isWithin = ranges.every(({ offset, length }) => offset + length <= bytes.length);
        const expected = ranges.map(({ offset, length }) => bytes.subarray(offset, offset + length));
        expect(capture.contents()).toEqual(isWithin ? expected : undefined);
      }),
    );
  });
});

describe("paths that executables bear", () => {
  it.each([
    ["usr/bin/openssl", true],
    ["bin/busybox", true],
    ["opt/app/server", true],
    ["usr/libexec/docker/cli-plugins/docker-compose", true],
    ["usr/lib/x86_64-linux-gnu/libcrypto.so.3", true],
    ["app/node_modules/x/build/Release/x.node", true],
    ["usr/lib/go-1.22/pkg/tool/linux_amd64/compile", true],
    ["usr/share/doc/bash/README", false],
    ["usr/lib/python3/dist-packages/yaml/__init__.py", false],
    ["usr/share/terminfo/x/xterm", false],
    ["etc/passwd", false],
    ["var/lib/dpkg/info/bash.list", false],
  ])("%s: %s", (path, expected) => {
    expect(mayNameExecutable(path)).toBe(expected);
  });
});
