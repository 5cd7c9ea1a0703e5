import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../../shared/platform/embedded/clock.ts";
import type { ConsumeOptions } from "../../../../shared/platform/embedded/consumer.ts";
import { openDatabase } from "../../../../shared/platform/embedded/database.ts";
import { embeddedMessages } from "../../../../shared/platform/embedded/messages.ts";
import { type EmbeddedStore, openEmbeddedStore } from "../../../../shared/platform/embedded/store.ts";
import { PermanentError, TransientError } from "../../../../shared/platform/errors.ts";
import { eventually, sleep } from "../../../contract/expect.ts";
import { silentLog, type TestStore, temporaryDirectory, testStore } from "./support.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function opened(): TestStore {
  const store = testStore();
  cleanups.push(() => store.discard());
  return store;
}

function consume(store: EmbeddedStore, options: Partial<ConsumeOptions> & Pick<ConsumeOptions, "handle">) {
  const defaults = { concurrency: 2, visibilitySeconds: 30, maxReceives: 3, retryDelaySeconds: () => 0.01 };
  const consumer = store.queues.consume("work", { ...defaults, ...options });
  cleanups.push(() => consumer.stop(0));
  return consumer;
}

const statusOf = async (store: EmbeddedStore) => (await store.queues.status()).find(({ name }) => name === "work");
const never = () => new Promise<void>(() => {});
const text = (a: unknown, b: unknown) => (String(a) < String(b) ? -1 : 1);

/** A handler that counts what it was given, and never ends. */
function hanging() {
  const handler = {
    inHand: 0,
    handle: () => {
      handler.inHand++;
      return never();
    },
  };
  return handler;
}

async function send(store: EmbeddedStore, ...bodies: unknown[]) {
  store.queues.declare(["work"]);
  await store.queues.send("work", bodies);
}

