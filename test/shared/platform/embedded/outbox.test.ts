import { afterEach, describe, expect, test } from "vitest";
import { outboxWrite } from "../../../../shared/events/outbox.ts";
import type { DomainEvent } from "../../../../shared/events/types.ts";
import { embeddedBus } from "../../../../shared/platform/embedded/bus.ts";
import { openEmbeddedStore } from "../../../../shared/platform/embedded/store.ts";
import { PermanentError, TransientError } from "../../../../shared/platform/errors.ts";
import { eventually, expectPermanent, sleep } from "../../../contract/expect.ts";
import { silentLog, type TestStore, testStore } from "./support.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

let now = Date.parse("2026-06-01T00:00:00Z");
const clock = { now: () => now };
const day = 86_400_000;

function opened(): TestStore {
  const store = testStore(clock);
  cleanups.push(() => store.discard());
  return store;
}

const event = (id: string): DomainEvent => ({
  type: "DeliveryRequested",
  id,
  time: "2026-06-01T00:00:00.000Z",
  data: { deliveryId: id, route: "r" },
});
const record = (id: string) => outboxWrite(event(id), now);
const idOf = (envelope: unknown) => (envelope as { detail: { id: string } }).detail.id;
const pendingIds = async (store: TestStore, limit = 100) =>
  (await store.pendingOutbox(limit)).map(({ data }) => idOf(data));

describe("the feed", () => {
  test("gives committed records in commit order until they are removed, and only them", async () => {
    const store = opened();
    await store.table.put({ pk: "outbox", sk: "not a record", data: 1 });
    await store.table.put({ pk: "outbox$", sk: "not a record", data: 1 });
    await store.table.transact([record("z"), record("m"), { put: { pk: "finding#1", sk: "a", data: 1 } }]);
    await store.table.transact([record("a")]);
    const lost = { check: { pk: "finding#1", sk: "a", condition: { ifAbsent: true } } } as const;
    await store.table.transact([record("never"), lost]);
    expect(await pendingIds(store)).toEqual(["z", "m", "a"]);
    expect(await pendingIds(store, 2)).toEqual(["z", "m"]);
    const [first] = await store.pendingOutbox(1);
    expect(first?.key).toEqual({ pk: "outbox#z", sk: "event" });
    store.removeOutbox([{ pk: "outbox#z", sk: "event" }]);
    expect(await pendingIds(store)).toEqual(["m", "a"]);
  });

  test("calls its listener once for a commit, and not for a failed one", async () => {
    const store = opened();
    let calls = 0;
    const stop = store.onOutbox(() => calls++);
    await store.table.transact([record("a"), record("b")]);
    await eventually(
      () => calls,
      (count) => count === 1,
    );
    await store.table.transact([record("c"), { check: { pk: "x", sk: "x", condition: { ifVersion: 1 } } }]);
    await store.table.put({ pk: "p", sk: "s", data: 1 });
    await sleep(5);
    expect(calls).toBe(1);
    stop();
    await store.table.transact([record("d")]);
    await sleep(5);
    expect(calls).toBe(1);
  });

  test("a record outlives its expiry until it is published, and a restart", async () => {
    const store = opened();
    await store.table.transact([record("a")]);
    now += 5 * day;
    expect(await store.table.get({ pk: "outbox#a", sk: "event" })).toBeUndefined();
    expect(store.sweep(100)).toBe(0);
    store.close();
    const again = openEmbeddedStore(store.directory, { clock, log: silentLog });
    cleanups.push(() => again.close());
    expect((await again.pendingOutbox(10)).map(({ data }) => idOf(data))).toEqual(["a"]);
  });
});

test("expired items are swept in batches, the oldest first, and no others", async () => {
  const store = opened();
  for (let n = 0; n < 5; n++) await store.table.put({ pk: "p", sk: `${n}`, data: n, expiresAt: now / 1000 + n });
  await store.table.put({ pk: "p", sk: "stays", data: 0 });
  expect(store.sweep(10)).toBe(0);
  now += 3500;
  expect(store.sweep(3)).toBe(3);
  expect(store.sweep(3)).toBe(1);
  now += day;
  expect(store.sweep(3)).toBe(1);
  expect((await store.table.query({ pk: "p" })).items.map(({ sk }) => sk)).toEqual(["stays"]);
});

