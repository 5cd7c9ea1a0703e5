/** A table for filling a store quickly: writes are kept back and committed many at once. For one writer alone. */
import type { EmbeddedStore } from "../../shared/platform/embedded/store.ts";
import {
  type Item,
  type Key,
  type Put,
  type Table,
  transactionLimit,
  type Write,
} from "../../shared/platform/ports.ts";

export interface BulkTable extends Table {
  flush(): void;
}

const keptBack = 20_000;
const idOf = ({ pk, sk }: Key) => `${pk}\n${sk}`;

/** Conditions hold by themselves: nothing is written that was there before, but what is looked up first. */
export function bulkTable(store: EmbeddedStore): BulkTable {
  const waiting = new Map<string, Put>();
  const itemOf = ({ pk, sk, data, time }: Put): Item => ({
    pk,
    sk,
    data,
    version: 1,
    ...(time !== undefined && { time }),
  });
  const find = async (key: Key) => {
    const put = waiting.get(idOf(key));
    return put === undefined ? store.table.get(key) : itemOf(put);
  };
  const flush = () => {
    const writes: Write[] = [...waiting.values()].map((put) => ({ put }));
    waiting.clear();
    store.transaction(() => {
      // The embedded table does its work before it returns its promise, so all of it is in this transaction.
      for (let from = 0; from < writes.length; from += transactionLimit) {
        void store.table.transact(writes.slice(from, from + transactionLimit));
      }
    });
  };
  const keep = ({ condition: _none, ...put }: Put) => {
    waiting.set(idOf(put), put);
    if (waiting.size >= keptBack) flush();
  };
  return {
    flush,
    get: find,
    batchGet: async (keys) => (await Promise.all(keys.map(find))).filter((item) => item !== undefined),
    async query(query) {
      flush();
      return store.table.query(query);
    },
    async put(put) {
      const ifAbsent = put.condition !== undefined && "ifAbsent" in put.condition;
      if (ifAbsent && (await find(put)) !== undefined) return { written: false };
      keep(put);
      return { written: true, version: 1 };
    },
    async remove(key) {
      flush();
      return store.table.remove(key);
    },
    async add(key, amount) {
      flush();
      return store.table.add(key, amount);
    },
    async transact(writes) {
      for (const write of writes) if ("put" in write) keep(write.put);
      return { written: true };
    },
  };
}
