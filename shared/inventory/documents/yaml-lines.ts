/** The lines of a YAML stream that say something, one at a time, with their indentation. */
import { brokenDocument, createValueCounter } from "./value.ts";

export interface Line {
  readonly indent: number;
  /** Without indentation and blanks at the end. */
  readonly text: string;
}

export interface Lines {
  /** Goes to the first line of the next document; false when there is none. */
  startDocument(): boolean;
  /** Undefined at the end of the document. */
  current(): Line | undefined;
  next(): void;
  /** In place of the current line: what of it is still to be read. */
  replace(indent: number, text: string): void;
  /** The lines of a block scalar, which are deeper than `indent`; they may say anything. */
  takeBlock(indent: number, separator: string): string;
  /** For each value that is made of them. */
  readonly countValue: () => void;
  broken(detail: string): Error;
}

export function createLines(text: string): Lines {
  let position = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let number = 0;
  let line: Line | undefined;
  /** What ended the last document, or stands before the first. */
  let marker: "start" | "end" | undefined = "end";

  /** The next physical line, without its end. */
  function raw(): string | undefined {
    if (position >= text.length) return undefined;
    const newline = text.indexOf("\n", position);
    const end = newline < 0 ? text.length : newline;
    const found = text.slice(position, end);
    position = end + 1;
    number++;
    return found.trimEnd();
  }

  function next(): void {
    line = undefined;
    for (let found = raw(); found !== undefined; found = raw()) {
      const indent = indentOf(found);
      const content = found.slice(indent);
      if (content === "" || content.startsWith("#")) continue;
      if (indent === 0 && isMarker(found, "---")) {
        marker = "start";
        if (found.length > 3 && !/^---\s+#/.test(found)) throw broken("content beside the start of a document");
        return;
      }
      if (indent === 0 && isMarker(found, "...")) {
        marker = "end";
        return;
      }
      line = { indent, text: content };
      return;
    }
    marker = undefined;
  }

  function broken(detail: string): Error {
    return brokenDocument(detail, number);
  }

  return {
    startDocument() {
      if (marker === "end") {
        do next();
        while (line?.indent === 0 && line.text.startsWith("%"));
        if (line !== undefined) return true;
      }
      if (marker !== "start") return false;
      next();
      return true;
    },
    current: () => line,
    next,
    replace(indent, content) {
      line = { indent, text: content };
    },
    takeBlock(indent, separator) {
      const parts: string[] = [];
      // The current line was read ahead.
      if (line !== undefined && line.indent <= indent) return "";
      if (line !== undefined) parts.push(line.text);
      for (let before = position; line !== undefined; before = position) {
        const found = raw();
        if (found === undefined) break;
        if (found !== "" && indentOf(found) <= indent) {
          position = before;
          number--;
          break;
        }
        parts.push(found.trimStart());
      }
      if (line !== undefined) next();
      return parts.join(separator).trimEnd();
    },
    countValue: createValueCounter(),
    broken,
  };
}

function indentOf(line: string): number {
  let indent = 0;
  while (line.charCodeAt(indent) === 0x20) indent++;
  return indent;
}

function isMarker(line: string, marker: string): boolean {
  return line.startsWith(marker) && (line.length === 3 || line[3] === " " || line[3] === "\t");
}
