import { envelopeOf, patternOf } from "../../shared/events/envelope.ts";
import { deliver } from "../../shared/notifications/delivery.ts";
import { queueDoor } from "../../shared/platform/door.ts";

export const door = queueDoor({
  name: "deliver-message",
  description: "Sends one message to Slack, by email or by another channel, at most once.",
  uses: { table: "write", blobs: "read", secrets: true, mailer: true },
  settings: ["notifications"],
  // Below the claim's two minutes: no attempt outlives the belief that it is under way.
  timeoutSeconds: 60,
  subscribe: { bus: "portwarden", pattern: patternOf("DeliveryRequested") },
  message: envelopeOf("DeliveryRequested"),
  // A burst of scans meets Slack's one message per second and conversation: 1,000 messages, two at a time, are
  // refused about ten times each before their turn comes.
  maxReceives: 40,
  concurrency: { embedded: 2, aws: 2 },
  handle: (platform, event) => deliver(platform, event),
});
