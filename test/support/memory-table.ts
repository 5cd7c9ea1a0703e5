import { PermanentError } from "../../shared/platform/errors.ts";
import {
  type Clock,
  type Condition,
  type Item,
  type Key,
  type Put,
  type Table,
  transactionLimit,
  type Write,
} from "../../shared/platform/ports.ts";
import { sortableTime } from "../../shared/platform/validation.ts";

/** Every stored item (unexpired), for assertions. */
export interface MemoryTable extends Table {
  items(): readonly Item[];
}

const join = (key: Key) => JSON.stringify([key.pk, key.sk]);
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The table port over a `Map`: what the adapters do, for tests of the rooms. Items are copied in and out. */
export function memoryTable(clock: Clock = { now: () => Date.now() }): MemoryTable {
  const stored = new Map<string, Item>();

  function find(key: Key): Item | undefined {
    const item = stored.get(join(key));
    if (item?.expiresAt !== undefined && item.expiresAt <= clock.now() / 1000) return undefined;
    return item;
  }
  function holds(key: Key, condition: Condition | undefined): boolean {
    if (condition === undefined) return true;
    const item = find(key);
    if ("ifAbsent" in condition) return item === undefined;
    if ("ifVersion" in condition) return item?.version === condition.ifVersion;
    return item === undefined || (item.time !== undefined && sortableTime(item.time) < sortableTime(condition.ifNewer));
  }
  function store({ condition, ...put }: Put): number {
    const text = JSON.stringify(put.data);
    if (text === undefined || Buffer.byteLength(text) > 350 * 1024) {
      throw new PermanentError("item-too-large", `${put.pk} ${put.sk} (${JSON.stringify(condition)})`);
    }
    const version = (find(put)?.version ?? 0) + 1;
    stored.set(join(put), { ...put, data: JSON.parse(text), version });
    return version;
  }
  function validate(key: Key): void {
    for (const part of [key.pk, key.sk]) {
      const bytes = Buffer.byteLength(part);
      if (bytes === 0 || bytes > 1024) throw new PermanentError("bad-key", "a key part is empty or too long");
    }
  }
  const keyOf = (write: Write): Key & { readonly condition?: Condition } =>
    "put" in write ? write.put : "remove" in write ? write.remove : write.check;

  return {
    items: () => structuredClone([...stored.values()].filter((item) => find(item) !== undefined)),
    get: async (key) => structuredClone(find(key)),
    batchGet: async (keys) => structuredClone(keys.flatMap((key) => find(key) ?? [])),
    async query({ pk, prefix = "", direction = "forward", limit = 1000, after }) {
      const sign = direction === "forward" ? 1 : -1;
      const found = [...stored.values()]
        .filter((item) => item.pk === pk && item.sk.startsWith(prefix) && find(item) !== undefined)
        .filter((item) => after === undefined || sign * byBytes(item.sk, after) > 0)
        .sort((a, b) => sign * byBytes(a.sk, b.sk));
      const items = structuredClone(found.slice(0, limit));
      const last = items.at(-1);
      return found.length > limit && last !== undefined ? { items, next: last.sk } : { items };
    },
    async put(put) {
      validate(put);
      return holds(put, put.condition) ? { written: true, version: store(put) } : { written: false };
    },
    async remove(key) {
      if (holds(key, key.condition)) stored.delete(join(key));
    },
    async add(key, amount, expiresAt) {
      validate(key);
      const value = Number(find(key)?.data ?? 0) + amount;
      store({ pk: key.pk, sk: key.sk, data: value, ...(expiresAt === undefined ? {} : { expiresAt }) });
      return value;
    },
    async transact(writes) {
      const keys = writes.map(keyOf);
      if (writes.length > transactionLimit || new Set(keys.map(join)).size < keys.length) {
        throw new PermanentError("bad-transaction", "too many writes, or one key twice");
      }
      keys.forEach(validate);
      if (!keys.every((key) => holds(key, key.condition))) return { written: false };
      for (const write of writes) {
        if ("put" in write) store(write.put);
        if ("remove" in write) stored.delete(join(write.remove));
      }
      return { written: true };
    },
  };
}
