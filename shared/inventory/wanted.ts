/** The extractors' wishes, compiled once: a few bit tests tell for nearly every name that nobody wants it. */
import type { Extractor } from "./extractor.ts";
import { type EntryName, hashOf } from "./tar/name.ts";

export interface Matcher {
  /** Whether anybody may want it; sometimes true for nothing, never false for something. No allocation. */
  maybe(name: EntryName): boolean;
  /** Who wants it, in registry order. */
  match(path: string): readonly Extractor[];
  readonly isLanguageEvidence: (path: string) => boolean;
}

/** A set of 32-bit hashes that answers "surely not" in one memory access. */
function hashFilter(): { add(hash: number): void; maybe(hash: number): boolean } {
  const bits = new Uint8Array(1 << 13);
  return {
    add: (hash) => {
      bits[(hash >>> 3) & 0x1fff] = (bits[(hash >>> 3) & 0x1fff] ?? 0) | (1 << (hash & 7));
    },
    maybe: (hash) => ((bits[(hash >>> 3) & 0x1fff] ?? 0) & (1 << (hash & 7))) !== 0,
  };
}

export function compileMatcher(extractors: readonly Extractor[]): Matcher {
  const filters = { path: hashFilter(), directory: hashFilter(), base: hashFilter(), extension: hashFilter() };
  const byPath = new Map<string, Extractor[]>();
  const byDirectory = new Map<string, Extractor[]>();
  const byBase = new Map<string, Extractor[]>();
  const byExtension = new Map<string, { suffix: string; extractor: Extractor }[]>();
  for (const extractor of extractors) {
    const { paths, basenames, suffixes, directories } = extractor.wants;
    for (const path of paths ?? []) register(byPath, path, extractor, filters.path);
    for (const base of basenames ?? []) register(byBase, base, extractor, filters.base);
    for (const directory of directories ?? []) register(byDirectory, directory, extractor, filters.directory);
    for (const suffix of suffixes ?? []) {
      register(byExtension, suffix.slice(suffix.lastIndexOf(".")), { suffix, extractor }, filters.extension);
    }
  }
  const order = new Map(extractors.map((extractor, index) => [extractor, index]));

  function match(path: string): readonly Extractor[] {
    const slash = path.lastIndexOf("/");
    const base = path.slice(slash + 1);
    const dot = base.lastIndexOf(".");
    const lists = [
      byPath.get(path),
      byBase.get(base),
      slash < 0 ? undefined : byDirectory.get(path.slice(0, slash)),
      dot < 0
        ? undefined
        : byExtension.get(base.slice(dot))?.flatMap((one) => (base.endsWith(one.suffix) ? one.extractor : [])),
    ];
    if (lists.every((list) => list === undefined)) return [];
    const accepted = [...new Set(lists.flatMap((list) => list ?? []))].filter(
      ({ wants }) => wants.accept?.(path) ?? true,
    );
    return accepted.sort((one, other) => (order.get(one) ?? 0) - (order.get(other) ?? 0));
  }

  return {
    maybe: (name) =>
      filters.base.maybe(name.baseHash) ||
      filters.directory.maybe(name.directoryHash) ||
      (name.extensionHash !== 0 && filters.extension.maybe(name.extensionHash)) ||
      filters.path.maybe(name.high),
    match,
    isLanguageEvidence: (path) => match(path).some(({ kind }) => kind === "language"),
  };
}

function register<Value>(
  index: Map<string, Value[]>,
  key: string,
  value: Value,
  filter: ReturnType<typeof hashFilter>,
): void {
  const values = index.get(key);
  if (values === undefined) index.set(key, [value]);
  else values.push(value);
  filter.add(hashOf(key));
}
