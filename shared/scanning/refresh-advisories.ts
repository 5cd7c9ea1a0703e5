import { staleSources } from "../advisories/age.ts";
import { advisoriesOf } from "../advisories/set/store.ts";
import { updateDueAdvisories } from "../advisories/update/update.ts";
import { imageResource } from "../images/keys.ts";
import { listImages } from "../images/store.ts";
import type { AdvisoryAge } from "../matching/types.ts";
import type { Platform } from "../platform/ports.ts";
import { announceChanges } from "../rematch/announce.ts";
import { indexOlderImages } from "../rematch/older-images.ts";
import { scanIdOf } from "./records.ts";

type RefreshPlatform = Pick<
  Platform,
  "table" | "blobs" | "bus" | "clock" | "log" | "metrics" | "progress" | "settings"
>;

/** A set younger than this was just published, by hand or by an earlier run. */
const freshMilliseconds = 20 * 60_000;
/** For so long after it was published, what follows from it is looked after at every run. */
const followedMilliseconds = 2 * 3_600_000;

/**
 * Asks the sources of advisories whose turn it is, and announces what changed. Images that were scanned while there were
 * no advisories at all are scanned again, from their stored inventories, whoever filled the store since. Tells of every
 * source whose data is older than it may be. Throws what the update throws (without a network the present set stays;
 * the error says how old it is), but only after that.
 * @param readingMilliseconds how long sources are read; what is left then begins the next run
 */
export async function refreshAdvisories(platform: RefreshPlatform, readingMilliseconds?: number): Promise<void> {
  const outcome = await update(platform, readingMilliseconds);
  const failure = "thrown" in outcome ? outcome : undefined;
  const hasAsked = "thrown" in outcome || outcome.asked;
  await follow(platform, hasAsked).catch((thrown: unknown) => {
    if (failure === undefined) throw thrown;
  });
  if (failure !== undefined) throw failure.thrown;
}

/** Also when this run updated nothing: a former one may have been cut off, and others update the store as well. */
async function follow(platform: RefreshPlatform, hasAsked: boolean): Promise<void> {
  const age = await tellStale(platform);
  const isRecent = Math.abs(platform.clock.now() - Date.parse(age.updatedAt ?? "")) < followedMilliseconds;
  // It looks at every image: not at runs at which there was nothing to do.
  if (age.set !== "none" && (hasAsked || isRecent)) await scanUnjudged(platform, age.set);
  await indexOlderImages(platform);
  await announceChanges(platform);
}

/** The counter behind the alarm is written at each run, so that the alarm ends when there are none any more. */
async function tellStale({ blobs, clock, log, metrics, settings }: RefreshPlatform): Promise<AdvisoryAge> {
  const age = (await advisoriesOf(blobs)).age();
  const stale = staleSources(age, settings.advisories, clock.now());
  for (const { name, updatedAt, failure } of stale) {
    log.error("advisories are older than they may be", {
      source: name,
      updatedAt,
      ...(failure !== undefined && { failure: failure.slice(0, 500) }),
    });
  }
  metrics.count("stale-advisory-sources", stale.length);
  return age;
}

async function update(
  platform: RefreshPlatform,
  readingMilliseconds: number | undefined,
): Promise<{ readonly asked: boolean } | { readonly thrown: unknown }> {
  const { blobs, clock, log, settings } = platform;
  try {
    // A manifest that cannot be read is no reason not to update: that writes it anew.
    const updatedAt = await advisoriesOf(blobs).then(
      (advisories) => advisories.age().updatedAt,
      () => undefined,
    );
    const now = clock.now();
    const age = updatedAt === undefined ? undefined : now - Date.parse(updatedAt);
    // One that is yet to come is of a clock that was wrong.
    if (age !== undefined && age >= 0 && age < freshMilliseconds) return { asked: false };
    const deadline = readingMilliseconds === undefined ? undefined : now + readingMilliseconds;
    const result = await updateDueAdvisories(platform, settings.advisories, deadline);
    if (result !== undefined && result.left.length > 0) {
      log.info("sources of advisories are left for the next run", { left: result.left.length, first: result.left[0] });
    }
    return { asked: result !== undefined };
  } catch (thrown) {
    return { thrown };
  }
}

/**
 * Asks for a scan of each image that had nothing to be matched with. The request's id is the same for the same set, so
 * that asking again, after an interruption or at the next turn, scans nothing twice.
 */
async function scanUnjudged(platform: RefreshPlatform, set: string): Promise<void> {
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
