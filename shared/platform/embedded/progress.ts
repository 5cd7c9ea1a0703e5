/** The `Progress` port on a terminal. Where there is none, pass `{ report: callback }` as the port, or `noProgress`. */
import type { Progress } from "../ports.ts";
import type { LineStream } from "./log.ts";
import { terminalText } from "./terminal-text.ts";

export const noProgress: Progress = { report() {} };

const betweenMilliseconds = 100;
const barWidth = 24;

/** One line that is drawn over itself, at most ten times a second; it vanishes when `done` reaches `total`. */
export function terminalProgress(stream: LineStream): Progress {
  if (stream.isTTY !== true) return noProgress;
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    report(task, done, total) {
      const ended = total !== undefined && done >= total;
      const now = performance.now();
      if (!ended && now - drawnAt < betweenMilliseconds) return;
      drawnAt = ended ? Number.NEGATIVE_INFINITY : now;
      stream.write(ended ? "\r\u001b[K" : `\r\u001b[K${terminalText(task, 60)} ${amount(done, total)}`);
    },
  };
}

function amount(done: number, total: number | undefined): string {
  if (total === undefined) return megabytes(done);
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  const filled = Math.round(share * barWidth);
  const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
  return `${bar} ${Math.floor(share * 100)} % of ${megabytes(total)}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
