import * as z from "zod";
import { PermanentError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { envelopeOf } from "./envelope.ts";
import { type EventType, eventSchemas } from "./types.ts";

const anyEvent = envelopeOf(...(Object.keys(eventSchemas) as EventType[]));

/**
 * Publishes outbox records (envelopes, see `outboxWrite`). Throws when the bus did not take all of them: the records
 * come again, and receivers know events by their id. `PermanentError("event-unfit")` for a record that is no event: it must be set aside,
 * or every event behind it would wait for ever.
 */
export async function publishOutbox(platform: Pick<Platform, "bus">, records: readonly unknown[]): Promise<void> {
  await platform.bus.publish(records.map(read));
}

function read(record: unknown): z.infer<typeof anyEvent> {
  const parsed = anyEvent.safeParse(record);
  if (parsed.success) return parsed.data;
  throw new PermanentError("event-unfit", `not an event: ${z.prettifyError(parsed.error).slice(0, 500)}`);
}
