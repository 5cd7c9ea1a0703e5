/** `WWW-Authenticate`, parsed by the grammar of RFC 9110, section 11.6.1: several challenges, each with parameters. */

export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case; the first of equal names counts. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Longer headers and further challenges are not looked at. */
const longestHeader = 8192;
const mostChallenges = 8;

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const parameter =
  /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z:/?@=-]*))/y;
const blank = /[ \t,]*/y;

/** The challenges of a header; what does not fit the grammar ends the reading. Never throws. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, longestHeader);
  const challenges: Challenge[] = [];
  let at = skip(text, 0);
  while (at < text.length && challenges.length < mostChallenges) {
    const scheme = match(token, text, at)?.[0];
    if (scheme === undefined) break;
    at += scheme.length;
    const parameters = new Map<string, string>();
    for (;;) {
      const next = skip(text, at);
      const found = match(parameter, text, next);
      if (found?.[1] === undefined) {
        at = next;
        break;
      }
      const name = found[1].toLowerCase();
      const value = found[2] === undefined ? (found[3] ?? "") : found[2].replace(/\\(.)/g, "$1");
      if (!parameters.has(name)) parameters.set(name, value);
      at = next + found[0].length;
    }
    challenges.push({ scheme: scheme.toLowerCase(), parameters: Object.fromEntries(parameters) });
  }
  return challenges;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function skip(text: string, at: number): number {
  return at + (match(blank, text, at)?.[0].length ?? 0);
}
