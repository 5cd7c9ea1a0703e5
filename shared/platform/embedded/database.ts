/** The one SQLite file behind the embedded table and queues: opening, schema versions, transactions, error classes. */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { PermanentError, TransientError } from "../errors.ts";
import { schemaVersions } from "./schema.ts";

export interface Database {
  /** The prepared statement of this text, prepared once. */
  readonly statement: (sql: string) => StatementSync;
  /** Runs the work in one write transaction, or joins the one under way. Throws what the work throws, undone. */
  readonly transaction: <T>(work: () => T) => T;
  /** Calls back once, soon after the transaction under way has committed. */
  readonly afterCommit: (action: () => void) => void;
  readonly isOpen: boolean;
  close(): void;
}

/** How long a write waits for another process's transaction (the command line beside a running platform). */
const defaultBusyMilliseconds = 5000;

/**
 * Opens `<directory>/portwarden.sqlite`, creating both, readable by the owner alone. WAL with synchronous=NORMAL: a
 * killed process loses nothing committed; a power failure may lose the last moments, never consistency.
 */
export function openDatabase(directory: string, busyMilliseconds = defaultBusyMilliseconds): Database {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, "portwarden.sqlite");
  closeSync(openSync(path, "a", 0o600));
  return databaseOf(storeErrors(() => connect(path, busyMilliseconds)));
}

function connect(path: string, busyMilliseconds: number): DatabaseSync {
  const sqlite = new DatabaseSync(path, { timeout: busyMilliseconds });
  try {
    sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864;");
    migrate(sqlite);
    return sqlite;
  } catch (thrown) {
    sqlite.close();
    throw thrown;
  }
}

function migrate(sqlite: DatabaseSync): void {
  sqlite.exec("BEGIN IMMEDIATE");
  const row = sqlite.prepare("PRAGMA user_version").get();
  const version = Number(row?.["user_version"]);
  if (version > schemaVersions.length) {
    throw new PermanentError("store-newer", `the data directory was written by a newer Portwarden (schema ${version})`);
  }
  for (const statements of schemaVersions.slice(version)) sqlite.exec(statements);
  sqlite.exec(`PRAGMA user_version = ${schemaVersions.length}; COMMIT`);
}

function databaseOf(sqlite: DatabaseSync): Database {
  const statements = new Map<string, StatementSync>();
  const committed = new Set<() => void>();

  function statement(sql: string): StatementSync {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const prepared = storeErrors(() => sqlite.prepare(sql));
    statements.set(sql, prepared);
    return prepared;
  }

  function flush(): void {
    for (const action of committed) setImmediate(action);
    committed.clear();
  }

  function transaction<T>(work: () => T): T {
    if (sqlite.isOpen && sqlite.isTransaction) return work();
    return storeErrors(() => {
      statement("BEGIN IMMEDIATE").run();
      try {
        const result = work();
        statement("COMMIT").run();
        flush();
        return result;
      } catch (thrown) {
        committed.clear();
        if (sqlite.isTransaction) statement("ROLLBACK").run();
        throw thrown;
      }
    });
  }

  return {
    statement,
    transaction,
    afterCommit(action) {
      committed.add(action);
      if (!sqlite.isTransaction) flush();
    },
    get isOpen() {
      return sqlite.isOpen;
    },
    close() {
      if (sqlite.isOpen) sqlite.close();
    },
  };
}

/** SQLite's primary result codes (https://sqlite.org/rescode.html). */
const code = { busy: 5, locked: 6, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;
const passing: ReadonlySet<number> = new Set([code.busy, code.locked, code.ioError, code.full]);
const lasting: ReadonlySet<number> = new Set([code.corrupt, code.cannotOpen, code.notADatabase]);

/** Runs the work; SQLite's outages become `TransientError("store-unavailable")`, a broken file `store-broken`. */
export function storeErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const result = resultCode(thrown);
    if (result === undefined) throw thrown;
    const message = `the embedded store: ${thrown instanceof Error ? thrown.message : "failed"}`;
    if (passing.has(result)) throw new TransientError("store-unavailable", message, { cause: thrown });
    if (lasting.has(result)) throw new PermanentError("store-broken", message, { cause: thrown });
    throw thrown;
  }
}

function resultCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number") return undefined;
  return thrown.errcode & 0xff;
}