describe("failures", () => {
  test("a permanent error quarantines the message at once, with its code, reason and body", async () => {
    const store = opened();
    let deliveries = 0;
    consume(store, {
      async handle() {
        deliveries++;
        throw new PermanentError("image-gone", "the image was deleted");
      },
    });
    await send(store, { image: "a" });
    const [letter] = await eventually(
      () => store.queues.deadLetters("work"),
      (letters) => letters.length === 1,
    );
    expect(letter).toMatchObject({
      body: { image: "a" },
      attempts: 1,
      code: "image-gone",
      reason: "the image was deleted",
    });
    expect(Date.parse(letter?.diedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(letter?.sentAt ?? ""));
    expect(deliveries).toBe(1);
  });

  test("a dead letter carries the last error's code and reason", async () => {
    const store = opened();
    consume(store, {
      async handle(_, { attempt }) {
        throw attempt < 3 ? new TransientError("throttled", "slow down") : new Error(`broken at ${attempt}`);
      },
    });
    await send(store, 1);
    const [letter] = await eventually(
      () => store.queues.deadLetters("work"),
      (letters) => letters.length === 1,
    );
    expect(letter).toMatchObject({ attempts: 3, code: "defect", reason: "broken at 3" });
  });

  test("a transient error's wish is granted before the usual delay", async () => {
    const store = opened();
    const times: number[] = [];
    consume(store, {
      retryDelaySeconds: () => 20,
      async handle() {
        times.push(Date.now());
        if (times.length < 2) throw new TransientError("throttled", "later", { retryAfterSeconds: 0.15 });
      },
    });
    await send(store, 1);
    await eventually(
      () => times.length,
      (count) => count === 2,
    );
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(145);
  });

  test("a message not handled within its visibility is delivered again; a late failure then changes nothing", async () => {
    const store = opened();
    const attempts: number[] = [];
    consume(store, {
      visibilitySeconds: 0.05,
      async handle(_, { attempt }) {
        attempts.push(attempt);
        if (attempt > 1) return;
        await sleep(120);
        throw new PermanentError("late", "too late to matter");
      },
    });
    await send(store, 1);
    await eventually(
      () => attempts.length,
      (count) => count === 2,
    );
    await sleep(150);
    expect(attempts).toEqual([1, 2]);
    expect(await statusOf(store)).toMatchObject({ waiting: 0, inFlight: 0, delayed: 0, deadLetters: 0 });
  });

  test("what a late handler says of a message that was delivered again counts only when it was handled", async () => {
    using directory = temporaryDirectory();
    let now = 1_000_000;
    const database = openDatabase(directory.path);
    const messages = embeddedMessages(database, { now: () => now });
    const limits = { maxReceives: 5, maxInterruptions: 5 };
    messages.enqueue("work", ['"body"'], 0);
    const [late] = messages.receive("work", 1, 10, limits);
    now += 10_000;
    const [current] = messages.receive("work", 1, 10, limits);
    expect([late?.attempt, current?.attempt, current?.failures]).toEqual([1, 2, 1]);
    if (late === undefined || current === undefined) return;
    const inHand = [{ name: "work", waiting: 0, inFlight: 1, delayed: 0, deadLetters: 0 }];
    messages.postpone(late, 0);
    messages.handBack(late);
    messages.bury(late, "late", "too late");
    expect(messages.status([])).toEqual(inHand);
    messages.remove(late);
    messages.bury(current, "later", "it was handled meanwhile");
    expect(messages.status([])).toEqual([]);
    database.close();
  });

  test("a message that hangs each time is a dead letter in the end", async () => {
    const store = opened();
    consume(store, { concurrency: 5, visibilitySeconds: 0.03, handle: never });
    await send(store, 1);
    const [letter] = await eventually(
      () => store.queues.deadLetters("work"),
      (letters) => letters.length === 1,
    );
    expect(letter).toMatchObject({ attempts: 3, code: "timeout" });
  });

  test("a body thrown by a synchronous handler is a failure like others", async () => {
    const store = opened();
    consume(store, {
      handle() {
        throw new PermanentError("sync", "thrown at once");
      },
    });
    await send(store, 1);
    await eventually(
      () => store.queues.deadLetters("work"),
      ([letter]) => letter?.code === "sync",
    );
  });
});

describe("the end of a process", () => {
  function reopened(store: TestStore): EmbeddedStore {
    const again = openEmbeddedStore(store.directory, { clock: systemClock, log: silentLog });
    cleanups.push(() => again.close());
    return again;
  }

  test("what was in hand is delivered again at once, without counting as a failure", async () => {
    const store = opened();
    const handler = hanging();
    await send(store, "a", "b", "c");
    consume(store, { visibilitySeconds: 3600, handle: handler.handle });
    await eventually(
      () => handler.inHand,
      (count) => count === 2,
    );
    store.close();

    const again = reopened(store);
    const seen: [unknown, number][] = [];
    consume(again, { maxReceives: 1, handle: async (body, { attempt }) => void seen.push([body, attempt]) });
    await eventually(
      () => seen.length,
      (count) => count === 3,
    );
    expect(seen.toSorted(text)).toEqual([
      ["a", 2],
      ["b", 2],
      ["c", 1],
    ]);
  });

  test("a message that ends the process each time is a dead letter in the end", async () => {
    let store: EmbeddedStore = opened();
    const first = store as TestStore;
    await send(store, "poison");
    for (let end = 0; end < 2; end++) {
      const handler = hanging();
      consume(store, { maxInterruptions: 2, handle: handler.handle });
      await eventually(
        () => handler.inHand,
        (count) => count === 1,
      );
      store.close();
      store = reopened(first);
    }
    consume(store, { maxInterruptions: 2, handle: never });
    const [letter] = await eventually(
      () => store.queues.deadLetters("work"),
      (letters) => letters.length === 1,
    );
    expect(letter).toMatchObject({ attempts: 2, code: "interrupted" });
  });

  test("one process consumes; another may send, and is heard within a minute", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    cleanups.push(() => vi.useRealTimers());
    const store = opened();
    const seen: unknown[] = [];
    consume(store, { handle: async (body) => void seen.push(body) });
    const other = reopened(store);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(() =>
      other.queues.consume("work", { concurrency: 1, visibilitySeconds: 1, maxReceives: 1, handle: never }),
    ).toThrow(expect.objectContaining({ code: "data-directory-in-use" }));
    await send(other, "from beside");
    vi.advanceTimersByTime(61_000);
    vi.useRealTimers();
    await eventually(
      () => seen,
      (bodies) => bodies.length === 1,
    );
    store.close();
    expect(() => other.claim()).not.toThrow();
  });
});

describe("stopping", () => {
  test("waits for what is in hand and takes nothing more", async () => {
    const store = opened();
    const done: unknown[] = [];
    await send(store, 1, 2, 3, 4);
    const consumer = consume(store, {
      async handle(body) {
        await sleep(60);
        done.push(body);
      },
    });
    await eventually(
      () => statusOf(store),
      (status) => status?.inFlight === 2,
    );
    expect(await consumer.stop()).toBe(true);
    expect(done.toSorted(text)).toEqual([1, 2]);
    expect(await statusOf(store)).toMatchObject({ waiting: 2, inFlight: 0 });
  });

  test("after the deadline gives back what is still in hand, as if it had not been delivered", async () => {
    const store = opened();
    await send(store, 1);
    const consumer = consume(store, { handle: never });
    await eventually(
      () => statusOf(store),
      (status) => status?.inFlight === 1,
    );
    expect(await consumer.stop(0.02)).toBe(false);
    expect(await statusOf(store)).toMatchObject({ waiting: 1, inFlight: 0 });
    const attempts: number[] = [];
    consume(store, { handle: async (_, { attempt }) => void attempts.push(attempt) });
    await eventually(
      () => attempts.length,
      (count) => count === 1,
    );
    expect(attempts).toEqual([1]);
  });
});

test("never more in hand than the concurrency, and as many when there is work", async () => {
  const store = opened();
  let now = 0;
  let most = 0;
  let done = 0;
  await send(store, ...Array.from({ length: 60 }, (_, n) => n));
  consume(store, {
    concurrency: 4,
    async handle(body) {
      most = Math.max(most, ++now);
      await sleep(Number(body) % 5);
      now--;
      done++;
    },
  });
  await eventually(
    () => done,
    (count) => count === 60,
  );
  expect(most).toBe(4);
});
