/** Searches for bytes in a file while its pieces go by, and shows what stands around them. */

export interface WindowSearch {
  /**
   * The next bytes, which begin at `offset` of the file. Calls `onWindow` with each occurrence and its surroundings, as
   * Latin-1, until it returns false. What a window needs of the next piece it waits for.
   */
  push(piece: Buffer, offset: number, onWindow: (window: string) => boolean): void;
  /** Shows the occurrences at the very end, whose windows are cut short. */
  end(onWindow: (window: string) => boolean): void;
}

/** `before` and `after`: bytes shown on either side. */
export function searchWindows(needle: Buffer, before: number, after: number): WindowSearch {
  const kept = before + needle.length + after;
  let carry = Buffer.alloc(0);
  /** Where the carried bytes end, and from where on nothing was shown yet. */
  let position = 0;
  let next = 0;

  function scan(bytes: Buffer, offset: number, isEnd: boolean, onWindow: (window: string) => boolean): void {
    for (let at = bytes.indexOf(needle, Math.max(0, next - offset)); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      const end = at + needle.length + after;
      if (end > bytes.length && !isEnd) return;
      next = offset + at + 1;
      if (!onWindow(bytes.toString("latin1", Math.max(0, at - before), end))) return;
    }
  }

  return {
    push(piece, offset, onWindow) {
      if (offset !== position) {
        scan(carry, position - carry.length, true, onWindow);
        carry = Buffer.alloc(0);
      }
      const seam = Buffer.concat([carry, piece.subarray(0, kept)]);
      scan(seam, offset - carry.length, false, onWindow);
      if (piece.length > kept) scan(piece, offset, false, onWindow);
      position = offset + piece.length;
      const last = piece.length >= kept ? piece : seam;
      carry = Buffer.from(last.subarray(Math.max(0, last.length - kept)));
    },
    end(onWindow) {
      scan(carry, position - carry.length, true, onWindow);
    },
  };
}
