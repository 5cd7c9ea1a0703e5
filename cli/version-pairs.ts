/** Pairs of versions in bulk: `a<TAB>b` a line in, and for each line `<`, `=`, `>`, or `?`, a tab and why. */
import { longestVersion, type VersionScheme } from "../shared/versions/types.ts";
import { clean } from "./terminal.ts";

/** UTF-16 code units; what two versions of the greatest length and a tab need, with room for a mistake to be told. */
const longestLine = 3 * longestVersion;

/** One text of whole lines for each part of the input, which need not end at the end of a line. */
export async function* judgePairs(scheme: VersionScheme, input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of input) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    // Of a line that is too long no more is kept than shows it.
    rest = (lines.pop() ?? "").slice(0, longestLine + 1);
    if (lines.length > 0) yield lines.map((line) => judgeLine(scheme, line)).join("");
  }
  rest += decoder.decode();
  if (rest !== "") yield judgeLine(scheme, rest);
}

function judgeLine(scheme: VersionScheme, line: string): string {
  if (line.length > longestLine) return "?\tthe line is too long\n";
  const [a, b, ...others] = line.replace(/\r$/, "").split("\t");
  if (a === undefined || b === undefined || others.length > 0) return "?\tnot two versions with a tab between them\n";
  const left = scheme.parse(a);
  const right = scheme.parse(b);
  if (left === undefined || right === undefined) {
    const text = JSON.stringify((left === undefined ? a : b).slice(0, 100));
    return `?\t${clean(text)} is not a ${scheme.name} version\n`;
  }
  return `${orderSign(scheme.compare(left, right))}\n`;
}

export function orderSign(order: number): "<" | "=" | ">" {
  return order < 0 ? "<" : order > 0 ? ">" : "=";
}
