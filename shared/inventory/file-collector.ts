/** Gathers the content of wanted files out of a layer's stream and hands it to their extractors. */
import { messageOf } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { AnyExtractor, Extractor, Facts, RangeRequest } from "./extractor.ts";
import { createHardLinks, type Wanted } from "./hard-links.ts";
import { captureRanges, type RangeCapture } from "./range-capture.ts";
import type { FileRecord } from "./record.ts";
import { createStreamReading, type StreamedEntry } from "./stream-reading.ts";
import type { Position } from "./survivors.ts";
import type { TarEntry } from "./tar/walker.ts";
import type { Partial } from "./types.ts";
import type { Matcher } from "./wanted.ts";

/** Where an entry stands: how many paths had been seen, and which entry of the archive it is. */
export interface Place {
  readonly position: Position;
  readonly ordinal: number;
}

export interface CollectedFile {
  readonly record: FileRecord;
  readonly position: Position;
}

export interface FileCollector {
  /** A wanted entry begins; true when its content is to come. */
  begin(path: string, extractors: readonly AnyExtractor[], entry: TarEntry, place: Place): boolean;
  readonly content: (piece: Uint8Array) => void;
  readonly end: () => void;
  /** Whether content is missing that only a second pass gives: of hard links, and ranges that were asked for. */
  needsSecondPass(): boolean;
  /** The same entry in the second pass; true when its content is to come. */
  beginAgain(entry: TarEntry, ordinal: number): boolean;
  /** The files that told something; extracts those that waited for companions. Call once. */
  finish(): readonly CollectedFile[];
  readonly partial: readonly Partial[];
}

/** A wanted file whose content is kept as a whole. */
interface Buffered extends Wanted {
  readonly extractors: readonly Extractor[];
}

type NamedFile = Pick<Wanted, "path" | "position">;

interface PendingRequest extends NamedFile {
  readonly request: RangeRequest;
}

/** What the extractors told of a file, and which of it they told because it is an executable. */
interface Found {
  readonly facts: Facts[];
  readonly ofExecutable: Facts[];
  readonly position: Position;
}

const empty = Buffer.alloc(0);

