/**
 * Google Artifact Registry: messages of the `gcr` topic, pushed by Pub/Sub with an OIDC token.
 * https://cloud.google.com/artifact-registry/docs/configure-notifications
 * https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
import * as z from "zod";
import { parseJson } from "../../../platform/body.ts";
import { deleteEvents, entryOf, instant, pushEvents, splitReference, sumOf } from "../../events.ts";
import { text } from "../../fields.ts";
import { proveToken, refused } from "../../proofs.ts";
import { oneDay, type Sender } from "../../sender.ts";

const push = z.object({
  message: z.object({ data: z.base64(), messageId: z.string().min(1).max(256), publishTime: text }),
});
const change = z.object({ action: text, digest: text, tag: text });

export const sender: Sender = {
  name: "google",
  // Pub/Sub repeats until it is answered 2xx, for up to a week; a repeat after a day is the same event again.
  replay: { answer: "accept", rememberSeconds: oneDay },

  async verify(delivery, settings, ports) {
    if (settings.google === undefined) return refused("not-configured");
    const { audience, serviceAccount } = settings.google;
    const rule = {
      keys: "https://www.googleapis.com/oauth2/v3/certs",
      issuers: ["https://accounts.google.com", "accounts.google.com"],
      audience,
      claims: (payload: Readonly<Record<string, unknown>>) =>
        payload["email"] === serviceAccount && payload["email_verified"] === true,
    };
    return proveToken(delivery.headers, rule, ports);
  },

  normalise(body, now) {
    const parsed = push.safeParse(body);
    if (!parsed.success) return { kind: "malformed" };
    const { data, messageId, publishTime } = parsed.data.message;
    const message = change.safeParse(parseJson(Buffer.from(data, "base64"))?.value);
    if (!message.success) return { kind: "malformed" };
    const { action, digest, tag } = message.data;
    if (action !== "INSERT" && action !== "DELETE") return sumOf(["ignored"]);
    const byDigest = splitReference(digest);
    const byTag = splitReference(tag);
    const origin = { sender: sender.name, sourceEventId: messageId, time: instant(publishTime, now) };
    const image = {
      registry: byDigest?.registry ?? byTag?.registry,
      repository: byDigest?.repository ?? byTag?.repository,
      digest: byDigest?.digest,
      tags: [byTag?.tag],
    };
    return sumOf([entryOf(action === "INSERT" ? pushEvents(origin, image) : deleteEvents(origin, image))]);
  },
};
