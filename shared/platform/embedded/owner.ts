import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PermanentError } from "../errors.ts";

export interface Ownership {
  release(): void;
}

/**
 * Makes this process the one that consumes the queues of a data directory, until it ends in whatever way: an exclusive
 * lock on a file of its own, which the operating system drops with the process, so that no stale mark can be left.
 * Throws `PermanentError("data-directory-in-use")`.
 */
export function claimDirectory(directory: string): Ownership {
  const path = join(directory, "owner.lock");
  closeSync(openSync(path, "a", 0o600));
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (thrown) {
    lock.close();
    throw new PermanentError("data-directory-in-use", `another Portwarden is running on ${directory}`, {
      cause: thrown,
    });
  }
  return {
    release() {
      if (lock.isOpen) lock.close();
    },
  };
}
