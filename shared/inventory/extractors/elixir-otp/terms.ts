/** Application resource files, as far as they describe a package: https://www.erlang.org/doc/apps/kernel/app.html */

export interface Application {
  readonly name: string;
  readonly version: string | undefined;
  readonly licenses: readonly string[];
}

/** Quoted atom, string (also inside a binary), name or number, bracket. Comments and everything else fall through. */
const token = /%[^\n]*|'((?:[^'\\]|\\[\s\S])*)'|"((?:[^"\\]|\\[\s\S])*)"|([A-Za-z0-9_@.]+)|([{}[\],])/g;

/** `{application, Name, [{vsn, "..."}, {licenses, ["..."]}, ...]}.`; undefined when it is no such term. */
export function readApplication(source: string): Application | undefined {
  let depth = 0;
  /** Tokens of the outer tuple before its list, and of the property at hand. */
  const outer: string[] = [];
  let key: string | undefined;
  let version: string | undefined;
  const licenses: string[] = [];
  for (const [, quoted, string, plain, bracket] of source.matchAll(token)) {
    if (bracket === "{" || bracket === "[") {
      depth++;
      if (depth === 3) key = undefined;
    } else if (bracket === "}" || bracket === "]") {
      depth--;
      if (depth === 0) break;
    }
    const value = quoted ?? string ?? plain;
    if (value === undefined) continue;
    if (depth === 1) outer.push(value);
    else if (depth === 3 && key === undefined) key = value;
    else if (depth === 3 && key === "vsn") version ??= string;
    else if (depth === 4 && key === "licenses" && string !== undefined && licenses.length < 20) licenses.push(string);
  }
  const [form, name] = outer;
  return form === "application" && name !== undefined ? { name, version, licenses } : undefined;
}
