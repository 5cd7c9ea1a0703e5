import type { Platform } from "../platform/ports.ts";
import { envelopeOf } from "./envelope.ts";
import { type EventType, eventSchemas } from "./types.ts";

const anyEvent = envelopeOf(...(Object.keys(eventSchemas) as EventType[]));

/**
 * Publishes outbox records (envelopes, see `outboxWrite`). Throws when the bus did not take all of them: the records
 * come again, and receivers know events by their id.
 */
export async function publishOutbox(platform: Pick<Platform, "bus">, records: readonly unknown[]): Promise<void> {
  await platform.bus.publish(records.map((record) => anyEvent.parse(record)));
}
