/** Ports that count what they are asked for, in the units that AWS charges. */
import type { Blobs, Item, Key, Table, Write } from "../../shared/platform/ports.ts";

export interface Counts {
  /** Calls. */
  gets: number;
  queries: number;
  /** Keys of batch reads, each charged as a read. */
  batched: number;
  itemsRead: number;
  puts: number;
  removes: number;
  /** Writes inside of transactions. */
  transacted: number;
  /** DynamoDB read and write request units. Reads are strongly consistent: 4 kB each; writes 1 kB, twice in transactions. */
  readUnits: number;
  writeUnits: number;
  blobGets: number;
  blobPuts: number;
  /** Of the blobs that were read: inventories. */
  inventories: number;
}

export const noCounts = (): Counts => ({
  gets: 0,
  queries: 0,
  batched: 0,
  itemsRead: 0,
  puts: 0,
  removes: 0,
  transacted: 0,
  readUnits: 0,
  writeUnits: 0,
  blobGets: 0,
  blobPuts: 0,
  inventories: 0,
});

const bytesOf = (value: { readonly pk: string; readonly sk: string; readonly data?: unknown }) =>
  value.pk.length + value.sk.length + Buffer.byteLength(JSON.stringify(value.data ?? null)) + 50;
const readUnits = (items: readonly (Item | undefined)[]) =>
  Math.max(1, Math.ceil(items.reduce((sum, item) => sum + (item === undefined ? 0 : bytesOf(item)), 0) / 4096));
const writeUnits = (item: Key & { readonly data?: unknown }) => Math.max(1, Math.ceil(bytesOf(item) / 1024));

export function countedTable(table: Table, counts: Counts): Table {
  return {
    async get(key) {
      const item = await table.get(key);
      counts.gets++;
      counts.itemsRead += item === undefined ? 0 : 1;
      counts.readUnits += readUnits([item]);
      return item;
    },
    async batchGet(keys) {
      const items = await table.batchGet(keys);
      counts.batched += keys.length;
      counts.itemsRead += items.length;
      counts.readUnits += keys.length - items.length + items.reduce((sum, item) => sum + readUnits([item]), 0);
      return items;
    },
    async query(query) {
      const page = await table.query(query);
      counts.queries++;
      counts.itemsRead += page.items.length;
      counts.readUnits += readUnits(page.items);
      return page;
    },
    async put(put) {
      counts.puts++;
      counts.writeUnits += writeUnits(put);
      return table.put(put);
    },
    async remove(remove) {
      counts.removes++;
      counts.writeUnits += 1;
      return table.remove(remove);
    },
    async add(key, amount, expiresAt) {
      counts.puts++;
      counts.writeUnits += 1;
      return table.add(key, amount, expiresAt);
    },
    async transact(writes) {
      counts.transacted += writes.length;
      for (const write of writes) counts.writeUnits += 2 * writeUnits(itemOf(write));
      return table.transact(writes);
    },
  };
}

function itemOf(write: Write): Key & { readonly data?: unknown } {
  if ("put" in write) return write.put;
  return "remove" in write ? write.remove : write.check;
}

export function countedBlobs(blobs: Blobs, counts: Counts): Blobs {
  return {
    ...blobs,
    async get(key, range) {
      counts.blobGets++;
      if (key.startsWith("inventories/")) counts.inventories++;
      return blobs.get(key, range);
    },
    async put(key, body, type) {
      counts.blobPuts++;
      return blobs.put(key, body, type);
    },
  };
}
