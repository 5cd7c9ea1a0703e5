/** The embedded store: one SQLite file that holds the table, its outbox feed and the queues. */
import type { Clock, Log, Table } from "../ports.ts";
import { openDatabase } from "./database.ts";
import { housekeeping } from "./housekeeping.ts";
import { embeddedOutbox, type Outbox } from "./outbox.ts";
import { claimDirectory, type Ownership } from "./owner.ts";
import { type EmbeddedQueues, embeddedQueues } from "./queues.ts";
import { embeddedTable } from "./table.ts";

export interface EmbeddedStore extends Outbox {
  readonly table: Table;
  readonly queues: EmbeddedQueues;
  /** Runs synchronous work in one transaction: what it sends, publishes and removes commits together. */
  readonly transaction: <T>(work: () => T) => T;
  /**
   * Makes this process the one that consumes, and gives back to their queues the messages that an earlier process had
   * in hand when it ended. Consuming does it too. Throws `PermanentError("data-directory-in-use")`.
   */
  claim(): void;
  /** Removes up to `most` expired items; returns how many. Also done in the background. */
  readonly sweep: (most: number) => number;
  /** Stop consumers and relays first. */
  close(): void;
}

export interface StoreOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How long a write waits for another process's transaction. Default 5,000. */
  readonly busyMilliseconds?: number;
}

/**
 * Opens the store in a directory, creating it. Other processes (the command line) may open it at the same time; one of
 * them consumes. Throws `PermanentError` (`store-newer`, `store-broken`) or `TransientError("store-unavailable")`.
 */
export function openEmbeddedStore(directory: string, options: StoreOptions): EmbeddedStore {
  const { clock, log } = options;
  const database = openDatabase(directory, options.busyMilliseconds);
  const { notify, ...outbox } = embeddedOutbox(database);
  let ownership: Ownership | undefined;

  function claim(): void {
    if (ownership !== undefined) return;
    ownership = claimDirectory(directory);
    const released = queues.messages.release();
    if (released > 0) log.info("messages of the process before are delivered again", { messages: released });
  }

  const queues = embeddedQueues(database, { clock, log, claim });
  const keeper = housekeeping(database, clock, log, {
    onForeignWrite() {
      queues.wake();
      notify();
    },
  });
  return {
    ...outbox,
    table: embeddedTable(database, clock, notify),
    queues,
    transaction: database.transaction,
    claim,
    sweep: keeper.sweep,
    close() {
      keeper.stop();
      database.close();
      ownership?.release();
    },
  };
}
