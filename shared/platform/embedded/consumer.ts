/**
 * The in-process consumer of one queue. It sleeps until a send wakes it or the next message is due (one timer), and
 * takes no more messages in hand than it has free places, so that memory does not grow with the queue.
 */
import type { Delivery } from "../door.ts";
import type { Clock, Log } from "../ports.ts";
import { delayAfter, type Failure, failureOf } from "./failure.ts";
import type { Messages, Received } from "./messages.ts";

export interface ConsumeOptions {
  /** Messages handled at once. */
  readonly concurrency: number;
  /** A message not handled for so long is delivered again. */
  readonly visibilitySeconds: number;
  /** Failed deliveries before the message becomes a dead letter. */
  readonly maxReceives: number;
  /** Ends of the process, in a row, with the message in hand before it becomes a dead letter. Default 25. */
  readonly maxInterruptions?: number;
  /** Seconds before a failed message is delivered again, unless its error wishes otherwise. Default 1, 2, 4 … 300. */
  readonly retryDelaySeconds?: (failures: number) => number;
  /** Handles one message. `PermanentError`: a dead letter at once. Any other error: delivered again. */
  handle(body: unknown, delivery: Delivery): Promise<void>;
}

export interface QueueConsumer {
  /**
   * Takes no more messages and waits for those in hand, at most so long (default 25 s); what is then still in hand goes
   * back to its queue. Returns whether all were done.
   */
  stop(deadlineSeconds?: number): Promise<boolean>;
}

interface Context {
  readonly messages: Messages;
  readonly clock: Clock;
  readonly log: Log;
  readonly queue: string;
  readonly options: ConsumeOptions;
  readonly isOpen: () => boolean;
}

const defaultInterruptions = 25;
/** `setTimeout` takes no more. */
const longestTimer = 2 ** 31 - 1;

/** Starts with what is in the queue. `wake` tells it that something was sent. */
export function startConsumer(context: Context): QueueConsumer & { readonly wake: () => void } {
  const { messages, clock, log, queue, options, isOpen } = context;
  const limits = {
    maxReceives: options.maxReceives,
    maxInterruptions: options.maxInterruptions ?? defaultInterruptions,
  };
  const inHand = new Map<Received, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let scheduled: NodeJS.Immediate | undefined;
  let stopped = false;

  function wake(): void {
    if (!stopped) scheduled ??= setImmediate(fill);
  }

  /** Fills the free places; then sleeps until the next message is due, or one in hand is done. */
  function fill(): void {
    scheduled = undefined;
    clearTimeout(timer);
    if (stopped || !isOpen()) return;
    try {
      const free = options.concurrency - inHand.size;
      if (free <= 0) return;
      const received = messages.receive(queue, free, options.visibilitySeconds, limits);
      // Not before it is counted: a handler may throw without ever waiting.
      for (const message of received) inHand.set(message, Promise.resolve(message).then(deliver));
      if (inHand.size < options.concurrency) sleep();
    } catch (thrown) {
      log.error("a queue could not be read, trying again", { queue, reason: failureOf(thrown).reason });
      timer = setTimeout(wake, 1000);
    }
  }

  function sleep(): void {
    const due = messages.nextDue(queue);
    if (due !== undefined) timer = setTimeout(wake, Math.min(longestTimer, Math.max(1, due - clock.now())));
  }

  async function deliver(message: Received): Promise<void> {
    const delivery = { messageId: message.messageId, attempt: message.attempt };
    let failure: Failure | undefined;
    try {
      await options.handle(JSON.parse(message.body), delivery);
    } catch (thrown) {
      failure = failureOf(thrown);
    }
    try {
      if (inHand.has(message) && isOpen()) settle(message, failure);
    } catch (thrown) {
      log.error("a message could not be settled; it will be delivered again", {
        queue,
        reason: failureOf(thrown).reason,
      });
    }
    inHand.delete(message);
    wake();
  }

  function settle(message: Received, failure: Failure | undefined): void {
    if (failure === undefined) {
      messages.remove(message);
      return;
    }
    const { code, reason } = failure;
    const fields = { queue, messageId: message.messageId, attempt: message.attempt, code, reason };
    const failures = message.failures + 1;
    if (failure.permanent || failures >= options.maxReceives) {
      messages.bury(message, code, reason);
      log.error(failure.permanent ? "message quarantined" : "message given up after its last delivery", fields);
      return;
    }
    const seconds = failure.retryAfterSeconds ?? (options.retryDelaySeconds ?? delayAfter)(failures);
    messages.postpone(message, seconds);
    log.warn("message failed, trying again", { ...fields, seconds });
  }

  async function stop(deadlineSeconds = 25): Promise<boolean> {
    stopped = true;
    clearTimeout(timer);
    clearImmediate(scheduled);
    let deadline: NodeJS.Timeout | undefined;
    const passed = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, deadlineSeconds * 1000);
    });
    await Promise.race([Promise.all(inHand.values()), passed]);
    clearTimeout(deadline);
    const left = [...inHand.keys()];
    inHand.clear();
    if (isOpen()) for (const message of left) messages.handBack(message);
    return left.length === 0;
  }

  wake();
  return { wake, stop };
}
