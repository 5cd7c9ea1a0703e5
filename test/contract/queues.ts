/**
 * What every `Queues` does together with its consumer. The consuming side differs (an in-process consumer, a Lambda
 * event source), so an adapter brings a harness that runs a handler over one queue.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Delivery } from "../../shared/platform/door.ts";
import { limits } from "../../shared/platform/limits.ts";
import type { QueueStatus, Queues } from "../../shared/platform/ports.ts";
import { eventually, expectPermanent, sleep } from "./expect.ts";

/** Handles one message; a throw puts that message, and no other, back. */
export type Handle = (body: unknown, delivery: Delivery) => Promise<void>;

export interface Consumer {
  /** Resolves once no handler runs any more. Messages not handled stay in the queue. */
  stop(): Promise<void>;
}

export interface QueuesHarness {
  readonly queues: Queues;
  /** Names of empty queues that allow `maxReceives` deliveries, one for each test. */
  readonly names: readonly string[];
  readonly maxReceives: number;
  /** Runs the handler; a failed message is delivered again as soon as the adapter allows (within 2 s, please). */
  consume(queue: string, handle: Handle): Promise<Consumer>;
  close(): Promise<void>;
}

/** How many queues the suite uses up. */
export const queuesNeeded = 12;

export function queuesContract(name: string, open: () => Promise<QueuesHarness>) {
  describe(`queues contract: ${name}`, () => {
    let harness: QueuesHarness;
    let used = 0;
    const consumers: Consumer[] = [];
    const context: QueuesContext = {
      harness: () => harness,
      queue() {
        const next = harness.names[used++];
        if (next === undefined) throw new Error(`the suite needs ${queuesNeeded} queues`);
        return next;
      },
      async consume(queue, handle) {
        const consumer = await harness.consume(queue, handle);
        consumers.push(consumer);
        return consumer;
      },
    };
    beforeAll(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
    });
    afterAll(async () => {
      await harness?.close();
    });
    describe("delivery", () => delivery(context));
    describe("failure", () => failure(context));
    describe("sending", () => sending(context));
  });
}

interface QueuesContext {
  readonly harness: () => QueuesHarness;
  readonly queue: () => string;
  readonly consume: (queue: string, handle: Handle) => Promise<Consumer>;
}

const empty = { waiting: 0, inFlight: 0, delayed: 0, deadLetters: 0 };

async function statusOf({ queues }: QueuesHarness, name: string): Promise<QueueStatus | undefined> {
  return (await queues.status()).find((status) => status.name === name);
}

const isEmpty = (status: QueueStatus | undefined) =>
  status !== undefined && status.waiting + status.inFlight + status.delayed + status.deadLetters === 0;

function delivery({ harness, queue, consume }: QueuesContext) {
  test("a message sent is handled with its body, its id and attempt 1, then gone", async () => {
    const name = queue();
    const body = { nested: [{ text: "Grüße 😀\n", empty: "", none: null, number: 1.5, no: false }] };
    await harness().queues.send(name, [body]);
    expect(
      await eventually(
        () => statusOf(harness(), name),
        (status) => status?.waiting === 1,
      ),
    ).toEqual({
      ...empty,
      name,
      waiting: 1,
    });
    const seen: { body: unknown; delivery: Delivery }[] = [];
    await consume(name, async (body, delivery) => void seen.push({ body, delivery }));
    await eventually(
      () => seen.length,
      (count) => count >= 1,
    );
    expect(seen[0]?.body).toStrictEqual(body);
    expect(seen[0]?.delivery).toMatchObject({ attempt: 1, messageId: expect.stringMatching(/./) });
    expect(await eventually(() => statusOf(harness(), name), isEmpty)).toEqual({ ...empty, name });
  });

  test("every one of many messages is handled, those sent while the consumer runs too", async () => {
    const name = queue();
    const seen = new Map<unknown, string>();
    const before = Array.from({ length: 25 }, (_, n) => n);
    const later = Array.from({ length: 5 }, (_, n) => 100 + n);
    await harness().queues.send(name, before);
    await consume(name, async (body, { messageId }) => void seen.set(body, messageId));
    await harness().queues.send(name, later);
    await eventually(
      () => seen.size,
      (size) => size === 30,
    );
    expect([...seen.keys()].toSorted((a, b) => Number(a) - Number(b))).toEqual([...before, ...later]);
    expect(new Set(seen.values()).size).toBe(30);
    await eventually(() => statusOf(harness(), name), isEmpty);
  });

  test("a message in the handler's hands is in flight, and nobody else's", async () => {
    const name = queue();
    let release: (() => void) | undefined;
    let deliveries = 0;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await consume(name, async () => {
      deliveries++;
      await held;
    });
    await harness().queues.send(name, ["held"]);
    await eventually(
      () => deliveries,
      (count) => count === 1,
    );
    await eventually(
      () => statusOf(harness(), name),
      (status) => status?.inFlight === 1 && status.waiting === 0,
    );
    expect(deliveries).toBe(1);
    release?.();
    await eventually(() => statusOf(harness(), name), isEmpty);
  });
}

