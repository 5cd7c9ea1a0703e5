/**
 * Layers into one file system, by path algebra over their records: https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
 * A layer's whiteouts and opaque directories take from the layers below, never from itself; an entry that is no
 * directory replaces whatever stood at its path and below; a directory entry replaces a link or file, but joins a
 * directory. No layer is read again.
 */
import { limits } from "../platform/limits.ts";
import type { Facts, PackageFacts } from "./extractor.ts";
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
import { pathStates } from "./path-hash.ts";
import type { FileRecord, LayerRecord } from "./record.ts";
import type { Partial } from "./types.ts";

export interface MergedImage {
  /** The files that stand in the image, by canonical path. */
  readonly files: readonly (readonly [path: string, file: TreeFile])[];
  /** The canonical path that a path leads to; `follow`: also through a link at its end. Undefined for loops. */
  canonical(path: string, last: "follow" | "keep"): string | undefined;
  readonly partial: readonly Partial[];
}

/** Takes records one by one, so that no more than one needs to be in memory. */
export interface Merge {
  /** Call for each layer, the lowest first. */
  apply(record: LayerRecord): void;
  finish(): MergedImage;
}

export function createMerge(): Merge {
  const root = emptyDirectory();
  const partial: Partial[] = [];
  const counts = { layers: 0, links: 0, packages: 0 };
  return {
    apply(record) {
      const layer = record.diffId;
      const bounded = withinImage(record, counts, (reason, detail) => partial.push({ reason, layer, detail }));
      partial.push(...record.partial.map((one) => ({ ...one, layer })));
      const complete = applyLayer(root, bounded, counts.layers);
      counts.layers++;
      if (complete) return;
      const detail =
        "too many links to follow all of its paths: packages that it replaced through links may still show";
      partial.push({ reason: "mergeSteps", layer, detail });
    },
    finish: () => ({
      files: [...filesOf(root)],
      canonical: (path, last) => resolve(root, path, last)?.join("/"),
      partial,
    }),
  };
}

/** The record without what would be over the image's limits. */
function withinImage(
  record: LayerRecord,
  counts: { links: number; packages: number },
  report: (reason: keyof typeof limits, detail: string) => void,
): LayerRecord {
  counts.links += record.links.length;
  counts.packages += record.files.reduce((sum, { facts }) => sum + packagesIn(facts), 0);
  const tooManyLinks = counts.links > limits.linksPerImage;
  // Every layer may bring its own version of the whole package database.
  const tooManyPackages = counts.packages > limits.packageMentionsPerImage;
  if (tooManyLinks) report("linksPerImage", `the layer's links, beyond ${limits.linksPerImage}, were not followed`);
  if (tooManyPackages) {
    report("packageMentionsPerImage", `the layer's packages, beyond ${limits.packageMentionsPerImage}, were left out`);
  }
  return { ...record, ...(tooManyLinks && { links: [] }), ...(tooManyPackages && { files: [] }) };
}

function packagesIn(facts: readonly Facts[]): number {
  return facts.reduce((sum, { packages }) => sum + (packages?.length ?? 0), 0);
}

/** False when the layer's paths could not all be followed through links. */
function applyLayer(root: TreeDirectory, record: LayerRecord, index: number): boolean {
  for (const path of record.opaque) {
    if (!leadsThroughReplacedLink(root, record, path, "with-last")) hideContent(root, path);
  }
  for (const path of record.whiteouts) {
    if (leadsThroughReplacedLink(root, record, path, "without-last")) continue;
    remove(root, resolve(root, path, "keep") ?? path.split("/"));
  }
  const { replaced, complete } = replaceEntries(root, record, index);
  for (const file of record.files) {
    const canonical = resolve(root, file.path, "keep") ?? file.path.split("/");
    const since = sinceOf(file, replaced.get(canonical.join("/")), index);
    put(root, canonical, { kind: "file", layer: index, record: file, since });
  }
  return complete;
}

/**
 * Replaces by the layer's paths, then places its links. Where it has both links and paths below directories that it
 * does not name, some of those may stand below its own links, and replace what the links lead to.
 */
function replaceEntries(root: TreeDirectory, record: LayerRecord, index: number): ReturnType<typeof replaceBy> {
  const first = replaceBy(root, { ...record, index }, limits.mergeSteps);
  for (const [path, target] of record.links) {
    put(root, resolve(root, path, "keep") ?? path.split("/"), { kind: "link", layer: index, target });
  }
  if (record.links.length === 0 || record.implied.size === 0) return first;
  const second = replaceBy(root, { ...record, index }, limits.mergeSteps);
  for (const [path, file] of second.replaced) first.replaced.set(path, file);
  return { replaced: first.replaced, complete: first.complete && second.complete };
}

/**
 * Whether a link of a lower layer on the way to `path` is replaced by this layer, with a directory for example: then
 * what the layer hides below that path is not what the link led to.
 */
function leadsThroughReplacedLink(
  root: TreeDirectory,
  record: LayerRecord,
  path: string,
  extent: "with-last" | "without-last",
): boolean {
  const names = path.split("/");
  const states = pathStates(path);
  const end = extent === "with-last" ? names.length : names.length - 1;
  for (let length = 1; length <= end; length++) {
    const state = states[length - 1];
    if (state === undefined || !(record.directories.has(state) || record.paths.has(state))) continue;
    const canonical = resolve(root, names.slice(0, length).join("/"), "keep");
    if (canonical !== undefined && find(root, canonical)?.kind === "link") return true;
  }
  return false;
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
