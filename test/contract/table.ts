/**
 * What every `Table` does, whatever stands behind it. Rules that the port's comments leave to its adapters
 * (`shared/platform/validation.ts` implements the refusals for all of them):
 * - An expired item is as if absent for reads, conditions, counters and page sizes. Its successor's version is any
 *   number >= 1, because a store that has not yet removed it may go on counting.
 * - A page is full (`limit` items) whenever so many are left, and `next` is there exactly when more are left.
 * - `batchGet` gives each item once, however often its key was asked for.
 * - `time` comes back as it was written and is compared as an instant, to the nanosecond.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TransientError } from "../../shared/platform/errors.ts";
import { limits } from "../../shared/platform/limits.ts";
import { type Item, type Table, transactionLimit, type Write } from "../../shared/platform/ports.ts";
import { eventually, expectPermanent } from "./expect.ts";
import { tableProperties } from "./table-properties.ts";

export interface TableHarness {
  readonly table: Table;
  close(): Promise<void>;
}

export interface TableContractOptions {
  /** Random operation sequences compared with the model. Default 100. */
  readonly runs?: number;
  /** Operations in flight at once in the concurrency tests. Default 40. */
  readonly concurrency?: number;
}

/** Declares the suite. `open` gives a table that may hold other partitions' items; it is called once. */
export function tableContract(name: string, open: () => Promise<TableHarness>, options: TableContractOptions = {}) {
  describe(`table contract: ${name}`, () => {
    let harness: TableHarness;
    let partitions = 0;
    const run = Math.random().toString(36).slice(2);
    const context: TableContext = {
      table: () => harness.table,
      partition: () => `contract#${run}#${++partitions}`,
      concurrency: options.concurrency ?? 40,
    };
    beforeAll(async () => {
      harness = await open();
    });
    afterAll(async () => {
      await harness?.close();
    });
    describe("items", () => items(context));
    describe("conditions", () => conditions(context));
    describe("expiry", () => expiry(context));
    describe("queries", () => queries(context));
    describe("transactions", () => transactions(context));
    describe("counters and races", () => races(context));
    describe("limits", () => bounds(context));
    describe("model", () => tableProperties(context, options.runs ?? 100));
  });
}

export interface TableContext {
  readonly table: () => Table;
  /** A partition nobody has used. */
  readonly partition: () => string;
  readonly concurrency: number;
}

const written = (version: number) => ({ written: true, version });
const lost = { written: false };
const past = () => Math.floor(Date.now() / 1000) - 60;
const future = () => Math.floor(Date.now() / 1000) + 3600;
const sortKeys = (items: readonly Item[]) => items.map((item) => item.sk);

