/** Streaming extractors in a layer: who is asked, what comes, second passes, hard links, and what goes wrong. */
import { describe, expect, it } from "vitest";
import { buildTar, type LayerFile } from "../../../local/demo/build-image.ts";
import type { AnyExtractor, FileReader, StreamExtractor, StreamedFile } from "../../../shared/inventory/extractor.ts";
import { readLayer } from "../../../shared/inventory/layer.ts";
import type { LayerRecord } from "../../../shared/inventory/record.ts";
import { compileMatcher } from "../../../shared/inventory/wanted.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { elf } from "./executables.ts";
import { inPieces } from "./images.ts";
import { createTar } from "./tar-writer.ts";

const program = elf({ segments: [{ content: Buffer.alloc(40_000, "program "), rights: "rx" }] });
const other = elf({ segments: [{ content: Buffer.alloc(40_000, "other "), rights: "rx" }] });

interface Read {
  readonly record: LayerRecord;
  readonly passes: number;
}

async function read(tar: Uint8Array, extractors: readonly AnyExtractor[], pieces = 65_536): Promise<Read> {
  let passes = 0;
  const source = {
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    open: () => {
      passes++;
      return inPieces(Buffer.from(tar), pieces);
    },
    diffId: undefined,
  };
  const record = await readLayer(source, { matcher: compileMatcher(extractors), extractors: "test" });
  return { record, passes };
}

const programs = (...files: readonly LayerFile[]): Buffer => buildTar(files.map((file) => ({ mode: 0o755, ...file })));

/** Tells of each file with a package whose name is the path and whose version is the length that came. */
function counting(
  wants: StreamExtractor["wants"] = { executables: "any" },
  open: (file: StreamedFile) => Partial<FileReader> | undefined = () => ({}),
): StreamExtractor & { readonly opened: string[] } {
  const opened: string[] = [];
  return {
    name: "counting",
    version: 1,
    kind: "language",
    wants,
    mode: "stream",
    opened,
    open(file) {
      opened.push(file.path);
      const reader = open(file);
      let length = 0;
      let next = 0;
      return (
        reader && {
          push(piece, offset) {
            expect(offset).toBe(next);
            next += piece.length;
            length += piece.length;
          },
          end: () => ({ packages: [{ type: "generic", name: file.path, version: String(length) }] }),
          ...reader,
        }
      );
    },
  };
}

const told = ({ record }: Read): string[] =>
  record.files.flatMap(({ path, facts }) =>
    facts.flatMap(({ packages = [] }) => packages.map(({ name, version }) => `${path}: ${name}@${version}`)),
  );

describe("who is asked", () => {
  it("for executables: mode or name, size, and magic number", async () => {
    const extractor = counting();
    const small = program.subarray(0, limits.executableFloorBytes - 1);
    const files: LayerFile[] = [
      { path: "bin/program", content: program },
      { path: "lib/libx.so.1.2", content: program, mode: 0o644 },
      { path: "lib/x.cpython-312.so", content: program, mode: 0o644 },
      { path: "app/addon.node", content: program, mode: 0o644 },
      { path: "bin/data", content: program, mode: 0o644 },
      { path: "lib/x.some", content: program, mode: 0o644 },
      { path: "bin/small", content: small },
      { path: "bin/script", content: Buffer.alloc(50_000, "#!/bin/sh\n") },
      { path: "bin/", mode: 0o755 },
      { path: "bin/link", linkTo: "program" },
    ];
    const result = await read(programs(...files), [extractor]);
    expect(extractor.opened).toEqual(["bin/program", "lib/libx.so.1.2", "lib/x.cpython-312.so", "app/addon.node"]);
    expect(result.record.files.map(({ path }) => path)).toEqual(extractor.opened);
  });

  it("for named executables: those of that name", async () => {
    const extractor = counting({ executables: "named", accept: (path) => path.endsWith("/node") });
    await read(programs({ path: "bin/node", content: program }, { path: "bin/nodes", content: program }), [extractor]);
    expect(extractor.opened).toEqual(["bin/node"]);
  });

  it("for any content, by name", async () => {
    const extractor = counting({ basenames: ["log.txt"] });
    const files = [
      { path: "a/log.txt", content: "text" },
      { path: "b/log.txt", content: "" },
    ];
    expect(told(await read(buildTar(files), [extractor]))).toEqual([
      "a/log.txt: a/log.txt@4",
      "b/log.txt: b/log.txt@0",
    ]);
  });

  it("beside extractors that take the whole file", async () => {
    const whole: AnyExtractor = {
      name: "whole",
      version: 1,
      kind: "language",
      wants: { basenames: ["program"] },
      mode: "buffer",
      maxBytes: 1_000_000,
      extract: ({ content, path }) => ({
        packages: [{ type: "generic", name: `whole ${path}`, version: String(content.length) }],
      }),
    };
    const result = await read(programs({ path: "bin/program", content: program }), [whole, counting()]);
    expect(told(result)).toEqual([
      `bin/program: whole bin/program@${program.length}`,
      `bin/program: bin/program@${program.length}`,
    ]);
  });
});

