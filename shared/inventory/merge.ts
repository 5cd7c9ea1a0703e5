/**
 * Layers into one file system, by path algebra over their records: https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
 * A layer's whiteouts and opaque directories take from the layers below, never from itself; an entry that is no
 * directory replaces whatever stood at its path and below; a directory entry replaces a link or file, but joins a
 * directory. No layer is read again.
 */
import { limits } from "../platform/limits.ts";
import type { PackageFacts } from "./extractor.ts";
import {
  emptyDirectory,
  filesOf,
  find,
  put,
  remove,
  replaceBy,
  resolve,
  type TreeDirectory,
  type TreeFile,
} from "./file-tree.ts";
import { pathSetFromBase64 } from "./path-hash.ts";
import type { FileRecord, LayerRecord } from "./record.ts";
import type { Partial } from "./types.ts";

export interface MergedImage {
  /** The files that stand in the image, by canonical path. */
  readonly files: readonly (readonly [path: string, file: TreeFile])[];
  /** The canonical path that a path leads to; `follow`: also through a link at its end. Undefined for loops. */
  canonical(path: string, last: "follow" | "keep"): string | undefined;
  readonly partial: readonly Partial[];
}

/** `records`: lowest layer first. */
export function mergeLayers(records: readonly LayerRecord[]): MergedImage {
  const root = emptyDirectory();
  const partial: Partial[] = [];
  for (const [index, record] of records.entries()) {
    partial.push(...record.partial.map((one) => ({ ...one, layer: record.diffId })));
    if (!applyLayer(root, record, index)) {
      partial.push({
        reason: "mergeSteps",
        layer: record.diffId,
        detail: "too many links to follow all of the layer's paths: packages it replaced through links may still show",
      });
    }
  }
  return {
    files: [...filesOf(root)],
    canonical: (path, last) => resolve(root, path, last)?.join("/"),
    partial,
  };
}

function applyLayer(root: TreeDirectory, record: LayerRecord, index: number): boolean {
  for (const path of record.opaque) hideContent(root, path);
  for (const path of record.whiteouts) remove(root, resolve(root, path, "keep") ?? path.split("/"));
  const formerFiles = new Map<string, TreeFile>();
  for (const [path, target] of record.links) {
    const canonical = resolve(root, path, "keep") ?? path.split("/");
    put(root, canonical, { kind: "link", layer: index, target });
  }
  const { replaced, complete } = replaceBy(
    root,
    {
      index,
      paths: pathSetFromBase64(record.paths),
      directories: pathSetFromBase64(record.directories),
      implied: pathSetFromBase64(record.implied),
    },
    limits.mergeSteps,
  );
  for (const [path, file] of replaced) formerFiles.set(path, file);
  for (const file of record.files) {
    const canonical = resolve(root, file.path, "keep") ?? file.path.split("/");
    const former = formerFiles.get(canonical.join("/"));
    put(root, canonical, { kind: "file", layer: index, record: file, since: sinceOf(file, former, index) });
  }
  return complete;
}

function hideContent(root: TreeDirectory, path: string): void {
  const canonical = resolve(root, path, "follow");
  const node = canonical && find(root, canonical);
  if (node?.kind === "directory") node.children.clear();
}

/** A package that the file's former version listed already was brought by the layer that brought it there. */
function sinceOf(file: FileRecord, former: TreeFile | undefined, index: number): ReadonlyMap<string, number> {
  const since = new Map<string, number>();
  for (const { packages } of file.facts) {
    for (const one of packages ?? []) {
      const key = packageKey(one);
      since.set(key, former?.since.get(key) ?? index);
    }
  }
  return since;
}

/** What makes two mentions in versions of one file the same package. */
export function packageKey({ type, name, version, architecture }: PackageFacts): string {
  return `${type}\n${name}\n${version}\n${architecture ?? ""}`;
}
