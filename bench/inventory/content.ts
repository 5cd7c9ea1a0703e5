/** Content for images, made up but behaving like the real one: it compresses about 3:1 and is the same in every run. */

/** xorshift32: fast, and the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const corpusBytes = 16 * 1024 * 1024;
let corpus: Buffer | undefined;

/**
 * Half of it text of made-up phrases, some far more common than others; half of it like machine code: runs of common
 * byte patterns with random operands between.
 */
function makeCorpus(): Buffer {
  const next = generator(20_261_122);
  const bytes = Buffer.alloc(corpusBytes);
  const letters = (length: number) => Array.from({ length }, () => 97 + (next() % 26)).concat(32);
  const phrases = Array.from({ length: 3000 }, () => Buffer.from(letters(6 + (next() % 30))));
  const patterns = Array.from({ length: 1000 }, () =>
    Buffer.from(Array.from({ length: 4 + (next() % 12) }, () => next() & 255)),
  );
  for (let at = 0; at < corpusBytes; ) {
    // Files repeat themselves, and hold runs of zeros.
    const chance = next() % 256;
    if (chance < 3 && at > 16_384) at += bytes.copy(bytes, at, at - 16_384, at - 16_384 + 100 + (next() % 1500));
    else if (chance === 3) at += next() % 1000;
    const isText = (at >>> 16) % 2 === 0;
    const pieces = isText ? phrases : patterns;
    // The cube prefers the first ones.
    const piece = pieces[Math.floor((next() / 0x1_0000_0000) ** 4 * pieces.length)] ?? bytes;
    at += piece.copy(bytes, at);
    if (!isText && at < corpusBytes) bytes[at++] = next() & 15;
  }
  return bytes;
}

/** A piece of the corpus; far pieces have nothing in common within a compressor's window. */
export function fill(target: Buffer, seed: number): void {
  corpus ??= makeCorpus();
  const next = generator(seed * 2_654_435_761 + 1);
  for (let at = 0; at < target.length; ) {
    const from = next() % (corpusBytes - 65_536);
    at += corpus.copy(target, at, from, from + Math.min(65_536, target.length - at));
  }
}
