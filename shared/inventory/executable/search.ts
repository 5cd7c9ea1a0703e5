/** Searches for bytes in a file while its pieces go by, also where they lie across two pieces. */

export interface StreamSearch {
  /**
   * The next bytes, which begin at `offset` of the file; what follows a gap is searched on its own. Calls `onHit` with
   * the offset of each occurrence, until it returns false.
   */
  push(piece: Buffer, offset: number, onHit: (offset: number) => boolean): void;
}

/** Needles that begin with a rare byte are found fastest. At least two bytes. */
export function searchFor(needle: Buffer): StreamSearch {
  const overlap = needle.length - 1;
  /** The end of the last piece, and room for the start of the next one. */
  const seam = Buffer.alloc(2 * overlap);
  let kept = 0;
  let end = -1;

  function acrossSeam(piece: Buffer, offset: number, onHit: (offset: number) => boolean): boolean {
    if (end !== offset) kept = 0;
    if (kept === 0) return true;
    const joined = kept + piece.copy(seam, kept, 0, Math.min(overlap, piece.length));
    const view = seam.subarray(0, joined);
    for (let at = view.indexOf(needle); at >= 0; at = view.indexOf(needle, at + 1)) {
      if (onHit(offset - kept + at) === false) return false;
    }
    return true;
  }

  function keepEnd(piece: Buffer): void {
    if (piece.length >= overlap) {
      kept = piece.copy(seam, 0, piece.length - overlap);
      return;
    }
    // A piece shorter than the needle: what was kept before may still matter.
    const before = Math.min(kept, overlap - piece.length);
    seam.copy(seam, 0, kept - before, kept);
    kept = before + piece.copy(seam, before);
  }

  return {
    push(piece, offset, onHit) {
      if (piece.length === 0) return;
      const goesOn = acrossSeam(piece, offset, onHit);
      keepEnd(piece);
      end = offset + piece.length;
      if (!goesOn) return;
      for (let at = piece.indexOf(needle); at >= 0; at = piece.indexOf(needle, at + 1)) {
        if (onHit(offset + at) === false) return;
      }
    },
  };
}

/** Half-open ranges of a file in which to search, in any order. */
export type Extents = readonly (readonly [start: number, end: number])[];

/** The parts of a piece that lie in the extents. */
export function clip(
  extents: Extents,
  piece: Buffer,
  offset: number,
  each: (piece: Buffer, offset: number) => void,
): void {
  for (const [start, end] of extents) {
    const from = Math.max(start, offset);
    const to = Math.min(end, offset + piece.length);
    if (from < to) each(piece.subarray(from - offset, to - offset), from);
  }
}
