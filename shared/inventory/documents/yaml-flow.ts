/** YAML values that begin on one line: plain and quoted scalars, flow collections. They may go on in deeper lines. */
import { limits } from "../../platform/limits.ts";
import { emptyObject } from "./value.ts";
import type { Lines } from "./yaml-lines.ts";

/**
 * The value that `first` begins with; only a comment may follow it. Lines deeper than `indent` belong to it, as far as
 * they are needed. Throws `PermanentError` `broken-document`.
 */
export function flowValue(first: string, lines: Lines, indent: number): unknown {
  let text = first;
  let at = 0;
  let depth = 0;

  /** Goes on in the next line; false when it is not deep enough. */
  function more(): boolean {
    const line = lines.current();
    if (line === undefined || line.indent <= indent) return false;
    text = line.text;
    at = 0;
    lines.next();
    return true;
  }
  function skipBlanks(): void {
    while (text[at] === " " || text[at] === "\t") at++;
  }
  function isComment(): boolean {
    return text[at] === "#" && (at === 0 || text[at - 1] === " " || text[at - 1] === "\t");
  }
  /** To the next thing in a flow collection, in whichever line. */
  function seek(): void {
    for (skipBlanks(); at >= text.length || isComment(); skipBlanks()) {
      if (!more()) throw lines.broken("a collection is not closed");
    }
  }
  function take(character: string): boolean {
    seek();
    const isNext = text[at] === character;
    if (isNext) at++;
    return isNext;
  }

  function value(isWithin: boolean): unknown {
    lines.countValue();
    const one = text[at] ?? "";
    if (one === "[" || one === "{") return collection();
    if (one === '"') return doubleQuoted();
    if (one === "'") return singleQuoted();
    if (one !== "" && "&*!".includes(one)) throw lines.broken("anchors, aliases and tags are not read");
    if (one !== "" && "@`%|>".includes(one)) throw lines.broken(`a text that begins with ${one}`);
    return isWithin ? plainWithin() : plain();
  }

  function collection(): unknown {
    if (++depth > limits.documentDepth) throw lines.broken(`nested deeper than ${limits.documentDepth}`);
    const isMapping = text[at++] === "{";
    const found = isMapping ? pairs() : items();
    depth--;
    return found;
  }
  function items(): unknown[] {
    const found: unknown[] = [];
    while (!take("]")) {
      found.push(value(true));
      if (take(",")) continue;
      if (!take("]")) throw lines.broken("a list is not closed");
      break;
    }
    return found;
  }
  function pairs(): Record<string, unknown> {
    const found = emptyObject();
    while (!take("}")) {
      const key = value(true);
      if (typeof key !== "string") throw lines.broken("a key that is no text");
      found[key] = take(":") ? valueInPair() : null;
      if (take(",")) continue;
      if (!take("}")) throw lines.broken("a mapping is not closed");
      break;
    }
    return found;
  }
  function valueInPair(): unknown {
    seek();
    return text[at] === "," || text[at] === "}" ? null : value(true);
  }

  /** To the end of the line or a comment, and in the lines that follow. */
  function plain(): string {
    const parts: string[] = [];
    do {
      const comment = text.indexOf(" #", at);
      parts.push(text.slice(at, comment < 0 ? text.length : comment).trim());
      at = text.length;
      if (comment >= 0) break;
    } while (more());
    return parts.join(" ");
  }
  /** Ends at what has a meaning in a collection. */
  function plainWithin(): string {
    const parts: string[] = [];
    do {
      skipBlanks();
      const start = at;
      while (at < text.length && !endsPlain(text, at) && !isComment()) at++;
      if (at > start) parts.push(text.slice(start, at).trimEnd());
    } while (at >= text.length && more());
    if (parts.length === 0) throw lines.broken("no value where one should be");
    return parts.join(" ");
  }

  function doubleQuoted(): string {
    const parts: string[] = [];
    for (at++; ; ) {
      const start = at;
      while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      const isOver = at < text.length;
      const isJoined = !isOver && at > text.length;
      parts.push(unescaped(text.slice(start, isJoined ? text.length - 1 : at)));
      if (isOver) break;
      if (!isJoined) parts.push(" ");
      if (!more()) throw lines.broken("a text is not closed");
    }
    at++;
    return parts.join("");
  }
  function singleQuoted(): string {
    const parts: string[] = [];
    for (at++; ; ) {
      const end = text.indexOf("'", at);
      parts.push(text.slice(at, end < 0 ? text.length : end));
      at = end + 1;
      if (end < 0) {
        parts.push(" ");
        if (!more()) throw lines.broken("a text is not closed");
      } else if (text[at] === "'") {
        parts.push("'");
        at++;
      } else return parts.join("");
    }
  }

  const found = value(false);
  skipBlanks();
  if (at < text.length && !isComment()) throw lines.broken("something follows a value");
  return found;
}

/** Whether the character has a meaning in a flow collection. */
function endsPlain(text: string, at: number): boolean {
  const one = text[at] ?? "";
  if (one !== ":") return ",[]{}".includes(one);
  const next = text[at + 1];
  return next === undefined || " \t,[]{}".includes(next);
}

const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\u0007",
  b: "\b",
  t: "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\u001b",
  N: "\u0085",
  _: "\u00a0",
  L: "\u2028",
  P: "\u2029",
};

function unescaped(raw: string): string {
  if (!raw.includes("\\")) return raw;
  const expression = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g;
  return raw.replace(expression, (_all, byte?: string, short?: string, long?: string, one?: string) => {
    if (one !== undefined) return escapes[one] ?? one;
    const code = Number.parseInt(byte ?? short ?? long ?? "", 16);
    return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  });
}
