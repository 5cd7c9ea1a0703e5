const space = new Set([0x20, 0x09, 0x0a, 0x0d, 0x3a]);

/** The first byte of the value that follows the first `"key":` of a JSON document, -1 when there is none. */
export function firstByteOf(document: Buffer, key: string): number {
  let at = document.indexOf(`"${key}"`);
  if (at < 0) return -1;
  at += Buffer.byteLength(key) + 2;
  while (space.has(document[at] ?? 0)) at++;
  return document[at] ?? -1;
}

export const openingQuote = 0x22;
export const openingBracket = 0x5b;
