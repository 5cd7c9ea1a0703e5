/** The BerkeleyDB and NDB forms of the RPM database: read like their own libraries do, bounded on damaged files. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Facts } from "../../../../shared/inventory/extractor.ts";
import { readBerkeley } from "../../../../shared/inventory/extractors/rpm/berkeley.ts";
import { extractor } from "../../../../shared/inventory/extractors/rpm/extractor.ts";
import { readNdb } from "../../../../shared/inventory/extractors/rpm/ndb.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { rpmHeader } from "../rpm-header.ts";
import { berkeleyOf, ndbOf } from "./rpm-writers.ts";

const folder = mkdtempSync(join(tmpdir(), "portwarden-berkeley-"));
afterAll(() => rmSync(folder, { recursive: true }));

function extract(content: Buffer, name: string): Facts {
  const path = `usr/lib/sysimage/rpm/${name}`;
  return extractor.extract({ path, content, companions: new Map(), isLanguageEvidence: () => false });
}

const values = fc.array(
  fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(40_000)).map((length) => length + 5),
  { maxLength: 60 },
);
const blobsOf = (lengths: readonly number[]): Buffer[] =>
  lengths.map((length, at) => Buffer.alloc(length, (at % 255) + 1));
const outline = (blobs: Iterable<Buffer | undefined>): string[] =>
  [...blobs].map((one) => `${one?.length} ${one?.[0]}`).sort();

describe("the BerkeleyDB reader", () => {
  it.each(["little", "big"] as const)("gives the value of every key but the counter's (%s endian)", (order) => {
    fc.assert(
      fc.property(values, fc.constantFrom(512, 4096, 65_536), (lengths, pageSize) => {
        const blobs = blobsOf(lengths);
        expect(outline(readBerkeley(berkeleyOf(blobs, { pageSize, order })))).toEqual(outline(blobs));
      }),
      { numRuns: 30 },
    );
  });

  const script = `use DB_File; use Fcntl; my ($file, $order, $size, $count, $removed) = @ARGV;
    my $info = DB_File::HASHINFO->new; $info->{lorder} = $order; $info->{bsize} = $size;
    my $word = $order == 4321 ? "N" : "V";
    tie my %h, "DB_File", $file, O_RDWR | O_CREAT, 0644, $info or die $!;
    $h{pack $word, 0} = "counter";
    $h{pack $word, $_} = pack("N", $_) . ("x" x ($_ * 7919 % ($_ % 3 ? 900 : 20000))) for 1 .. $count;
    delete $h{pack $word, $_ * 3} for 1 .. $removed;`;
  const hasLibrary = ((): boolean => {
    try {
      execFileSync("perl", ["-MDB_File", "-e", "1"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();

  it.skipIf(!hasLibrary).each([
    [1234, 512, 700, 100],
    [4321, 4096, 500, 60],
    [1234, 65_536, 40, 0],
  ])("reads what BerkeleyDB wrote, order %i, pages of %i, %i values less %i (needs Perl's DB_File)", (...numbers) => {
    const [order, size, count, removed] = numbers;
    const file = join(folder, numbers.join("-"));
    execFileSync("perl", ["-e", script, file, ...numbers.map(String)]);
    const found = [...readBerkeley(readFileSync(file))].map((one) => [one.readUInt32BE(), one.length].join(" "));
    const expected = Array.from({ length: count }, (_, at) => at + 1)
      .filter((key) => key % 3 !== 0 || key / 3 > removed)
      .map((key) => `${key} ${4 + ((key * 7919) % (key % 3 === 0 ? 20_000 : 900))}`);
    expect([order, size, found.sort()]).toEqual([order, size, expected.sort()]);
  });

  it("cyclic overflow pages, cyclic buckets and impossible counts end in an error", () => {
    const sound = berkeleyOf(blobsOf([3000, 3000]), { pageSize: 512, order: "little" });
    const overflow = [...pagesOf(sound, 512)].find((page) => page[25] === 7);
    overflow?.writeUInt32LE(overflow.readUInt32LE(8), 16);
    expect(() => [...readBerkeley(sound)]).toThrow(/used twice/);
    const looped = berkeleyOf(blobsOf([10]), { pageSize: 512, order: "little" });
    const bucket = [...pagesOf(looped, 512)].find((page) => page[25] === 13);
    bucket?.writeUInt32LE(bucket.readUInt32LE(8), 16);
    expect(() => [...readBerkeley(looped)]).toThrow(/used twice/);
    const many = berkeleyOf(blobsOf([10]), { pageSize: 512, order: "little" });
    many.writeUInt32LE(0xffff_fff0, 72);
    expect(() => [...readBerkeley(many)]).toThrow(/more buckets/);
  });

  it("an encrypted file and an unknown version are told of", () => {
    const encrypted = berkeleyOf([], { pageSize: 512, order: "little" });
    encrypted[24] = 1;
    expect(extract(encrypted, "Packages").partial).toMatchObject([{ detail: "the database is encrypted" }]);
    const newer = berkeleyOf([], { pageSize: 512, order: "little" });
    newer.writeUInt32LE(11, 16);
    expect(extract(newer, "Packages").partial).toMatchObject([{ detail: "BerkeleyDB version 11 is not known" }]);
  });
});

function* pagesOf(file: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

describe("the NDB reader", () => {
  const refuse = (at: number): void => expect.fail(`a wrong checksum at byte ${at}`);

  it("tells of a wrong checksum and where, of a wrong length and a missing mark at the end", () => {
    const blob = rpmHeader({ name: "bash", version: "5.1", release: "1" });
    const sound = ndbOf([blob, blob], []);
    const second = sound.readUInt32LE(32 + 16 + 8) * 16;
    const end = second + sound.readUInt32LE(32 + 16 + 12) * 16;
    const reasonsWith = (at: number): unknown => {
      const file = Buffer.from(sound);
      file[at] = (file[at] ?? 0) ^ 1;
      const { packages, partial } = extract(file, "Packages.db");
      return [packages?.length, partial?.map(({ reason, detail }) => `${reason}: ${detail}`)];
    };
    expect(extract(sound, "Packages.db").partial).toEqual([]);
    const wrong = `broken-record: 1 packages whose checksum is wrong, the first at byte ${second}`;
    for (const at of [second + 8, second + 16 + blob.length - 2, end - 12])
      expect(reasonsWith(at)).toEqual([2, [wrong]]);
    const missing = "broken-record: 1 records without a usable name or version";
    for (const at of [end - 8, end - 1]) expect(reasonsWith(at)).toEqual([1, [missing]]);
  });

  it("gives the blob of every used slot", () => {
    fc.assert(
      fc.property(values, fc.array(fc.nat(60), { maxLength: 10 }), (lengths, unused) => {
        const blobs = blobsOf(lengths);
        const left = blobs.filter((_, at) => !unused.includes(at));
        expect(outline(readNdb(ndbOf(blobs, unused), refuse))).toEqual(outline(left));
      }),
      { numRuns: 30 },
    );
  });

  it("slots that all point to one blob cost no more than the file", () => {
    const file = ndbOf(blobsOf([30_000, ...Array.from({ length: 200 }, () => 5)]), []);
    for (let slot = 1; slot <= 200; slot++) file.copy(file, 32 + 16 * slot, 32, 48);
    expect(() => [...readNdb(file, refuse)]).toThrow("more packages than the file can hold");
  });

  it("a blob that is not where its slot says is one broken record", () => {
    const file = ndbOf(blobsOf([100, 100]), []);
    file.writeUInt32LE(1, 32 + 8);
    expect(outline(readNdb(file, refuse))).toEqual(["100 2", "undefined undefined"]);
    expect(extract(file, "Packages.db").partial).toMatchObject([{ reason: "broken-record" }]);
  });
});

describe("mutated databases of older forms", () => {
  function mutate(sample: Buffer, name: string, runs: number, reach = sample.length): void {
    const change = fc.tuple(fc.nat(reach - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(sample.length), (changes, length) => {
        const bytes = Buffer.from(changes.length % 4 === 0 ? sample.subarray(0, length) : sample);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        const { packages, partial } = extract(bytes, name);
        // An empty file tells nothing.
        expect(bytes.length === 0 || packages !== undefined || partial !== undefined).toBe(true);
      }),
      { numRuns: runs },
    );
  }

  it("give facts or a reason", () => {
    const blobs = blobsOf([300, 2000, 40, 5000]);
    mutate(berkeleyOf(blobs, { pageSize: 512, order: "little" }), "Packages", 1000);
    mutate(ndbOf(blobs, []), "Packages.db", 1000, 400);
  });

  it.skipIf(sharedData === undefined)("the same with real ones (needs the shared data)", () => {
    mutate(readFileSync(`${sharedData}images/rpmdb/bdb-clair/Packages`), "Packages", 300);
    mutate(readFileSync(`${sharedData}images/rpmdb/ndb-sle15-bci/Packages.db`), "Packages.db", 40, 1000);
  });
});