describe("the relay", () => {
  const options = { log: silentLog, quarantine() {} };

  test("begins with what is there, follows what is committed, keeps the order, and stops", async () => {
    const store = opened();
    const seen: string[] = [];
    await store.table.transact(["a", "b", "c"].map(record));
    const relay = store.relay({
      ...options,
      batch: 2,
      handle: async (records) => void seen.push(...records.map(idOf)),
    });
    await eventually(
      () => seen.length,
      (count) => count === 3,
    );
    for (const id of ["d", "e"]) await store.table.transact([record(id)]);
    await eventually(
      () => seen.length,
      (count) => count === 5,
    );
    expect(seen).toEqual(["a", "b", "c", "d", "e"]);
    expect(await store.pendingOutbox(1)).toEqual([]);
    await relay.stop();
    await store.table.transact([record("f")]);
    await sleep(10);
    expect(seen).toHaveLength(5);
    expect(await pendingIds(store)).toEqual(["f"]);
  });

  test("a batch that fails for now is handed on later, whole and in order, whatever is committed meanwhile", async () => {
    const store = opened();
    const calls: string[][] = [];
    await store.table.transact(["a", "b"].map(record));
    const relay = store.relay({
      ...options,
      async handle(records) {
        calls.push(records.map(idOf));
        if (calls.length < 3) throw new TransientError("throttled", "later", { retryAfterSeconds: 0.05 });
      },
    });
    cleanups.push(() => relay.stop());
    await eventually(
      () => calls.length,
      (count) => count === 1,
    );
    await store.table.transact([record("c")]);
    await sleep(10);
    expect(calls).toHaveLength(1);
    await eventually(
      () => calls.length,
      (count) => count === 3,
    );
    expect(calls).toEqual([
      ["a", "b"],
      ["a", "b", "c"],
      ["a", "b", "c"],
    ]);
    await eventually(
      () => store.pendingOutbox(1),
      (records) => records.length === 0,
    );
  });

  test("a record that fails for good is quarantined alone, the others arrive", async () => {
    const store = opened();
    const arrived = new Set<string>();
    await store.table.transact(["a", "poison", "b", "c"].map(record));
    store.queues.declare(["publish"]);
    const relay = store.relay({
      log: silentLog,
      quarantine: ({ data }, failure) => store.queues.quarantine("publish", data, failure),
      async handle(records) {
        const ids = records.map(idOf);
        if (ids.includes("poison")) throw new PermanentError("bad-event", "cannot be published");
        for (const id of ids) arrived.add(id);
      },
    });
    cleanups.push(() => relay.stop());
    await eventually(
      () => store.pendingOutbox(1),
      (records) => records.length === 0,
    );
    expect([...arrived]).toEqual(["a", "b", "c"]);
    const [letter, ...more] = await store.queues.deadLetters("publish");
    expect(letter).toMatchObject({ code: "bad-event", body: { detail: { id: "poison" } } });
    expect(more).toEqual([]);
  });
});

describe("the bus", () => {
  const rules = [
    { bus: "portwarden", queue: "ours", pattern: { source: ["portwarden"] } },
    { bus: "default", queue: "theirs", pattern: { source: [{ prefix: "aws." }] } },
    { bus: "portwarden", queue: "also-ours", pattern: { detail: { route: ["r"] } } },
  ] as const;
  const waiting = async (store: TestStore) =>
    Object.fromEntries((await store.queues.status()).map(({ name, waiting }) => [name, waiting]));

  test("keeps its two names apart", async () => {
    const store = opened();
    const bus = embeddedBus(rules, store);
    await bus.publish([event("a")]);
    await bus.put("default", [
      { source: "aws.ecs", detail: {} },
      { source: "portwarden", detail: {} },
    ]);
    await bus.put("portwarden", [{ source: "aws.ecs", detail: {} }]);
    expect(await waiting(store)).toEqual({ ours: 1, theirs: 1, "also-ours": 1 });
  });

  test("publishing from the outbox and removing from it is one transaction", async () => {
    const store = opened();
    const bus = embeddedBus(rules, store);
    await store.table.transact([record("a"), record("b")]);
    await bus.publishOutbox(await store.pendingOutbox(10));
    expect(await waiting(store)).toEqual({ ours: 2, theirs: 0, "also-ours": 2 });
    expect(await store.pendingOutbox(10)).toEqual([]);

    await store.table.transact([record("c")]);
    const records = await store.pendingOutbox(10);
    const huge = {
      key: { pk: "outbox#huge", sk: "event" },
      data: { source: "portwarden", detail: "x".repeat(300_000) },
    };
    await expectPermanent(bus.publishOutbox([...records, huge]), "event-too-large");
    expect(await waiting(store)).toMatchObject({ ours: 2 });
    expect(await pendingIds(store)).toEqual(["c"]);
  });

  test("a transaction that fails after publishing publishes nothing", async () => {
    const store = opened();
    embeddedBus(rules, store);
    expect(() =>
      store.transaction(() => {
        store.queues.enqueue("ours", ["1"]);
        throw new Error("undone");
      }),
    ).toThrow("undone");
    expect(await waiting(store)).toMatchObject({ ours: 0 });
  });

  test("a rule that EventBridge would refuse is refused when the bus is made", () => {
    const store = opened();
    expect(() => embeddedBus([{ bus: "default", queue: "q", pattern: { source: "aws" } }], store)).toThrow(
      expect.objectContaining({ code: "bad-pattern" }),
    );
  });
});
