/**
 * Finds the section `.dep-v0` in an executable that goes by. PE and Mach-O name their sections at the start. ELF keeps
 * names and table at the end, and the section itself among those that are not loaded, mostly close to the end too:
 * the end is kept, and whatever lies before it is asked for again.
 */
import { type Layout, numbersIn, type SectionTable } from "../../executable/layout.ts";
import { clip, searchFor } from "../../executable/search.ts";
import type { Range } from "../../extractor.ts";
import { captureRanges } from "../../range-capture.ts";

const sectionName = ".dep-v0";
/** Stripped programs have a few kB behind what is loaded; symbols of large ones have more than this. */
const keptEnd = 512 * 1024;
/** Bytes of a table of sections: 64 per section, of which programs have a few dozen. */
const largestTable = 256 * 1024;
const mostHits = 16;

export interface SectionSearch {
  readonly push: (piece: Buffer, offset: number) => void;
  /** Where the section is, and its content when it was kept; undefined when there is none. */
  end(): { readonly range: Range; readonly content: Buffer | undefined } | undefined;
}

export function findSection(layout: Layout, size: number): SectionSearch | undefined {
  if (layout.sections !== undefined) return inElf(layout, layout.sections, size);
  const part = layout.parts?.find(({ name }) => name === sectionName);
  if (part === undefined) return undefined;
  const range = { offset: part.offset, length: part.size };
  const capture = captureRanges([range]);
  return { push: capture.push, end: () => ({ range, content: capture.contents()?.[0] }) };
}

function inElf(layout: Layout, table: SectionTable, size: number): SectionSearch | undefined {
  const tableBytes = table.count * table.entrySize;
  if (table.count === 0 || tableBytes > largestTable || table.offset + tableBytes > size) return undefined;
  const loadedEnd = Math.max(0, ...(layout.parts ?? []).map(({ offset, size: length }) => offset + length));
  // Section names cannot stand in what is loaded, unless the file says nothing of what is.
  const extents = [[Math.min(loadedEnd, size), size]] as const;
  const search = searchFor(Buffer.from(`${sectionName}\0`));
  const hits: number[] = [];
  const entries = captureRanges([{ offset: table.offset, length: tableBytes }]);
  const tail = { offset: Math.max(loadedEnd, size - keptEnd), length: Math.min(size - loadedEnd, keptEnd) };
  const end = captureRanges([tail]);
  return {
    push(piece, offset) {
      entries.push(piece, offset);
      if (offset + piece.length <= loadedEnd) return;
      end.push(piece, offset);
      clip(extents, piece, offset, (part, at) => {
        search.push(part, at, (hit) => {
          hits.push(hit);
          return hits.length < mostHits;
        });
      });
    },
    end() {
      const sections = entries.contents()?.[0];
      const range = sections && sectionAt(sections, table, layout, hits);
      if (range === undefined) return undefined;
      const from = range.offset - tail.offset;
      const isKept = from >= 0 && from + range.length <= tail.length;
      return { range, content: isKept ? end.contents()?.[0]?.subarray(from, from + range.length) : undefined };
    },
  };
}

/** The section whose name stands at one of these offsets. */
function sectionAt(sections: Buffer, table: SectionTable, layout: Layout, hits: readonly number[]): Range | undefined {
  const is64 = layout.pointerSize === 8;
  if (table.entrySize < (is64 ? 64 : 40)) return undefined;
  const { word, pointer } = numbersIn(sections, layout);
  const at = (index: number): number => index * table.entrySize;
  const offset = (index: number): number => pointer(at(index) + (is64 ? 24 : 16));
  const length = (index: number): number => pointer(at(index) + (is64 ? 32 : 20));
  if (table.names >= table.count) return undefined;
  const names = offset(table.names);
  for (let index = 0; index < table.count; index++) {
    if (hits.includes(names + word(at(index)))) return { offset: offset(index), length: length(index) };
  }
  return undefined;
}
