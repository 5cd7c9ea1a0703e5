/**
 * Docker Distribution, and what is built on it: the notifications envelope, media type
 * `application/vnd.docker.distribution.events.v1+json` (v2 in Distribution 3, the same fields).
 * https://distribution.github.io/distribution/about/notifications/
 */
import * as z from "zod";
import { deleteEvents, type Entry, entryOf, instant, pushEvents, splitReference, sumOf } from "../../events.ts";
import { part, text } from "../../fields.ts";
import { proveShownSecret, refused, shownInAuthorization } from "../../proofs.ts";
import { oneDay, type Sender } from "../../sender.ts";

/** Images and indexes; everything else that is pushed is a blob. */
const manifestTypes = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
]);

const envelope = z.object({ events: z.array(z.unknown()) });
const notification = z.object({
  id: z.string().min(1).max(256),
  action: z.string().max(64),
  timestamp: text,
  target: z.object({ mediaType: text, digest: text, repository: text, tag: text, url: text }),
  request: part({ host: text }),
  actor: part({ name: text }),
});

export const sender: Sender = {
  name: "distribution",
  // It repeats a notification until it is answered 2xx, and holds back the next ones meanwhile.
  replay: { answer: "accept", rememberSeconds: oneDay },

  async verify(delivery, settings, ports) {
    if (settings.distribution === undefined) return refused("not-configured");
    return proveShownSecret(shownInAuthorization(delivery.headers), settings.distribution.secrets, ports);
  },

  normalise(body, now) {
    const parsed = envelope.safeParse(body);
    if (!parsed.success) return { kind: "malformed" };
    return sumOf(parsed.data.events.map((event) => readNotification(event, now)));
  },
};

function readNotification(value: unknown, now: number): Entry {
  const parsed = notification.safeParse(value);
  if (!parsed.success) return "unfit";
  const { id, action, timestamp, target, request, actor } = parsed.data;
  const origin = { sender: sender.name, sourceEventId: id, time: instant(timestamp, now) };
  const image = {
    // The name that the client used; a registry behind a proxy may know itself by another one.
    registry: request?.host || splitReference(target.url)?.registry,
    repository: target.repository,
    digest: target.digest,
    tags: [target.tag],
    mediaType: target.mediaType,
    pusher: actor?.name,
  };
  if (action === "push") {
    return manifestTypes.has(target.mediaType ?? "") ? entryOf(pushEvents(origin, image)) : "ignored";
  }
  // A deletion has no media type; the digest of a blob is no image's, and closes nothing.
  if (action === "delete") return target.digest || target.tag ? entryOf(deleteEvents(origin, image)) : "ignored";
  return "ignored";
}
