/** The `Table` port on SQLite: each call is one transaction, conditions are evaluated inside it. */
import type { StatementSync } from "node:sqlite";
import { outboxPrefix } from "../../events/outbox.ts";
import { PermanentError } from "../errors.ts";
import type { Clock, Condition, Item, Key, Page, Put, Query, Remove, Table, Write, WriteResult } from "../ports.ts";
import { checkKey, checkTransaction, itemText, keyOf, sortableTime } from "../validation.ts";
import { type Database, storeErrors } from "./database.ts";

interface Row {
  readonly pk: string;
  readonly sk: string;
  readonly data: string;
  readonly version: number;
  readonly time: string | null;
  readonly expires_at: number | null;
}
/** What conditions ask about; undefined when nothing (unexpired) is there. */
type State = { readonly version: number; readonly orderedTime?: string | null } | undefined;
/** A put that was checked and serialised, before any lock is taken. */
interface Prepared {
  readonly put: Put;
  readonly text: string;
  readonly orderedTime: string | null;
}

const columns = "pk, sk, data, version, time, expires_at";
const live = "(expires_at IS NULL OR expires_at >= ?)";
const queryPage = (order: "ASC" | "DESC") =>
  `SELECT ${columns} FROM item WHERE pk = ? AND sk >= ? AND sk < ? AND ${live} ORDER BY sk ${order} LIMIT ?`;
const defaultLimit = 1000;

/** `onOutbox` is called after a commit that wrote outbox records. */
export function embeddedTable(database: Database, clock: Clock, onOutbox: () => void): Table {
  const { statement, transaction } = database;
  const now = () => clock.now() / 1000;

  function find(key: Key): Item | undefined {
    checkKey(key);
    const row = statement(`SELECT ${columns} FROM item WHERE pk = ? AND sk = ? AND ${live}`).get(key.pk, key.sk, now());
    return row === undefined ? undefined : itemOf(row as unknown as Row);
  }

  function stateOf(key: Key): State {
    const row = statement(`SELECT version, ordered_time FROM item WHERE pk = ? AND sk = ? AND ${live}`).get(
      key.pk,
      key.sk,
      now(),
    );
    return row === undefined
      ? undefined
      : { version: Number(row["version"]), orderedTime: row["ordered_time"] as string | null };
  }

  function store({ put, text, orderedTime }: Prepared, before: State): number {
    const version = (before?.version ?? 0) + 1;
    statement(
      `INSERT INTO item (pk, sk, data, version, time, ordered_time, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (pk, sk) DO UPDATE SET data = excluded.data, version = excluded.version, time = excluded.time,
       ordered_time = excluded.ordered_time, expires_at = excluded.expires_at`,
    ).run(put.pk, put.sk, text, version, put.time ?? null, orderedTime, put.expiresAt ?? null);
    if (put.pk.startsWith(outboxPrefix)) database.afterCommit(onOutbox);
    return version;
  }

  function erase(key: Key): void {
    statement("DELETE FROM item WHERE pk = ? AND sk = ?").run(key.pk, key.sk);
  }

  function putOne(put: Put): WriteResult {
    const prepared = prepare(put);
    return transaction(() => {
      const before = stateOf(put);
      return holds(before, put.condition) ? { written: true, version: store(prepared, before) } : { written: false };
    });
  }

  function removeOne(remove: Remove): void {
    checkKey(remove);
    transaction(() => {
      if (remove.condition === undefined || holds(stateOf(remove), remove.condition)) erase(remove);
    });
  }

  function addOne(key: Key, amount: number, expiresAt: number | undefined): number {
    checkKey(key);
    return transaction(() => {
      const before = find(key);
      if (before !== undefined && typeof before.data !== "number") {
        throw new PermanentError("not-a-counter", "only counter items can be added to");
      }
      const sum = Number(before?.data ?? 0) + amount;
      const expiry = expiresAt ?? before?.expiresAt;
      store(prepare({ ...key, data: sum, ...(expiry === undefined ? {} : { expiresAt: expiry }) }), before);
      return sum;
    });
  }

  function transactAll(writes: readonly Write[]): { written: boolean } {
    checkTransaction(writes);
    const prepared = writes.map((write) => ("put" in write ? prepare(write.put) : undefined));
    return transaction(() => {
      const states = writes.map((write) => stateOf(keyOf(write)));
      if (!writes.every((write, index) => holds(states[index], conditionOf(write)))) return { written: false };
      for (const [index, write] of writes.entries()) {
        const put = prepared[index];
        if (put !== undefined) store(put, states[index]);
        else if ("remove" in write) erase(write.remove);
      }
      return { written: true };
    });
  }

  return {
    get: async (key) => storeErrors(() => find(key)),
    batchGet: async (keys) => {
      const distinct = new Map(keys.map((key) => [JSON.stringify([key.pk, key.sk]), key]));
      return storeErrors(() => [...distinct.values()].map(find).filter((item) => item !== undefined));
    },
    query: async (query) =>
      storeErrors(() => page(query, statement(queryPage(query.direction === "backward" ? "DESC" : "ASC")), now())),
    put: async (put) => putOne(put),
    remove: async (remove) => removeOne(remove),
    add: async (key, amount, expiresAt) => addOne(key, amount, expiresAt),
    transact: async (writes) => transactAll(writes),
  };
}

