import { writeFileSync } from "node:fs";
import { messageOf } from "../shared/platform/errors.ts";
import { UsageError } from "./exit.ts";

/** Writes a document to a file, or to standard output without one. Throws `UsageError` when the file cannot be written. */
export function writeOutput(text: string, file: string | undefined): void {
  if (file === undefined) {
    process.stdout.write(`${text}\n`);
    return;
  }
  try {
    writeFileSync(file, `${text}\n`);
  } catch (cause) {
    throw new UsageError(`cannot write ${file}: ${messageOf(cause)}`);
  }
}
