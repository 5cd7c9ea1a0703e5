/**
 * The bus port on EventBridge. Right: PutEvents. A request takes at most 10 entries; their size is counted as
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html does and kept to what every region has
 * always taken (256 kB; 1 MB since January 2026).
 */
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { toEnvelope } from "../../events/envelope.ts";
import type { DomainEvent } from "../../events/types.ts";
import { TransientError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Bus } from "../ports.ts";
import { eventText } from "../validation.ts";
import { clientDefaults } from "./client.ts";
import { failureOf } from "./errors.ts";
import type { Provider } from "./providers.ts";
import { batches, untilAllSent } from "./retry.ts";

const entriesPerRequest = 10;

export interface EventBridgeBusOptions {
  readonly client: EventBridgeClient;
  /** Name or ARN. */
  readonly bus: string;
}

export const provide: Provider<"bus"> = ({ environment }) =>
  eventBridgeBus({ client: new EventBridgeClient(clientDefaults), bus: environment.require("bus") });

export function eventBridgeBus({ client, bus }: EventBridgeBusOptions): Bus {
  return {
    async publish(events) {
      const entries = events.map((event) => entryOf(event, bus));
      for (const batch of batches(entries, entriesPerRequest, limits.eventBytes, bytesOf)) {
        const codes = new Set<string>();
        const left = await untilAllSent(batch, (part) => putEvents(client, part, codes));
        if (left.length > 0) {
          const text = `publishing events: ${left.length} of ${events.length} were refused (${[...codes].join(", ")})`;
          throw new TransientError("partly-published", text);
        }
      }
    },
  };
}

function entryOf(event: DomainEvent, bus: string): PutEventsRequestEntry {
  const envelope = toEnvelope(event);
  eventText(envelope);
  return {
    EventBusName: bus,
    Source: envelope.source,
    DetailType: envelope["detail-type"],
    Detail: JSON.stringify(envelope.detail),
    Time: new Date(envelope.time),
  };
}

function bytesOf({ Source: source = "", DetailType: type = "", Detail: detail = "" }: PutEventsRequestEntry): number {
  const timeBytes = 14;
  return timeBytes + Buffer.byteLength(source) + Buffer.byteLength(type) + Buffer.byteLength(detail);
}

/** A 200 may carry refused entries: gives those. The answer's entries stand in the order of the request's. */
async function putEvents(
  client: EventBridgeClient,
  part: readonly PutEventsRequestEntry[],
  codes: Set<string>,
): Promise<readonly PutEventsRequestEntry[]> {
  const answer = await client.send(new PutEventsCommand({ Entries: [...part] })).catch((thrown: unknown) => {
    throw failureOf(thrown, "publishing events");
  });
  if ((answer.FailedEntryCount ?? 0) === 0) return [];
  for (const entry of answer.Entries ?? []) if (entry.ErrorCode !== undefined) codes.add(entry.ErrorCode);
  return part.filter((_, index) => answer.Entries?.[index]?.EventId === undefined);
}
