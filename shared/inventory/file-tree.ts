/**
 * The image's file system, as far as it matters: files that extractors read, and symlinks; every other path is
 * taken for an implied directory. Paths are resolved as a container runtime does when it unpacks a layer: the
 * directories of an entry's path follow links inside the root, its last component does not.
 */
import { childState, type PathSet, type PathState, rootState } from "./path-hash.ts";
import type { FileRecord } from "./record.ts";

/** A file and, for each of its packages, which layer brought it. */
export interface TreeFile {
  readonly kind: "file";
  readonly layer: number;
  readonly record: FileRecord;
  /** Package key -> index of the layer that brought it, of those that the file's former versions had. */
  readonly since: ReadonlyMap<string, number>;
}
export interface TreeLink {
  readonly kind: "link";
  readonly layer: number;
  readonly target: string;
}
export interface TreeDirectory {
  readonly kind: "directory";
  readonly children: Map<string, TreeNode>;
}
export type TreeNode = TreeFile | TreeLink | TreeDirectory;

/** Links followed in one resolution before it is given up as a loop (Linux's own limit). */
const maximumLinks = 40;

export function emptyDirectory(): TreeDirectory {
  return { kind: "directory", children: new Map() };
}

/** What may still be spent on following paths: long chains of links behind many paths would take hours. */
export interface Steps {
  left: number;
}

/**
 * The canonical components of a path. `last`: whether its last component is followed too. Undefined for loops, for
 * paths that lead through a file, and when the steps are spent.
 */
export function resolve(
  root: TreeDirectory,
  path: string,
  last: "follow" | "keep",
  steps: Steps,
): string[] | undefined {
  const done: string[] = [];
  const trail: (TreeNode | undefined)[] = [root];
  const pending = path.split("/").reverse();
  let followed = 0;
  while (pending.length > 0) {
    const name = pending.pop() ?? "";
    if (steps.left-- <= 0) return undefined;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (done.pop() !== undefined) trail.pop();
      continue;
    }
    const directory = trail.at(-1);
    const node = directory?.kind === "directory" ? directory.children.get(name) : undefined;
    if (node?.kind === "link" && (last === "follow" || pending.length > 0)) {
      if (++followed > maximumLinks || pending.length > 10_000) return undefined;
      if (node.target.startsWith("/")) {
        done.length = 0;
        trail.length = 1;
      }
      pending.push(...node.target.split("/").reverse());
      continue;
    }
    if (node?.kind === "file" && pending.length > 0) return undefined;
    done.push(name);
    trail.push(node);
  }
  return done;
}

export function find(root: TreeDirectory, path: readonly string[]): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of path) {
    if (node?.kind !== "directory") return undefined;
    node = node.children.get(name);
  }
  return node;
}

/** Puts a node at a canonical path; what stood there, or stood in the way as a file, is gone. Returns the former node. */
export function put(root: TreeDirectory, path: readonly string[], node: TreeNode): TreeNode | undefined {
  let directory = root;
  for (const name of path.slice(0, -1)) {
    let next = directory.children.get(name);
    if (next?.kind !== "directory") {
      next = emptyDirectory();
      directory.children.set(name, next);
    }
    directory = next;
  }
  const name = path.at(-1);
  if (name === undefined) return undefined;
  const former = directory.children.get(name);
  directory.children.set(name, node);
  return former;
}

export function remove(root: TreeDirectory, path: readonly string[]): void {
  const name = path.at(-1);
  if (name === undefined) return;
  const parent = find(root, path.slice(0, -1));
  if (parent?.kind === "directory") parent.children.delete(name);
}

export interface LayerPaths {
  readonly index: number;
  /** What the layer names that is no directory; its directories; and those that lead to entries without being named. */
  readonly paths: PathSet;
  readonly directories: PathSet;
  readonly implied: PathSet;
}

/** Links followed below one another while a layer is applied. */
const maximumNesting = 8;

/**
 * Takes away what a layer's entries replace: anything at the path of an entry that is no directory, with all below
 * it; and links and files at the path of a directory entry. The layer knows its paths only by hash, hence the tree
 * is walked and asked about path by path, also under the other names by which links lead there (only where the layer
 * has something below the link). Returns the replaced files by canonical path, and false for `complete` when `steps`
 * did not suffice to follow all links.
 */
export function replaceBy(
  root: TreeDirectory,
  layer: LayerPaths,
  steps: Steps,
): { replaced: Map<string, TreeFile>; complete: boolean } {
  const replaced = new Map<string, TreeFile>();
  let complete = true;

  function goes(child: TreeNode, state: PathState): boolean {
    if (child.kind === "directory") return layer.paths.has(state);
    return child.layer !== layer.index && (layer.paths.has(state) || layer.directories.has(state));
  }

  function follow(link: TreeLink, directory: readonly string[], state: PathState, nesting: number): void {
    if (!layer.implied.has(state)) return;
    if (steps.left <= 0 || nesting >= maximumNesting) {
      complete = false;
      return;
    }
    const real = resolve(
      root,
      link.target.startsWith("/") ? link.target : [...directory, link.target].join("/"),
      "follow",
      steps,
    );
    const node = real && find(root, real);
    if (real && node?.kind === "directory") walk(node, real, state, nesting + 1);
  }

  function walk(directory: TreeDirectory, canonical: readonly string[], state: PathState, nesting: number): void {
    for (const [name, child] of directory.children) {
      if (nesting > 0 && steps.left-- <= 0) {
        complete = false;
        return;
      }
      const childPath = childState(state, name);
      if (goes(child, childPath)) {
        if (child.kind === "file") replaced.set([...canonical, name].join("/"), child);
        directory.children.delete(name);
      } else if (child.kind === "directory") walk(child, [...canonical, name], childPath, nesting);
      else if (child.kind === "link") follow(child, canonical, childPath, nesting);
    }
  }

  walk(root, [], rootState, 0);
  return { replaced, complete };
}

/** All files with their canonical paths. */
export function* filesOf(directory: TreeDirectory, path = ""): Generator<[path: string, file: TreeFile]> {
  for (const [name, child] of directory.children) {
    const at = path === "" ? name : `${path}/${name}`;
    if (child.kind === "file") yield [at, child];
    else if (child.kind === "directory") yield* filesOf(child, at);
  }
}
