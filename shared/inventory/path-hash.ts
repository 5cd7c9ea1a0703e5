/**
 * 64-bit hashes of canonical paths, so that a layer's millions of names fit in eight bytes each. Two 32-bit lanes
 * advance byte by byte, hence the hash of a path continues the hash of its directory. Not cryptographic: who can
 * forge a collision also wrote the image, and could as well have left the file out.
 */
const multiplierHigh = 0x01000193;
const multiplierLow = 0x9e3779b1;

/** The lanes before any byte. */
export const seedHigh = 0x811c9dc5 | 0;
export const seedLow = 0x2545f491;

export function advanceHigh(lane: number, byte: number): number {
  return Math.imul(lane ^ byte, multiplierHigh);
}

export function advanceLow(lane: number, byte: number): number {
  return Math.imul(((lane << 5) | (lane >>> 27)) ^ byte, multiplierLow);
}

/** Spreads a lane's entropy over all its bits (the finaliser of MurmurHash3). */
export function finish(lane: number): number {
  let mixed = lane ^ (lane >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The lanes of a directory or path, unfinished, so that they can be continued. */
export interface PathState {
  readonly high: number;
  readonly low: number;
}

export const rootState: PathState = { high: seedHigh, low: seedLow };

/** Continues a directory's state by one name; the root adds no slash. */
export function childState(directory: PathState, name: string): PathState {
  let { high, low } = directory;
  if (directory !== rootState) {
    high = advanceHigh(high, 47);
    low = advanceLow(low, 47);
  }
  for (let at = 0; at < name.length; at++) {
    const byte = name.charCodeAt(at);
    if (byte > 127) return continueState({ high, low }, Buffer.from(name.slice(at), "utf8"));
    high = advanceHigh(high, byte);
    low = advanceLow(low, byte);
  }
  return { high, low };
}

function continueState({ high, low }: PathState, bytes: Uint8Array): PathState {
  let state = { high, low };
  for (const byte of bytes) state = { high: advanceHigh(state.high, byte), low: advanceLow(state.low, byte) };
  return state;
}

/** The states of a path's proper ancestors, outermost first, and of the path itself. */
export function* pathStates(path: string): Generator<PathState, void, undefined> {
  let state = rootState;
  for (let from = 0; from <= path.length; ) {
    const slash = path.indexOf("/", from);
    const end = slash < 0 ? path.length : slash;
    state = childState(state, path.slice(from, end));
    yield state;
    from = end + 1;
  }
}

/** The state of a whole canonical path (no leading slash). */
export function pathState(path: string): PathState {
  return childState(rootState, path);
}

/** Collects path hashes in the order they come. */
export interface PathHashes {
  readonly count: number;
  add(high: number, low: number): void;
  /**
   * Tells the position of the last entry with each of these paths, or -1. Two passes over all entries; `states` may be
   * many more than there are entries.
   */
  lastIndexes(states: Iterable<PathState>): (state: PathState) => number;
  /** All of them, sorted, without repeats, and without what `except` has. Ends the collection. */
  intoSet(except?: PathSet): PathSet;
}

/** 128 kB. */
const pageWords = 1 << 15;

/** What a large collection grows by, in bytes. */
const step = 1 << 20;

/**
 * `most`: paths that there may be. Small collections are one page. Large ones take memory as they grow, in a range of
 * addresses kept free for `most`: they are never copied, sorted where they stand, and give back what repeats took.
 */
export function collectPathHashes(most: number): PathHashes {
  // Low word first: on a little-endian machine (all that Node's builds for Lambda run on) two words are one uint64.
  let page = new Uint32Array(2 * 64);
  let filled = 0;
  /** Full pages, and how many words they are. */
  let large: ArrayBuffer | undefined;
  let stored = 0;

  function grow(): void {
    if (page.length === pageWords) {
      storePage();
      return;
    }
    const wider = new Uint32Array(page.length * 4);
    wider.set(page);
    page = wider;
  }

  function storePage(): void {
    large ??= new ArrayBuffer(0, { maxByteLength: Math.ceil((8 * most) / step) * step });
    const end = (stored + filled) * 4;
    if (end > large.byteLength) large.resize(Math.ceil(end / step) * step);
    new Uint32Array(large, stored * 4, filled).set(page.subarray(0, filled));
    stored += filled;
    filled = 0;
  }

  function* allPages(): Generator<Uint32Array<ArrayBuffer>, void, undefined> {
    if (large !== undefined) yield new Uint32Array(large, 0, stored);
    yield page.subarray(0, filled);
  }

  /** Which of many states may be among the entries: one in thirty that are not gets through. */
  function* likely(states: Iterable<PathState>): Generator<PathState, void, undefined> {
    let bits: Uint8Array | undefined;
    const mask = 2 ** Math.ceil(Math.log2(Math.max(64, (stored + filled) / 2))) - 1;
    for (const state of states) {
      if (bits === undefined) {
        bits = new Uint8Array(mask + 1);
        for (const words of allPages()) {
          for (let at = 0; at < words.length; at++) {
            const word = words[at] ?? 0;
            bits[(word >>> 3) & mask] = (bits[(word >>> 3) & mask] ?? 0) | (1 << (word & 7));
          }
        }
      }
      const [low, high] = [finish(state.low), finish(state.high)];
      const has = (word: number) => ((bits?.[(word >>> 3) & mask] ?? 0) & (1 << (word & 7))) !== 0;
      if (has(low) && has(high)) yield state;
    }
  }

  return {
    get count() {
      return (stored + filled) / 2;
    },
    add(high, low) {
      if (filled === page.length) grow();
      page[filled] = finish(low);
      page[filled + 1] = finish(high);
      filled += 2;
    },
    lastIndexes(states) {
      const last = new Map<number, number>();
      for (const { high, low } of likely(states)) last.set(wideKey(finish(high), finish(low)), -1);
      let index = 0;
      for (const words of last.size === 0 ? [] : allPages()) {
        for (let at = 0; at < words.length; at += 2, index++) {
          const key = wideKey(words[at + 1] ?? 0, words[at] ?? 0);
          if (last.has(key)) last.set(key, index);
        }
      }
      return ({ high, low }) => last.get(wideKey(finish(high), finish(low))) ?? -1;
    },
    intoSet(except) {
      if (large === undefined) {
        const words = page.slice(0, filled);
        return pathSet(words.subarray(0, sortOnce(words, except)));
      }
      storePage();
      page = new Uint32Array(0);
      const kept = sortOnce(new Uint32Array(large, 0, stored), except);
      large.resize(kept * 4);
      return pathSet(new Uint32Array(large, 0, kept));
    },
  };
}

/** 53 of the 64 bits, as a number that a Map can hold. */
function wideKey(high: number, low: number): number {
  return high * 0x200000 + (low >>> 11);
}

/** Sorts pairs in their place, without repeats and without what `except` has; returns how many words are left. */
function sortOnce(words: Uint32Array, except: PathSet | undefined): number {
  const pairs = new BigUint64Array(words.buffer, words.byteOffset, words.length / 2);
  pairs.sort();
  let kept = 0;
  for (let at = 0; at < words.length; at += 2) {
    if (kept > 0 && words[at] === words[kept - 2] && words[at + 1] === words[kept - 1]) continue;
    const low = words[at] ?? 0;
    const high = words[at + 1] ?? 0;
    if (except?.hasFinished(high, low)) continue;
    words[kept] = low;
    words[kept + 1] = high;
    kept += 2;
  }
  return kept;
}

/** A sorted, immutable set of path hashes. */
export interface PathSet {
  readonly size: number;
  has(state: PathState): boolean;
  /** The same for lanes that are finished already. */
  hasFinished(high: number, low: number): boolean;
  /** Eight little-endian bytes per path, ascending. */
  readonly bytes: Uint8Array;
}

function pathSet(words: Uint32Array): PathSet {
  const size = words.length / 2;
  function hasFinished(high: number, low: number): boolean {
    let from = 0;
    let to = size - 1;
    while (from <= to) {
      const middle = (from + to) >>> 1;
      const otherHigh = words[2 * middle + 1] ?? 0;
      const difference = otherHigh - high || (words[2 * middle] ?? 0) - low;
      if (difference === 0) return true;
      if (difference < 0) from = middle + 1;
      else to = middle - 1;
    }
    return false;
  }
  return {
    size,
    hasFinished,
    has: ({ high, low }) => hasFinished(finish(high), finish(low)),
    bytes: new Uint8Array(words.buffer, words.byteOffset, words.byteLength),
  };
}

/** Collects the directories that lead to a layer's entries; a small memory keeps most repeats out. */
export function collectAncestors(most: number): {
  readonly hashes: PathHashes;
  /** False when there are too many: those of this path are left out. */
  add(path: Uint8Array, start: number, base: number): boolean;
} {
  const hashes = collectPathHashes(most);
  const recent = new Int32Array(1 << 12);
  return {
    hashes,
    add(path, start, base) {
      if (hashes.count + (base - start) / 2 > most) return false;
      let high = seedHigh;
      let low = seedLow;
      for (let at = start; at < base; at++) {
        const byte = path[at] ?? 0;
        if (byte === 47) {
          const slot = ((high ^ (high >>> 12)) & 0x7ff) * 2;
          if (recent[slot] !== high || recent[slot + 1] !== low) {
            recent[slot] = high;
            recent[slot + 1] = low;
            hashes.add(high, low);
          }
        }
        high = advanceHigh(high, byte);
        low = advanceLow(low, byte);
      }
      return true;
    },
  };
}

/** The set whose `bytes` these are, a view of them where their place in memory allows it; a rest of less than eight is ignored. */
export function pathSetOf(bytes: Uint8Array): PathSet {
  const length = Math.floor(bytes.length / 8) * 2;
  if (bytes.byteOffset % 4 === 0) return pathSet(new Uint32Array(bytes.buffer, bytes.byteOffset, length));
  const words = new Uint32Array(length);
  new Uint8Array(words.buffer).set(bytes.subarray(0, words.byteLength));
  return pathSet(words);
}
