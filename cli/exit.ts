import { CommanderError } from "commander";
import { messageOf, PermanentError, TransientError } from "../shared/platform/errors.ts";
import { cleanLines } from "./terminal.ts";

/** What the exit code says to a pipeline. */
export const exitCodes = {
  done: 0,
  /** `--fail-on` was reached. */
  failOn: 1,
  /** Bad usage or input: the same call will fail again. */
  usage: 2,
  /** The work could not be completed: the answer is not known. */
  incomplete: 3,
} as const;

/** A mistake in how the command was called. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const inputCodes: ReadonlySet<string> = new Set([
  "bad-reference",
  "bad-settings",
  "bad-cursor",
  "bad-request",
  "finding-unknown",
  "finding-resolved",
  "queue-unknown",
  "acceptance-in-the-past",
  "not-found",
  "no-such-platform",
  "image-gone",
  "not-an-image",
  "advisories-none-found",
  "vex-malformed",
  "vex-missing",
  "vex-too-large",
  "version-scheme-unknown",
  "version-unparsable",
  "delivery-missing",
  "delivery-not-resendable",
]);

/** Prints what went wrong (and what to do) and gives the exit code. Messages may repeat what an image or server says. */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof UsageError) {
    console.error(`portwarden: ${cleanLines(error.message)}`);
    return exitCodes.usage;
  }
  if (error instanceof PermanentError || error instanceof TransientError) {
    console.error(`portwarden: ${cleanLines(error.message)} (${error.code})`);
    return inputCodes.has(error.code) ? exitCodes.usage : exitCodes.incomplete;
  }
  console.error(`portwarden: ${cleanLines(messageOf(error))}`);
  return exitCodes.incomplete;
}
