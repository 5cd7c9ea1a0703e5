/**
 * YAML 1.2 (https://yaml.org/spec/1.2.2) as far as tools write lock files in it: block and flow collections, all kinds
 * of scalars, explicit keys, several documents. Scalars stay texts: a version `1.10` is no number. Anchors, aliases and
 * tags, which no lock file has and which can be made to unfold without end, are refused.
 *
 * A full YAML library builds a syntax tree first: 4 s and 390 MB for a pnpm lock file of 4 MB.
 */
import { limits } from "../../platform/limits.ts";
import { emptyObject } from "./value.ts";
import { flowValue } from "./yaml-flow.ts";
import { createLines, type Lines } from "./yaml-lines.ts";

/** The documents of a stream. Throws `PermanentError` `broken-document`. */
export function parseYaml(text: string): readonly unknown[] {
  const lines = createLines(text);
  const documents: unknown[] = [];
  while (lines.startDocument()) {
    const line = lines.current();
    documents.push(line === undefined ? null : block(lines, line.indent, 0));
    if (lines.current() !== undefined) throw lines.broken("a line does not fit in");
  }
  return documents;
}

/** The collection or scalar that begins with the current line. */
function block(lines: Lines, indent: number, depth: number): unknown {
  lines.countValue();
  if (depth > limits.documentDepth) throw lines.broken(`nested deeper than ${limits.documentDepth}`);
  const text = lines.current()?.text ?? "";
  if (text.startsWith("\t")) throw lines.broken("indented by a tabulator");
  if (isItem(text)) return sequence(lines, indent, depth);
  if (isExplicitKey(text) || keyLength(text) >= 0) return mapping(lines, indent, depth);
  lines.next();
  return scalar(lines, text, indent - 1);
}

function isItem(text: string): boolean {
  return text === "-" || text.startsWith("- ");
}

function isExplicitKey(text: string): boolean {
  return text === "?" || text.startsWith("? ");
}

function sequence(lines: Lines, indent: number, depth: number): unknown[] {
  const items: unknown[] = [];
  for (let line = lines.current(); line?.indent === indent && isItem(line.text); line = lines.current()) {
    const rest = line.text.slice(1).trimStart();
    if (rest === "" || rest.startsWith("#")) {
      lines.next();
      items.push(nested(lines, indent, depth));
    } else if (isItem(rest) || isExplicitKey(rest) || keyLength(rest) >= 0) {
      // A collection that begins right behind the dash, as deep as it stands.
      lines.replace(indent + line.text.length - rest.length, rest);
      items.push(block(lines, indent + line.text.length - rest.length, depth + 1));
    } else {
      lines.next();
      items.push(scalar(lines, rest, indent));
    }
  }
  return items;
}

function mapping(lines: Lines, indent: number, depth: number): Record<string, unknown> {
  const found = emptyObject();
  for (let line = lines.current(); line?.indent === indent && !isItem(line.text); line = lines.current()) {
    if (isExplicitKey(line.text)) {
      lines.next();
      const key = keyOf(lines, scalar(lines, line.text.slice(1).trimStart(), indent));
      const value = lines.current();
      const hasValue = value?.indent === indent && /^:(\s|$)/.test(value.text);
      if (hasValue) lines.next();
      found[key] = hasValue ? valueBehind(lines, value.text.slice(1).trimStart(), indent, depth) : null;
      continue;
    }
    const length = keyLength(line.text);
    if (length < 0) throw lines.broken("no key where one should be");
    lines.next();
    const key = keyOf(lines, flowValue(line.text.slice(0, length).trimEnd(), lines, Number.POSITIVE_INFINITY));
    found[key] = valueBehind(lines, line.text.slice(length + 1).trimStart(), indent, depth);
  }
  return found;
}

function keyOf(lines: Lines, key: unknown): string {
  if (typeof key !== "string") throw lines.broken("a key that is no text");
  return key;
}

/** What stands behind a key, or below it. */
function valueBehind(lines: Lines, rest: string, indent: number, depth: number): unknown {
  if (rest !== "" && !rest.startsWith("#")) return scalar(lines, rest, indent);
  const line = lines.current();
  // A sequence may stand as deep as its key.
  if (line?.indent === indent && isItem(line.text)) return sequence(lines, indent, depth + 1);
  return nested(lines, indent, depth);
}

function nested(lines: Lines, indent: number, depth: number): unknown {
  const line = lines.current();
  return line !== undefined && line.indent > indent ? block(lines, line.indent, depth + 1) : null;
}

/** A scalar or flow collection, which goes on in the deeper lines that follow. */
function scalar(lines: Lines, text: string, indent: number): unknown {
  if (text.startsWith("|") || text.startsWith(">")) return lines.takeBlock(indent, text.startsWith("|") ? "\n" : " ");
  return flowValue(text, lines, indent);
}

/** The length of the key that a line begins with; negative when it is no `key: value`. */
function keyLength(text: string): number {
  const quote = text[0];
  if (quote === '"' || quote === "'") {
    const end = quote === '"' ? endOfDoubleQuoted(text) : endOfSingleQuoted(text);
    const colon = end < 0 ? -1 : end + (/^\s*/.exec(text.slice(end, end + 100))?.[0].length ?? 0);
    return colon >= 0 && text[colon] === ":" && isGap(text, colon + 1) ? colon : -1;
  }
  if (quote === "[" || quote === "{" || quote === "#") return -1;
  for (let colon = text.indexOf(":"); colon >= 0; colon = text.indexOf(":", colon + 1)) {
    if (isGap(text, colon + 1)) {
      const comment = text.indexOf(" #");
      return comment >= 0 && comment < colon ? -1 : colon;
    }
  }
  return -1;
}

function isGap(text: string, at: number): boolean {
  return at >= text.length || text[at] === " " || text[at] === "\t";
}

/** Behind the closing quote; negative without one. */
function endOfDoubleQuoted(text: string): number {
  for (let at = 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return -1;
}

function endOfSingleQuoted(text: string): number {
  for (let at = text.indexOf("'", 1); at >= 0; at = text.indexOf("'", at + 2)) {
    if (text[at + 1] !== "'") return at + 1;
  }
  return -1;
}