function items({ table, partition }: TableContext) {
  test("an item that was never written is absent", async () => {
    expect(await table().get({ pk: partition(), sk: "none" })).toBeUndefined();
  });

  test("a put is read back whole, and replaces the whole item", async () => {
    const key = { pk: partition(), sk: "a" };
    const first = { ...key, data: { n: 1, extra: true }, time: "2026-01-02T03:04:05.678Z", expiresAt: future() };
    expect(await table().put(first)).toEqual(written(1));
    expect(await table().get(key)).toStrictEqual({ ...first, version: 1 });
    expect(await table().put({ ...key, data: { n: 2 } })).toEqual(written(2));
    expect(await table().get(key)).toStrictEqual({ ...key, data: { n: 2 }, version: 2 });
  });

  test("removing makes it absent, is repeatable, and starts the version count again", async () => {
    const key = { pk: partition(), sk: "a" };
    await table().put({ ...key, data: 1 });
    await table().put({ ...key, data: 2 });
    await table().remove(key);
    await table().remove(key);
    expect(await table().get(key)).toBeUndefined();
    expect(await table().put({ ...key, data: 3 })).toEqual(written(1));
  });

  test("partition and sort key are told apart", async () => {
    const pk = partition();
    await table().put({ pk: `${pk}a`, sk: "b", data: 1 });
    await table().put({ pk, sk: "ab", data: 2 });
    expect((await table().get({ pk: `${pk}a`, sk: "b" }))?.data).toBe(1);
    expect((await table().get({ pk, sk: "ab" }))?.data).toBe(2);
    expect((await table().get({ pk, sk: "b" }))?.data).toBeUndefined();
  });

  test.each([
    ["nested objects and arrays", { a: [{ b: [[], {}, [null]] }], c: { d: { e: { f: "g" } } } }],
    ["Unicode", { "ключ 😀": "\u0000 \u2028 é e\u0301 \ufffd \u{10ffff} שלום" }],
    ["empty strings, keys and containers", { "": "", list: [], object: {} }],
    ["numbers", [0, -1, 0.1, 1e-7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1.7e308, 5e-324, 123456.789]],
    ["null inside", { a: null, b: [null, false, true] }],
    ["names that JavaScript treats specially", JSON.parse('{"__proto__":{"x":1},"constructor":2,"toString":3}')],
    ["a bare string", "text"],
    ["a bare number", 12.5],
    ["a bare boolean", false],
    ["a bare null", null],
    ["a bare array", [1, "2", [3]]],
  ])("data comes back as it was: %s", async (_, data) => {
    const key = { pk: partition(), sk: "data" };
    await table().put({ ...key, data });
    const item = await table().get(key);
    expect(item?.data).toStrictEqual(data);
    expect(JSON.stringify(item?.data)).toBe(JSON.stringify(data));
  });

  test("undefined properties are dropped, as JSON drops them", async () => {
    const key = { pk: partition(), sk: "data" };
    await table().put({ ...key, data: { here: 1, gone: undefined, deep: { gone: undefined } } });
    expect((await table().get(key))?.data).toStrictEqual({ here: 1, deep: {} });
  });

  test("what a caller does to what it wrote or read changes nothing stored", async () => {
    const key = { pk: partition(), sk: "data" };
    const data = { list: [1] };
    await table().put({ ...key, data });
    data.list.push(2);
    const read = (await table().get(key))?.data as typeof data;
    read.list.push(3);
    expect((await table().get(key))?.data).toStrictEqual({ list: [1] });
  });

  test("batchGet takes hundreds of keys with duplicates, and gives each item that exists once", async () => {
    const pk = partition();
    const there = Array.from({ length: 230 }, (_, n) => ({ pk, sk: `k${n}` }));
    for (let at = 0; at < there.length; at += transactionLimit) {
      await table().transact(there.slice(at, at + transactionLimit).map((key) => ({ put: { ...key, data: key.sk } })));
    }
    await table().put({ pk, sk: "expired", data: 0, expiresAt: past() });
    const asked = [...there, ...there.slice(0, 19), { pk, sk: "absent" }, { pk, sk: "expired" }];
    const found = await table().batchGet(asked);
    expect(sortKeys(found).toSorted()).toEqual(there.map((key) => key.sk).toSorted());
    expect(found.find((item) => item.sk === "k7")).toStrictEqual({ pk, sk: "k7", data: "k7", version: 1 });
    expect(await table().batchGet([])).toEqual([]);
  });
}

