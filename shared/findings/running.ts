import { TransientError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { type Change, commitChanges, findingsOfResource } from "./store.ts";
import type { Cause, Resource } from "./types.ts";

const attempts = 5;

/** Notes on every finding of a resource where the resource runs now, so that lists and messages put it first. */
export async function setRunning(
  platform: Pick<Platform, "table" | "clock">,
  resource: Resource,
  running: readonly string[],
  cause: Cause,
): Promise<void> {
  const wanted = [...running].sort().slice(0, 50);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const changes: Change[] = [];
    for (const before of await findingsOfResource(platform.table, resource)) {
      const same = before.finding.running.join("\n") === wanted.join("\n");
      if (!same) changes.push({ before, after: { ...before.finding, running: wanted } });
    }
    if (await commitChanges(platform, changes, cause)) return;
  }
  throw new TransientError("finding-conflict", `findings of ${resource.id} are being written by others`);
}
