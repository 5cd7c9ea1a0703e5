import type { Clock, Log } from "../ports.ts";
import type { Database } from "./database.ts";
import { failureOf } from "./failure.ts";

/** One look a minute: about 0.1 ms of work when there is nothing to do. */
const everyMilliseconds = 60_000;
const batch = 200;

/** Outbox records are not swept: one that nobody has published yet must not be lost to its expiry. */
const expired = `DELETE FROM item WHERE id IN
  (SELECT id FROM item WHERE expires_at IS NOT NULL AND expires_at < ? AND NOT (pk >= 'outbox#' AND pk < 'outbox$')
   ORDER BY expires_at LIMIT ?)`;

export interface Housekeeping {
  /** Removes up to so many expired items; returns how many. */
  readonly sweep: (most: number) => number;
  stop(): void;
}

/**
 * Once a minute: removes expired items in batches that leave room for others between them, and notices what another
 * process wrote (its sends wake nobody here). Never keeps the process alive.
 */
export function housekeeping(
  database: Database,
  clock: Clock,
  log: Log,
  { onForeignWrite }: { onForeignWrite: () => void },
): Housekeeping {
  let timer = setTimeout(tick, everyMilliseconds).unref();
  let seen = dataVersion();

  function sweep(most: number): number {
    return Number(database.transaction(() => database.statement(expired).run(clock.now() / 1000, most)).changes);
  }

  /** Changes when another connection has committed: https://sqlite.org/pragma.html#pragma_data_version */
  function dataVersion(): unknown {
    return database.statement("PRAGMA data_version").get()?.["data_version"];
  }

  function tick(): void {
    let more = false;
    try {
      const now = dataVersion();
      if (now !== seen) onForeignWrite();
      seen = now;
      more = sweep(batch) === batch;
    } catch (thrown) {
      log.warn("expired items could not be removed", { reason: failureOf(thrown).reason });
    }
    timer = setTimeout(tick, more ? 50 : everyMilliseconds).unref();
  }

  return { sweep, stop: () => clearTimeout(timer) };
}
