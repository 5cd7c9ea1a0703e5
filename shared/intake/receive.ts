/**
 * The one way in for registries that call a webhook: prove the sender, understand the delivery, publish, answer.
 * A refusal is a status without a word; why it was refused stands in a counter and in the log.
 */
import { hash } from "node:crypto";
import type { DomainEvent } from "../events/types.ts";
import { parseJson, readBounded } from "../platform/body.ts";
import { messageOf, TransientError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Platform } from "../platform/ports.ts";
import { announce } from "./announce.ts";
import { senders } from "./registry.generated.ts";
import type { Refusal, Sender } from "./sender.ts";
import type { SigningKeys } from "./signing-keys.ts";

export type IntakePorts = Pick<
  Platform,
  "table" | "bus" | "queues" | "secrets" | "clock" | "log" | "metrics" | "settings"
>;

/** 401 also for unknown senders and replays: an answer tells a stranger nothing about what is set up here. */
const statusOf: Readonly<Record<Refusal, number>> = {
  "unknown-sender": 401,
  "not-configured": 401,
  "no-secret": 401,
  unsigned: 401,
  "wrong-signature": 401,
  "wrong-token": 401,
  "expired-token": 401,
  "wrong-claims": 401,
  stale: 401,
  replayed: 401,
  "too-large": 413,
  "too-many-events": 413,
  malformed: 400,
};

/** Seconds after which a sender may try again what failed on our side. */
const retryAfterSeconds = 30;

/**
 * Answers one webhook request of the sender with this name: 202 when its events are published (or it had none for
 * us), 200 for a handshake, 401/413/400 for what is refused, 503 when a port failed and the sender should try again.
 */
export async function receiveDelivery(
  ports: IntakePorts,
  keys: SigningKeys,
  name: string,
  request: Request,
): Promise<Response> {
  const sender = senders.find((candidate) => candidate.name === name);
  // The name is the caller's text: it becomes a counter's dimension only once it is one of ours.
  if (sender === undefined) return refuse(ports, "unknown", "unknown-sender");
  try {
    return request.method === "OPTIONS" ? shakeHands(ports, sender, request) : await take(ports, keys, sender, request);
  } catch (error) {
    const code = error instanceof TransientError ? error.code : "unexpected";
    ports.log.error("a webhook delivery could not be taken in", { sender: name, code, error: messageOf(error) });
    ports.metrics.count("webhook-failed", 1, { sender: name });
    return new Response(null, { status: 503, headers: { "retry-after": String(retryAfterSeconds) } });
  }
}

function shakeHands(ports: IntakePorts, sender: Sender, request: Request): Response {
  if (ports.settings.intake[sender.name] === undefined) return refuse(ports, sender.name, "not-configured");
  const headers = sender.handshake?.(request.headers);
  return headers === undefined ? refuse(ports, sender.name, "malformed") : new Response(null, { status: 200, headers });
}

async function take(ports: IntakePorts, keys: SigningKeys, sender: Sender, request: Request): Promise<Response> {
  const { secrets, clock, log } = ports;
  if (Number(request.headers.get("content-length") ?? 0) > limits.requestBytes) {
    return refuse(ports, sender.name, "too-large");
  }
  const body = await readBounded(request.body, limits.requestBytes);
  if (body === undefined) return refuse(ports, sender.name, "too-large");

  const delivery = { headers: request.headers, query: new URL(request.url).searchParams, body };
  const proof = await sender.verify(delivery, ports.settings.intake, { secrets, clock, log, keys });
  if (!proof.proven) return refuse(ports, sender.name, proof.reason);

  const json = parseJson(body);
  if (json === undefined) return refuse(ports, sender.name, "malformed");
  if (isStale(ports, sender, json.value)) return refuse(ports, sender.name, "stale");
  const normalised = sender.normalise(json.value, clock.now());
  if (normalised.kind === "malformed") return refuse(ports, sender.name, "malformed");
  if (normalised.kind === "answer") return Response.json(normalised.body);
  count(ports, "webhook-ignored", sender, normalised.ignored);
  count(ports, "webhook-unfit", sender, normalised.unfit);
  if (normalised.unfit > 0) {
    ports.log.warn("some entries of a webhook delivery do not name an image", {
      sender: sender.name,
      entries: normalised.unfit,
    });
  }
  if (normalised.events.length > limits.eventsPerDelivery) return refuse(ports, sender.name, "too-many-events");
  return normalised.events.length === 0 ? accepted() : publishOnce(ports, sender, body, normalised.events);
}

function isStale(ports: IntakePorts, sender: Sender, body: unknown): boolean {
  const sentAt = sender.sentAt?.(body);
  if (sentAt === undefined) return false;
  return Math.abs(ports.clock.now() - sentAt) > ports.settings.intake.maxAgeSeconds * 1000;
}

/**
 * A delivery is remembered by the hash of its bytes (what signatures cover; a delivery id in a header is not signed),
 * and only after its events are durable: when publishing fails, the repeat must be taken. Should the process die in
 * between, the repeat publishes the same event ids again, which changes nothing.
 */
async function publishOnce(
  ports: IntakePorts,
  sender: Sender,
  body: Uint8Array,
  events: readonly DomainEvent[],
): Promise<Response> {
  const key = { pk: `delivery#${sender.name}#${hash("sha256", body, "hex")}`, sk: "delivery" };
  if ((await ports.table.get(key)) !== undefined) {
    if (sender.replay.answer === "refuse") return refuse(ports, sender.name, "replayed");
    ports.metrics.count("webhook-replayed", 1, { sender: sender.name });
    return accepted();
  }
  await announce(ports, events);
  const expiresAt = Math.floor(ports.clock.now() / 1000) + sender.replay.rememberSeconds;
  await ports.table.put({ ...key, data: { events: events.length }, expiresAt, condition: { ifAbsent: true } });
  ports.metrics.count("webhook-accepted", 1, { sender: sender.name });
  ports.log.info("a registry event came in", { sender: sender.name, events: events.length });
  return accepted();
}

function accepted(): Response {
  return new Response(null, { status: 202 });
}

function refuse(ports: IntakePorts, sender: string, reason: Refusal): Response {
  ports.metrics.count("webhook-refused", 1, { sender, reason });
  ports.log.warn("a webhook delivery was refused", { sender, reason });
  return new Response(null, { status: statusOf[reason] });
}

function count(ports: IntakePorts, name: string, sender: Sender, value: number): void {
  if (value > 0) ports.metrics.count(name, value, { sender: sender.name });
}