function conditions({ table, partition }: TableContext) {
  test("ifAbsent writes once", async () => {
    const key = { pk: partition(), sk: "a" };
    expect(await table().put({ ...key, data: 1, condition: { ifAbsent: true } })).toEqual(written(1));
    expect(await table().put({ ...key, data: 2, condition: { ifAbsent: true } })).toEqual(lost);
    expect((await table().get(key))?.data).toBe(1);
  });

  test("ifVersion writes over exactly that version, and never over nothing", async () => {
    const key = { pk: partition(), sk: "a" };
    expect(await table().put({ ...key, data: 0, condition: { ifVersion: 0 } })).toEqual(lost);
    expect(await table().put({ ...key, data: 0, condition: { ifVersion: 1 } })).toEqual(lost);
    await table().put({ ...key, data: 1 });
    expect(await table().put({ ...key, data: 2, condition: { ifVersion: 1 } })).toEqual(written(2));
    expect(await table().put({ ...key, data: 3, condition: { ifVersion: 1 } })).toEqual(lost);
    expect(await table().put({ ...key, data: 3, condition: { ifVersion: 3 } })).toEqual(lost);
    expect(await table().get(key)).toMatchObject({ data: 2, version: 2 });
  });

  test("ifNewer writes over nothing and over an older time; an equal time is not newer", async () => {
    const key = { pk: partition(), sk: "a" };
    const at = (time: string) => ({ ...key, data: time, time, condition: { ifNewer: time } });
    expect(await table().put(at("2026-03-01T00:00:00.000Z"))).toEqual(written(1));
    expect(await table().put(at("2026-03-01T00:00:00.000Z"))).toEqual(lost);
    expect(await table().put(at("2026-02-28T23:59:59.999Z"))).toEqual(lost);
    expect(await table().put(at("2026-03-01T00:00:00.001Z"))).toEqual(written(2));
    expect(await table().get(key)).toMatchObject({ data: "2026-03-01T00:00:00.001Z" });
  });

  test("times of different precision compare as instants and come back as written", async () => {
    const key = { pk: partition(), sk: "a" };
    const at = (time: string) => ({ ...key, data: time, time, condition: { ifNewer: time } });
    expect(await table().put(at("2026-03-01T00:00:00Z"))).toEqual(written(1));
    expect(await table().put(at("2026-03-01T00:00:00.000Z"))).toEqual(lost);
    expect(await table().put(at("2026-03-01T00:00:00.5Z"))).toEqual(written(2));
    expect(await table().put(at("2026-03-01T00:00:00.500000000Z"))).toEqual(lost);
    expect(await table().put(at("2026-03-01T00:00:00.500000001Z"))).toEqual(written(3));
    expect((await table().get(key))?.time).toBe("2026-03-01T00:00:00.500000001Z");
    expect(await table().put(at("2026-03-01T00:00:00.51Z"))).toEqual(written(4));
    expect(await table().put(at("2026-03-01T00:00:01Z"))).toEqual(written(5));
  });

  test("an item that carries no time is never older", async () => {
    const key = { pk: partition(), sk: "a" };
    await table().put({ ...key, data: 1 });
    const condition = { ifNewer: "2026-03-01T00:00:00.000Z" };
    expect(await table().put({ ...key, data: 2, time: condition.ifNewer, condition })).toEqual(lost);
  });

  test("a conditional remove leaves another version in place, without an error", async () => {
    const key = { pk: partition(), sk: "a" };
    await table().remove({ ...key, condition: { ifVersion: 1 } });
    await table().put({ ...key, data: 1 });
    await table().remove({ ...key, condition: { ifVersion: 2 } });
    expect((await table().get(key))?.data).toBe(1);
    await table().remove({ ...key, condition: { ifVersion: 1 } });
    expect(await table().get(key)).toBeUndefined();
  });
}

