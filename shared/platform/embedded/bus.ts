/** The `Bus` port in process: EventBridge rules whose targets are queues. */
import { toEnvelope } from "../../events/envelope.ts";
import type { DomainEvent } from "../../events/types.ts";
import type { EventPattern } from "../door.ts";
import type { Bus } from "../ports.ts";
import { eventText } from "../validation.ts";
import { compilePattern } from "./event-pattern.ts";
import type { OutboxRecord } from "./outbox.ts";
import type { EmbeddedStore } from "./store.ts";

/** `default` carries what clouds send, `portwarden` the product's own events. */
export type BusName = "portwarden" | "default";

export interface Rule {
  readonly bus: BusName;
  readonly pattern: EventPattern;
  /** The target queue. */
  readonly queue: string;
}

export interface EmbeddedBus extends Bus {
  /** Puts envelopes as they are on one of the buses. Throws `PermanentError` (`event-too-large`, `bad-data`). */
  put(bus: BusName, envelopes: readonly unknown[]): Promise<void>;
  /** Publishes outbox records and removes them from the outbox, in one transaction. */
  publishOutbox(records: readonly OutboxRecord[]): Promise<void>;
}

/**
 * Every event goes to the queue of every rule it matches, all of them in one transaction: a crash leaves all or
 * nothing. Throws `PermanentError("bad-pattern")` for a rule that EventBridge would refuse.
 */
export function embeddedBus(
  rules: readonly Rule[],
  store: Pick<EmbeddedStore, "queues" | "transaction" | "removeOutbox">,
): EmbeddedBus {
  const compiled = rules.map(({ bus, pattern, queue }) => ({ bus, queue, matches: compilePattern(pattern) }));
  store.queues.declare(rules.map((rule) => rule.queue));

  function put(bus: BusName, envelopes: readonly unknown[]): void {
    const texts = envelopes.map(eventText);
    store.transaction(() => {
      for (const text of texts) {
        const envelope: unknown = JSON.parse(text);
        for (const rule of compiled) {
          if (rule.bus === bus && rule.matches(envelope)) store.queues.enqueue(rule.queue, [text]);
        }
      }
    });
  }

  return {
    publish: async (events: readonly DomainEvent[]) => put("portwarden", events.map(toEnvelope)),
    put: async (bus, envelopes) => put(bus, envelopes),
    async publishOutbox(records) {
      store.transaction(() => {
        put(
          "portwarden",
          records.map((record) => record.data),
        );
        store.removeOutbox(records.map((record) => record.key));
      });
    },
  };
}
