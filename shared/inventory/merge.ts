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
  type Steps,
  type TreeDirectory,
  type TreeFile,
  type TreeNode,
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
    finish() {
      const steps = { left: limits.lookupSteps };
      return {
        files: [...filesOf(root)],
        canonical: (path, last) => resolve(root, path, last, steps)?.join("/"),
        partial,
      };
    },
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
  const steps = { left: limits.mergeSteps };
  for (const path of record.opaque) {
    if (!leadsThroughReplacedLink(root, record, path, "with-last", steps)) hideContent(root, path, steps);
  }
  for (const path of record.whiteouts) {
    if (leadsThroughReplacedLink(root, record, path, "without-last", steps)) continue;
    remove(root, resolve(root, path, "keep", steps) ?? path.split("/"));
  }
  const { replaced, complete } = replaceEntries(root, record, index, steps);
  for (const file of record.files) {
    const canonical = resolve(root, file.path, "keep", steps) ?? file.path.split("/");
    const since = sinceOf(file, replaced.get(canonical.join("/")));
    put(root, canonical, { kind: "file", layer: index, record: file, since });
  }
  return complete && steps.left > 0;
}

/**
 * Replaces by the layer's paths, then places its links. Where it has both links and paths below directories that it
 * does not name, some of those may stand below its own links, and replace what the links lead to.
 */
function replaceEntries(
  root: TreeDirectory,
  record: LayerRecord,
  index: number,
  steps: Steps,
): ReturnType<typeof replaceBy> {
  const first = replaceBy(root, { ...record, index }, steps);
  for (const [path, target] of record.links) {
    put(root, resolve(root, path, "keep", steps) ?? path.split("/"), { kind: "link", layer: index, target });
  }
  if (record.links.length === 0 || record.implied.size === 0) return first;
  const second = replaceBy(root, { ...record, index }, steps);
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
  steps: Steps,
): boolean {
  const names = path.split("/");
  const end = extent === "with-last" ? names.length : names.length - 1;
  let directory: TreeNode | undefined = root;
  let real: string[] = [];
  let at = 0;
  for (const state of pathStates(path)) {
    if (at >= end) return false;
    const name = names[at++] ?? "";
    const child: TreeNode | undefined = directory?.kind === "directory" ? directory.children.get(name) : undefined;
    // Below what nothing is known of there are no links.
    if (child === undefined || child.kind === "file") return false;
    real.push(name);
    directory = child;
    if (child.kind === "directory") continue;
    if (record.directories.has(state) || record.paths.has(state)) return true;
    const followed = resolve(root, real.join("/"), "follow", steps);
    if (followed === undefined) return false;
    real = followed;
    directory = find(root, real);
  }
  return false;
}

function hideContent(root: TreeDirectory, path: string, steps: Steps): void {
  const canonical = resolve(root, path, "follow", steps);
  const node = canonical && find(root, canonical);
  if (node?.kind === "directory") node.children.clear();
}

const nothing: ReadonlyMap<string, number> = new Map();

/** A package that the file's former version listed already was brought by the layer that brought it there. */
function sinceOf(file: FileRecord, former: TreeFile | undefined): ReadonlyMap<string, number> {
  if (former === undefined) return nothing;
  const listed = new Map<string, number>();
  for (const one of packagesOf(former.record)) {
    const key = packageKey(one);
    listed.set(key, former.since.get(key) ?? former.layer);
  }
  const since = new Map<string, number>();
  for (const one of packagesOf(file)) {
    const key = packageKey(one);
    const layer = listed.get(key);
    if (layer !== undefined) since.set(key, layer);
  }
  return since;
}

function packagesOf({ facts }: FileRecord): readonly PackageFacts[] {
  return facts.flatMap(({ packages }) => packages ?? []);
}

/** What makes two mentions in versions of one file the same package. */
export function packageKey({ type, name, version, architecture }: PackageFacts): string {
  return `${type}\n${name}\n${version}\n${architecture ?? ""}`;
}
