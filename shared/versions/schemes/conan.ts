/**
 * Conan 2: items between dots, then a pre-release after the first hyphen and a build after the last `+`, each of items
 * too (https://docs.conan.io/2/devops/versioning.html). Numbers by value, words by their bytes, a number against a word
 * by the bytes of both; zeros at the end do not count, and the build does.
 */
import { compareLists, compareText } from "../text.ts";
import { defineScheme } from "../types.ts";

type Item = bigint | string;

interface ConanVersion {
  readonly main: readonly Item[];
  readonly pre: readonly Item[] | undefined;
  readonly build: readonly Item[] | undefined;
}

const shape = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;
/** What Python's `int` takes for a number. */
const integer = /^[+-]?[0-9]+(?:_[0-9]+)*$/;

function items(text: string): readonly Item[] {
  const read = text.split(".").map((item) => (integer.test(item) ? BigInt(item.replace(/[+_]/g, "")) : item));
  while (read.at(-1) === 0n) read.pop();
  return read;
}

function parse(text: string): ConanVersion | undefined {
  if (!shape.test(text)) return undefined;
  const plus = text.lastIndexOf("+");
  const rest = plus === -1 ? text : text.slice(0, plus);
  const hyphen = rest.indexOf("-");
  return {
    main: items(hyphen === -1 ? rest : rest.slice(0, hyphen)),
    pre: hyphen === -1 ? undefined : items(rest.slice(hyphen + 1)),
    build: plus === -1 ? undefined : items(text.slice(plus + 1)),
  };
}

function compareItems(a: Item, b: Item): number {
  if (typeof a === "bigint" && typeof b === "bigint") return a < b ? -1 : a > b ? 1 : 0;
  return compareText(String(a), String(b));
}

/** `missing` says on which side of every other the absent one is. */
function compareOptional(a: readonly Item[] | undefined, b: readonly Item[] | undefined, missing: -1 | 1): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? missing : -missing;
  return compareLists(a, b, compareItems);
}

export const scheme = defineScheme({
  name: "conan",
  ecosystems: ["ConanCenter"],
  parse,
  compare: (a: ConanVersion, b: ConanVersion) =>
    compareLists(a.main, b.main, compareItems) ||
    compareOptional(a.pre, b.pre, 1) ||
    compareOptional(a.build, b.build, -1),
});
