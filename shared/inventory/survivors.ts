/**
 * Inside one layer the last entry of a path stands, and an entry that is no directory takes away what stood below
 * its path before it. Ordinary layers name each path once, and then nothing is left out.
 */
import { type PathHashes, type PathSet, pathStates } from "./path-hash.ts";

/** How many entries of each kind had been seen, the one at hand included. */
export interface Position {
  readonly paths: number;
  readonly directories: number;
}

export interface Survivors {
  readonly paths: PathSet;
  readonly directories: PathSet;
  survives(path: string, position: Position): boolean;
}

/** `placed`: the paths (files that extractors wanted, and links) of which it shall be known whether they stand. */
export function survivorsOf(
  paths: PathHashes,
  directories: PathHashes,
  placed: readonly (readonly [path: string, position: Position])[],
): Survivors {
  const named = paths.count;
  const pathSet = paths.sorted();
  const directorySet = directories.sorted();
  const hasRepeats = pathSet.size < named;
  const states = placed.map(([path]) => pathStates(path));
  const lastPath = paths.lastIndexes(
    states.flatMap((chain) => chain.filter((state, at) => (hasRepeats || at < chain.length - 1) && pathSet.has(state))),
  );
  const lastDirectory = directories.lastIndexes(
    states.flatMap((chain) => chain.slice(-1).filter((state) => directorySet.has(state))),
  );
  return {
    paths: pathSet,
    directories: directorySet,
    survives(path, position) {
      const chain = pathStates(path);
      if (chain.some((state) => lastPath(state) >= position.paths)) return false;
      return chain.slice(-1).every((state) => lastDirectory(state) < position.directories);
    },
  };
}
