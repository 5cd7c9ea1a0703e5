/** Python versions: the version specifiers specification (PEP 440), with its normalisations. */
import { compareDigits, compareLists, compareText } from "../text.ts";
import { defineScheme } from "../types.ts";

interface PythonVersion {
  readonly epoch: string;
  /** Without trailing zeros, which do not count. */
  readonly release: readonly string[];
  /** [rank, number]: dev-only before a, b, rc, before none. */
  readonly pre: readonly [number, string];
  readonly post: string | undefined;
  readonly dev: string | undefined;
  readonly local: readonly string[] | undefined;
}

const shape = new RegExp(
  [
    "^\\s*v?(?:([0-9]+)!)?([0-9]+(?:\\.[0-9]+)*)",
    "(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?([0-9]+)?)?",
    "(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]+)?)?",
    "(?:[-_.]?(dev)[-_.]?([0-9]+)?)?",
    "(?:\\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\\s*$",
  ].join(""),
  "i",
);

const onlyDev = -1;
const none = 3;
const preRanks = new Map([
  ["a", 0],
  ["alpha", 0],
  ["b", 1],
  ["beta", 1],
  ["c", 2],
  ["rc", 2],
  ["pre", 2],
  ["preview", 2],
]);

function preKey(letter: string | undefined, number: string | undefined, dev: boolean, post: boolean) {
  if (letter !== undefined) return [preRanks.get(letter.toLowerCase()) ?? none, number ?? "0"] as const;
  // 1.0.dev1 is before 1.0a1; 1.0.post1.dev1 is not.
  return [dev && !post ? onlyDev : none, "0"] as const;
}

function parse(text: string): PythonVersion | undefined {
  const found = shape.exec(text);
  if (found?.[2] === undefined) return undefined;
  const post = found[5] ?? (found[6] === undefined ? undefined : (found[7] ?? "0"));
  const dev = found[8] === undefined ? undefined : (found[9] ?? "0");
  const release = found[2].split(".");
  while (release.length > 1 && /^0+$/.test(release.at(-1) ?? "")) release.pop();
  return {
    epoch: found[1] ?? "0",
    release,
    pre: preKey(found[3], found[4], dev !== undefined, post !== undefined),
    post,
    dev,
    local: found[10]?.toLowerCase().split(/[-_.]/),
  };
}

/** `missing` says on which side of every number the absent one is. */
function compareOptional(a: string | undefined, b: string | undefined, missing: -1 | 1): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? missing : -missing;
  return compareDigits(a, b);
}

function compareLocalSegments(a: string, b: string): number {
  const left = /^[0-9]+$/.test(a);
  const right = /^[0-9]+$/.test(b);
  if (left && right) return compareDigits(a, b);
  if (left !== right) return left ? 1 : -1;
  return compareText(a, b);
}

function compareLocals(a: readonly string[] | undefined, b: readonly string[] | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareLists(a, b, compareLocalSegments);
}

function compare(a: PythonVersion, b: PythonVersion): number {
  return (
    compareDigits(a.epoch, b.epoch) ||
    compareLists(a.release, b.release, compareDigits) ||
    a.pre[0] - b.pre[0] ||
    compareDigits(a.pre[1], b.pre[1]) ||
    compareOptional(a.post, b.post, -1) ||
    compareOptional(a.dev, b.dev, 1) ||
    compareLocals(a.local, b.local)
  );
}

export const scheme = defineScheme({ name: "pep440", ecosystems: ["PyPI"], parse, compare });
