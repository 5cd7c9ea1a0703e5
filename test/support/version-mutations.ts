/** Pairs of versions that are near each other, made from others by small changes: random ones hardly ever are. */

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const characters = "0019.-_~^+:!aAzZrpv".split("");
const pieces = [
  ".0",
  ".00",
  ".01",
  ".1",
  "..",
  ".9999999999",
  "18446744073709551616",
  "-",
  "-0",
  "-1",
  "-r0",
  "-r2",
  "-rc1",
  "-rc.1",
  "-rc.10",
  "-alpha",
  "-beta.2",
  "-20240107",
  "-0.20240107101010-abcdef123456",
  "-SNAPSHOT",
  "+1",
  "+incompatible",
  "+dfsg1",
  "+b1",
  "+local.2",
  "~",
  "~~",
  "~rc1",
  "^git1",
  "_alpha",
  "_p1",
  "_rc2",
  "_git20240107",
  "a",
  "rc1",
  "b2",
  ".post1",
  ".dev0",
  "dev",
  "1:",
  "0:",
  "1!",
  "v",
];
const starts = ["v", "0:", "1:", "1!", "0", "00", "go", "="];

export function mutate(text: string, random: () => number): string {
  const at = Math.floor(random() * (text.length + 1));
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? "";
  const insert = (piece: string) => text.slice(0, at) + piece + text.slice(at);
  switch (Math.floor(random() * 10)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1);
    case 1:
      return insert(pick(characters));
    case 2:
      return text.slice(0, at) + pick(characters) + text.slice(at + 1);
    case 3:
      return insert(pick(pieces));
    case 4:
      return text + pick(pieces);
    case 5:
      return pick(starts) + text;
    case 6:
      // The same number, or a greater one, written otherwise.
      return text.replace(/[0-9]+/, (digits) => (random() < 0.5 ? `0${digits}` : `${digits}0`));
    case 7:
      return text.replace(/([.~_+-])0+(?=[0-9])/, "$1");
    case 8:
      return text.slice(0, at);
    default:
      return random() < 0.5 ? text.toUpperCase() : text.replace(/[._-]/, pick([".", "-", "_"]));
  }
}

/** Pairs of near, far and equal versions, endlessly. */
export function* mutatedPairs(seeds: readonly string[], seed: number): Generator<readonly [string, string]> {
  const random = randomOf(seed);
  const some = () => seeds[Math.floor(random() * seeds.length)] ?? "0";
  for (;;) {
    const base = some();
    const times = Math.floor(random() * 3);
    let left = base;
    for (let count = 0; count < times; count++) left = mutate(left, random);
    const right = random() < 0.2 ? some() : mutate(random() < 0.5 ? base : left, random);
    if (!`${left}${right}`.includes("\t")) yield [left, right];
  }
}
