/** The `Queues` port on SQLite, with its in-process consumer. */
import { PermanentError } from "../errors.ts";
import type { Clock, Log, Queues } from "../ports.ts";
import { messageText } from "../validation.ts";
import { type ConsumeOptions, type QueueConsumer, startConsumer } from "./consumer.ts";
import type { Database } from "./database.ts";
import { type DeadLetter, embeddedMessages, type Messages } from "./messages.ts";

export interface EmbeddedQueues extends Queues {
  /** Makes these queues exist: messages for others are refused. */
  declare(names: Iterable<string>): void;
  /** Handles the messages of a queue, which it declares, until stopped. Claims the data directory: see `claim`. */
  consume(queue: string, options: ConsumeOptions): QueueConsumer;
  /** The oldest dead letters of a queue. Default limit 50. */
  deadLetters(queue: string, limit?: number): Promise<readonly DeadLetter[]>;
  /** Sends inside the transaction under way; bodies are JSON texts already. For the bus. */
  enqueue(queue: string, bodies: readonly string[]): void;
  /** Puts a body straight among the dead letters, inside the transaction under way. */
  quarantine(queue: string, body: unknown, failure: { readonly code: string; readonly reason: string }): void;
  /** Wakes every consumer: another process may have sent something. */
  wake(): void;
}

export interface QueuesContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Makes this process the only one that consumes. Throws `PermanentError("data-directory-in-use")`. */
  readonly claim: () => void;
}

export function embeddedQueues(
  database: Database,
  context: QueuesContext,
): EmbeddedQueues & { readonly messages: Messages } {
  const messages = embeddedMessages(database, context.clock);
  const declared = new Set<string>();
  const sleepers = new Map<string, Set<() => void>>();

  function known(queue: string): void {
    if (!declared.has(queue)) throw new PermanentError("queue-unknown", `there is no queue ${JSON.stringify(queue)}`);
  }

  function wake(queue: string): void {
    for (const sleeper of sleepers.get(queue) ?? []) database.afterCommit(sleeper);
  }

  function enqueue(queue: string, bodies: readonly string[], delaySeconds = 0): void {
    known(queue);
    if (bodies.length === 0) return;
    messages.enqueue(queue, bodies, delaySeconds);
    wake(queue);
  }

  return {
    messages,
    declare(names) {
      for (const name of names) declared.add(name);
    },
    async send(queue, bodies, delaySeconds) {
      enqueue(queue, bodies.map(messageText), delaySeconds);
    },
    enqueue,
    async status() {
      return messages.status(declared);
    },
    async redrive(queue) {
      known(queue);
      const moved = messages.redrive(queue);
      if (moved > 0) wake(queue);
      return moved;
    },
    async deadLetters(queue, limit = 50) {
      return messages.deadLetters(queue, limit);
    },
    quarantine(queue, body, { code, reason }) {
      messages.buryBody(queue, JSON.stringify(body), code, reason);
    },
    consume(queue, options) {
      context.claim();
      declared.add(queue);
      const consumer = startConsumer({ ...context, messages, queue, options, isOpen: () => database.isOpen });
      const sleeping = sleepers.get(queue) ?? new Set();
      sleepers.set(queue, sleeping.add(consumer.wake));
      return {
        async stop(deadlineSeconds) {
          sleeping.delete(consumer.wake);
          return await consumer.stop(deadlineSeconds);
        },
      };
    },
    wake() {
      for (const sleeping of sleepers.values()) for (const sleeper of sleeping) sleeper();
    },
  };
}
