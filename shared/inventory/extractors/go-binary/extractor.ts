/**
 * Go programs: what the linker wrote into them, found as `debug/buildinfo` of Go finds it, while the file goes by.
 * Executables that were packed are told of here, whatever they contain.
 */

import { type Layout, layoutOf } from "../../executable/layout.ts";
import { isPacked } from "../../executable/packed.ts";
import { clip, type Extents, searchFor } from "../../executable/search.ts";
import type { Facts, FileReader, RangeRequest, StreamExtractor } from "../../extractor.ts";
import { captureRanges, type RangeCapture } from "../../range-capture.ts";
import { alignment, type BlobState, type GoTexts, headerRanges, magic, readBlob, textRanges, textsOf } from "./blob.ts";
import { factsOf } from "./build-info.ts";

export const extractor: StreamExtractor = {
  name: "go-binary",
  version: 2,
  kind: "language",
  wants: { executables: "any" },
  mode: "stream",
  open({ head, size }) {
    const layout = layoutOf(head);
    if (layout === undefined) return undefined;
    if (isPacked(head, layout)) return packed;
    const extents = extentsOf(layout, size);
    return extents.length === 0 ? undefined : readerOf(layout, extents);
  },
};

const packed: FileReader = {
  push: () => {},
  end: () => ({
    partial: [{ reason: "packed-executable", detail: "packed with UPX: what it contains cannot be seen" }],
  }),
};

/** A section of its own where sections are known, else what is writable: that is where the linker puts it. */
function extentsOf({ parts }: Layout, size: number): Extents {
  if (parts === undefined) return [[0, size]];
  const named = parts.filter(({ name }) => name === "__go_buildinfo" || name === ".go.buildinfo");
  const likely = named.length > 0 ? named : parts.filter(({ writable }) => writable);
  return likely.map((part) => [part.offset, Math.min(part.offset + part.size, size)] as const);
}

/** Blocks that look like the one sought; the first that can be read is it. */
const mostCandidates = 8;

function readerOf(layout: Layout, extents: Extents): FileReader {
  const search = searchFor(magic);
  let candidates: Candidate[] = [];
  let texts: GoTexts | undefined;
  let pointers: Extract<BlobState, { kind: "pointers" }> | undefined;
  let headers: RangeCapture | undefined;
  let misplaced = false;
  let seen = 0;

  function settle(candidate: Candidate): void {
    const state = candidate.state();
    if (state.kind === "texts") texts ??= state.texts;
    else if (state.kind === "pointers" && pointers === undefined) {
      const ranges = headerRanges(state, layout.parts ?? []);
      if (ranges === undefined) {
        misplaced = true;
        return;
      }
      pointers = state;
      headers = captureRanges(ranges);
    }
  }

  return {
    push(piece, offset) {
      if (texts !== undefined) return;
      if (seen < mostCandidates && pointers === undefined) {
        clip(extents, piece, offset, (part, at) => {
          search.push(part, at, (hit) => {
            if (hit % alignment !== 0) return true;
            candidates.push(candidateAt(hit));
            return ++seen < mostCandidates;
          });
        });
      }
      for (const candidate of candidates) {
        candidate.push(piece, offset);
        settle(candidate);
      }
      candidates = candidates.filter((one) => one.state().kind === "more");
      headers?.push(piece, offset);
    },
    end(): Facts | RangeRequest {
      if (texts !== undefined) return factsOf(texts);
      if (pointers === undefined) {
        if (candidates.length > 0) return unreadable("its build information is cut off");
        return misplaced ? unreadable(elsewhere) : {};
      }
      return requestTexts(pointers.layout, layout, headers?.contents());
    },
  };
}

interface Candidate {
  push(piece: Buffer, offset: number): void;
  state(): BlobState;
}

/** Gathers a block from where its magic was found. */
function candidateAt(start: number): Candidate {
  let blob = magic;
  let state: BlobState = readBlob(blob);
  return {
    push(piece, offset) {
      while (state.kind === "more") {
        const at = start + blob.length - offset;
        const taken = piece.subarray(at, at + state.needed - blob.length);
        if (taken.length === 0) return;
        blob = Buffer.concat([blob, taken]);
        state = readBlob(blob);
      }
    },
    state: () => state,
  };
}

/** Of position-independent programs the pointers are only filled in when they are loaded. */
const elsewhere =
  "its build information is not where it says (built before Go 1.18, perhaps to run at any address): rebuild it";

/** Before Go 1.18 the texts stand among the constants, which have gone by when their place is known. */
function requestTexts(pointer: Layout, layout: Layout, headers: readonly Buffer[] | undefined): Facts | RangeRequest {
  const ranges = headers && textRanges(headers, pointer, layout.parts ?? []);
  if (ranges === undefined) return unreadable("its build information is not where the linker says");
  return {
    ranges,
    extract([version = magic, modules = magic]) {
      const state = textsOf(version, modules);
      return state.kind === "texts" ? factsOf(state.texts) : unreadable("its build information is no text");
    },
  };
}

function unreadable(detail: string): Facts {
  return { partial: [{ reason: "broken-record", detail: `a Go program: ${detail}` }] };
}
