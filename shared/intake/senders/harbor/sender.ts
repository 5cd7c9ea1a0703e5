/**
 * Harbor project webhooks, in both payload formats (`Default` and `CloudEvents`), with the configured
 * Authorization header. https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/
 */
import * as z from "zod";
import { deleteEvents, entryOf, instant, isDigest, pushEvents, splitReference, sumOf } from "../../events.ts";
import { number, part, text } from "../../fields.ts";
import { proveShownSecret, refused, shownInAuthorization } from "../../proofs.ts";
import { oneDay, type Sender } from "../../sender.ts";

const eventData = z.object({
  resources: z.array(z.object({ digest: text, tag: text, resource_url: text })),
  repository: part({ repo_full_name: text }),
});
const hook = z.object({
  type: z.string().max(256),
  operator: text,
  /** Default format: seconds since the epoch. */
  occur_at: number,
  event_data: z.unknown().optional(),
  /** CloudEvents 1.0. */
  id: text,
  time: text,
  data: z.unknown().optional(),
});

const pushTypes = new Set(["PUSH_ARTIFACT", "harbor.artifact.pushed"]);
const deleteTypes = new Set(["DELETE_ARTIFACT", "harbor.artifact.deleted"]);

export const sender: Sender = {
  name: "harbor",
  // Its job service repeats a webhook that was not answered 2xx.
  replay: { answer: "accept", rememberSeconds: oneDay },

  async verify(delivery, settings, ports) {
    if (settings.harbor === undefined) return refused("not-configured");
    return proveShownSecret(shownInAuthorization(delivery.headers), settings.harbor.secrets, ports);
  },

  normalise(body, now) {
    const parsed = hook.safeParse(body);
    if (!parsed.success) return { kind: "malformed" };
    const { type, operator, occur_at: occurredAt, id, time } = parsed.data;
    if (!pushTypes.has(type) && !deleteTypes.has(type)) return sumOf(["ignored"]);
    const data = eventData.safeParse(parsed.data.data ?? parsed.data.event_data);
    if (!data.success || data.data.resources.length === 0) return { kind: "malformed" };
    const repository = data.data.repository?.repo_full_name;
    const stated = time ?? (occurredAt === undefined ? undefined : occurredAt * 1000);
    const entries = data.data.resources.map((resource) => {
      const origin = {
        sender: sender.name,
        // The default format carries no id: the fact itself stands for one.
        sourceEventId: id || `${type}:${occurredAt ?? ""}:${repository ?? ""}:${resource.digest ?? ""}`,
        time: instant(stated, now),
      };
      const reference = splitReference(resource.resource_url);
      const image = {
        registry: reference?.registry,
        repository: repository || reference?.repository,
        digest: resource.digest,
        // An untagged artifact has its digest where the tag would be.
        tags: isDigest(resource.tag) ? [] : [resource.tag],
        pusher: operator,
      };
      return entryOf(pushTypes.has(type) ? pushEvents(origin, image) : deleteEvents(origin, image));
    });
    return sumOf(entries);
  },
};
