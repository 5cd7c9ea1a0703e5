/** Package databases of the older forms, as small as they may be. */
import { deflateSync } from "node:zlib";

export interface BerkeleyShape {
  readonly pageSize: number;
  readonly order: "little" | "big";
}

/** A hash file with these values under the keys 1, 2, 3..., and a counter under 0, in four buckets. */
export function berkeleyOf(values: readonly Buffer[], { pageSize, order }: BerkeleyShape): Buffer {
  const put32 = (page: Buffer, value: number, at: number): unknown =>
    order === "little" ? page.writeUInt32LE(value, at) : page.writeUInt32BE(value, at);
  const put16 = (page: Buffer, value: number, at: number): unknown =>
    order === "little" ? page.writeUInt16LE(value, at) : page.writeUInt16BE(value, at);
  const pages: Buffer[] = [];
  function newPage(type: number): { page: Buffer; number: number } {
    const page = Buffer.alloc(pageSize);
    const number = pages.push(page) - 1;
    put32(page, number, 8);
    page[25] = type;
    return { page, number };
  }
  const { page: metadata } = newPage(8);
  put32(metadata, 0x061561, 12);
  put32(metadata, 9, 16);
  put32(metadata, pageSize, 20);
  const buckets = 4;
  put32(metadata, buckets - 1, 72);
  // Bucket b begins at page b + spares[bits of b]; here all stand right behind the first page.
  for (let doubling = 0; doubling < 32; doubling++) put32(metadata, 1, 96 + 4 * doubling);
  const tails = Array.from({ length: buckets }, () => ({ ...newPage(13), free: pageSize, items: 0 }));

  function inOverflow(value: Buffer): Buffer {
    const room = pageSize - 26;
    let first = 0;
    let previous: Buffer | undefined;
    for (let at = 0; at < value.length; at += room) {
      const { page, number } = newPage(7);
      const piece = value.subarray(at, at + room);
      piece.copy(page, 26);
      put16(page, piece.length, 22);
      if (previous === undefined) first = number;
      else put32(previous, number, 16);
      previous = page;
    }
    const item = Buffer.alloc(12);
    item[0] = 3;
    put32(item, first, 4);
    put32(item, value.length, 8);
    return item;
  }

  for (const [key, value] of [Buffer.from("next"), ...values].entries()) {
    const keyItem = Buffer.alloc(5);
    keyItem[0] = 1;
    put32(keyItem, key, 1);
    const valueItem = value.length < pageSize / 4 ? Buffer.concat([Buffer.of(1), value]) : inOverflow(value);
    let tail = tails[key % buckets];
    if (tail === undefined) continue;
    const needed = keyItem.length + valueItem.length;
    if (tail.free - needed < 26 + 2 * (tail.items + 2)) {
      const next = { ...newPage(13), free: pageSize, items: 0 };
      put32(tail.page, next.number, 16);
      tails[key % buckets] = next;
      tail = next;
    }
    for (const item of [keyItem, valueItem]) {
      tail.free -= item.length;
      item.copy(tail.page, tail.free);
      put16(tail.page, tail.free, 26 + 2 * tail.items);
      tail.items++;
    }
    put16(tail.page, tail.items, 20);
  }
  return Buffer.concat(pages);
}

/** An NDB file with these blobs; those whose index is in `unused` stand there still, but no slot points to them. */
export function ndbOf(blobs: readonly Buffer[], unused: readonly number[]): Buffer {
  const slotPages = Math.ceil((2 + Math.max(1, blobs.length)) / 256);
  const slots = Buffer.alloc(slotPages * 4096);
  slots.write("RpmP", 0, "latin1");
  slots.writeUInt32LE(slotPages, 12);
  for (let at = 32; at < slots.length; at += 16) slots.write("Slot", at, "latin1");
  const stored: Buffer[] = [];
  let block = slots.length / 16;
  for (const [index, blob] of blobs.entries()) {
    const blocks = Math.ceil((16 + blob.length + 12) / 16);
    const bytes = Buffer.alloc(blocks * 16);
    bytes.write("BlbS", 0, "latin1");
    bytes.writeUInt32LE(index + 1, 4);
    bytes.writeUInt32LE(blob.length, 12);
    blob.copy(bytes, 16);
    const tail = bytes.length - 12;
    // The last bytes of zlib's own form are the same checksum, in big-endian order.
    bytes.writeUInt32LE(deflateSync(bytes.subarray(0, tail)).subarray(-4).readUInt32BE(), tail);
    bytes.writeUInt32LE(blob.length, tail + 4);
    bytes.write("BlbE", tail + 8, "latin1");
    stored.push(bytes);
    if (!unused.includes(index)) {
      const slot = 32 + 16 * index;
      slots.writeUInt32LE(index + 1, slot + 4);
      slots.writeUInt32LE(block, slot + 8);
      slots.writeUInt32LE(blocks, slot + 12);
    }
    block += blocks;
  }
  return Buffer.concat([slots, ...stored]);
}