function expiry({ table, partition }: TableContext) {
  test("an expired item is invisible to every reader", async () => {
    const pk = partition();
    await table().put({ pk, sk: "a", data: 1, expiresAt: past() });
    await table().put({ pk, sk: "b", data: 2, expiresAt: future() });
    expect(await table().get({ pk, sk: "a" })).toBeUndefined();
    expect(
      sortKeys(
        await table().batchGet([
          { pk, sk: "a" },
          { pk, sk: "b" },
        ]),
      ),
    ).toEqual(["b"]);
    expect(sortKeys((await table().query({ pk })).items)).toEqual(["b"]);
  });

  test("an item expires while it is stored", async () => {
    const key = { pk: partition(), sk: "a" };
    await table().put({ ...key, data: 1, expiresAt: Math.floor(Date.now() / 1000) + 1 });
    expect((await table().get(key))?.data).toBe(1);
    await eventually(
      () => table().get(key),
      (item) => item === undefined,
      4000,
    );
  });

  test("an expired item is invisible to conditions", async () => {
    const pk = partition();
    const old = { data: "old", time: "2026-05-01T00:00:00.000Z", expiresAt: past() };
    await table().put({ pk, sk: "absent", ...old });
    expect((await table().put({ pk, sk: "absent", data: 1, condition: { ifAbsent: true } })).written).toBe(true);
    await table().put({ pk, sk: "newer", ...old });
    const time = "2026-04-01T00:00:00.000Z";
    const late = await table().put({ pk, sk: "newer", data: 2, time, condition: { ifNewer: time } });
    expect(late.written).toBe(true);
    await table().put({ pk, sk: "version", ...old });
    expect(await table().put({ pk, sk: "version", data: 3, condition: { ifVersion: 1 } })).toEqual(lost);
    await table().put({ pk, sk: "transaction", ...old });
    const check = { pk, sk: "transaction", condition: { ifAbsent: true } } as const;
    expect(await table().transact([{ check }, { put: { pk, sk: "beside", data: 4 } }])).toEqual({ written: true });
    expect(sortKeys((await table().query({ pk })).items)).toEqual(["absent", "beside", "newer"]);
  });

  test("what replaces an expired item reports the version that is read", async () => {
    const key = { pk: partition(), sk: "a" };
    await table().put({ ...key, data: 1, expiresAt: past() });
    const result = await table().put({ ...key, data: 2 });
    const item = await table().get(key);
    expect(result).toEqual(written(item?.version ?? 0));
    expect(item?.version).toBeGreaterThanOrEqual(1);
    expect(item).not.toHaveProperty("expiresAt");
  });

  test("a page is full however many expired items lie between", async () => {
    const pk = partition();
    const expired = Array.from(
      { length: 40 },
      (_, n): Write => ({ put: { pk, sk: `b${n}`, data: 0, expiresAt: past() } }),
    );
    await table().transact(expired);
    for (const sk of ["a", "c", "d"]) await table().put({ pk, sk, data: 0 });
    const forward = await table().query({ pk, limit: 2 });
    expect(sortKeys(forward.items)).toEqual(["a", "c"]);
    expect(forward.next).toBeDefined();
    const backward = await table().query({ pk, limit: 3, direction: "backward" });
    expect(sortKeys(backward.items)).toEqual(["d", "c", "a"]);
    expect(backward.next).toBeUndefined();
  });

  test("an expired counter begins again", async () => {
    const key = { pk: partition(), sk: "a" };
    expect(await table().add(key, 5, past())).toBe(5);
    expect(await table().add(key, 2, future())).toBe(2);
    expect(await table().add(key, 2, future())).toBe(4);
  });
}

/** In UTF-8 byte order. UTF-16 order would put the last two before `～` (U+FF5E). */
const byteOrdered = [
  "!",
  "0",
  "A",
  "a",
  "a#",
  "a#1",
  "a#10",
  "a#2",
  "a\u{10ffff}",
  "b",
  "é",
  "\ud7ff",
  "～",
  "😀",
  "\u{10ffff}",
];

