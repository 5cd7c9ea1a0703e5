import * as z from "zod";
import { type DomainEvent, type EventType, eventSchemas } from "./types.ts";

/** The source of every event of this product on the bus. */
export const eventSource = "portwarden";

const envelopeBase = z.object({
  source: z.literal(eventSource),
  "detail-type": z.string(),
  time: z.iso.datetime(),
  detail: z.looseObject({ id: z.string().min(1).max(256), time: z.iso.datetime() }),
});

/** What travels: an EventBridge envelope. `detail.time` is the source time to the millisecond. */
export interface Envelope {
  readonly source: string;
  readonly "detail-type": string;
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export function toEnvelope(event: DomainEvent): Envelope {
  return {
    source: eventSource,
    "detail-type": event.type,
    time: event.time,
    detail: { id: event.id, time: event.time, ...event.data },
  };
}

/** The event pattern that selects these event types on the product's bus. */
export function patternOf(...types: readonly EventType[]): { source: string[]; "detail-type": string[] } {
  return { source: [eventSource], "detail-type": [...types] };
}

/**
 * The schema of queue messages that carry one of these events: parses an envelope into a `DomainEvent`.
 * Unknown types and details that do not fit are refused, so that they are quarantined and seen.
 */
export function envelopeOf<Type extends EventType>(...types: readonly Type[]) {
  return envelopeBase.transform((envelope, context): Extract<DomainEvent, { type: Type }> => {
    const type = types.find((candidate) => candidate === envelope["detail-type"]);
    if (type === undefined) {
      context.addIssue({ code: "custom", message: `unexpected event type ${envelope["detail-type"]}` });
      return z.NEVER;
    }
    const data = eventSchemas[type].safeParse(envelope.detail);
    if (!data.success) {
      context.addIssue({ code: "custom", message: z.prettifyError(data.error) });
      return z.NEVER;
    }
    const event = { type, id: envelope.detail.id, time: envelope.detail.time, data: data.data };
    return event as unknown as Extract<DomainEvent, { type: Type }>;
  });
}
