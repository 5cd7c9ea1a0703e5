/** What changed between two JSON values, and the way back: `apply(before, difference(before, after))` is `after`. */
import { isDeepStrictEqual } from "node:util";
import { limits } from "../platform/limits.ts";
import type { Json } from "./canonical.ts";

/** One changed place. `before` is absent where the place is new, `after` where it is gone. */
export interface Difference {
  /** JSON pointer (RFC 6901) into the document. */
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
}

/**
 * The changed places of two values, in order of their paths. Objects are compared member by member, everything else
 * as a whole. When more than `most` places changed they are told together, at the deepest common level that fits: the
 * list is bounded and nothing is left out of it.
 */
export function difference(before: Json, after: Json, most: number = limits.differences): readonly Difference[] {
  for (let depth = Math.max(depthOf(before), depthOf(after)); depth > 0; depth--) {
    const found: Difference[] = [];
    collect(before, after, "", depth, most, found);
    if (found.length <= most) return found;
  }
  return isDeepStrictEqual(before, after) ? [] : [{ path: "", before, after }];
}

/** Stops collecting once it is clear that there are too many. */
function collect(
  before: Json | undefined,
  after: Json | undefined,
  path: string,
  depth: number,
  most: number,
  found: Difference[],
): void {
  if (found.length > most || isDeepStrictEqual(before, after)) return;
  if (depth === 0 || !isObject(before) || !isObject(after)) {
    found.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
    return;
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  for (const name of names) {
    collect(member(before, name), member(after, name), `${path}/${escapeName(name)}`, depth - 1, most, found);
  }
}

/** The nesting of objects, at most `limits.jsonDepth`. */
function depthOf(value: Json, left: number = limits.jsonDepth): number {
  if (left === 0 || !isObject(value)) return 0;
  return 1 + Object.values(value).reduce<number>((deepest, inner) => Math.max(deepest, depthOf(inner, left - 1)), 0);
}

/** Makes the changes; `before` is not touched. Places that do not exist are created only as members of objects. */
export function apply(before: Json, differences: readonly Difference[]): Json {
  let value: Json | undefined = before;
  for (const change of differences) {
    const names = change.path.split("/").slice(1).map(unescapeName);
    value = replaced(value, names, change.after);
  }
  return value ?? null;
}

function replaced(value: Json | undefined, names: readonly string[], after: Json | undefined): Json | undefined {
  const [name, ...rest] = names;
  if (name === undefined) return after;
  const members = isObject(value) ? value : {};
  const inner = replaced(member(members, name), rest, after);
  const others = Object.entries(members).filter(([other]) => other !== name);
  return Object.fromEntries(inner === undefined ? others : [...others, [name, inner]]);
}

/** Own members only: a name such as `__proto__` is a name like any other. */
function member(value: { [name: string]: Json }, name: string): Json | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function escapeName(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function unescapeName(name: string): string {
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}
