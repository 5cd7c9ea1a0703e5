/** Debian versions: `[epoch:]upstream[-revision]`, Debian Policy 5.6.12 and deb-version(7). */
import { compareDigits, compareText, isDigit, isLetter } from "../text.ts";
import { defineScheme } from "../types.ts";

interface DebianVersion {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

const epoch = /^[0-9]+$/;
/** dpkg holds epochs as 32-bit integers. */
const greatestEpoch = "2147483647";
// dpkg warns about an upstream version that does not begin with a digit, but orders it.
const upstream = /^[A-Za-z0-9.+~:-]+$/;
const revision = /^[A-Za-z0-9.+~]+$/;

function parse(text: string): DebianVersion | undefined {
  const colon = text.indexOf(":");
  // The revision is what follows the last hyphen; to have none is to have revision 0.
  const hyphen = text.lastIndexOf("-");
  const version = {
    epoch: colon === -1 ? "0" : text.slice(0, colon),
    upstream: text.slice(colon + 1, hyphen === -1 ? text.length : hyphen),
    revision: hyphen === -1 ? "0" : text.slice(hyphen + 1),
  };
  const isVersion = epoch.test(version.epoch) && upstream.test(version.upstream) && revision.test(version.revision);
  return isVersion && compareDigits(version.epoch, greatestEpoch) <= 0 ? version : undefined;
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
