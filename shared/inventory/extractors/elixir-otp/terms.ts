/** Application resource files, as far as they describe a package: https://www.erlang.org/doc/apps/kernel/app.html */

export interface Application {
  readonly name: string;
  readonly version: string | undefined;
  readonly licenses: readonly string[];
}

/** `{application, Name, [{vsn, "..."}, {licenses, ["..."]}, ...]}.`; undefined when it is no such term. */
export function readApplication(source: string): Application | undefined {
  let depth = 0;
  /** Of the outer tuple, before its list; and the first of the property at hand. */
  const outer: string[] = [];
  let key: string | undefined;
  let version: string | undefined;
  const licenses: string[] = [];
  for (const { kind, text } of tokensOf(source)) {
    if (kind === "open") {
      depth++;
      if (depth === 3) key = undefined;
    } else if (kind === "close") {
      depth--;
      if (depth <= 0) break;
    } else if (depth === 1) {
      if (outer.length < 2) outer.push(text);
    } else if (depth === 3 && key === undefined) key = text;
    else if (depth === 3 && key === "vsn" && kind === "string") version ??= text;
    else if (depth === 4 && key === "licenses" && kind === "string" && licenses.length < 20) licenses.push(text);
  }
  const [form, name] = outer;
  return form === "application" && name !== undefined ? { name, version, licenses } : undefined;
}

interface Token {
  readonly kind: "open" | "close" | "string" | "atom";
  readonly text: string;
}

const plain = /[A-Za-z0-9_@.]+/y;

/** Brackets, strings (also inside of binaries), atoms and numbers. Ends where a string does not. */
function* tokensOf(source: string): Generator<Token> {
  for (let at = 0; at < source.length; at++) {
    const one = source[at] ?? "";
    if (one === "{" || one === "[") yield { kind: "open", text: one };
    else if (one === "}" || one === "]") yield { kind: "close", text: one };
    else if (one === "%") {
      const newline = source.indexOf("\n", at);
      if (newline < 0) return;
      at = newline;
    } else if (one === '"' || one === "'") {
      const end = endOfQuoted(source, at);
      if (end === undefined) return;
      yield { kind: one === '"' ? "string" : "atom", text: source.slice(at + 1, end) };
      at = end;
    } else {
      plain.lastIndex = at;
      const text = plain.exec(source)?.[0];
      if (text === undefined) continue;
      yield { kind: "atom", text };
      at += text.length - 1;
    }
  }
}

function endOfQuoted(source: string, start: number): number | undefined {
  const quote = source[start];
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === quote) return at;
  }
  return undefined;
}