function queries({ table, partition }: TableContext) {
  async function filled(): Promise<string> {
    const pk = partition();
    const shuffled = byteOrdered.toSorted((a, b) => a.length - b.length || (a < b ? 1 : -1));
    for (const sk of shuffled) await table().put({ pk, sk, data: sk });
    await table().put({ pk: `${pk}x`, sk: "other", data: 0 });
    return pk;
  }

  test("a partition is read in UTF-8 byte order, forward and backward", async () => {
    const pk = await filled();
    expect(sortKeys((await table().query({ pk })).items)).toEqual(byteOrdered);
    expect(sortKeys((await table().query({ pk, prefix: "" })).items)).toEqual(byteOrdered);
    expect(sortKeys((await table().query({ pk, direction: "backward" })).items)).toEqual(byteOrdered.toReversed());
    expect(await table().query({ pk: partition() })).toEqual({ items: [] });
  });

  test.each(["a", "a#", "a#1", "a\u{10ffff}", "\u{10ffff}", "\ud7ff", "😀", "nothing", "%", "_", "*"])(
    "prefix %j selects the keys that begin with it",
    async (prefix) => {
      const pk = await filled();
      const expected = byteOrdered.filter((sk) => sk.startsWith(prefix));
      expect(sortKeys((await table().query({ pk, prefix })).items)).toEqual(expected);
      expect(sortKeys((await table().query({ pk, prefix, direction: "backward" })).items)).toEqual(
        expected.toReversed(),
      );
    },
  );

  test.each([1, 2, 3, 5, 15, 16])(
    "pages of %i give every item once, in order, and end without an empty page",
    async (limit) => {
      const pk = await filled();
      for (const direction of ["forward", "backward"] as const) {
        for (const prefix of [undefined, "a"]) {
          const all = byteOrdered.filter((sk) => sk.startsWith(prefix ?? ""));
          const expected = direction === "forward" ? all : all.toReversed();
          const seen: string[] = [];
          let after: string | undefined;
          do {
            const selection = { pk, direction, limit, ...(prefix === undefined ? {} : { prefix }) };
            const page = await table().query({ ...selection, ...(after === undefined ? {} : { after }) });
            expect(page.items.length).toBe(Math.min(limit, expected.length - seen.length));
            seen.push(...sortKeys(page.items));
            after = page.next;
          } while (after !== undefined);
          expect(seen).toEqual(expected);
        }
      }
    },
  );

  test("`after` need not be a key that exists, nor lie within the prefix", async () => {
    const pk = await filled();
    const keys = async (query: { prefix?: string; after: string; direction?: "backward" }) =>
      sortKeys((await table().query({ pk, ...query })).items);
    const withA = byteOrdered.filter((sk) => sk.startsWith("a"));
    expect(await keys({ prefix: "a", after: "a#11" })).toEqual(["a#2", "a\u{10ffff}"]);
    expect(await keys({ prefix: "a", after: "0" })).toEqual(withA);
    expect(await keys({ prefix: "a", after: "zzz" })).toEqual([]);
    expect(await keys({ prefix: "a", after: "zzz", direction: "backward" })).toEqual(withA.toReversed());
    expect(await keys({ prefix: "a", after: "a#11", direction: "backward" })).toEqual(["a#10", "a#1", "a#", "a"]);
    expect(await keys({ prefix: "a", after: "0", direction: "backward" })).toEqual([]);
  });

  test("large items: the page is as full as its limit says", async () => {
    const pk = partition();
    const text = "x".repeat(150 * 1024);
    for (let n = 0; n < 12; n++) await table().put({ pk, sk: `k${n + 10}`, data: { n, text } });
    const page = await table().query({ pk, prefix: "k", limit: 11 });
    expect(page.items.map((item) => (item.data as { n: number }).n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(page.next).toBeDefined();
    expect((await table().query({ pk })).items).toHaveLength(12);
  });
}

function transactions({ table, partition }: TableContext) {
  test("all writes happen together", async () => {
    const pk = partition();
    await table().put({ pk, sk: "a", data: 1 });
    await table().put({ pk, sk: "b", data: 1 });
    const writes: Write[] = [
      { put: { pk, sk: "a", data: 2, time: "2026-01-01T00:00:00.000Z", condition: { ifVersion: 1 } } },
      { remove: { pk, sk: "b", condition: { ifVersion: 1 } } },
      { put: { pk: `${pk}#other`, sk: "c", data: 3, condition: { ifAbsent: true } } },
      { check: { pk, sk: "d", condition: { ifAbsent: true } } },
      { remove: { pk, sk: "never there" } },
    ];
    expect(await table().transact(writes)).toEqual({ written: true });
    expect(await table().get({ pk, sk: "a" })).toMatchObject({ data: 2, version: 2, time: "2026-01-01T00:00:00.000Z" });
    expect(await table().get({ pk, sk: "b" })).toBeUndefined();
    expect(await table().get({ pk: `${pk}#other`, sk: "c" })).toMatchObject({ data: 3, version: 1 });
    expect(await table().get({ pk, sk: "d" })).toBeUndefined();
  });

  const stale = "2026-01-01T00:00:00.000Z";
  test.each<[string, (pk: string) => Write]>([
    ["put ifAbsent", (pk) => ({ put: { pk, sk: "there", data: 9, condition: { ifAbsent: true } } })],
    ["put ifVersion", (pk) => ({ put: { pk, sk: "there", data: 9, condition: { ifVersion: 2 } } })],
    ["put ifNewer", (pk) => ({ put: { pk, sk: "there", data: 9, condition: { ifNewer: stale } } })],
    ["remove ifVersion", (pk) => ({ remove: { pk, sk: "there", condition: { ifVersion: 2 } } })],
    ["remove of nothing ifVersion", (pk) => ({ remove: { pk, sk: "gone", condition: { ifVersion: 1 } } })],
    ["check ifAbsent", (pk) => ({ check: { pk, sk: "there", condition: { ifAbsent: true } } })],
    ["check ifVersion", (pk) => ({ check: { pk, sk: "there", condition: { ifVersion: 2 } } })],
    ["check ifVersion of nothing", (pk) => ({ check: { pk, sk: "gone", condition: { ifVersion: 1 } } })],
    ["check ifNewer", (pk) => ({ check: { pk, sk: "there", condition: { ifNewer: stale } } })],
  ])("one failed condition writes nothing, wherever it stands: %s", async (_, failing) => {
    const pk = partition();
    await table().put({ pk, sk: "there", data: 1, time: stale });
    await table().put({ pk, sk: "removable", data: 1 });
    const others: Write[] = [{ put: { pk, sk: "new", data: 1 } }, { remove: { pk, sk: "removable" } }];
    for (const writes of [
      [failing(pk), ...others],
      [...others, failing(pk)],
    ]) {
      expect(await table().transact(writes)).toEqual({ written: false });
    }
    expect(await table().get({ pk, sk: "there" })).toMatchObject({ data: 1, version: 1 });
    expect(sortKeys((await table().query({ pk })).items)).toEqual(["removable", "there"]);
  });

  test("a check that holds changes nothing of what it checked", async () => {
    const pk = partition();
    await table().put({ pk, sk: "a", data: 1, time: stale });
    const checks: Write[] = [{ check: { pk, sk: "a", condition: { ifVersion: 1 } } }];
    expect(await table().transact(checks)).toEqual({ written: true });
    const newer: Write[] = [{ check: { pk, sk: "a", condition: { ifNewer: "2026-01-01T00:00:00.001Z" } } }];
    expect(await table().transact(newer)).toEqual({ written: true });
    expect(await table().get({ pk, sk: "a" })).toStrictEqual({ pk, sk: "a", data: 1, time: stale, version: 1 });
  });

  test("no writes is a transaction", async () => {
    expect(await table().transact([])).toEqual({ written: true });
  });

  test(`${transactionLimit} writes are one transaction, one more is refused`, async () => {
    const pk = partition();
    const puts = Array.from({ length: transactionLimit + 1 }, (_, n): Write => ({ put: { pk, sk: `k${n}`, data: n } }));
    await expectPermanent(table().transact(puts), "transaction-too-large");
    expect((await table().query({ pk })).items).toEqual([]);
    expect(await table().transact(puts.slice(1))).toEqual({ written: true });
    expect((await table().query({ pk })).items).toHaveLength(transactionLimit);
  });

  test("two writes of one key are refused", async () => {
    const pk = partition();
    const put: Write = { put: { pk, sk: "a", data: 1 } };
    await expectPermanent(table().transact([put, { remove: { pk, sk: "a" } }]), "duplicate-key");
    await expectPermanent(
      table().transact([{ check: { pk, sk: "a", condition: { ifAbsent: true } } }, put]),
      "duplicate-key",
    );
    expect(await table().get({ pk, sk: "a" })).toBeUndefined();
  });
}

/** Tries again while the store says "not now", as every caller on a queue does. */
async function persistent<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!(thrown instanceof TransientError)) throw thrown;
    }
  }
}