describe("what comes", () => {
  it.each([1_000_000, 20_000, 777])("the head, then all bytes in order, in pieces of %i", async (pieces) => {
    let head = Buffer.alloc(0);
    let content = Buffer.alloc(0);
    const extractor = counting({ executables: "any" }, (file) => {
      head = Buffer.from(file.head);
      expect(file).toMatchObject({ size: program.length, mode: 0o4755 });
      return {
        push: (piece) => {
          content = Buffer.concat([content, piece]);
        },
      };
    });
    await read(programs({ path: "bin/program", content: program, mode: 0o4755 }), [extractor], pieces);
    expect(head.equals(program.subarray(0, limits.streamHeadBytes))).toBe(true);
    expect(content.equals(program)).toBe(true);
  });

  it("a file of which a later entry of the layer makes another is told of as the latter", async () => {
    const tar = createTar();
    const later = elf({ segments: [{ content: Buffer.alloc(90_000), rights: "r" }] });
    for (const content of [program, later]) tar.entry({ name: "lib/a.so", content });
    expect(told(await read(tar.finish(), [counting()]))).toEqual([`lib/a.so: lib/a.so@${later.length}`]);
    const removed = createTar();
    removed.entry({ name: "lib/a.so", content: program });
    removed.entry({ name: "lib/a.so", type: "2", link: "b.so" });
    expect(told(await read(removed.finish(), [counting()]))).toEqual([]);
  });

  it("memory does not grow with the file", async () => {
    const size = 600 * 1024 * 1024;
    const header = createTar();
    header.entry({ name: "lib/large.so", size });
    const start = header.finish().subarray(0, 512);
    async function* open(): AsyncGenerator<Uint8Array> {
      // Copies: what was read is given back.
      yield Buffer.from(start);
      yield Buffer.from(program);
      const piece = Buffer.alloc(1024 * 1024, 0x90);
      const rest = size - program.length;
      for (let left = rest; left > 0; left -= piece.length) yield Buffer.from(piece.subarray(0, left));
    }
    const source = { mediaType: "", open, diffId: undefined };
    const before = process.memoryUsage().rss;
    const record = await readLayer(source, { matcher: compileMatcher([counting()]), extractors: "test" });
    expect(record.files).toHaveLength(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });
});

describe("a second pass", () => {
  const asking = (ranges: readonly { offset: number; length: number }[]): StreamExtractor =>
    counting({ executables: "any" }, ({ path }) => ({
      end: () => ({
        ranges,
        extract: (contents) => ({
          packages: contents.map((content) => ({
            type: "generic",
            name: `again ${path}`,
            version: content.toString("latin1"),
          })),
        }),
      }),
    }));

  it("gives the ranges that were asked for, of the very file", async () => {
    const ranges = [
      { offset: 4096 + 8, length: 7 },
      { offset: 4096, length: 5 },
    ];
    const tar = createTar();
    // The same path twice, and names that are left out, do not confuse which one is meant.
    tar.entry({ name: "lib/a.so", content: other });
    tar.entry({ name: "../outside", content: "x" });
    tar.entry({ name: "lib/a.so", content: program });
    tar.entry({ name: "lib/b.so", content: other });
    const result = await read(tar.finish(), [asking(ranges)]);
    expect(result.passes).toBe(2);
    expect(told(result)).toEqual([
      "lib/a.so: again lib/a.so@program",
      "lib/a.so: again lib/a.so@progr",
      "lib/b.so: again lib/b.so@her oth",
      "lib/b.so: again lib/b.so@other",
    ]);
  });

  it("is bounded, and does not go beyond the file", async () => {
    const much = await read(programs({ path: "bin/a", content: program }), [
      asking([{ offset: 0, length: limits.rangeBytes + 1 }]),
    ]);
    expect(much.passes).toBe(1);
    expect(much.record.partial).toMatchObject([{ reason: "rangeBytes", path: "bin/a" }]);
    const beyond = await read(programs({ path: "bin/a", content: program }), [
      asking([{ offset: program.length - 2, length: 3 }]),
    ]);
    expect(beyond.record.partial).toMatchObject([{ reason: "unreadable-file", path: "bin/a" }]);
  });
});

describe("hard links", () => {
  const named = (name: string): StreamExtractor =>
    counting({ executables: "named", accept: (path) => path.endsWith(name) });

  it("to what was read tell the same, without a second pass", async () => {
    const tar = programs(
      { path: "bin/perl", content: program },
      { path: "bin/perl5.36.0", hardLinkTo: "bin/perl" },
      { path: "bin/unrelated", content: other },
    );
    const result = await read(tar, [counting({ executables: "named", accept: (path) => path.includes("perl") })]);
    expect(result.passes).toBe(1);
    expect(told(result)).toEqual([
      `bin/perl: bin/perl@${program.length}`,
      `bin/perl5.36.0: bin/perl@${program.length}`,
    ]);
  });

  it("to what was read for its content alone tell the same", async () => {
    const tar = programs({ path: "bin/tool", content: program }, { path: "bin/alias", hardLinkTo: "bin/tool" });
    const result = await read(tar, [counting()]);
    expect([result.passes, told(result).length]).toEqual([1, 2]);
  });

  it("to what was read for its name alone tell nothing", async () => {
    const tar = programs(
      { path: "a/log.txt", content: program },
      { path: "bin/tool", hardLinkTo: "a/log.txt" },
      { path: "b/log.txt", hardLinkTo: "a/log.txt" },
    );
    const result = await read(tar, [counting({ basenames: ["log.txt"] }), { ...counting(), open: () => undefined }]);
    expect(told(result)).toEqual([`a/log.txt: a/log.txt@${program.length}`, `b/log.txt: b/log.txt@${program.length}`]);
  });

  it("give a file the name that is wanted", async () => {
    // As in the image of BusyBox, where the first name in the alphabet holds the content.
    const tar = programs(
      { path: "bin/[", content: program },
      { path: "bin/ash", hardLinkTo: "bin/[" },
      { path: "bin/busybox", hardLinkTo: "bin/[" },
    );
    const result = await read(tar, [named("/busybox")]);
    expect(result.passes).toBe(2);
    expect(told(result)).toEqual([`bin/busybox: bin/busybox@${program.length}`]);
  });

  it("that lead nowhere are told of", async () => {
    const tar = programs({ path: "bin/busybox", hardLinkTo: "bin/gone" });
    const { record } = await read(tar, [named("/busybox")]);
    expect(record.partial).toMatchObject([{ reason: "hard-link", path: "bin/busybox" }]);
  });
});

describe("what goes wrong", () => {
  it.each<[where: string, reader: () => Partial<FileReader>]>([
    [
      "open",
      () => {
        throw new Error("broken");
      },
    ],
    [
      "push",
      () => ({
        push: () => {
          throw new Error("broken");
        },
      }),
    ],
    [
      "end",
      () => ({
        end: () => {
          throw new Error("broken");
        },
      }),
    ],
    [
      "extract",
      () => ({
        end: () => ({
          ranges: [{ offset: 0, length: 1 }],
          extract: () => {
            throw new Error("broken");
          },
        }),
      }),
    ],
  ])("a throw in %s is told of once, and others read on", async (_, reader) => {
    const broken = { ...counting({ executables: "any" }, reader), name: "bad" };
    const result = await read(programs({ path: "bin/a", content: program }), [broken, counting()], 10_000);
    expect(result.record.partial).toMatchObject([{ reason: "unreadable-file", path: "bin/a" }]);
    expect(told(result)).toEqual([`bin/a: bin/a@${program.length}`]);
  });

  it("files with holes are told of", async () => {
    const tar = createTar();
    tar.entry({ name: "lib/a.so", content: program, type: "S" });
    const { record } = await read(tar.finish(), [counting()]);
    expect(record.partial).toMatchObject([{ reason: "sparse-file", path: "lib/a.so" }]);
  });

  it("a million failures are a bounded list", async () => {
    const bad = counting({ basenames: ["x"] }, () => {
      throw new Error("broken");
    });
    const tar = createTar();
    for (let index = 0; index < limits.partialPerLayer + 10; index++) tar.entry({ name: `${index}/x`, content: "1" });
    const { record } = await read(tar.finish(), [bad]);
    expect(record.partial).toHaveLength(limits.partialPerLayer + 1);
    expect(record.partial.at(-1)?.reason).toBe("partialPerLayer");
  });
});
