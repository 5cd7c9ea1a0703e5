/** Debian versions: `[epoch:]upstream[-revision]`, Debian Policy 5.6.12 and deb-version(7). */
import { compareDigits, compareText, isDigit, isLetter } from "../text.ts";
import { defineScheme } from "../types.ts";

interface DebianVersion {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

// The revision is what follows the last hyphen, and its absence equals revision 0. dpkg warns about an upstream
// version that does not begin with a digit, but orders it.
const shape = /^(?:([0-9]{1,10}):)?([A-Za-z0-9.+~:-]+?)(?:-([A-Za-z0-9.+~]+))?$/;

function parse(text: string): DebianVersion | undefined {
  const found = shape.exec(text);
  if (found?.[2] === undefined) return undefined;
  // Without an epoch there is no colon in the upstream version; a final hyphen would be an empty revision.
  if ((found[1] === undefined && found[2].includes(":")) || found[2].endsWith("-")) return undefined;
  return { epoch: found[1] ?? "0", upstream: found[2], revision: found[3] ?? "0" };
}

/** The modified lexical order: tilde before the end, the end before letters, letters before all else. */
function weight(text: string, at: number): number {
  if (at >= text.length) return 0;
  const code = text.charCodeAt(at);
  if (isDigit(code)) return 0;
  if (isLetter(code)) return code;
  return code === 126 ? -1 : code + 256;
}

function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a.charCodeAt(i))) || (j < b.length && !isDigit(b.charCodeAt(j)))) {
      const order = weight(a, i) - weight(b, j);
      if (order !== 0) return order;
      i++;
      j++;
    }
    const startA = i;
    const startB = j;
    while (i < a.length && isDigit(a.charCodeAt(i))) i++;
    while (j < b.length && isDigit(b.charCodeAt(j))) j++;
    const order = compareDigits(a.slice(startA, i), b.slice(startB, j));
    if (order !== 0) return order;
  }
  return 0;
}

export const scheme = defineScheme({
  name: "deb",
  ecosystems: ["Debian", "Ubuntu"],
  parse,
  compare: (a: DebianVersion, b: DebianVersion) =>
    compareDigits(a.epoch, b.epoch) ||
    (a.upstream === b.upstream ? 0 : compareParts(a.upstream, b.upstream)) ||
    (compareText(a.revision, b.revision) === 0 ? 0 : compareParts(a.revision, b.revision)),
});
