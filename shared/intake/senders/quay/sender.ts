/**
 * Quay repository notifications, event `Push to Repository`. They carry no signature, so the address holds a secret
 * (`?token=`), and tags without digests, so a push asks for a scan of each tag.
 * https://docs.quay.io/guides/notifications.html
 */
import * as z from "zod";
import { entryOf, instant, pushEvents, splitReference, sumOf } from "../../events.ts";
import { proveShownSecret, refused, shownInAuthorization } from "../../proofs.ts";
import type { Sender } from "../../sender.ts";

const hook = z.object({
  docker_url: z.string().min(1).max(512),
  /** A list; an object from tag to layer id in old versions. Other notifications have none. */
  updated_tags: z.union([z.array(z.string().max(256)), z.record(z.string().max(256), z.unknown())]).optional(),
});

/**
 * A notification has neither an id nor a time: two pushes of the same tag send the same bytes. What comes twice
 * within a minute counts as one; Quay repeats a refused notification minutes later, so no push is lost by that.
 */
const sameSeconds = 60;

export const sender: Sender = {
  name: "quay",
  replay: { answer: "refuse", rememberSeconds: sameSeconds },

  async verify(delivery, settings, ports) {
    if (settings.quay === undefined) return refused("not-configured");
    const shown = [delivery.query.get("token") ?? "", ...shownInAuthorization(delivery.headers)];
    return proveShownSecret(shown, settings.quay.secrets, ports);
  },

  normalise(body, now) {
    const parsed = hook.safeParse(body);
    if (!parsed.success) return { kind: "malformed" };
    const { docker_url: address, updated_tags: updated } = parsed.data;
    if (updated === undefined) return sumOf(["ignored"]);
    const reference = splitReference(address);
    const minute = Math.floor(now / 1000 / sameSeconds);
    const origin = { sender: sender.name, sourceEventId: `${address}@${minute}`, time: instant(undefined, now) };
    const image = {
      registry: reference?.registry,
      repository: reference?.repository,
      digest: undefined,
      tags: Array.isArray(updated) ? updated : Object.keys(updated),
    };
    return sumOf([entryOf(pushEvents(origin, image))]);
  },
};
