/** Shell-like assignments, as os-release and lsb-release have them. */
import { linesOf } from "../../fields.ts";

/** Values may be quoted, in double quotes with backslash escapes. */
export function readAssignments(content: Buffer): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of linesOf(content)) {
    const match = /^\s*([A-Z0-9_]+)=(.*)$/.exec(line.trimEnd());
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1], unquoted(match[2]));
  }
  return values;
}

function unquoted(value: string): string {
  const quote = value[0];
  if (value.length >= 2 && quote === "'" && value.endsWith("'")) return value.slice(1, -1);
  if (value.length >= 2 && quote === '"' && value.endsWith('"')) {
    return value.slice(1, -1).replace(/\\(["$`\\])/g, "$1");
  }
  return value;
}