function races({ table, partition, concurrency }: TableContext) {
  const each = Array.from({ length: concurrency }, (_, n) => n);

  test("a counter starts from nothing, takes negative amounts, and is an item that counts its writes", async () => {
    const key = { pk: partition(), sk: "counter" };
    expect(await table().add(key, 3)).toBe(3);
    expect(await table().add(key, -5)).toBe(-2);
    expect(await table().add(key, 0)).toBe(-2);
    expect(await table().get(key)).toStrictEqual({ ...key, data: -2, version: 3 });
    const expiresAt = future();
    await table().add(key, 1, expiresAt);
    await table().add(key, 1);
    expect(await table().get(key)).toStrictEqual({ ...key, data: 0, version: 5, expiresAt });
  });

  test("no addition is lost, and each sees its own sum", async () => {
    const key = { pk: partition(), sk: "counter" };
    const sums = await Promise.all(each.map(() => persistent(() => table().add(key, 1))));
    expect(sums.toSorted((a, b) => a - b)).toEqual(each.map((n) => n + 1));
    expect((await table().get(key))?.data).toBe(concurrency);
  });

  test("of many ifAbsent writers one wins", async () => {
    const key = { pk: partition(), sk: "a" };
    const results = await Promise.all(
      each.map((n) => persistent(() => table().put({ ...key, data: n, condition: { ifAbsent: true } }))),
    );
    const winners = each.filter((n) => results[n]?.written);
    expect(winners).toHaveLength(1);
    expect((await table().get(key))?.data).toBe(winners[0]);
  });

  test("of many transactions over the same keys one wins, whole", async () => {
    const pk = partition();
    const results = await Promise.all(
      each.map((n) =>
        persistent(() =>
          table().transact([
            { put: { pk, sk: "a", data: n, condition: { ifAbsent: true } } },
            { put: { pk, sk: "b", data: n, condition: { ifAbsent: true } } },
          ]),
        ),
      ),
    );
    const winners = each.filter((n) => results[n]?.written);
    expect(winners).toHaveLength(1);
    expect((await table().query({ pk })).items.map((item) => item.data)).toEqual([winners[0], winners[0]]);
  });

  test("whatever order newer writers arrive in, the newest stands", async () => {
    const key = { pk: partition(), sk: "a" };
    const times = each.map((n) => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, (n * 7919) % 1000)).toISOString());
    await Promise.all(
      times.map((time) => persistent(() => table().put({ ...key, data: time, time, condition: { ifNewer: time } }))),
    );
    expect((await table().get(key))?.data).toBe(times.toSorted().at(-1));
  });
}

