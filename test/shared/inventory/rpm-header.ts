/** Headers of RPM packages, as a database keeps them. */

/** Tags of RPM headers; `text` is string, `number` int32. */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  architecture: 1022,
  files: 1027,
  sourceRpm: 1044,
  modularity: 5096,
};

/** Fields in the order given. */
export function rpmHeader(fields: Partial<Record<keyof typeof tags, string | number>>): Buffer {
  const index: Buffer[] = [];
  let store = Buffer.alloc(0);
  for (const [key, value] of Object.entries(fields)) {
    const number = Buffer.alloc(4);
    if (typeof value === "number") {
      number.writeUInt32BE(value);
      store = Buffer.concat([store, Buffer.alloc((4 - (store.length % 4)) % 4)]);
    }
    const entry = Buffer.alloc(16);
    entry.writeUInt32BE(Object.entries(tags).find(([name]) => name === key)?.[1] ?? 0, 0);
    entry.writeUInt32BE(typeof value === "number" ? 4 : 6, 4);
    entry.writeUInt32BE(store.length, 8);
    entry.writeUInt32BE(1, 12);
    index.push(entry);
    store = Buffer.concat([store, typeof value === "number" ? number : Buffer.from(`${value}\0`)]);
  }
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(index.length, 0);
  counts.writeUInt32BE(store.length, 4);
  return Buffer.concat([counts, ...index, store]);
}
