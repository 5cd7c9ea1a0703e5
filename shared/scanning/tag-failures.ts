/** A request for a tag that led nowhere leaves a finding on the tag; it is closed once the tag leads somewhere. */
import { findingsOfResource } from "../findings/store.ts";
import { imageResource, repositoryName } from "../images/keys.ts";
import { removeImage } from "../images/store.ts";
import { PermanentError } from "../platform/errors.ts";
import { type Run, settle, type Totals, tagTarget } from "./run.ts";
import { openSource } from "./source.ts";

/** A push names its tags, but an event is a hint: where a tag has such a finding, the registry is asked. */
export async function closeTagFailures(run: Run, totals: Totals): Promise<void> {
  const { platform, request } = run;
  for (const tag of request.tags) {
    const target = tagTarget(request, tag);
    const stored = await findingsOfResource(platform.table, imageResource(target));
    // Also what this scan closed itself, before it was interrupted: its report tells of it.
    const mine = stored.some(({ finding }) => finding.state !== "resolved" || finding.last.cause.id === run.cause.id);
    if (!mine || (request.digest !== undefined && !(await leadsSomewhere(run, tag)))) continue;
    await settle(run, target, [], [], totals);
    await removeImage(platform.table, target);
  }
}

async function leadsSomewhere({ platform, request }: Run, tag: string): Promise<boolean> {
  try {
    const source = await openSource(platform, `${repositoryName(request)}:${tag}`);
    try {
      await source.resolve("all");
    } finally {
      await source.close();
    }
    return true;
  } catch (error) {
    if (error instanceof PermanentError) return false;
    throw error;
  }
}
