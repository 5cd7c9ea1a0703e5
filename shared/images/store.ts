import * as z from "zod";
import { PermanentError, TransientError } from "../platform/errors.ts";
import type { Item, Platform, Table } from "../platform/ports.ts";
import { sortableTime } from "../platform/validation.ts";
import {
  imageKey,
  imageListKey,
  imageListPartition,
  imagePartition,
  imageShard,
  imageShards,
  presenceKey,
  tagPartition,
} from "./keys.ts";
import { type ImageName, type ImageRecord, imageRecordSchema } from "./types.ts";

const attempts = 6;
const presenceSchema = z.object({ present: z.boolean() });
const tagSchema = z.object({
  /** Absent once the tag was deleted. */
  digest: z.string().optional(),
  previous: z.string().optional(),
});

/** A source time as a sort value: of two facts in the same instant (senders state seconds) a deletion is the later. */
function orderedTime(time: string, present: boolean): string {
  return new Date(time).toISOString().replace("Z", present ? "000Z" : "001Z");
}

/**
 * Notes that the registry had (or no longer had) the image at a source time. Late and repeated events change
 * nothing; of a push and a deletion in the same instant the deletion wins. Returns what holds now.
 */
export async function recordPresence(
  table: Table,
  image: ImageName,
  present: boolean,
  time: string,
): Promise<{ readonly present: boolean }> {
  const stamp = orderedTime(time, present);
  const { written } = await table.put({
    ...presenceKey(image),
    data: { present },
    time: stamp,
    condition: { ifNewer: stamp },
  });
  if (written) return { present };
  const stored = await table.get(presenceKey(image));
  return stored === undefined ? { present } : presenceSchema.parse(stored.data);
}

/**
 * Points a tag at a digest (or at nothing, when it was deleted), unless a newer event did so already. Of two pushes in
 * the same instant the greater digest wins: which of them arrives first must not decide.
 */
export async function moveTag(
  table: Table,
  image: { readonly registry: string; readonly repository: string },
  tag: string,
  digest: string | undefined,
  time: string,
): Promise<void> {
  const key = { pk: tagPartition(image), sk: tag };
  const stamp = orderedTime(time, digest !== undefined);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const stored = await table.get(key);
    const old = stored === undefined ? undefined : tagSchema.parse(stored.data);
    if (stored?.time !== undefined) {
      if (sortableTime(stored.time) > sortableTime(stamp)) return;
      if (sortableTime(stored.time) === sortableTime(stamp) && (old?.digest ?? "") >= (digest ?? "")) return;
    }
    const previous = old?.digest === undefined || old.digest === digest ? old?.previous : old.digest;
    const { written } = await table.put({
      ...key,
      data: { ...(digest === undefined ? {} : { digest }), ...(previous === undefined ? {} : { previous }) },
      time: stamp,
      condition: stored === undefined ? { ifAbsent: true } : { ifVersion: stored.version },
    });
    if (written) return;
  }
  throw new TransientError("tag-conflict", `tag ${tag} is being written by others`);
}

/** The digest a tag points at, and the one it pointed at before. */
export async function readTag(
  table: Table,
  image: { readonly registry: string; readonly repository: string },
  tag: string,
): Promise<{ readonly digest?: string | undefined; readonly previous?: string | undefined }> {
  const stored = await table.get({ pk: tagPartition(image), sk: tag });
  return stored === undefined ? {} : tagSchema.parse(stored.data);
}

/** Tags of a repository by the digest they point at; at most 10,000 tags are read. */
export async function tagsOfRepository(
  table: Table,
  image: { readonly registry: string; readonly repository: string },
): Promise<Map<string, string[]>> {
  const tags = new Map<string, string[]>();
  let after: string | undefined;
  for (let page = 0; page < 10; page++) {
    const found = await table.query({ pk: tagPartition(image), ...(after === undefined ? {} : { after }) });
    for (const item of found.items) {
      const { digest } = tagSchema.parse(item.data);
      if (digest === undefined) continue;
      const list = tags.get(digest);
      if (list === undefined) tags.set(digest, [item.sk]);
      else list.push(item.sk);
    }
    after = found.next;
    if (after === undefined) break;
  }
  return tags;
}

