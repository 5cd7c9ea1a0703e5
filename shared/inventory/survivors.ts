/**
 * Inside one layer the last entry of a path stands, and an entry that is no directory takes away what stood below
 * its path before it. Ordinary layers name each path once, and then nothing is left out.
 */
import { type PathHashes, type PathSet, type PathState, pathState, pathStates, rootState } from "./path-hash.ts";

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

/**
 * `placed`: the paths (files that extractors wanted, and links) of which it shall be known whether they stand. Ends both
 * collections.
 */
export function survivorsOf(paths: PathHashes, directories: PathHashes, placed: () => Placed): Survivors {
  const lastPath = paths.lastIndexes(statesOf(placed()));
  const lastDirectory = directories.lastIndexes(ownStatesOf(placed()));
  return {
    paths: paths.intoSet(),
    directories: directories.intoSet(),
    survives(path, position) {
      let last = rootState;
      for (const state of pathStates(path)) {
        if (lastPath(state) >= position.paths) return false;
        last = state;
      }
      return lastDirectory(last) < position.directories;
    },
  };
}

type Placed = Iterable<readonly [path: string, position: Position]>;

/** Of the paths and all their ancestors; one at a time, because together they may take far more memory than the paths. */
function* statesOf(placed: Placed): Generator<PathState, void, undefined> {
  for (const [path] of placed) yield* pathStates(path);
}

function* ownStatesOf(placed: Placed): Generator<PathState, void, undefined> {
  for (const [path] of placed) yield pathState(path);
}
