/** From what senders say to domain events: every event that leaves here fits its schema. */
import { hash } from "node:crypto";
import { type DomainEvent, digestSchema, type EventType, eventSchemas, tagSchema } from "../events/types.ts";
import type { Normalised } from "./sender.ts";

/** Where an event comes from. */
export interface Origin {
  readonly sender: string;
  /** The sender's own id of the event, or what stands for one. */
  readonly sourceEventId: string;
  /** ISO 8601 UTC. */
  readonly time: string;
}

/** What a sender says about an image, not yet checked. Empty strings count as absent. */
export interface NamedImage {
  readonly registry: string | undefined;
  readonly repository: string | undefined;
  readonly digest: string | undefined;
  readonly tags: readonly (string | undefined)[];
  readonly mediaType?: string | undefined;
  readonly pusher?: string | undefined;
}

const tagsPerEvent = 100;
const textLength = 512;

/**
 * The events of a push: `ImagePushed` when the digest is known, one `ScanRequested` for each tag when the sender
 * tells only tags. Empty when what was said does not fit.
 */
export function pushEvents(origin: Origin, image: NamedImage): readonly DomainEvent[] {
  const name = { registry: image.registry?.toLowerCase(), repository: image.repository };
  const tags = usableTags(image.tags);
  if (isSaid(image.digest)) {
    const pushed = event("ImagePushed", origin, [image.digest, ...tags], {
      ...name,
      digest: image.digest,
      tags,
      ...(isSaid(image.mediaType) ? { mediaType: image.mediaType } : {}),
      ...(isSaid(image.pusher) ? { pusher: image.pusher.slice(0, textLength) } : {}),
      sender: origin.sender,
      sourceEventId: origin.sourceEventId,
    });
    return pushed === undefined ? [] : [pushed];
  }
  const requestedBy = isSaid(image.pusher) ? `${origin.sender}:${image.pusher}` : origin.sender;
  return tags
    .map((tag) =>
      event("ScanRequested", origin, [tag], {
        ...name,
        tag,
        reason: "push-by-tag",
        requestedBy: requestedBy.slice(0, textLength),
      }),
    )
    .filter((requested) => requested !== undefined);
}

/** The event of a deletion: of a digest, or of tags alone. Empty when what was said does not fit, or names neither. */
export function deleteEvents(origin: Origin, image: NamedImage): readonly DomainEvent[] {
  const tags = usableTags(image.tags);
  if (!isSaid(image.digest) && tags.length === 0) return [];
  const deleted = event("ImageDeleted", origin, [image.digest ?? "", ...tags], {
    registry: image.registry?.toLowerCase(),
    repository: image.repository,
    ...(isSaid(image.digest) ? { digest: image.digest } : {}),
    tags,
    sender: origin.sender,
    sourceEventId: origin.sourceEventId,
  });
  return deleted === undefined ? [] : [deleted];
}

function isSaid(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

/** Some senders put the digest where the tag would be; that and anything else that is no tag is left out. */
function usableTags(tags: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(tags.filter((tag) => tag !== undefined && tagSchema.safeParse(tag).success))].slice(
    0,
    tagsPerEvent,
  ) as readonly string[];
}

/** The id depends on the fact alone, so that a delivery that is published twice is still one event. */
function event(type: EventType, origin: Origin, about: readonly string[], data: unknown): DomainEvent | undefined {
  const parsed = eventSchemas[type].safeParse(data);
  if (!parsed.success) return undefined;
  const { registry, repository } = parsed.data as { registry?: string; repository?: string };
  const fact = [type, origin.sender, origin.sourceEventId, registry, repository, ...about];
  const id = hash("sha256", JSON.stringify(fact), "hex");
  return { type, id, time: origin.time, data: parsed.data } as DomainEvent;
}

/** True for what the product takes as a digest. */
export function isDigest(text: string | undefined): text is string {
  return digestSchema.safeParse(text).success;
}

const earliest = Date.UTC(2010, 0, 1);
const clockSkew = 5 * 60_000;

/**
 * A stated time (text, or milliseconds since the epoch) as ISO 8601 UTC to the millisecond. What is no time, or lies
 * in the future, becomes `now`: a time from the future would outrank every later event of the same image.
 */
export function instant(stated: string | number | undefined, now: number): string {
  const milliseconds = typeof stated === "string" ? Date.parse(stated) : (stated ?? Number.NaN);
  const usable = milliseconds >= earliest && milliseconds <= now + clockSkew;
  return new Date(usable ? milliseconds : now).toISOString();
}

/** `host/repository[:tag][@digest]` as senders write it, with or without a scheme. Undefined without a host. */
export function splitReference(
  text: string | undefined,
): { registry: string; repository: string; tag?: string; digest?: string } | undefined {
  const bare = (text ?? "").replace(/^https?:\/\//, "");
  const slash = bare.indexOf("/");
  if (slash <= 0) return undefined;
  const [named = "", digest] = bare.slice(slash + 1).split("@", 2);
  const colon = named.indexOf(":");
  return {
    registry: bare.slice(0, slash),
    repository: colon < 0 ? named : named.slice(0, colon),
    ...(colon < 0 ? {} : { tag: named.slice(colon + 1) }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** What one entry of a delivery came to. */
export type Entry = readonly DomainEvent[] | "ignored" | "unfit";

/** Events of a push or deletion as an entry: none means that the entry did not fit. */
export function entryOf(events: readonly DomainEvent[]): Entry {
  return events.length === 0 ? "unfit" : events;
}

/** A delivery is the sum of its entries; it is malformed only when not one of them could be read. */
export function sumOf(entries: readonly Entry[]): Normalised {
  const ignored = entries.filter((entry) => entry === "ignored").length;
  const unfit = entries.filter((entry) => entry === "unfit").length;
  const events = entries.flatMap((entry) => (typeof entry === "string" ? [] : entry));
  if (events.length === 0 && ignored === 0 && unfit > 0) return { kind: "malformed" };
  return { kind: "events", events, ignored, unfit };
}