export function readImageRecord(item: Item): ImageRecord {
  return imageRecordSchema.parse(item.data);
}

export async function getImage(table: Table, image: ImageName): Promise<ImageRecord | undefined> {
  const stored = await table.get(imageKey(image));
  return stored === undefined ? undefined : readImageRecord(stored);
}

/** The image in every repository that holds this digest. */
export async function imagesByDigest(table: Table, digest: string): Promise<ImageRecord[]> {
  const page = await table.query({ pk: imagePartition(digest), prefix: "record#" });
  return page.items.map(readImageRecord);
}

/** What a stored presence says. */
export function presenceOf(item: Item): boolean {
  return presenceSchema.parse(item.data).present;
}

/** Whether the registry was last known to hold it; `undefined` when no event said so. */
export async function getPresence(table: Table, image: ImageName): Promise<boolean | undefined> {
  const stored = await table.get(presenceKey(image));
  return stored === undefined ? undefined : presenceOf(stored);
}

/**
 * Changes an image's record under its version; `update` is called again when somebody else wrote in between, and
 * receives `undefined` when there is none yet. Also lists it.
 */
export async function updateImage(
  platform: Pick<Platform, "table">,
  image: ImageName,
  update: (record: ImageRecord | undefined) => ImageRecord,
): Promise<ImageRecord> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const stored = await platform.table.get(imageKey(image));
    const record = update(stored === undefined ? undefined : readImageRecord(stored));
    const condition = stored === undefined ? ({ ifAbsent: true } as const) : { ifVersion: stored.version };
    const { written } = await platform.table.transact([
      { put: { ...imageKey(image), data: record, condition } },
      ...(stored === undefined ? [{ put: { ...imageListKey(image), data: { digest: image.digest } } }] : []),
    ]);
    if (written) return record;
  }
  throw new TransientError("image-conflict", `image ${image.digest} is being written by others`);
}

/** Forgets an image's record and its place in the list. */
export async function removeImage(table: Table, image: ImageName): Promise<void> {
  await table.transact([{ remove: imageKey(image) }, { remove: imageListKey(image) }]);
}

export interface ImagePage {
  readonly images: readonly ImageRecord[];
  readonly next?: string;
}

const cursorSchema = z.tuple([z.int().min(0).max(imageShards), z.string().max(1500)]);

/**
 * Images, of all repositories or of one (`registry/repository`).
 * Throws `PermanentError("bad-cursor")` for a cursor that was not made here.
 */
export async function listImages(
  table: Table,
  filter: { readonly repository?: string },
  limit: number,
  cursor?: string,
): Promise<ImagePage> {
  const only = filter.repository === undefined ? undefined : imageShard(filter.repository);
  let [shard, after] = cursor === undefined ? [only ?? 0, ""] : decodeCursor(cursor);
  const names: ImageName[] = [];
  while (shard < imageShards && names.length < limit) {
    const page = await table.query({
      pk: imageListPartition(shard),
      limit: limit - names.length,
      ...(filter.repository === undefined ? {} : { prefix: `${filter.repository}@` }),
      ...(after === "" ? {} : { after }),
    });
    for (const { sk } of page.items) names.push(nameOf(sk));
    if (page.next !== undefined) after = page.next;
    else {
      after = "";
      shard = only === undefined ? shard + 1 : imageShards;
    }
  }
  const items = await table.batchGet(names.map(imageKey));
  const records = new Map(items.map((item) => [`${item.pk}|${item.sk}`, readImageRecord(item)]));
  const images = names.flatMap((name) => {
    const key = imageKey(name);
    return records.get(`${key.pk}|${key.sk}`) ?? [];
  });
  return shard < imageShards ? { images, next: encodeCursor(shard, after) } : { images };
}

function nameOf(sk: string): ImageName {
  const at = sk.lastIndexOf("@");
  const slash = sk.indexOf("/");
  return { registry: sk.slice(0, slash), repository: sk.slice(slash + 1, at), digest: sk.slice(at + 1) };
}

function encodeCursor(shard: number, after: string): string {
  return Buffer.from(JSON.stringify([shard, after])).toString("base64url");
}

function decodeCursor(cursor: string): [number, string] {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch (cause) {
    throw new PermanentError("bad-cursor", "the cursor is not one that was handed out here", { cause });
  }
}
