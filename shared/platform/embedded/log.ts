/** The `Log` port for people: one readable line per step. */
import type { Clock, Log, LogFields } from "../ports.ts";
import { systemClock } from "./clock.ts";
import { terminalText } from "./terminal-text.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LineStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface ConsoleLogOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default: standard error. */
  readonly stream?: LineStream;
  /** Default: when the stream is a terminal. */
  readonly colours?: boolean;
  readonly clock?: Clock;
}

export interface ConsoleLog extends Log {
  /** The same log, its lines marked with a door's name. */
  named(name: string): Log;
}

const marks: Readonly<Record<LogLevel, { readonly word: string; readonly colour: string }>> = {
  debug: { word: "debug: ", colour: "2" },
  info: { word: "", colour: "" },
  warn: { word: "warning: ", colour: "33" },
  error: { word: "error: ", colour: "31" },
};
const nameWidth = 18;

/** Lines like `12:03:04 scan-image         scanned packages=120 ms=812`, in local time. */
export function consoleLog(options: ConsoleLogOptions = {}): ConsoleLog {
  const { level = "info", stream = process.stderr, clock = systemClock } = options;
  const colours = options.colours ?? stream.isTTY === true;
  const paint = (colour: string, text: string) =>
    colours && colour !== "" ? `\u001b[${colour}m${text}\u001b[0m` : text;
  // A progress line may stand where this one goes.
  const start = stream.isTTY === true ? "\r\u001b[K" : "";

  function line(at: LogLevel, name: string, message: string, fields: LogFields): void {
    if (logLevels.indexOf(at) < logLevels.indexOf(level)) return;
    const time = new Date(clock.now()).toTimeString().slice(0, 8);
    const { word, colour } = marks[at];
    const who = name === "" ? "" : ` ${terminalText(name).padEnd(nameWidth)}`;
    const text = paint(colour, `${word}${terminalText(message)}`);
    stream.write(`${start}${paint("2", time)}${who} ${text}${paint("2", fieldsText(fields))}\n`);
  }

  const named = (name: string): Log => ({
    debug: (message, fields = {}) => line("debug", name, message, fields),
    info: (message, fields = {}) => line("info", name, message, fields),
    warn: (message, fields = {}) => line("warn", name, message, fields),
    error: (message, fields = {}) => line("error", name, message, fields),
  });
  return { ...named(""), named };
}

function fieldsText(fields: LogFields): string {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return present.map(([name, value]) => ` ${name}=${valueText(value)}`).join("");
}

/** Bare when it reads as one word, else in quotes. */
function valueText(value: LogFields[string]): string {
  if (typeof value !== "string") return String(value);
  const text = terminalText(value.replace(/["\\]/g, "\\$&"));
  return text === value && /^[^\s=]+$/.test(text) ? text : `"${text}"`;
}
