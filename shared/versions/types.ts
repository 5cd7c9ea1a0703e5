/**
 * The order of versions. Each scheme is one module in `schemes/` with one export `scheme`; the list of them is
 * generated from the folder.
 */
declare const parsed: unique symbol;

/** A version as its scheme read it. Only the scheme that made it looks inside. */
export interface ParsedVersion {
  readonly [parsed]: true;
}

export interface VersionScheme<Name extends string = string> {
  readonly name: Name;
  /** The OSV ecosystems (the part before the first `:`) whose versions are ordered so. */
  readonly ecosystems: readonly string[];
  /** What the version says, or `undefined` when the scheme does not allow it: nothing is guessed. */
  parse(text: string): ParsedVersion | undefined;
  /**
   * Negative, zero or positive: `a` before, equal to, after `b`. A total order where the scheme's own is one: Conan's
   * and pacman's are not quite, and ours are theirs.
   */
  compare(a: ParsedVersion, b: ParsedVersion): number;
}

/** Longer texts are not versions; every comparison is linear in this. */
export const longestVersion = 512;

/** Makes a scheme of a parser and an order over what it parses. */
export function defineScheme<Name extends string, Parsed extends object>(definition: {
  readonly name: Name;
  readonly ecosystems: readonly string[];
  readonly parse: (text: string) => Parsed | undefined;
  readonly compare: (a: Parsed, b: Parsed) => number;
}): VersionScheme<Name> {
  const { name, ecosystems, parse, compare } = definition;
  return {
    name,
    ecosystems,
    parse: (text) =>
      text.length === 0 || text.length > longestVersion ? undefined : (parse(text) as ParsedVersion | undefined),
    // The brand is only ever put on by `parse` above.
    compare: (a, b) => compare(a as unknown as Parsed, b as unknown as Parsed),
  };
}
