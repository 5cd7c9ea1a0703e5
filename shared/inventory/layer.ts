/** Reads one layer into its record, in one pass; a second only for content that matters after it had gone by. */
import { createHash } from "node:crypto";
import { PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import { decompress } from "./decompress.ts";
import { type CollectedFile, createFileCollector, type FileCollector } from "./file-collector.ts";
import { collectAncestors, collectPathHashes } from "./path-hash.ts";
import type { LayerRecord } from "./record.ts";
import { type Position, survivorsOf } from "./survivors.ts";
import type { NameProblem } from "./tar/name.ts";
import { createTarWalker, type TarEntry, type TarHandler } from "./tar/walker.ts";
import type { Partial } from "./types.ts";
import type { Matcher } from "./wanted.ts";

export interface LayerSource {
  readonly mediaType: string;
  /** The compressed bytes; may be called twice. */
  open(): AsyncIterable<Uint8Array>;
  /** What the image says the uncompressed digest is. */
  readonly diffId: string | undefined;
  /** What the source itself verifies of the bytes as they are stored. */
  readonly digest?: string;
  /** Compressed bytes consumed; a second pass reports nothing. */
  readonly onBytes?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface LayerReading {
  readonly matcher: Matcher;
  /** `extractorsVersion` of those in the matcher. */
  readonly extractors: string;
}

/**
 * Streams a layer into its record. Throws `PermanentError`: `digest-mismatch` (the raw bytes are not `diffId`),
 * `not-a-layer`, `truncated-layer`, `layer-too-large`, `compression-bomb`, `too-many-entries`; and what the source
 * throws. Memory: eight bytes per path, plus the largest wanted file.
 */
export async function readLayer(source: LayerSource, reading: LayerReading): Promise<LayerRecord> {
  const scan = createScan(reading.matcher);
  const walker = createTarWalker(scan.handler);
  const hash = createHash("sha256");
  let bytes = 0;
  let isVerified = false;
  await decompress(source.open(), source.mediaType, {
    onCompression(compression) {
      // Stored as it is, a layer has one digest, which need not be taken twice.
      isVerified = compression === "none" && source.digest === source.diffId;
    },
    sink(raw) {
      if (!isVerified) hash.update(raw);
      bytes += raw.length;
      walker.push(raw);
    },
    ...(source.onBytes && { onBytes: source.onBytes }),
    signal: source.signal,
  });
  walker.finish();
  const diffId = (isVerified && source.diffId) || `sha256:${hash.digest("hex")}`;
  if (source.diffId !== undefined && source.diffId !== diffId) {
    throw new PermanentError("digest-mismatch", `the layer unpacks to ${diffId}, the image says ${source.diffId}`);
  }
  if (scan.files.needsSecondPass()) await readAgain(source, scan.files);
  return { schema: "portwarden.layer/1", diffId, extractors: reading.extractors, bytes, ...scan.finish() };
}

interface Scan {
  readonly handler: TarHandler;
  readonly files: FileCollector;
  finish(): Omit<LayerRecord, "schema" | "diffId" | "extractors" | "bytes">;
}

const setIdBits = 0o6000;
const opaqueMarker = ".wh..wh..opq";

function createScan(matcher: Matcher): Scan {
  const paths = collectPathHashes(limits.entriesPerLayer);
  const directories = collectPathHashes(limits.entriesPerLayer);
  const ancestors = collectAncestors(limits.leadingDirectoriesPerLayer);
  let lastDirectory = 0;
  const links = new Map<string, { target: string; position: Position }>();
  /** Files with set-user-ID or set-group-ID. */
  const privileged = new Map<string, PrivilegedFile>();
  const whiteouts: string[] = [];
  const opaque: string[] = [];
  const partial: Partial[] = [];
  const reported = new Set<string>();
  const files = createFileCollector(matcher);
  let entries = 0;
  let linkText = 0;

  function report(reason: string, detail: string, path?: string): void {
    partial.push({ reason, detail, ...(path !== undefined && { path }) });
  }
  function reportOnce(reason: string, detail: string): void {
    if (reported.has(reason)) return;
    reported.add(reason);
    report(reason, detail);
  }

  /** False, and reported, when a path that matters is too deep to be followed. */
  function follows(path: string): boolean {
    let depth = 1;
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) depth++;
    if (depth <= limits.pathDepth) return true;
    reportOnce("pathDepth", `paths of more than ${limits.pathDepth} components were left out`);
    return false;
  }

  /** False, and reported, when links and whiteouts have become too much text to keep. */
  function remembers(text: number): boolean {
    linkText += text;
    if (linkText <= limits.linkTextPerLayer) return true;
    reportOnce("linkTextPerLayer", "links and whiteouts with too much text: the rest was not followed");
    return false;
  }

  function whiteout(entry: TarEntry): void {
    if (whiteouts.length + opaque.length >= limits.whiteoutsPerLayer) {
      reportOnce("whiteoutsPerLayer", `only the first ${limits.whiteoutsPerLayer} whiteouts were followed`);
      return;
    }
    const path = entry.path();
    if (!remembers(path.length)) return;
    const slash = path.lastIndexOf("/") + 1;
    const base = path.slice(slash);
    if (!follows(path)) return;
    if (base === opaqueMarker) opaque.push(path.slice(0, Math.max(0, slash - 1)));
    // Other names that begin with `.wh..wh.` are bookkeeping of AUFS; `.wh.` alone names nothing.
    else if (!base.startsWith(".wh..wh.") && base.length > 4) whiteouts.push(path.slice(0, slash) + base.slice(4));
  }

  function symlink(entry: TarEntry): void {
    const path = entry.path();
    const target = entry.target() ?? "";
    if (target.length > limits.pathBytes || !follows(path)) return;
    if (links.size >= limits.linksPerLayer && !links.has(path)) {
      reportOnce("linksPerLayer", `only the first ${limits.linksPerLayer} links were followed`);
      return;
    }
    if (!remembers(path.length + target.length)) return;
    links.delete(path);
    links.set(path, { target, position: here() });
  }

  function privilegedFile(entry: TarEntry): void {
    const path = entry.path();
    if (!follows(path)) return;
    if (privileged.size >= limits.privilegedFilesPerLayer && !privileged.has(path)) {
      const detail = `only the first ${limits.privilegedFilesPerLayer} set-user-ID and set-group-ID files were noted`;
      reportOnce("privilegedFilesPerLayer", detail);
      return;
    }
    privileged.set(path, { mode: entry.mode(), position: here() });
  }

  function here(): Position {
    return { paths: paths.count, directories: directories.count };
  }

  const handler: TarHandler = {
    entry(entry) {
      entries++;
      if (entries > limits.entriesPerLayer) {
        throw new PermanentError("too-many-entries", `the layer has more than ${limits.entriesPerLayer} entries`);
      }
      const { name, kind } = entry;
      if (isWhiteout(entry)) {
        whiteout(entry);
        return false;
      }
      if (name.directoryHash !== lastDirectory) {
        lastDirectory = name.directoryHash;
        if (!ancestors.add(name.bytes, name.start, name.base)) {
          reportOnce("leadingDirectoriesPerLayer", "too many directories: links to some of them are not followed");
        }
      }
      if (kind === "directory") {
        directories.add(name.high, name.low);
        return false;
      }
      paths.add(name.high, name.low);
      if (kind === "symlink") symlink(entry);
      if (kind !== "file" && kind !== "hard-link") return false;
      if ((entry.mode() & setIdBits) !== 0) privilegedFile(entry);
      const content = matcher.maybeExecutable(entry) ? "executable" : undefined;
      if (content === undefined && !matcher.maybe(name)) return false;
      const path = entry.path();
      const extractors = matcher.match(path, content);
      if (extractors.length === 0 || !follows(path)) return false;
      return files.begin(path, extractors, entry, { position: here(), ordinal: entries });
    },
    content: files.content,
    end: files.end,
    refused(problem: NameProblem) {
      entries++;
      if (problem === "too-long") reportOnce("pathBytes", `names over ${limits.pathBytes} bytes were left out`);
      else reportOnce("outside-root", "names that climb out of the root were left out");
    },
  };

  return {
    handler,
    files,
    finish() {
      const collected = withModes(files.finish(), privileged);
      const survivors = survivorsOf(paths, directories, function* placed() {
        for (const { record, position } of collected) yield [record.path, position] as const;
        for (const [path, { position }] of links) yield [path, position] as const;
      });
      const implied = ancestors.hashes.intoSet(survivors.directories);
      return {
        entries,
        files: collected
          .filter(({ record, position }) => survivors.survives(record.path, position))
          .map(({ record }) => record),
        whiteouts,
        opaque,
        links: [...links]
          .filter(([path, { position }]) => survivors.survives(path, position))
          .map(([path, { target }]) => [path, target] as const),
        paths: survivors.paths,
        directories: survivors.directories,
        implied,
        partial: [...partial, ...files.partial],
      };
    },
  };
}

interface PrivilegedFile {
  readonly mode: number;
  readonly position: Position;
}

/** Files that tell of nothing else but their mode get a record of their own. */
function withModes(
  files: readonly CollectedFile[],
  privileged: ReadonlyMap<string, PrivilegedFile>,
): readonly CollectedFile[] {
  if (privileged.size === 0) return files;
  const others = new Map(privileged);
  const known = files.map(({ record, position }) => {
    const { path, facts } = record;
    const mode = others.get(path)?.mode;
    others.delete(path);
    const all = mode === undefined ? facts : [...facts, { privilegedMode: mode }];
    return { record: { path, facts: all }, position };
  });
  const rest = [...others].map(([path, { mode, position }]) => {
    return { record: { path, facts: [{ privilegedMode: mode }] }, position };
  });
  return [...known, ...rest];
}

function isWhiteout({ name }: TarEntry): boolean {
  const { bytes, base } = name;
  return (
    bytes[base] === 46 &&
    bytes[base + 1] === 119 &&
    bytes[base + 2] === 104 &&
    bytes[base + 3] === 46 &&
    name.end - base >= 4
  );
}

/** The content of a hard link stands at its target, and ranges are asked for at a file's end: both may have gone by. */
async function readAgain(source: LayerSource, files: FileCollector): Promise<void> {
  let entries = 0;
  const walker = createTarWalker({
    entry: (entry) => files.beginAgain(entry, ++entries),
    content: files.content,
    end: files.end,
    refused: () => {
      entries++;
    },
  });
  await decompress(source.open(), source.mediaType, { sink: walker.push, signal: source.signal });
  walker.finish();
}
