/** Leads one file at a time past the streaming extractors that want it, in memory that does not grow with the file. */
import { messageOf } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import { formatOf } from "./executable/layout.ts";
import type { Facts, FileReader, RangeRequest, StreamExtractor } from "./extractor.ts";

export interface StreamedEntry {
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  readonly extractors: readonly StreamExtractor[];
}

/** What one extractor, which looked inside, says of one name of the file. */
export interface StreamResult {
  readonly entry: StreamedEntry;
  readonly extractor: StreamExtractor;
  readonly told: Facts | RangeRequest;
}

export interface StreamReading {
  /** The next file; `entries` has more than one when one content has several names. */
  begin(entries: readonly StreamedEntry[]): void;
  push(piece: Uint8Array): void;
  end(): readonly StreamResult[];
}

interface Reader {
  readonly extractor: StreamExtractor;
  readonly reader: FileReader;
}

/** `refuse`: told of what an extractor threw. */
export function createStreamReading(refuse: (path: string, reason: string, detail: string) => void): StreamReading {
  let entries: readonly StreamedEntry[] = [];
  let readers: { entry: StreamedEntry; opened: Reader[] }[] = [];
  /** The first bytes, as long as there are too few to decide. */
  let head = Buffer.alloc(0);
  let headFilled = 0;
  let opened = true;
  let offset = 0;

  function guarded<Value>(entry: StreamedEntry, name: string, task: () => Value): Value | undefined {
    try {
      return task();
    } catch (thrown) {
      refuse(entry.path, "unreadable-file", `${name}: ${messageOf(thrown)}`);
      return undefined;
    }
  }

  function open(start: Buffer): void {
    opened = true;
    const isExecutable = formatOf(start) !== undefined;
    readers = [];
    for (const entry of entries) {
      const { path, size, mode } = entry;
      const found: Reader[] = [];
      for (const extractor of entry.extractors) {
        if (extractor.wants.executables !== undefined && !isExecutable) continue;
        const reader = guarded(entry, extractor.name, () => extractor.open({ path, size, mode, head: start }));
        if (reader !== undefined) found.push({ extractor, reader });
      }
      if (found.length > 0) readers.push({ entry, opened: found });
    }
  }

  function pass(piece: Buffer): void {
    for (const file of readers) {
      const broken = file.opened.filter(({ extractor, reader }) => {
        const passed = guarded(file.entry, extractor.name, () => {
          reader.push(piece, offset);
          return true;
        });
        return passed === undefined;
      });
      if (broken.length > 0) file.opened = file.opened.filter((one) => !broken.includes(one));
    }
    offset += piece.length;
  }

  function start(piece: Buffer): void {
    const size = entries[0]?.size ?? 0;
    const needed = Math.min(size, limits.streamHeadBytes);
    if (head.length === 0 && piece.length >= needed) {
      open(piece.subarray(0, needed));
      pass(piece);
      return;
    }
    if (head.length === 0) head = Buffer.allocUnsafe(needed);
    const taken = Math.min(piece.length, needed - headFilled);
    head.set(piece.subarray(0, taken), headFilled);
    headFilled += taken;
    if (headFilled < needed) return;
    open(head);
    pass(head);
    if (taken < piece.length) pass(piece.subarray(taken));
  }

  return {
    begin(next) {
      entries = next;
      readers = [];
      opened = next.length === 0;
      offset = 0;
      head = Buffer.alloc(0);
      headFilled = 0;
    },
    push(piece) {
      if (opened && readers.length === 0) return;
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      if (opened) pass(bytes);
      else start(bytes);
    },
    end() {
      // Only a file without content was not opened yet.
      if (!opened) open(head);
      const results = readers.flatMap(({ entry, opened: list }) =>
        list.flatMap(({ extractor, reader }) => {
          const told = guarded(entry, extractor.name, () => reader.end());
          return told === undefined ? [] : [{ entry, extractor, told }];
        }),
      );
      entries = [];
      readers = [];
      opened = true;
      return results;
    },
  };
}