/** Only the message of what an extractor throws is told; taking its stack is half the time of millions of broken files. */
function withoutStacks<Value>(work: () => Value): Value {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

export function createFileCollector(matcher: Matcher): FileCollector {
  const found = new Map<string, Found>();
  const held = new Map<string, { wanted: Buffered; content: Buffer }>();
  const links = createHardLinks(refuse);
  /** Asked for again, by the number of the entry; and that number by path. */
  const requests = new Map<number, PendingRequest[]>();
  const requested = new Map<string, number>();
  const partial: Partial[] = [];
  const reported = new Set<string>();
  let heldBytes = 0;
  let packages = 0;
  let factText = 0;
  let isSecondPass = false;
  /** The file at hand: who wants it, its content and how much of it is there. */
  let place: Place = { position: { paths: 0, directories: 0 }, ordinal: 0 };
  let current: readonly Buffered[] = [];
  let buffer = empty;
  let filled = 0;
  const streams = createStreamReading(refuse);
  let streamed: ReadonlyMap<StreamedEntry, Position> = new Map();
  let captures: { pending: PendingRequest; capture: RangeCapture }[] = [];
  let passed = 0;

  /** `ofExecutable`: holds under every name of the file. */
  function note({ path, position }: NamedFile, facts: readonly Facts[], ofExecutable = false): void {
    const told = facts.filter(hasFacts);
    if (told.length === 0) return;
    packages += told.reduce((sum, one) => sum + (one.packages?.length ?? 0), 0);
    if (packages > limits.packagesPerImage && found.size > 0) {
      refuseOnce("packagesPerImage", "the layer names more packages than an image may have: some were left out");
      return;
    }
    factText += JSON.stringify(told).length + path.length;
    if (factText > limits.factTextPerLayer) {
      refuseOnce("factTextPerLayer", "the layer's files tell more than can be kept: some were left out");
      return;
    }
    const known = found.get(path) ?? { facts: [], ofExecutable: [], position };
    known.facts.push(...told);
    if (ofExecutable) known.ofExecutable.push(...told);
    found.set(path, known);
  }

  function refuse(path: string, reason: string, detail: string): void {
    if (partial.length < limits.partialPerLayer) partial.push({ reason, path, detail });
    else refuseOnce("partialPerLayer", `only the first ${limits.partialPerLayer} files that were not read are listed`);
  }

  function refuseOnce(reason: string, detail: string): void {
    if (reported.has(reason)) return;
    reported.add(reason);
    partial.push({ reason, detail });
  }

  function start(wanted: readonly Wanted[], entry: TarEntry): boolean {
    if (entry.sparse) {
      for (const { path } of wanted) refuse(path, "sparse-file", "stored with holes, which are not read");
      return false;
    }
    current = wanted.flatMap((one) => affordable(one, entry.size, refuse) ?? []);
    if (current.length > 0) {
      buffer = entry.size === 0 ? empty : Buffer.allocUnsafe(entry.size);
      filled = 0;
    }
    streamed = streamedEntries(wanted, entry);
    streams.begin([...streamed.keys()]);
    // The walker sends no content for an empty file, but does close it.
    return current.length > 0 || streamed.size > 0;
  }

  function extractAll(wanted: Buffered, content: Buffer): void {
    const { path } = wanted;
    const companions = new Map<string, Buffer>();
    const facts: Facts[] = [];
    for (const extractor of wanted.extractors) {
      for (const companionPath of extractor.companions?.(path) ?? []) {
        const companion = held.get(companionPath);
        if (companion !== undefined) companions.set(companionPath, companion.content);
      }
      try {
        const file = { path, content, companions, isLanguageEvidence: matcher.isLanguageEvidence };
        facts.push(withoutStacks(() => extractor.extract(file)));
      } catch (thrown) {
        refuse(path, "unreadable-file", `${extractor.name}: ${messageOf(thrown)}`);
      }
    }
    note(wanted, facts);
  }

  function hold(wanted: Buffered, content: Buffer): void {
    release(wanted.path);
    if (heldBytes + content.length > limits.heldBytes) {
      refuse(wanted.path, "heldBytes", "too many large files that belong together");
      return;
    }
    heldBytes += content.length;
    held.set(wanted.path, { wanted, content });
  }

  function release(path: string): void {
    heldBytes -= held.get(path)?.content.length ?? 0;
    held.delete(path);
  }

  function endStreams(): void {
    for (const { entry, extractor, told } of streams.end()) {
      const file = { path: entry.path, position: streamed.get(entry) ?? place.position };
      if (extractor.wants.executables === "named") links.knows(entry.path);
      if ("ranges" in told) ask({ ...file, request: told });
      else note(file, [told], extractor.wants.executables !== undefined);
    }
    streamed = new Map();
  }

  function ask(pending: PendingRequest): void {
    const bytes = pending.request.ranges.reduce((sum, { length }) => sum + length, 0);
    if (isSecondPass) refuse(pending.path, "second-pass", "a hard link's content was asked for a third time");
    else if (bytes > limits.rangeBytes) refuse(pending.path, "rangeBytes", `${bytes} bytes were asked for again`);
    else {
      requests.set(place.ordinal, [...(requests.get(place.ordinal) ?? []), pending]);
      requested.set(pending.path, place.ordinal);
      links.knows(pending.path);
    }
  }

  function endCaptures(): void {
    for (const { pending, capture } of captures) {
      const contents = capture.contents();
      try {
        if (contents === undefined) refuse(pending.path, "unreadable-file", "bytes beyond the end were asked for");
        else note(pending, [pending.request.extract(contents)], true);
      } catch (thrown) {
        refuse(pending.path, "unreadable-file", messageOf(thrown));
      }
    }
    captures = [];
  }

  function toldOfExecutable(path: string): boolean {
    return (found.get(path)?.ofExecutable.length ?? 0) > 0;
  }

  /** What the layer said before of this path is gone. */
  function forget(path: string): void {
    release(path);
    found.delete(path);
    links.forget(path);
    const ordinal = requested.get(path);
    if (ordinal !== undefined) requests.delete(ordinal);
    requested.delete(path);
  }

  return {
    partial,
    begin(path, extractors, entry, at) {
      forget(path);
      place = at;
      if (entry.kind === "hard-link") {
        links.add({ path, position: at.position, extractors }, entry, toldOfExecutable);
        return false;
      }
      return start([{ path, position: at.position, extractors }], entry);
    },
    content(piece) {
      if (current.length > 0) {
        buffer.set(piece, filled);
        filled += piece.length;
      }
      streams.push(piece);
      for (const { capture } of captures) capture.push(piece, passed);
      passed += piece.length;
    },
    end() {
      for (const wanted of current) {
        if (wanted.extractors.some(({ companions }) => companions !== undefined)) hold(wanted, buffer);
        else extractAll(wanted, buffer);
      }
      buffer = empty;
      current = [];
      endStreams();
      endCaptures();
    },
    needsSecondPass: () => requests.size > 0 || links.waiting(),
    beginAgain(entry, ordinal) {
      isSecondPass = true;
      passed = 0;
      captures = (requests.get(ordinal) ?? []).map((pending) => ({
        pending,
        capture: captureRanges(pending.request.ranges),
      }));
      const wanted = entry.kind === "file" && links.mayBeTarget(entry.name) ? links.take(entry.path()) : [];
      const isWanted = wanted.length > 0 && start(wanted, entry);
      return isWanted || captures.length > 0;
    },
    finish() {
      for (const { wanted, content } of held.values()) extractAll(wanted, content);
      held.clear();
      for (const link of links.finish()) note(link, found.get(link.target)?.ofExecutable ?? []);
      return [...found].map(([path, { facts, position }]) => ({ record: { path, facts }, position }));
    },
  };
}

/** Those of `wanted` that read it whole and take a file of this size; of the others it is told. */
function affordable(
  { path, position, extractors }: Wanted,
  size: number,
  refuse: (path: string, reason: string, detail: string) => void,
): Buffered | undefined {
  const all = extractors.filter((one) => one.mode === "buffer");
  const able = all.filter(({ maxBytes }) => size <= Math.min(maxBytes, limits.fileBytes));
  if (all.some((one) => !able.includes(one) && one.oversize !== "skip")) {
    refuse(path, "fileBytes", `the file has ${size} bytes, more than its extractor reads`);
  }
  return able.length === 0 ? undefined : { path, position, extractors: able };
}

function streamedEntries(wanted: readonly Wanted[], entry: TarEntry): ReadonlyMap<StreamedEntry, Position> {
  const entries = new Map<StreamedEntry, Position>();
  for (const { path, position, extractors } of wanted) {
    const streaming = extractors.filter((one) => one.mode === "stream");
    const { size } = entry;
    if (streaming.length > 0) entries.set({ path, size, mode: entry.mode(), extractors: streaming }, position);
  }
  return entries;
}

function hasFacts(facts: Facts): boolean {
  return Object.values(facts).some((value) => !Array.isArray(value) || value.length > 0);
}
