/** The documents of changes of long ago: their records in the table expire by themselves, these are removed. */
import { PermanentError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { blobsOfChange, changeSchema, keysOfChange, readDocument, rematchPrefix, retentionSeconds } from "./change.ts";

/** Removes what belongs to changes whose records expired. Called with each new change: there are a few a day. */
export async function removeOldChanges({
  table,
  blobs,
  clock,
}: Pick<Platform, "table" | "blobs" | "clock">): Promise<void> {
  const old = new Map<string, Promise<boolean>>();
  for await (const key of blobs.list(rematchPrefix)) {
    const id = key.slice(rematchPrefix.length).split("/", 1)[0] ?? "";
    const known = old.get(id) ?? isOld(id);
    old.set(id, known);
    if (await known) await blobs.remove(key);
  }

  async function isOld(id: string): Promise<boolean> {
    if ((await table.get(keysOfChange(id).plan)) !== undefined) return false;
    try {
      // One that is not planned yet has no record either.
      const { time } = await readDocument(blobs, blobsOfChange(id).change, changeSchema);
      return Date.parse(time) < clock.now() - retentionSeconds * 1000;
    } catch (error) {
      if (error instanceof PermanentError) return true;
      throw error;
    }
  }
}