function bounds({ table, partition }: TableContext) {
  test("an item of the largest size is stored, in any script, and one byte more is refused", async () => {
    const pk = partition();
    const quotes = 2;
    const largest = "é".repeat((limits.itemBytes - quotes) / 2);
    await table().put({ pk, sk: "largest", data: largest });
    expect((await table().get({ pk, sk: "largest" }))?.data).toBe(largest);
    await expectPermanent(table().put({ pk, sk: "larger", data: `${largest}x` }), "item-too-large");
    await expectPermanent(table().transact([{ put: { pk, sk: "larger", data: `${largest}x` } }]), "item-too-large");
    expect(await table().get({ pk, sk: "larger" })).toBeUndefined();
  });

  test("a transaction over 4 MB is refused, although each item is within its limit", async () => {
    const pk = partition();
    const data = "x".repeat(349 * 1024);
    const puts = Array.from({ length: 12 }, (_, n): Write => ({ put: { pk, sk: `k${n}`, data } }));
    await expectPermanent(table().transact(puts), "transaction-too-large");
    expect((await table().query({ pk })).items).toEqual([]);
  });

  test("keys of 1,024 bytes are keys; empty, longer and ill-formed ones are refused everywhere", async () => {
    const long = (bytes: number) => "é".repeat(bytes / 2);
    const pk = partition();
    const widest = { pk: long(1024 - Buffer.byteLength(pk) - (Buffer.byteLength(pk) % 2)) + pk, sk: long(1024) };
    await table().put({ ...widest, data: 1 });
    expect((await table().get(widest))?.data).toBe(1);
    for (const key of [
      { pk: "", sk: "a" },
      { pk, sk: "" },
      { pk, sk: long(1026) },
      { pk: long(1026), sk: "a" },
      { pk, sk: "\ud800" },
    ]) {
      await expectPermanent(table().put({ ...key, data: 1 }), "bad-key");
      await expectPermanent(table().get(key), "bad-key");
      await expectPermanent(table().batchGet([key]), "bad-key");
      await expectPermanent(table().remove(key), "bad-key");
      await expectPermanent(table().add(key, 1), "bad-key");
      await expectPermanent(table().transact([{ put: { ...key, data: 1 } }]), "bad-key");
    }
  });

  test("a time that is not ISO 8601 UTC is refused", async () => {
    const key = { pk: partition(), sk: "a" };
    await expectPermanent(table().put({ ...key, data: 1, time: "yesterday" }), "bad-time");
    const condition = { ifNewer: "2026-01-01T00:00:00+01:00" };
    await expectPermanent(table().put({ ...key, data: 1, condition }), "bad-time");
  });

  test("data that JSON cannot say is refused", async () => {
    await expectPermanent(table().put({ pk: partition(), sk: "a", data: undefined }), "bad-data");
  });
}
