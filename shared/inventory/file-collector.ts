/** Gathers the content of wanted files out of a layer's stream and hands it to their extractors. */
import { messageOf } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Extractor, Facts } from "./extractor.ts";
import type { FileRecord } from "./record.ts";
import { type EntryName, hashOf } from "./tar/name.ts";
import type { TarEntry } from "./tar/walker.ts";
import type { Partial } from "./types.ts";
import type { Matcher } from "./wanted.ts";

export interface FileCollector {
  /** A wanted entry begins; true when its content is to come. */
  begin(path: string, extractors: readonly Extractor[], entry: TarEntry): boolean;
  readonly content: (piece: Uint8Array) => void;
  readonly end: () => void;
  /** Wanted hard links, by the path of their target: their content is read in a second pass. */
  readonly hardLinks: ReadonlyMap<string, readonly string[]>;
  /** Whether a name may be such a target; cheap. */
  mayBeTarget(name: EntryName): boolean;
  beginTarget(path: string, entry: TarEntry): boolean;
  /** The files that told something; extracts those that waited for companions. Call once. */
  finish(): readonly FileRecord[];
  readonly partial: readonly Partial[];
}

interface Wanted {
  readonly path: string;
  readonly extractors: readonly Extractor[];
}

export function createFileCollector(matcher: Matcher): FileCollector {
  const records = new Map<string, FileRecord>();
  const held = new Map<string, { wanted: Wanted; content: Buffer }>();
  const hardLinks = new Map<string, string[]>();
  const targetHashes = new Set<number>();
  /** Wanted hard links whose content is still to come. */
  const pendingLinks = new Map<string, readonly Extractor[]>();
  const partial: Partial[] = [];
  let heldBytes = 0;
  /** The file at hand: who wants it, its content and how much of it is there. */
  let current: readonly Wanted[] = [];
  let buffer = Buffer.alloc(0);
  let filled = 0;

  function note(path: string, facts: readonly Facts[]): void {
    // Deleted first: a repeated path moves to its last place.
    records.delete(path);
    records.set(path, { path, facts });
  }

  function refuse(path: string, reason: string, detail: string): void {
    partial.push({ reason, path, detail });
  }

  /** Those of `wanted` whose extractors take a file of this size; the others are told of. */
  function affordable(wanted: Wanted, entry: TarEntry): Wanted | undefined {
    if (entry.sparse) {
      refuse(wanted.path, "sparse-file", "stored with holes, which are not read");
      return undefined;
    }
    const extractors = wanted.extractors.filter(({ maxBytes }) => entry.size <= Math.min(maxBytes, limits.fileBytes));
    if (wanted.extractors.some((one) => !extractors.includes(one) && one.oversize !== "skip")) {
      refuse(wanted.path, "fileBytes", `the file has ${entry.size} bytes, more than its extractor reads`);
    }
    return extractors.length === 0 ? undefined : { path: wanted.path, extractors };
  }

  function start(wanted: readonly Wanted[], entry: TarEntry): boolean {
    current = wanted.flatMap((one) => affordable(one, entry) ?? []);
    if (current.length === 0) return false;
    buffer = Buffer.allocUnsafe(entry.size);
    filled = 0;
    // The walker sends no content for an empty file, but does close it.
    return true;
  }

  function extractAll(wanted: Wanted, content: Buffer): void {
    const companions = new Map<string, Buffer>();
    const facts: Facts[] = [];
    for (const extractor of wanted.extractors) {
      for (const path of extractor.companions?.(wanted.path) ?? []) {
        const companion = held.get(path);
        if (companion !== undefined) companions.set(path, companion.content);
      }
      try {
        const { path } = wanted;
        const found = extractor.extract({ path, content, companions, isLanguageEvidence: matcher.isLanguageEvidence });
        if (hasFacts(found)) facts.push(found);
      } catch (thrown) {
        refuse(wanted.path, "unreadable-file", `${extractor.name}: ${messageOf(thrown)}`);
      }
    }
    note(wanted.path, facts);
  }

  function hold(wanted: Wanted, content: Buffer): void {
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

  return {
    hardLinks,
    partial,
    begin(path, extractors, entry) {
      release(path);
      pendingLinks.delete(path);
      note(path, []);
      if (entry.kind === "hard-link") {
        const target = entry.target();
        if (target === undefined) refuse(path, "outside-root", "a hard link to outside of the root");
        else {
          hardLinks.set(target, [...(hardLinks.get(target) ?? []), path]);
          targetHashes.add(hashOf(target));
          pendingLinks.set(path, extractors);
        }
        return false;
      }
      return start([{ path, extractors }], entry);
    },
    content(piece) {
      buffer.set(piece, filled);
      filled += piece.length;
    },
    end() {
      for (const wanted of current) {
        if (wanted.extractors.some(({ companions }) => companions !== undefined)) hold(wanted, buffer);
        else extractAll(wanted, buffer);
      }
      buffer = Buffer.alloc(0);
      current = [];
    },
    mayBeTarget: (name) => targetHashes.has(name.high),
    beginTarget(path, entry) {
      const waiting = (hardLinks.get(path) ?? []).filter((link) => pendingLinks.has(link));
      if (waiting.length === 0 || entry.kind === "hard-link") return false;
      const wanted = waiting.map((link) => ({ path: link, extractors: pendingLinks.get(link) ?? [] }));
      for (const link of waiting) pendingLinks.delete(link);
      return start(wanted, entry);
    },
    finish() {
      for (const { wanted, content } of held.values()) extractAll(wanted, content);
      held.clear();
      for (const path of pendingLinks.keys()) refuse(path, "hard-link", "its target is no file of the same layer");
      return [...records.values()].filter(({ facts }) => facts.length > 0);
    },
  };
}

function hasFacts(facts: Facts): boolean {
  return Object.values(facts).some((value) => !Array.isArray(value) || value.length > 0);
}
