/**
 * GitHub Packages (container registry): the webhook events `registry_package` and `package`, signed with
 * HMAC-SHA256 over the raw body.
 * https://docs.github.com/webhooks/webhook-events-and-payloads#registry_package
 * https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 */
import * as z from "zod";
import { entryOf, instant, isDigest, pushEvents, splitReference, sumOf } from "../../events.ts";
import { number, part, text } from "../../fields.ts";
import { proveSignedBody, refused } from "../../proofs.ts";
import { oneDay, type Sender } from "../../sender.ts";

const packageEvent = z.object({
  name: text,
  namespace: text,
  ecosystem: text,
  package_type: text,
  updated_at: text,
  registry: part({ type: text }),
  package_version: part({
    id: number,
    version: text,
    updated_at: text,
    package_url: text,
    container_metadata: part({
      tag: part({ name: text, digest: text }),
      manifest: part({ digest: text, media_type: text }),
    }),
  }),
});
type PackageEvent = z.infer<typeof packageEvent>;

const hook = z.object({
  action: text,
  registry_package: packageEvent.optional(),
  package: packageEvent.optional(),
  sender: part({ login: text }),
});

export const sender: Sender = {
  name: "github",
  // It does not repeat a delivery by itself, and states no time in what it signs: the signature is good for ever, so
  // a delivery is remembered for as long as is reasonable rather than for a day.
  replay: { answer: "refuse", rememberSeconds: 90 * oneDay },

  async verify(delivery, settings, ports) {
    if (settings.github === undefined) return refused("not-configured");
    const signature = delivery.headers.get("x-hub-signature-256");
    return proveSignedBody(signature, delivery.body, settings.github.secrets, ports);
  },

  normalise(body, now) {
    const parsed = hook.safeParse(body);
    if (!parsed.success) return { kind: "malformed" };
    // The event's name stands in a header that is not signed; the body names it as well.
    const found = parsed.data.registry_package ?? parsed.data.package;
    const pushed = parsed.data.action === "published" || parsed.data.action === "updated";
    if (found === undefined || !pushed || !isContainer(found)) return sumOf(["ignored"]);
    const version = found.package_version;
    const metadata = version?.container_metadata;
    const reference = splitReference(version?.package_url);
    const origin = {
      sender: sender.name,
      sourceEventId: `${version?.id ?? ""}:${metadata?.tag?.name ?? ""}:${found.updated_at ?? ""}`,
      time: instant(version?.updated_at, Date.parse(instant(found.updated_at, now))),
    };
    const image = {
      registry: reference?.registry ?? "ghcr.io",
      repository: (reference?.repository ?? `${found.namespace ?? ""}/${found.name ?? ""}`).toLowerCase(),
      digest: [version?.version, metadata?.tag?.digest, metadata?.manifest?.digest].find(isDigest),
      tags: [metadata?.tag?.name || reference?.tag],
      mediaType: metadata?.manifest?.media_type,
      pusher: parsed.data.sender?.login,
    };
    return sumOf([entryOf(pushEvents(origin, image))]);
  },
};

/** GitHub says it in three places, and not in all of them alike. */
function isContainer(found: PackageEvent): boolean {
  const said = [found.package_type, found.ecosystem, found.registry?.type];
  return said.some((word) => word !== undefined && /^(container|docker)$/i.test(word));
}
