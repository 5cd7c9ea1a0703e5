import { advisoriesOf } from "../advisories/store.ts";
import { updateAdvisories } from "../advisories/update.ts";
import { imageResource } from "../images/keys.ts";
import { listImages } from "../images/store.ts";
import type { Platform } from "../platform/ports.ts";
import { announceChanges } from "../rematch/announce.ts";
import { indexOlderImages } from "../rematch/older-images.ts";
import { scanIdOf } from "./records.ts";

type RefreshPlatform = Pick<Platform, "table" | "blobs" | "bus" | "clock" | "log" | "progress" | "settings">;

/** A store younger than this was just filled, by hand or by an earlier run. */
const freshMilliseconds = 3_600_000;

/**
 * Updates the advisory store from its upstream, unless that was just done, and announces what changed in it. Images that were scanned while there were no
 * advisories at all are scanned again, from their stored inventories, whoever filled the store since. Throws what the
 * update throws (without a network the present set stays; the error says how old it is), but only after that.
 */
export async function refreshAdvisories(platform: RefreshPlatform): Promise<void> {
  const failure = await update(platform);
  await follow(platform).catch((thrown: unknown) => {
    if (failure === undefined) throw thrown;
  });
  if (failure !== undefined) throw failure.thrown;
}

/** Also when this run updated nothing: a former one may have been cut off, and others update the store as well. */
async function follow(platform: RefreshPlatform): Promise<void> {
  await scanUnjudged(platform);
  await indexOlderImages(platform);
  await announceChanges(platform);
}

async function update(platform: RefreshPlatform): Promise<{ readonly thrown: unknown } | undefined> {
  const { blobs, clock, log, settings } = platform;
  try {
    // A manifest that cannot be read is no reason not to update: that writes it anew.
    const updatedAt = await advisoriesOf(blobs).then(
      (advisories) => advisories.age().updatedAt,
      () => undefined,
    );
    if (updatedAt !== undefined && clock.now() - Date.parse(updatedAt) < freshMilliseconds) return undefined;
    log.info("updating the advisories", { upstream: settings.advisories.upstream });
    await updateAdvisories(platform, settings.advisories);
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

/**
 * Asks for a scan of each image that had nothing to be matched with. The request's id is the same for the same set, so
 * that asking again, after an interruption or at the next turn, scans nothing twice.
 */
async function scanUnjudged(platform: RefreshPlatform): Promise<void> {
  const { set } = (await advisoriesOf(platform.blobs)).age();
  if (set === "none") return;
  const time = new Date(platform.clock.now()).toISOString();
  let cursor: string | undefined;
  do {
    const page = await listImages(platform.table, {}, 500, cursor);
    const unjudged = page.images.filter(({ kind, scan }) => kind === "image" && scan?.advisories === "none");
    await platform.bus.publish(
      unjudged.map((image) => ({
        type: "ScanRequested" as const,
        id: `advisories:${scanIdOf(imageResource(image).id, set)}`,
        time,
        data: {
          registry: image.registry,
          repository: image.repository,
          digest: image.digest,
          reason: "advisories-changed" as const,
          requestedBy: "advisories",
        },
      })),
    );
    cursor = page.next;
  } while (cursor !== undefined);
}
