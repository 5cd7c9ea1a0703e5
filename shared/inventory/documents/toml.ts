/**
 * TOML 1.0 (https://toml.io/en/v1.0.0) as far as lock files use it: every table, array and text; numbers, booleans and
 * dates as they are written. One pass, bounded in depth.
 */
import { limits } from "../../platform/limits.ts";
import { brokenDocument, createValueCounter, emptyObject } from "./value.ts";

type Table = Record<string, unknown>;

/** The document's root table. Throws `PermanentError` `broken-document`. */
export function parseToml(text: string): Table {
  const reader = createReader(text);
  const root = emptyObject();
  let table: Table = root;
  for (reader.skipLines(); !reader.atEnd(); reader.skipLines()) {
    if (reader.take("[")) {
      const isItem = reader.take("[");
      const keys = reader.keys();
      if (!reader.take("]") || (isItem && !reader.take("]"))) throw reader.broken("a table's name is not closed");
      table = isItem ? appendTable(root, keys, reader) : descend(root, keys, reader);
    } else reader.assignTo(table);
    reader.endLine();
  }
  return root;
}

interface Reader {
  atEnd(): boolean;
  /** Over blanks, comments and ends of lines. */
  skipLines(): void;
  /** The next character, if it is this one. */
  take(character: string): boolean;
  /** A dotted key. */
  keys(): readonly string[];
  /** `key = value`. */
  assignTo(table: Table): void;
  /** Only a comment may follow. */
  endLine(): void;
  broken(detail: string): Error;
}

function createReader(text: string): Reader {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const countValue = createValueCounter();
  let depth = 0;

  function broken(detail: string): Error {
    let line = 1;
    for (let index = text.indexOf("\n"); index >= 0 && index < at; index = text.indexOf("\n", index + 1)) line++;
    return brokenDocument(detail, line);
  }
  /** What a sticky expression matches here, read over. */
  function read(expression: RegExp): string {
    expression.lastIndex = at;
    const found = expression.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  }
  function take(character: string): boolean {
    const isNext = text[at] === character;
    if (isNext) at++;
    return isNext;
  }
  function skipBlanks(): void {
    while (text[at] === " " || text[at] === "\t") at++;
  }
  function skipLines(): void {
    for (;;) {
      while (at < text.length && " \t\r\n".includes(text[at] ?? "")) at++;
      if (text[at] !== "#") return;
      const newline = text.indexOf("\n", at);
      at = newline < 0 ? text.length : newline;
    }
  }
  function endLine(): void {
    skipBlanks();
    if (at < text.length && !"\r\n#".includes(text[at] ?? "")) throw broken("something follows a value");
  }

  function keys(): readonly string[] {
    const found: string[] = [];
    countValue();
    do {
      skipBlanks();
      const quote = text[at];
      const key = quote === '"' || quote === "'" ? string(quote) : read(/[A-Za-z0-9_-]+/y);
      if (key === "" && quote !== '"' && quote !== "'") throw broken("no key where one should be");
      if (found.push(key) > limits.documentDepth) throw broken(`nested deeper than ${limits.documentDepth}`);
      skipBlanks();
    } while (take("."));
    return found;
  }

  function assignTo(table: Table): void {
    const path = keys();
    if (!take("=")) throw broken("a key without a value");
    skipBlanks();
    const target = descend(table, path.slice(0, -1), { broken });
    target[path.at(-1) ?? ""] = value();
  }

  function value(): unknown {
    countValue();
    const first = text[at];
    if (first === '"' || first === "'") return string(first);
    if (first !== "[" && first !== "{") {
      const bare = read(/[^\s,\]}#]+(?: \d\d:[^\s,\]}#]+)?/y);
      if (bare === "") throw broken("no value where one should be");
      return bare;
    }
    if (++depth > limits.documentDepth) throw broken(`nested deeper than ${limits.documentDepth}`);
    at++;
    const found = first === "[" ? array() : inlineTable();
    depth--;
    return found;
  }

  function array(): unknown[] {
    const items: unknown[] = [];
    for (skipLines(); !take("]"); skipLines()) {
      items.push(value());
      skipLines();
      if (take(",")) continue;
      if (!take("]")) throw broken("an array is not closed");
      break;
    }
    return items;
  }

  /** TOML 1.1 lets it go over several lines. */
  function inlineTable(): Table {
    const table = emptyObject();
    for (skipLines(); !take("}"); skipLines()) {
      assignTo(table);
      skipLines();
      if (take(",")) continue;
      if (!take("}")) throw broken("an inline table is not closed");
      break;
    }
    return table;
  }

  /** Basic and literal strings, of one line or of several. */
  function string(quote: '"' | "'"): string {
    const isLong = text.startsWith(quote.repeat(3), at);
    const start = at + (isLong ? 3 : 1);
    at = endOfString(text, start, quote, isLong);
    if (at < 0) {
      at = start;
      throw broken("a text is not closed");
    }
    const content = text.slice(start, at);
    at += isLong ? 3 : 1;
    const raw = isLong ? content.replace(/^\r?\n/, "") : content;
    return quote === '"' ? unescaped(raw) : raw;
  }

  return { atEnd: () => at >= text.length, skipLines, take, keys, assignTo, endLine, broken };
}

/** Where the closing quotes of a string begin; negative when there are none. Those of a long one may follow two more. */
function endOfString(text: string, start: number, quote: '"' | "'", isLong: boolean): number {
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === "\\" && quote === '"') at++;
    else if (!isLong && character === "\n") return -1;
    else if (character === quote && (!isLong || text.startsWith(quote.repeat(3), at))) {
      // Up to two quotes of the content may stand right before the closing ones.
      for (let more = 0; isLong && more < 2 && text[at + 3] === quote; more++) at++;
      return at;
    }
  }
  return -1;
}

const escapes: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", e: "\u001b" };

function unescaped(raw: string): string {
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[ \t]*\r?\n\s*|(.))/gs, (_all, short, long, one) => {
    if (typeof one === "string") return escapes[one] ?? one;
    const code = Number.parseInt(short ?? long ?? "", 16);
    if (Number.isNaN(code)) return "";
    return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  });
}

/** The table at a path, made where it is missing; of an array of tables the last. */
function descend(root: Table, keys: readonly string[], reader: Pick<Reader, "broken">): Table {
  let table = root;
  for (const key of keys) {
    const known: unknown = table[key] ?? emptyObject();
    table[key] ??= known;
    const next: unknown = Array.isArray(known) ? known.at(-1) : known;
    if (!isTable(next)) throw reader.broken(`${key.slice(0, 60)} is a value and a table`);
    table = next;
  }
  return table;
}

function appendTable(root: Table, keys: readonly string[], reader: Pick<Reader, "broken">): Table {
  const parent = descend(root, keys.slice(0, -1), reader);
  const key = keys.at(-1) ?? "";
  const list: unknown = parent[key] ?? [];
  if (!Array.isArray(list)) throw reader.broken(`${key.slice(0, 60)} is a value and a list of tables`);
  const table = emptyObject();
  list.push(table);
  parent[key] = list;
  return table;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
