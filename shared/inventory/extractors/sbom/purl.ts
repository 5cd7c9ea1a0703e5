/**
 * Takes a package URL apart: https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst. Lenient, as the
 * makers of SBOMs are: an unescaped `@` before a scope, unknown types.
 */
import { text } from "../../fields.ts";

export interface Purl {
  /** As written. */
  readonly text: string;
  readonly type: string;
  /** Joined by slashes; empty without one. */
  readonly namespace: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly qualifiers: ReadonlyMap<string, string>;
}

export function parsePurl(value: unknown): Purl | undefined {
  const stated = text(value, 2048);
  const [, type, rest = ""] = /^pkg:\/*([A-Za-z0-9.+-]+)\/+([^?#]+)/i.exec(stated ?? "") ?? [];
  if (stated === undefined || type === undefined) return undefined;
  const path = rest.replace(/\/+$/, "");
  const slash = path.lastIndexOf("/");
  const at = path.lastIndexOf("@");
  const hasVersion = at > slash + 1;
  const parts = (hasVersion ? path.slice(0, at) : path).split("/").filter((part) => part !== "");
  const decoded = parts.map(decode);
  const version = hasVersion ? decode(path.slice(at + 1)) : undefined;
  const name = decoded.at(-1);
  if (name === undefined || name === "" || decoded.includes(undefined) || (hasVersion && version === undefined)) {
    return undefined;
  }
  const namespace = decoded.slice(0, -1).join("/");
  return { text: stated, type: type.toLowerCase(), namespace, name, version, qualifiers: qualifiersIn(stated) };
}

function qualifiersIn(purl: string): ReadonlyMap<string, string> {
  const query = /\?([^#]*)/.exec(purl)?.[1] ?? "";
  const found = new Map<string, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const value = decode(pair.slice(equals + 1));
    if (equals > 0 && value !== undefined && value !== "") found.set(pair.slice(0, equals).toLowerCase(), value);
  }
  return found;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
