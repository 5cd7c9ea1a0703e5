/** What the scan queue does with each event: a push is scanned, a deletion closes findings, a request is scanned. */
import type { EventOf } from "../events/types.ts";
import { reconcile } from "../findings/reconcile.ts";
import type { Cause } from "../findings/types.ts";
import { imageResource, repositoryName } from "../images/keys.ts";
import { getImage, moveTag, readTag, recordPresence, updateImage } from "../images/store.ts";
import type { ImageName, ImageRecord } from "../images/types.ts";
import { PermanentError, TransientError } from "../platform/errors.ts";
import { scannedKinds } from "./run.ts";
import { type ScanPlatform, scanImage } from "./scan-image.ts";
import { openSource } from "./source.ts";

/** Records the push and scans the image: also when a newer deletion is known, for the registry has the last word. */
export async function imagePushed(platform: ScanPlatform, event: EventOf<"ImagePushed">): Promise<void> {
  const { data } = event;
  const image: ImageName = { registry: data.registry, repository: data.repository, digest: data.digest };
  await recordPresence(platform.table, image, true, event.time);
  for (const tag of data.tags) await moveTag(platform.table, image, tag, data.digest, event.time);
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
 * removed, only the tag moves. Tags move last: until then they say what there is to close, should this be interrupted.
 */
export async function imageDeleted(platform: ScanPlatform, event: EventOf<"ImageDeleted">): Promise<void> {
  const { data } = event;
  const digests = new Set(data.digest === undefined ? [] : [data.digest]);
  for (const tag of data.tags) {
    const { digest } = await readTag(platform.table, data, tag);
    if (data.digest === undefined && digest !== undefined) digests.add(digest);
  }
  for (const digest of digests) {
    const image: ImageName = { registry: data.registry, repository: data.repository, digest };
    const record = await getImage(platform.table, image);
    for (const member of [digest, ...(record?.children ?? [])]) {
      await closeIfGone(platform, { ...image, digest: member }, event);
    }
  }
  for (const tag of data.tags) await moveTag(platform.table, data, tag, undefined, event.time);
}

async function closeIfGone(platform: ScanPlatform, image: ImageName, event: EventOf<"ImageDeleted">): Promise<void> {
  if (await stillThere(platform, image)) return;
  const { present } = await recordPresence(platform.table, image, false, event.time);
  if (present) return;
  const cause: Cause = { id: event.id, kind: "deletion", time: event.time, detail: `deleted (${event.data.sender})` };
  const resource = imageResource(image);
  const { fixed } = await reconcile(platform, {
    resource,
    kinds: scannedKinds,
    observations: [],
    cause,
  });
  if ((await getImage(platform.table, image)) !== undefined) await updateImage(platform, image, withNothingOpen(image));
  platform.log.info("image deleted, its findings are closed", { image: resource.id, closed: fixed.length });
}

/** The record stays, for who asks what there was; lists must not count findings that are closed. */
function withNothingOpen(image: ImageName): (record: ImageRecord | undefined) => ImageRecord {
  return (record) => {
    if (record === undefined) throw new TransientError("image-conflict", `image ${image.digest} was just removed`);
    return record.scan === undefined ? record : { ...record, scan: { ...record.scan, open: {} } };
  };
}

const goneCodes: ReadonlySet<string> = new Set(["image-gone", "registry-forbidden", "registry-not-allowed"]);

/** Where the registry may not be asked any more, the event is believed. */
async function stillThere(platform: ScanPlatform, image: ImageName): Promise<boolean> {
  try {
    const source = await openSource(platform, `${repositoryName(image)}@${image.digest}`);
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