function failure({ harness, queue, consume }: QueuesContext) {
  test("a message that fails is delivered again, counting, until it is handled", async () => {
    const name = queue();
    const seen: Delivery[] = [];
    await consume(name, async (_, delivery) => {
      seen.push(delivery);
      if (delivery.attempt < harness().maxReceives) throw new Error("not yet");
    });
    await harness().queues.send(name, ["stubborn"]);
    await eventually(
      () => statusOf(harness(), name),
      (status) => isEmpty(status) && seen.length >= harness().maxReceives,
    );
    expect(seen.map(({ attempt }) => attempt)).toEqual(Array.from({ length: harness().maxReceives }, (_, n) => n + 1));
    expect(new Set(seen.map(({ messageId }) => messageId)).size).toBe(1);
  });

  test("one message's failure is its own", async () => {
    const name = queue();
    const handled: number[] = [];
    await consume(name, async (body) => {
      if (body === 3) throw new Error("poison");
      handled.push(Number(body));
    });
    await harness().queues.send(name, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await eventually(
      () => statusOf(harness(), name),
      (status) => status?.deadLetters === 1,
    );
    expect(handled.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
    expect(await statusOf(harness(), name)).toEqual({ ...empty, name, deadLetters: 1 });
  });

  test("after the last delivery it is a dead letter; redriven, it is handled", async () => {
    const name = queue();
    let broken = true;
    const attempts: number[] = [];
    await consume(name, async (_, { attempt }) => {
      attempts.push(attempt);
      if (broken) throw new Error("broken");
    });
    await harness().queues.send(name, ["a", "b"]);
    await eventually(
      () => statusOf(harness(), name),
      (status) => status?.deadLetters === 2,
    );
    expect(attempts).toHaveLength(2 * harness().maxReceives);
    await sleep(50);
    expect(attempts).toHaveLength(2 * harness().maxReceives);
    broken = false;
    expect(await harness().queues.redrive(name)).toBe(2);
    await eventually(() => statusOf(harness(), name), isEmpty);
    expect(attempts.slice(-2)).toEqual([1, 1]);
  });

  test("redriving a queue without dead letters moves nothing", async () => {
    const name = queue();
    expect(await harness().queues.redrive(name)).toBe(0);
    await harness().queues.send(name, ["waiting"]);
    expect(await harness().queues.redrive(name)).toBe(0);
  });
}

function sending({ harness, queue, consume }: QueuesContext) {
  test("a delayed message is not delivered before its time", async () => {
    const name = queue();
    const handled: number[] = [];
    await consume(name, async () => void handled.push(Date.now()));
    const sentAt = Date.now();
    await harness().queues.send(name, ["later"], 1);
    expect(await statusOf(harness(), name)).toEqual({ ...empty, name, delayed: 1 });
    await eventually(
      () => handled.length,
      (count) => count === 1,
    );
    expect((handled[0] ?? 0) - sentAt).toBeGreaterThanOrEqual(900);
    await eventually(() => statusOf(harness(), name), isEmpty);
  });

  test("the largest message travels, several of them in one call, and one byte more is refused", async () => {
    const name = queue();
    const largest = "x".repeat(limits.messageBytes - 2);
    await expectPermanent(harness().queues.send(name, ["small", `${largest}x`]), "message-too-large");
    expect(await statusOf(harness(), name)).toEqual({ ...empty, name });
    await harness().queues.send(name, [largest, largest, largest]);
    const sizes: number[] = [];
    await consume(name, async (body) => void sizes.push(String(body).length));
    await eventually(
      () => sizes.length,
      (count) => count === 3,
    );
    expect(sizes).toEqual([largest.length, largest.length, largest.length]);
  });

  test("sending nothing sends nothing", async () => {
    const name = queue();
    await harness().queues.send(name, []);
    expect(await statusOf(harness(), name)).toEqual({ ...empty, name });
  });

  test("a queue that does not exist is refused", async () => {
    await expectPermanent(harness().queues.send("no-such-queue", [1]), "queue-unknown");
    await expectPermanent(harness().queues.redrive("no-such-queue"), "queue-unknown");
  });
}
