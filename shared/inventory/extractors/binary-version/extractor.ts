/**
 * Software that no package manager installed: interpreters, servers and tools, by the version that their executables
 * state (`rules.ts`). Those that a package manager did install are marked as its own, like all language evidence.
 */
import { type Layout, layoutOf } from "../../executable/layout.ts";
import { clip, type Extents } from "../../executable/search.ts";
import { searchWindows } from "../../executable/window-search.ts";
import type { Facts, FileReader, PackageFacts, StreamExtractor } from "../../extractor.ts";
import { rules, type VersionPattern } from "./rules.ts";

/** Bytes shown of what follows a needle: more than any version is long. */
const bytesAfter = 96;
const bytesBefore = 64;
/** Occurrences of a needle that are looked at, so that a file of nothing else costs little. */
const mostWindows = 2000;

export const extractor: StreamExtractor = {
  name: "binary-version",
  version: 1,
  kind: "language",
  wants: { executables: "named", accept: isNamed },
  mode: "stream",
  open({ path, size, head }) {
    const layout = layoutOf(head);
    const patterns = patternsFor(path);
    return layout === undefined || patterns.length === 0 ? undefined : readerOf(patterns, extentsOf(layout, size));
  },
};

const anyName = new RegExp(rules.map(({ names }) => names.source).join("|"));

function isNamed(path: string): boolean {
  return anyName.test(nameOf(path));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function patternsFor(path: string): readonly VersionPattern[] {
  for (const { names, patterns } of rules) {
    const match = names.exec(nameOf(path));
    if (match !== null) return typeof patterns === "function" ? patterns(match) : patterns;
  }
  return [];
}

/** Texts stand in what is loaded to be read; among the code only where everything that is read stands with it. */
function extentsOf({ parts }: Layout, size: number): Extents {
  if (parts === undefined) return [[0, size]];
  const hasTextsApart = parts.some(({ executable, writable }) => executable === false && !writable);
  const searched = hasTextsApart ? parts.filter(({ executable }) => executable === false) : parts;
  return searched.map((part) => [part.offset, Math.min(part.offset + part.size, size)] as const);
}

function readerOf(patterns: readonly VersionPattern[], extents: Extents): FileReader {
  let found: PackageFacts | undefined;
  let windows = 0;
  const searches = patterns.map((pattern) => {
    const needle = Buffer.from(pattern.needle, "latin1");
    const search = searchWindows(needle, pattern.before ?? bytesBefore, bytesAfter);
    return { search, onWindow: (window: string) => look(pattern, window) };
  });

  /** Whether to look on. */
  function look(pattern: VersionPattern, window: string): boolean {
    const version = pattern.version.exec(window)?.[1];
    if (version !== undefined) found ??= packageOf(pattern, version);
    return found === undefined && ++windows < mostWindows;
  }

  const isOver = (): boolean => found !== undefined || windows >= mostWindows;
  return {
    push(piece, offset) {
      if (isOver()) return;
      clip(extents, piece, offset, (part, at) => {
        for (const { search, onWindow } of searches) if (!isOver()) search.push(part, at, onWindow);
      });
    },
    end(): Facts {
      for (const { search, onWindow } of searches) if (!isOver()) search.end(onWindow);
      if (found !== undefined) return { packages: [found] };
      const detail = `no version among the first ${mostWindows} places where it could stand`;
      return windows >= mostWindows ? { partial: [{ reason: "version-not-found", detail }] } : {};
    },
  };
}

function packageOf({ product, cpe }: VersionPattern, version: string): PackageFacts {
  const base = { type: "generic", name: product, version, evidence: "binary" } as const;
  return cpe === undefined ? base : { ...base, cpe: cpeOf(cpe, version) };
}

/** CPE 2.3 as a formatted string: what is no letter, digit or underscore is escaped, but dots and hyphens need not be. */
function cpeOf(vendorAndProduct: string, version: string): string {
  return `cpe:2.3:a:${vendorAndProduct}:${version.replace(/[^\w.-]/g, "\\$&")}:*:*:*:*:*:*:*`;
}