function prepare(put: Put): Prepared {
  checkKey(put);
  const text = itemText(put.data);
  return { put, text, orderedTime: put.time === undefined ? null : sortableTime(put.time) };
}

function conditionOf(write: Write): Condition | undefined {
  if ("put" in write) return write.put.condition;
  return "remove" in write ? write.remove.condition : write.check.condition;
}

function holds(state: State, condition: Condition | undefined): boolean {
  if (condition === undefined) return true;
  if ("ifAbsent" in condition) return state === undefined;
  if ("ifVersion" in condition) return state?.version === condition.ifVersion;
  const time = sortableTime(condition.ifNewer);
  return state === undefined || (typeof state.orderedTime === "string" && state.orderedTime < time);
}

function itemOf(row: Row): Item {
  return {
    pk: row.pk,
    sk: row.sk,
    data: JSON.parse(row.data),
    version: row.version,
    ...(row.time === null ? {} : { time: row.time }),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  };
}

function page(query: Query, statement: StatementSync, now: number): Page {
  checkKey({ pk: query.pk, sk: query.prefix || "any" });
  checkKey({ pk: query.pk, sk: query.after || "any" });
  const limit = query.limit ?? defaultLimit;
  const [low, high] = bounds(query);
  const items: Item[] = [];
  for (const row of statement.iterate(query.pk, low, high, now, limit + 1)) {
    const last = items.at(-1);
    if (items.length === limit && last !== undefined) return { items, next: last.sk };
    items.push(itemOf(row as unknown as Row));
  }
  return { items };
}

/** A blob sorts after every text in SQLite. */
const afterAllText = new Uint8Array();

/** The sort keys of a page, from (inclusive) and to (exclusive): one index range, however deep the page is. */
function bounds({ prefix = "", after, direction }: Query): [string, string | Uint8Array] {
  const end = successor(prefix);
  if (after === undefined) return [prefix, end ?? afterAllText];
  if (direction === "backward") return [prefix, end === undefined || isBefore(after, end) ? after : end];
  const next = `${after}\u0000`;
  return [isBefore(prefix, next) ? next : prefix, end ?? afterAllText];
}

/** The least text that follows every text with this prefix, in UTF-8 byte order (which is code point order). */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point === 0xd7ff) return `${points.join("")}\ue000`;
    if (point < 0x10ffff) return points.join("") + String.fromCodePoint(point + 1);
  }
  return undefined;
}

function isBefore(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
}
