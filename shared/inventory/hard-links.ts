/** The wanted hard links of a layer: their content stands at their target, which may have gone by. */
import { limits } from "../platform/limits.ts";
import type { AnyExtractor } from "./extractor.ts";
import type { Position } from "./survivors.ts";
import { type EntryName, hashOf } from "./tar/name.ts";
import type { TarEntry } from "./tar/walker.ts";

/** A file, or one of the names that links give it, and who wants it under this name. */
export interface Wanted {
  readonly path: string;
  readonly position: Position;
  readonly extractors: readonly AnyExtractor[];
}

export interface LinkTo {
  readonly path: string;
  readonly position: Position;
  readonly target: string;
}

export interface HardLinks {
  /** `isTold`: whether an executable at this path was read and told something. */
  add(wanted: Wanted, entry: TarEntry, isTold: (target: string) => boolean): void;
  /** That a file was read by those who want it under any of its names: links to it need not be read again. */
  knows(target: string): void;
  forget(path: string): void;
  waiting(): boolean;
  /** Whether a name may be a target; cheap. */
  mayBeTarget(name: EntryName): boolean;
  /** The waiting links to a target, once. */
  take(target: string): readonly Wanted[];
  /** Links to what was read under its own name; those that still wait are told of. */
  finish(): readonly LinkTo[];
}

export function createHardLinks(refuse: (path: string, reason: string, detail: string) => void): HardLinks {
  const byTarget = new Map<string, string[]>();
  const targetHashes = new Set<number>();
  /** Links whose content is still to come. */
  const pending = new Map<string, Wanted>();
  const copies = new Map<string, LinkTo>();
  const known = new Set<string>();
  let isFull = false;
  /** Ever added, and their text: what is replaced by a later entry leaves its traces. */
  let added = 0;
  let text = 0;
  return {
    add(wanted, entry, isTold) {
      const { path, position, extractors } = wanted;
      const target = entry.target();
      if (target === undefined) {
        refuse(path, "outside-root", "a hard link to outside of the root");
        return;
      }
      added++;
      text += path.length + target.length;
      if (added > limits.linksPerLayer || text > limits.linkTextPerLayer) {
        if (!isFull)
          refuse(path, "linksPerLayer", "too many hard links, or too much text in them: the rest was left out");
        isFull = true;
        return;
      }
      if (known.has(target) || isTold(target)) copies.set(path, { path, position, target });
      const missing = extractors.filter(({ wants: { executables } }) => {
        return executables === undefined || (executables === "named" && !known.has(target));
      });
      if (missing.length === 0) return;
      const names = byTarget.get(target);
      if (names === undefined) byTarget.set(target, [path]);
      else names.push(path);
      targetHashes.add(hashOf(target));
      pending.set(path, { path, position, extractors: missing });
    },
    knows(target) {
      if (known.size >= limits.linksPerLayer || text > limits.linkTextPerLayer) return;
      text += target.length;
      known.add(target);
    },
    forget(path) {
      pending.delete(path);
      copies.delete(path);
      known.delete(path);
    },
    waiting: () => pending.size > 0,
    mayBeTarget: (name) => targetHashes.has(name.high),
    take(target) {
      const waiting = (byTarget.get(target) ?? []).flatMap((path) => pending.get(path) ?? []);
      for (const { path } of waiting) pending.delete(path);
      return waiting;
    },
    finish() {
      for (const path of pending.keys()) refuse(path, "hard-link", "its target is no file of the same layer");
      return [...copies.values()];
    },
  };
}
