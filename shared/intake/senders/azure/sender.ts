/**
 * Azure Container Registry by Event Grid, in both schemas (Event Grid and CloudEvents 1.0), delivered to an endpoint
 * protected by Entra.
 * https://learn.microsoft.com/azure/event-grid/event-schema-container-registry
 * https://learn.microsoft.com/azure/event-grid/secure-webhook-delivery
 */
import * as z from "zod";
import { deleteEvents, type Entry, entryOf, instant, pushEvents, sumOf } from "../../events.ts";
import { part, text } from "../../fields.ts";
import { proveToken, refused } from "../../proofs.ts";
import { oneDay, type Sender } from "../../sender.ts";

/** The application role that Event Grid's identity is given on our application. */
const subscriberRole = "AzureEventGridSecureWebhookSubscriber";
const login = "https://login.microsoftonline.com";

const gridEvent = z.object({
  id: z.string().min(1).max(512),
  /** Event Grid schema. */
  eventType: text,
  eventTime: text,
  topic: text,
  /** CloudEvents schema. */
  type: text,
  time: text,
  source: text,
  data: part({
    validationCode: text,
    timestamp: text,
    target: part({ mediaType: text, digest: text, repository: text, tag: text }),
    request: part({ host: text }),
  }),
});
type GridEvent = z.infer<typeof gridEvent>;

export const sender: Sender = {
  name: "azure",
  // Event Grid repeats for up to a day.
  replay: { answer: "accept", rememberSeconds: oneDay },

  async verify(delivery, settings, ports) {
    if (settings.azure === undefined) return refused("not-configured");
    const tenant = encodeURIComponent(settings.azure.tenantId.toLowerCase());
    const rule = {
      keys: `${login}/${tenant}/discovery/v2.0/keys`,
      // The application's manifest decides whether its tokens are of version 1 or 2.
      issuers: [`https://sts.windows.net/${tenant}/`, `${login}/${tenant}/v2.0`],
      audience: settings.azure.audience,
      claims: (payload: Readonly<Record<string, unknown>>) => {
        const roles = payload["roles"];
        return Array.isArray(roles) && roles.includes(subscriberRole);
      },
    };
    return proveToken(delivery.headers, rule, ports);
  },

  normalise(body, now) {
    const parsed = z.array(gridEvent).safeParse(Array.isArray(body) ? body : [body]);
    if (!parsed.success) return { kind: "malformed" };
    const validation = parsed.data.find(
      ({ eventType }) => eventType === "Microsoft.EventGrid.SubscriptionValidationEvent",
    );
    if (validation !== undefined) {
      // The code proves that we are here; the address that comes with it is never called.
      const code = validation.data?.validationCode;
      return code ? { kind: "answer", body: { validationResponse: code } } : { kind: "malformed" };
    }
    return sumOf(parsed.data.map((event) => readEvent(event, now)));
  },

  /** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection */
  handshake(headers) {
    const origin = headers.get("webhook-request-origin") ?? "";
    if (!/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(origin)) return undefined;
    return { "webhook-allowed-origin": origin, "webhook-allowed-rate": "*", allow: "POST, OPTIONS" };
  },
};

function readEvent(event: GridEvent, now: number): Entry {
  const type = event.eventType ?? event.type;
  const pushed = type === "Microsoft.ContainerRegistry.ImagePushed";
  if (!pushed && type !== "Microsoft.ContainerRegistry.ImageDeleted") return "ignored";
  const { target, request, timestamp } = event.data ?? {};
  const origin = {
    sender: sender.name,
    sourceEventId: event.id,
    time: instant(timestamp ?? event.eventTime ?? event.time, now),
  };
  const image = {
    registry: request?.host || registryHost(event.topic ?? event.source),
    repository: target?.repository,
    digest: target?.digest,
    tags: [target?.tag],
    mediaType: target?.mediaType,
  };
  return entryOf(pushed ? pushEvents(origin, image) : deleteEvents(origin, image));
}

/** The registry's login server, from its resource id, for events that no request caused (purge tasks). */
function registryHost(resourceId: string | undefined): string | undefined {
  const name = /\/registries\/([a-z0-9]{5,50})$/i.exec(resourceId ?? "")?.[1];
  return name === undefined ? undefined : `${name.toLowerCase()}.azurecr.io`;
}
