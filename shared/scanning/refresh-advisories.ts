import { advisoriesOf } from "../advisories/store.ts";
import { updateAdvisories } from "../advisories/update.ts";
import { listImages } from "../images/store.ts";
import { messageOf } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";

type RefreshPlatform = Pick<Platform, "table" | "blobs" | "bus" | "clock" | "log" | "progress" | "settings">;

/** A store younger than this was just filled, by hand or by an earlier run. */
const freshMilliseconds = 3_600_000;

/**
 * Updates the advisory store from its upstream. Without a network the present set stays, and the log says how old it
 * is. Images that were scanned while there were no advisories at all are scanned again, from their stored
 * inventories.
 */
export async function refreshAdvisories(platform: RefreshPlatform): Promise<void> {
  const { blobs, clock, log, settings } = platform;
  const before = (await advisoriesOf(blobs)).age();
  if (before.updatedAt !== undefined && clock.now() - Date.parse(before.updatedAt) < freshMilliseconds) return;
  log.info("updating the advisories", { upstream: settings.advisories.upstream });
  try {
    const result = await updateAdvisories(platform, settings.advisories);
    log.info("advisories updated", { set: result.set.slice(0, 12), shards: result.shards, changed: result.changed });
  } catch (error) {
    log.error(messageOf(error));
    return;
  }
  if (before.set === "none") await scanUnjudged(platform);
}

/** Images whose scan had nothing to match with. */
async function scanUnjudged(platform: RefreshPlatform): Promise<void> {
  const { set } = (await advisoriesOf(platform.blobs)).age();
  const time = new Date(platform.clock.now()).toISOString();
  let cursor: string | undefined;
  do {
    const page = await listImages(platform.table, {}, 500, cursor);
    const unjudged = page.images.filter(({ kind, scan }) => kind === "image" && scan?.advisories === "none");
    await platform.bus.publish(
      unjudged.map(({ registry, repository, digest }) => ({
        type: "ScanRequested" as const,
        id: `advisories:${set.slice(0, 32)}:${registry}/${repository}@${digest}`.slice(0, 256),
        time,
        data: { registry, repository, digest, reason: "advisories-changed" as const, requestedBy: "advisories" },
      })),
    );
    cursor = page.next;
  } while (cursor !== undefined);
}
