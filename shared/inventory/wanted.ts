/** The extractors' wishes, compiled once: a few bit tests tell for nearly every name that nobody wants it. */
import { mayBeExecutable, mayNameExecutable } from "./executable/entry.ts";
import type { AnyExtractor } from "./extractor.ts";
import { type EntryName, hashOf } from "./tar/name.ts";
import type { TarEntry } from "./tar/walker.ts";

export interface Matcher {
  /** Whether anybody may want it; sometimes true for nothing, never false for something. No allocation. */
  maybe(name: EntryName): boolean;
  /** Whether an entry may be an executable that somebody wants. */
  maybeExecutable(entry: TarEntry): boolean;
  /** Who wants it, in registry order. */
  match(path: string, content?: "executable"): readonly AnyExtractor[];
  /** By the path alone: true for nearly everything that turns out to be evidence, and for little else. */
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

export function compileMatcher(extractors: readonly AnyExtractor[]): Matcher {
  const filters = { path: hashFilter(), directory: hashFilter(), base: hashFilter(), extension: hashFilter() };
  const byPath = new Map<string, AnyExtractor[]>();
  const byDirectory = new Map<string, AnyExtractor[]>();
  const byBase = new Map<string, AnyExtractor[]>();
  const byExtension = new Map<string, { suffix: string; extractor: AnyExtractor }[]>();
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
  const ofExecutables = extractors.filter(({ wants }) => wants.executables !== undefined);

  function match(path: string, content?: "executable"): readonly AnyExtractor[] {
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
      content === undefined ? undefined : ofExecutables,
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
    maybeExecutable: (entry) => ofExecutables.length > 0 && mayBeExecutable(entry),
    match,
    isLanguageEvidence: (path) =>
      match(path, mayNameExecutable(path) ? "executable" : undefined).some(({ kind }) => kind === "language"),
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
