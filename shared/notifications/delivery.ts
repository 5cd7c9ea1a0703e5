import type { EventOf } from "../events/types.ts";
import { messageOf, PermanentError, TransientError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import type { Channel, Outcome } from "./channel.ts";
import { type Delivery, readDelivery, requestWrite, type StoredDelivery, transition } from "./deliveries.ts";
import { readEntries } from "./digest.ts";
import { digestMessage } from "./digest-message.ts";
import type { Message } from "./message.ts";
import { channels } from "./registry.generated.ts";
import { readReport } from "./report.ts";
import { reportMessage } from "./report-message.ts";
import { matchRoutes } from "./route.ts";
import type { Route } from "./settings.ts";
import { plain } from "./text.ts";

export type DeliveryPorts = Pick<
  Platform,
  "table" | "blobs" | "secrets" | "mailer" | "clock" | "log" | "metrics" | "settings"
>;

/**
 * How long a claim is believed to be under way: longer than `deliver-message` may run (60 s). After it, a delivery
 * still `sending` belongs to a process that is gone.
 */
const claimMilliseconds = 120_000;

/**
 * Sends one message, at most once: claim (pending → sending), send, record. What certainly did not arrive goes back
 * to the queue or ends as `failed`; what may have arrived ends as `uncertain` and is sent again only by
 * `resendDelivery`. See docs/decisions/delivery-at-most-once.md.
 *
 * Throws `TransientError` when the queue should bring the message back.
 */
export async function deliver(
  platform: DeliveryPorts,
  event: EventOf<"DeliveryRequested">,
  known: readonly Channel[] = channels,
): Promise<void> {
  const stored = await readDelivery(platform.table, event.data.deliveryId);
  if (stored === undefined) {
    platform.log.error("delivery to send is not there (any more)", { delivery: event.data.deliveryId });
    platform.metrics.count("delivery-missing");
    return;
  }
  const { state } = stored.delivery;
  if (state === "sending") return recover(platform, stored);
  if (state !== "pending") {
    platform.log.debug("delivery was already settled", { delivery: stored.delivery.id, state });
    return;
  }

  // All that can fail without a doubt is done before the claim.
  const prepared = await prepare(platform, stored.delivery, known);
  if (prepared instanceof PermanentError) return settleFailed(platform, stored, prepared);

  const claimed = await transition(platform.table, stored, {
    state: "sending",
    attempts: stored.delivery.attempts + 1,
    updatedAt: timeOf(platform),
  });
  // Not acknowledged: this may be the very message, delivered twice, that the winner needs for its next attempt.
  if (claimed === undefined) throw new TransientError("delivery-in-progress", "another delivery of it came first");
  await send(platform, claimed, prepared);
}

interface Prepared {
  readonly message: Message;
  readonly route: Route;
  readonly channel: Channel;
}

/** The message, as the settings stand now; a permanent error when there cannot be one. */
async function prepare(
  platform: DeliveryPorts,
  delivery: Delivery,
  known: readonly Channel[],
): Promise<Prepared | PermanentError> {
  const route = platform.settings.notifications.routes.find((candidate) => candidate.name === delivery.route);
  if (route === undefined) return new PermanentError("route-gone", `there is no route ${delivery.route} any more`);
  const channel = known.find((candidate) => candidate.name === route.target.channel);
  if (channel === undefined) return new PermanentError("channel-unknown", `no channel ${route.target.channel}`);
  try {
    return { message: await compose(platform, delivery, route), route, channel };
  } catch (thrown) {
    if (thrown instanceof PermanentError) return thrown;
    throw thrown;
  }
}

async function compose(platform: DeliveryPorts, delivery: Delivery, route: Route): Promise<Message> {
  const { linkBase } = platform.settings.notifications;
  const { content, id } = delivery;
  if (content.kind === "digest") {
    const { entries, complete } = await readEntries(platform, delivery.route, content.bucket);
    if (entries.length === 0) throw new PermanentError("digest-empty", "the digest's reports are gone");
    const about = { id, route: route.name, bucket: content.bucket, ...(linkBase === undefined ? {} : { linkBase }) };
    return digestMessage(about, entries, complete);
  }
  const report = await readReport(platform.blobs, content.reportId);
  const [match] = matchRoutes(report, [route]);
  if (match === undefined) throw new PermanentError("route-changed", "the route no longer asks for any of it");
  return reportMessage(id, report, match, linkBase);
}

async function send(platform: DeliveryPorts, claimed: StoredDelivery, prepared: Prepared): Promise<void> {
  let outcome: Outcome;
  try {
    outcome = await prepared.channel.deliver(prepared.message, prepared.route.target, platform);
  } catch (thrown) {
    if (thrown instanceof PermanentError) return settleFailed(platform, claimed, thrown);
    if (thrown instanceof TransientError) return retryLater(platform, claimed, thrown);
    // A defect: nothing is known about what it did before.
    return settleUncertain(platform, claimed, "channel-defect", messageOf(thrown));
  }
  if (outcome.kind === "unknown") return settleUncertain(platform, claimed, "outcome-unknown", outcome.reason);
  await settle(platform, claimed, { state: "sent", sentAt: timeOf(platform), receipt: plain(outcome.receipt, 256) });
  const { id, route, channel, subject } = claimed.delivery;
  platform.log.info("message sent", { delivery: id, route, channel, subject });
  platform.metrics.count("delivery-sent", 1, { channel });
}

/** It is `sending`: by a process that is at it now, or by one that was killed between the send and its record. */
async function recover(platform: DeliveryPorts, stored: StoredDelivery): Promise<void> {
  const left = Date.parse(stored.delivery.updatedAt) + claimMilliseconds - platform.clock.now();
  if (left > 0) {
    const retryAfterSeconds = Math.ceil(left / 1000);
    throw new TransientError("delivery-in-progress", "another attempt is under way", { retryAfterSeconds });
  }
  await settleUncertain(platform, stored, "attempt-cut-off", "the process that sent it ended before it recorded how");
}

/** Certainly not delivered: the queue tries again. */
async function retryLater(platform: DeliveryPorts, claimed: StoredDelivery, error: TransientError): Promise<never> {
  await settle(platform, claimed, { state: "pending", problem: problemOf(error) });
  const { id, route, channel, attempts } = claimed.delivery;
  platform.log.warn("message not sent yet", { delivery: id, route, channel, attempts, ...problemOf(error) });
  platform.metrics.count("delivery-retried", 1, { channel });
  throw error;
}

async function settleFailed(platform: DeliveryPorts, stored: StoredDelivery, error: PermanentError): Promise<void> {
  await settle(platform, stored, { state: "failed", problem: problemOf(error) });
  const { id, route, channel, subject } = stored.delivery;
  platform.log.error("message cannot be sent", { delivery: id, route, channel, subject, ...problemOf(error) });
  platform.metrics.count("delivery-failed", 1, { channel });
}

async function settleUncertain(
  platform: DeliveryPorts,
  stored: StoredDelivery,
  code: string,
  reason: string,
): Promise<void> {
  const problem = { code, message: plain(reason, 500) };
  await settle(platform, stored, { state: "uncertain", problem });
  const { id, route, channel, subject } = stored.delivery;
  platform.log.error("message may or may not have arrived", { delivery: id, route, channel, subject, ...problem });
  platform.metrics.count("delivery-uncertain", 1, { channel });
}

/**
 * Records how an attempt ended. When somebody changed the record meanwhile, only the claim itself may still say so:
 * it knows better than whoever gave it up as uncertain.
 */
async function settle(platform: DeliveryPorts, from: StoredDelivery, change: Partial<Delivery>): Promise<void> {
  const { problem: _, ...delivery } = from.delivery;
  const update = { ...change, updatedAt: timeOf(platform) };
  if ((await transition(platform.table, { ...from, delivery }, update)) !== undefined) return;

  const now = await readDelivery(platform.table, delivery.id);
  const ours = now?.delivery.state === "uncertain" && now.delivery.attempts === delivery.attempts;
  if (now !== undefined && ours && change.state === "sent") {
    const { problem: _gone, ...uncertain } = now.delivery;
    if ((await transition(platform.table, { ...now, delivery: uncertain }, update)) !== undefined) return;
  }
  platform.log.warn("delivery was settled by another attempt", { delivery: delivery.id, state: change.state });
}

/**
 * Sends a message again because a person wants it: one that failed, one that may or may not have arrived, or one
 * whose request was lost in a dead-letter queue. Throws `PermanentError("delivery-missing" | "delivery-not-resendable")`
 * and `TransientError("delivery-in-progress")`.
 */
export async function resendDelivery(
  platform: Pick<Platform, "table" | "clock" | "log">,
  id: string,
): Promise<Delivery> {
  const stored = await readDelivery(platform.table, id);
  if (stored === undefined) throw new PermanentError("delivery-missing", `there is no delivery ${id}`);
  const { delivery } = stored;
  if (delivery.state !== "failed" && delivery.state !== "uncertain" && delivery.state !== "pending") {
    throw new PermanentError("delivery-not-resendable", `a delivery that is ${delivery.state} is not sent again`);
  }
  const change = { state: "pending", resends: delivery.resends + 1, updatedAt: timeOf(platform) } as const;
  const request = requestWrite({ ...delivery, ...change }, platform.clock);
  const next = await transition(platform.table, stored, change, [request]);
  if (next === undefined) throw new TransientError("delivery-in-progress", "it was changed at the same moment");
  platform.log.info("message is sent again on request", { delivery: id, route: delivery.route, was: delivery.state });
  return next.delivery;
}

function problemOf(error: PermanentError | TransientError): { code: string; message: string } {
  return { code: error.code, message: plain(error.message, 500) };
}

function timeOf({ clock }: Pick<Platform, "clock">): string {
  return new Date(clock.now()).toISOString();
}
