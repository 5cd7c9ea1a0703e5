/** What the scan queue does with each event: a push is scanned, a deletion closes findings, a request is scanned. */
import type { EventOf } from "../events/types.ts";
import { reconcile } from "../findings/reconcile.ts";
import type { Cause } from "../findings/types.ts";
import { imageResource, repositoryName } from "../images/keys.ts";
import { getImage, moveTag, readTag, recordPresence } from "../images/store.ts";
import type { ImageName } from "../images/types.ts";
import { PermanentError } from "../platform/errors.ts";
import { openImageSource } from "../registry/open-source.ts";
import { type ScanPlatform, scanImage } from "./scan-image.ts";

/** Records the push and scans the image, unless a newer event said that it was deleted. */
export async function imagePushed(platform: ScanPlatform, event: EventOf<"ImagePushed">): Promise<void> {
  const { data } = event;
  const image: ImageName = { registry: data.registry, repository: data.repository, digest: data.digest };
  const { present } = await recordPresence(platform.table, image, true, event.time);
  for (const tag of data.tags) await moveTag(platform.table, image, tag, data.digest, event.time);
  if (!present) {
    platform.log.info("a push was superseded by a deletion", { image: imageResource(image).id });
    return;
  }
  await scanImage(platform, {
    ...image,
    tags: data.tags,
    cause: {
      id: event.id,
      time: event.time,
      detail: data.pusher === undefined ? `pushed (${data.sender})` : `pushed by ${data.pusher}`,
      ...(data.pusher === undefined ? {} : { pusher: data.pusher }),
    },
  });
}

export async function scanRequested(platform: ScanPlatform, event: EventOf<"ScanRequested">): Promise<void> {
  const { data } = event;
  await scanImage(platform, {
    registry: data.registry,
    repository: data.repository,
    ...(data.digest === undefined ? {} : { digest: data.digest }),
    tags: data.tag === undefined ? [] : [data.tag],
    cause: { id: event.id, time: event.time, detail: `${data.reason}: ${data.requestedBy}` },
  });
}

/**
 * A deletion is a hint: the registry is asked again. Only what is really gone is closed; where only a tag was
 * removed, only the tag moves.
 */
export async function imageDeleted(platform: ScanPlatform, event: EventOf<"ImageDeleted">): Promise<void> {
  const { data } = event;
  const digests = new Set(data.digest === undefined ? [] : [data.digest]);
  for (const tag of data.tags) {
    const { digest } = await readTag(platform.table, data, tag);
    if (data.digest === undefined && digest !== undefined) digests.add(digest);
    await moveTag(platform.table, data, tag, undefined, event.time);
  }
  for (const digest of digests) {
    const image: ImageName = { registry: data.registry, repository: data.repository, digest };
    const record = await getImage(platform.table, image);
    for (const member of [digest, ...(record?.children ?? [])]) {
      await closeIfGone(platform, { ...image, digest: member }, event);
    }
  }
}

async function closeIfGone(platform: ScanPlatform, image: ImageName, event: EventOf<"ImageDeleted">): Promise<void> {
  if (await stillThere(platform, image)) return;
  const { present } = await recordPresence(platform.table, image, false, event.time);
  if (present) return;
  const cause: Cause = { id: event.id, kind: "deletion", time: event.time, detail: `deleted (${event.data.sender})` };
  const resource = imageResource(image);
  const { fixed } = await reconcile(platform, {
    resource,
    kinds: ["vulnerability", "coverage"],
    observations: [],
    cause,
  });
  platform.log.info("image deleted, its findings are closed", { image: resource.id, closed: fixed.length });
}

const goneCodes: ReadonlySet<string> = new Set(["image-gone", "registry-forbidden", "registry-not-allowed"]);

/** Where the registry may not be asked any more, the event is believed. */
async function stillThere(platform: ScanPlatform, image: ImageName): Promise<boolean> {
  try {
    const source = await openImageSource(`${repositoryName(image)}@${image.digest}`, {
      settings: platform.settings.registries,
      credentials: platform.credentials,
      log: platform.log,
    });
    try {
      await source.resolve("all");
      return true;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof PermanentError) return !goneCodes.has(error.code);
    throw error;
  }
}
