/**
 * The change feed of the embedded table, as far as the product needs one: the records in partitions that begin with
 * `outboxPrefix`, in commit order, until they are removed. Their expiry is for the table's readers; here a record that
 * nobody has published yet stays, however long the platform was down.
 */
import type { Key, Log } from "../ports.ts";
import type { Database } from "./database.ts";
import { delayAfter, failureOf } from "./failure.ts";

export interface OutboxRecord {
  readonly key: Key;
  /** The item's data: an event envelope. */
  readonly data: unknown;
}

export interface Outbox {
  /** Calls back after each commit that wrote records (once for several); returns how to stop it. */
  onOutbox(listener: () => void): () => void;
  /** The oldest records, in commit order. */
  pendingOutbox(limit: number): Promise<readonly OutboxRecord[]>;
  /** Removes published records. Joins the transaction under way. */
  removeOutbox(keys: readonly Key[]): void;
  /**
   * Hands records to the handler, at least once, in commit order, batch by batch; removes what it accepted. Begins
   * with what an earlier process left. See `relayOutbox`.
   */
  relay(options: RelayOptions): OutboxRelay;
}

export interface RelayOptions {
  /** Gets the data of up to `batch` records. */
  handle(records: readonly unknown[]): Promise<void>;
  /** Records that can never be handled leave the feed through this. Joins the transaction under way. */
  quarantine(record: OutboxRecord, failure: { readonly code: string; readonly reason: string }): void;
  readonly log: Log;
  /** Default 25. */
  readonly batch?: number;
}

export interface OutboxRelay {
  /** Resolves once the handler does not run any more; records not removed are handed on by the next process. */
  stop(): Promise<void>;
}

const pending =
  "SELECT pk, sk, data FROM item INDEXED BY item_outbox WHERE pk >= 'outbox#' AND pk < 'outbox$' ORDER BY id LIMIT ?";

/** The feed, and the function that the table calls after a commit. */
export function embeddedOutbox(database: Database): Outbox & { readonly notify: () => void } {
  const listeners = new Set<() => void>();
  const outbox: Outbox = {
    onOutbox(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async pendingOutbox(limit) {
      return database
        .statement(pending)
        .all(limit)
        .map((row) => ({
          key: { pk: String(row["pk"]), sk: String(row["sk"]) },
          data: JSON.parse(String(row["data"])),
        }));
    },
    removeOutbox(keys) {
      database.transaction(() => {
        for (const key of keys) database.statement("DELETE FROM item WHERE pk = ? AND sk = ?").run(key.pk, key.sk);
      });
    },
    relay: (options) => relayOutbox(database, outbox, options),
  };
  return {
    ...outbox,
    notify() {
      for (const listener of listeners) listener();
    },
  };
}

/**
 * One loop, asleep until a commit wakes it. A batch that fails is tried again later, for as long as it takes: the order
 * of events is worth more than their haste. When it fails for good, its records go one by one, and the one that fails
 * for good alone is quarantined.
 */
function relayOutbox(database: Database, outbox: Outbox, options: RelayOptions): OutboxRelay {
  const most = options.batch ?? 25;
  let batch = most;
  let failures = 0;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  /** One batch; false when there was none, or when it has to wait. */
  async function step(): Promise<boolean> {
    const records = await outbox.pendingOutbox(batch);
    const [first] = records;
    if (first === undefined) return false;
    try {
      await options.handle(records.map((record) => record.data));
    } catch (thrown) {
      return onFailure(thrown, first, records.length);
    }
    if (!database.isOpen) return false;
    outbox.removeOutbox(records.map((record) => record.key));
    failures = 0;
    batch = Math.min(most, batch * 2);
    return true;
  }

  function onFailure(thrown: unknown, first: OutboxRecord, count: number): boolean {
    const failure = failureOf(thrown);
    if (failure.permanent && database.isOpen) {
      batch = 1;
      if (count === 1) {
        database.transaction(() => {
          options.quarantine(first, failure);
          outbox.removeOutbox([first.key]);
        });
      }
      return true;
    }
    failures++;
    const seconds = failure.retryAfterSeconds ?? delayAfter(failures);
    options.log.warn("the outbox could not be published, trying again", {
      seconds,
      code: failure.code,
      reason: failure.reason,
    });
    retryAfter(seconds);
    return false;
  }

  async function run(): Promise<void> {
    try {
      while (!stopped && database.isOpen && (await step()));
    } catch (thrown) {
      options.log.error("the outbox relay failed, trying again", { reason: failureOf(thrown).reason });
      retryAfter(1);
    }
  }

  function retryAfter(seconds: number): void {
    timer = setTimeout(() => {
      timer = undefined;
      wake();
    }, seconds * 1000);
  }

  /** A commit during a run asks for another one; a commit while waiting to try again changes nothing. */
  function wake(): void {
    again = true;
    if (stopped || running !== undefined || timer !== undefined) return;
    again = false;
    running = run().finally(() => {
      running = undefined;
      if (again) wake();
    });
  }

  const silence = outbox.onOutbox(wake);
  wake();
  return {
    async stop() {
      stopped = true;
      silence();
      clearTimeout(timer);
      await running;
    },
  };
}
