/** What a person at a terminal sees: colour and progress there, plain text everywhere else. */
import { stripVTControlCharacters, styleText } from "node:util";
import type { Severity } from "../shared/findings/types.ts";
import type { Progress } from "../shared/platform/ports.ts";

type Style = Parameters<typeof styleText>[0];

/** Colours text for standard output; plain when that is no terminal, or `NO_COLOR` is set. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout, validateStream: true });
}

const severityStyles: Readonly<Record<Severity, Style>> = {
  critical: ["bold", "red"],
  high: "red",
  medium: "yellow",
  low: "cyan",
  negligible: "gray",
  unknown: "gray",
};

export function paintSeverity(severity: Severity, text: string = severity): string {
  return paint(severityStyles[severity], text);
}

/** Text from outside, safe to print: no control characters, one line. */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, " ");
}

/** The same for text of several lines. */
export function cleanLines(text: string): string {
  return text.split("\n").map(clean).join("\n");
}

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly paint?: (row: Row, text: string) => string;
  /** At most so many characters; longer values are cut. */
  readonly width?: number;
}

/** A table with aligned columns; the last column is not padded. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => cut(clean(column.value(row)), column.width ?? 60)));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const pad = (text: string, index: number) => (index === columns.length - 1 ? text : text.padEnd(widths[index] ?? 0));
  const head = columns.map((column, index) => paint("bold", pad(column.title, index))).join("  ");
  const body = rows.map((row, line) =>
    columns
      .map((column, index) => {
        const text = pad(cells[line]?.[index] ?? "", index);
        return column.paint === undefined ? text : column.paint(row, text);
      })
      .join("  "),
  );
  return [head, ...body].join("\n");
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** Progress on standard error: one line that is rewritten, only on a terminal. */
export function terminalProgress(): Progress & { end(): void } {
  const stream = process.stderr;
  let last = 0;
  let shown = false;
  return {
    report(task, done, total) {
      if (!stream.isTTY) return;
      const now = Date.now();
      if (now - last < 100) return;
      last = now;
      shown = true;
      stream.write(`\r\u001b[K${progressLine(clean(task), done, total, stream.columns ?? 80)}`);
    },
    end() {
      if (shown) stream.write("\r\u001b[K");
      shown = false;
    },
  };
}

function progressLine(task: string, done: number, total: number | undefined, columns: number): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  if (total === undefined || total === 0) return cut(`${task}  ${megabytes(done)}`, columns - 1);
  const share = Math.min(1, done / total);
  const filled = Math.round(share * 24);
  const bar = `${"█".repeat(filled)}${"░".repeat(24 - filled)}`;
  return cut(
    `${bar} ${String(Math.round(share * 100)).padStart(3)}%  ${megabytes(done)} of ${megabytes(total)}  ${task}`,
    columns - 1,
  );
}
