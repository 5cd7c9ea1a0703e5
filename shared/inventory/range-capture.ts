/** Keeps byte ranges of a file while its pieces go by. */
import type { Range } from "./extractor.ts";

export interface RangeCapture {
  /** The next bytes of the file, which begin at `offset`. */
  readonly push: (piece: Uint8Array, offset: number) => void;
  /** The content of each range, in the order asked for; undefined as long as bytes of any of them are missing. */
  contents(): readonly Buffer[] | undefined;
}

/** The caller bounds the ranges; each is kept in a buffer of its own, taken when its first byte comes. */
export function captureRanges(ranges: readonly Range[]): RangeCapture {
  const parts = ranges.map(({ offset, length }) => ({ offset, length, filled: 0, content: Buffer.alloc(0) }));
  return {
    push(piece, offset) {
      for (const part of parts) {
        const from = part.offset + part.filled;
        const to = Math.min(part.offset + part.length, offset + piece.length);
        // What began before the capture did cannot be completed any more.
        if (from < offset || from >= to) continue;
        if (part.content.length === 0) part.content = Buffer.allocUnsafe(part.length);
        part.content.set(piece.subarray(from - offset, to - offset), part.filled);
        part.filled += to - from;
      }
    },
    contents: () =>
      parts.every(({ filled, length }) => filled === length) ? parts.map(({ content }) => content) : undefined,
  };
}
