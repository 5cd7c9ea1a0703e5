/** What every `Blobs` does, whatever stands behind it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../shared/platform/limits.ts";
import type { Blobs } from "../../shared/platform/ports.ts";
import { expectPermanent } from "./expect.ts";

export interface BlobsHarness {
  readonly blobs: Blobs;
  close(): Promise<void>;
}

/** Declares the suite. `many`: how many keys the listing test writes; more than one page of the store (S3: 1,000). */
export function blobsContract(name: string, open: () => Promise<BlobsHarness>, options: { many?: number } = {}) {
  describe(`blobs contract: ${name}`, () => {
    let harness: BlobsHarness;
    let folders = 0;
    const run = Math.random().toString(36).slice(2);
    const blobs = () => harness.blobs;
    const folder = () => `contract/${run}/${++folders}/`;
    beforeAll(async () => {
      harness = await open();
    });
    afterAll(async () => {
      await harness?.close();
    });
    describe("documents", () => documents(blobs, folder));
    describe("listing", () => listing(blobs, folder, options.many ?? 1100));
    describe("keys", () => keys(blobs, folder));
  });
}

type Of = () => Blobs;
const text = (body: string) => new TextEncoder().encode(body);
const bytes = (body: Uint8Array | undefined) => (body === undefined ? undefined : [...body]);

/** All keys below a prefix, in the order given. */
export async function listed(blobs: Blobs, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const key of blobs.list(prefix)) found.push(key);
  return found;
}

function documents(blobs: Of, folder: () => string) {
  test("what was never put is absent", async () => {
    const key = `${folder()}none`;
    expect(await blobs().get(key)).toBeUndefined();
    expect(await blobs().has(key)).toBe(false);
    await blobs().remove(key);
  });

  test.each([
    ["text", text("Grüße 😀")],
    ["no bytes at all", new Uint8Array()],
    ["every byte value", Uint8Array.from({ length: 256 }, (_, n) => n)],
    ["a megabyte", new Uint8Array(1 << 20).fill(7)],
    ["a view into a larger buffer", new Uint8Array(Uint8Array.from([1, 2, 3, 4]).buffer, 1, 2)],
  ])("comes back byte for byte: %s", async (_, body) => {
    const key = `${folder()}document`;
    await blobs().put(key, body, "application/octet-stream");
    const back = await blobs().get(key);
    expect(back).toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(back ?? text("absent"), body)).toBe(0);
    expect(await blobs().has(key)).toBe(true);
  });

  test("a range gives just those bytes, as many as there are", async () => {
    const key = `${folder()}document`;
    await blobs().put(key, text("0123456789"));
    const part = async (offset: number, length: number) => bytes(await blobs().get(key, { offset, length }));
    expect(await part(0, 10)).toEqual(bytes(text("0123456789")));
    expect(await part(3, 4)).toEqual(bytes(text("3456")));
    expect(await part(8, 100)).toEqual(bytes(text("89")));
    expect(await part(10, 5)).toEqual([]);
    expect(await blobs().get(`${folder()}none`, { offset: 0, length: 5 })).toBeUndefined();
  });

  test("a put over an existing key replaces it; a removal is repeatable", async () => {
    const key = `${folder()}document`;
    await blobs().put(key, text("a longer first body"), "text/plain");
    await blobs().put(key, text("second"));
    expect(bytes(await blobs().get(key))).toEqual(bytes(text("second")));
    await blobs().remove(key);
    await blobs().remove(key);
    expect(await blobs().has(key)).toBe(false);
    expect(await blobs().get(key)).toBeUndefined();
  });

  test("concurrent writers of one key leave one of their bodies, whole", async () => {
    const key = `${folder()}document`;
    await Promise.all(Array.from({ length: 10 }, (_, n) => blobs().put(key, new Uint8Array(20_000).fill(n))));
    const body = await blobs().get(key);
    expect(body).toHaveLength(20_000);
    expect(new Set(body).size).toBe(1);
  });
}

function listing(blobs: Of, folder: () => string, many: number) {
  test("lists every key below a prefix in key order, whatever its case and depth", async () => {
    const at = folder();
    const ordered = ["+", "-", "0", "10", "2", ":", "@", "A", "B/z", "_", "a", "a-", "a/b", "a/b/c", "a0", "b"].map(
      (key) => at + key,
    );
    for (const key of ordered.toReversed()) await blobs().put(key, text(key));
    expect(await listed(blobs(), at)).toEqual(ordered);
    expect(await listed(blobs(), `${at}a`)).toEqual(ordered.filter((key) => key.startsWith(`${at}a`)));
    expect(await listed(blobs(), `${at}a/`)).toEqual([`${at}a/b`, `${at}a/b/c`]);
    expect(await listed(blobs(), `${at}a/b`)).toEqual([`${at}a/b`, `${at}a/b/c`]);
    expect(await listed(blobs(), `${at}zz`)).toEqual([]);
    expect(await listed(blobs(), "")).toEqual(expect.arrayContaining(ordered));
    for (const key of ordered) expect(bytes(await blobs().get(key))).toEqual(bytes(text(key)));
    await blobs().remove(`${at}a/b`);
    expect(await listed(blobs(), `${at}a/`)).toEqual([`${at}a/b/c`]);
  });

  test(`lists ${many} keys`, { timeout: 120_000 }, async () => {
    const at = folder();
    const all = Array.from({ length: many }, (_, n) => `${at}${String(n).padStart(6, "0")}`);
    for (let start = 0; start < all.length; start += 50) {
      await Promise.all(all.slice(start, start + 50).map((key) => blobs().put(key, text("x"))));
    }
    expect(await listed(blobs(), at)).toEqual(all);
  });
}

function keys(blobs: Of, folder: () => string) {
  test("the whole alphabet, and the longest key", async () => {
    const at = folder();
    const alphabet = `${at}AZaz09._:@+-/..a/b../a..b`;
    const longest = at + "k".repeat(limits.blobKeyBytes - at.length);
    for (const key of [alphabet, longest]) {
      await blobs().put(key, text(key));
      expect(bytes(await blobs().get(key))).toEqual(bytes(text(key)));
    }
    expect(await listed(blobs(), at)).toEqual([alphabet, longest]);
  });

  test.each([
    "",
    "/a",
    "a/",
    "a//b",
    "..",
    "../a",
    "a/../b",
    "a/..",
    ".",
    "a/./b",
    "a b",
    "a\\b",
    "a\u0000b",
    "é",
    "a\n",
    "k".repeat(limits.blobKeyBytes + 1),
  ])("refuses %j", async (key) => {
    await expectPermanent(blobs().put(key, text("x")), "bad-key");
    await expectPermanent(blobs().get(key), "bad-key");
    await expectPermanent(blobs().has(key), "bad-key");
    await expectPermanent(blobs().remove(key), "bad-key");
  });
}
