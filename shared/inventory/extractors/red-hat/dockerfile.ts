/** The labels that a Dockerfile sets: https://docs.docker.com/reference/dockerfile/#label */

const maximumLabels = 500;

/** Later ones win. Values that depend on variables are left out: what they were is not in the file. */
export function readLabels(content: Buffer): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const instruction of instructionsOf(content.toString("utf8"))) {
    const [, rest] = /^\s*label\s+(.*)$/is.exec(instruction) ?? [];
    if (rest === undefined) continue;
    for (const [key, value] of pairsOf(rest)) {
      if (value.includes("$")) labels.delete(key);
      else if (labels.has(key) || labels.size < maximumLabels) labels.set(key, value);
    }
  }
  return labels;
}

/** Lines joined where they end in a backslash; comments among them are left out. */
function* instructionsOf(text: string): Generator<string> {
  let pieces: string[] = [];
  for (const line of text.split("\n")) {
    const trimmed = line.trimEnd();
    if (trimmed.trimStart().startsWith("#")) continue;
    if (trimmed.endsWith("\\")) {
      pieces.push(trimmed.slice(0, -1));
      continue;
    }
    pieces.push(trimmed);
    yield pieces.join(" ");
    pieces = [];
  }
  if (pieces.length > 0) yield pieces.join(" ");
}

/** `key=value`, either side quoted or not; or, in the old form, one key, a blank and the rest. */
function* pairsOf(rest: string): Generator<readonly [key: string, value: string]> {
  const old = /^([^\s="']+)\s+([^=\s].*)$/s.exec(rest);
  if (old?.[1] !== undefined && old[2] !== undefined) {
    yield [old[1], [...wordsOf(old[2])].join(" ")];
    return;
  }
  for (const word of wordsOf(rest)) {
    const equals = word.indexOf("=");
    if (equals > 0) yield [word.slice(0, equals), word.slice(equals + 1)];
  }
}

/** Words as a shell splits them, without their quotes. */
function* wordsOf(text: string): Generator<string> {
  let word = "";
  let quote = "";
  let begun = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\" && quote !== "'" && at + 1 < text.length) {
      at++;
      word += text[at] ?? "";
      begun = true;
    } else if (quote !== "") {
      if (character === quote) quote = "";
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      begun = true;
    } else if (/\s/.test(character)) {
      if (begun) yield word;
      word = "";
      begun = false;
    } else {
      word += character;
      begun = true;
    }
  }
  if (begun) yield word;
}
