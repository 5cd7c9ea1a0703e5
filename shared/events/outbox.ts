import type { Write } from "../platform/ports.ts";
import { type Envelope, toEnvelope } from "./envelope.ts";
import type { DomainEvent } from "./types.ts";

/** Partitions that begin so hold outbox records; the publisher reads them from the change stream. */
export const outboxPrefix = "outbox#";
const retentionSeconds = 2 * 86_400;

/**
 * The write that makes an event part of a transaction: state and event commit together, the publisher emits from
 * there. One partition per event, so that no partition is hot.
 */
export function outboxWrite(event: DomainEvent, now: number): Write {
  const data: Envelope = toEnvelope(event);
  return {
    put: {
      pk: `${outboxPrefix}${event.id}`,
      sk: "event",
      data,
      time: event.time,
      expiresAt: Math.floor(now / 1000) + retentionSeconds,
    },
  };
}
