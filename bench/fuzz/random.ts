/** Numbers that a seed determines, so that every input can be made again. */
export interface Random {
  /** A whole number below `limit`. */
  below(limit: number): number;
  /** True once in `n`. */
  oneIn(n: number): boolean;
  pick<Value>(values: readonly Value[]): Value | undefined;
}

/** The seed of the `index`th input of a run. */
export function seedOf(run: number, index: number): number {
  let mixed = Math.imul(run ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 12)) >>> 0;
}

export function randomOf(seed: number): Random {
  let state = seed || 1;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  const below = (limit: number) => Math.floor((next() / 0x1_0000_0000) * limit);
  return { below, oneIn: (n) => below(n) === 0, pick: (values) => values[below(values.length)] };
}
