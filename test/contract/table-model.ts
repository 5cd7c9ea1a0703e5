import type { Condition, Item, Key, Put, Remove, Write } from "../../shared/platform/ports.ts";

type Stored = Omit<Item, "version"> & { readonly version: number | undefined };

/** The table as a map: the trivial model that adapters are compared with. */
export interface ModelTable {
  /** `version` is undefined where the contract leaves it to the adapter. */
  put(put: Put): { written: false } | { written: true; version: number | undefined };
  remove(remove: Remove): void;
  add(key: Key, amount: number): number;
  transact(writes: readonly Write[]): boolean;
  items(pk: string): Stored[];
  version(key: Key): number | undefined;
  unversioned(): Key[];
  adopt(key: Key, version: number): void;
}

export function modelTable(): ModelTable {
  const stored = new Map<string, Stored>();
  const idOf = (key: Key) => JSON.stringify([key.pk, key.sk]);
  const live = (key: Key) => {
    const item = stored.get(idOf(key));
    return item?.expiresAt !== undefined && item.expiresAt * 1000 < Date.now() ? undefined : item;
  };

  function holds(key: Key, condition: Condition | undefined): boolean {
    if (condition === undefined) return true;
    const item = live(key);
    if ("ifAbsent" in condition) return item === undefined;
    if ("ifVersion" in condition) return item?.version === condition.ifVersion;
    return item === undefined || (item.time !== undefined && Date.parse(item.time) < Date.parse(condition.ifNewer));
  }

  function write(put: Put): number | undefined {
    const { condition: _, ...item } = put;
    const before = stored.get(idOf(put));
    const now = live(put);
    const version = now !== undefined ? (now.version ?? 0) + 1 : before === undefined ? 1 : undefined;
    stored.set(idOf(put), { ...item, version });
    return version;
  }

  return {
    put(put) {
      return holds(put, put.condition) ? { written: true, version: write(put) } : { written: false };
    },
    remove(remove) {
      if (holds(remove, remove.condition)) stored.delete(idOf(remove));
    },
    add(key, amount) {
      const sum = Number(live(key)?.data ?? 0) + amount;
      write({ ...key, data: sum });
      return sum;
    },
    transact(writes) {
      const all = writes.every((one) => {
        if ("put" in one) return holds(one.put, one.put.condition);
        return "remove" in one ? holds(one.remove, one.remove.condition) : holds(one.check, one.check.condition);
      });
      if (!all) return false;
      for (const one of writes) {
        if ("put" in one) write(one.put);
        else if ("remove" in one) stored.delete(idOf(one.remove));
      }
      return true;
    },
    items: (pk) =>
      [...stored.values()]
        .filter((item) => item.pk === pk && live(item) !== undefined)
        .sort((a, b) => Buffer.compare(Buffer.from(a.sk), Buffer.from(b.sk))),
    version: (key) => live(key)?.version,
    unversioned: () => [...stored.values()].filter((item) => item.version === undefined && live(item) !== undefined),
    adopt(key, version) {
      const item = stored.get(idOf(key));
      if (item !== undefined) stored.set(idOf(key), { ...item, version });
    },
  };
}
