import { toEnvelope } from "../events/envelope.ts";
import type { DomainEvent } from "../events/types.ts";
import type { Platform } from "../platform/ports.ts";

/** The queue of the scan door. */
export const scanQueue = "scan-image";
/** How long a push without a tag waits, in seconds: the index that names it is pushed right after its children. */
const untaggedDelaySeconds = 10;

/**
 * Publishes what a registry announced. A push of several platforms is announced once for each child and once for the
 * index, in any order: a push without a tag goes to the scan queue late, so that the index comes first, is told as one,
 * and its children are already known when their turn comes.
 */
export async function announce(ports: Pick<Platform, "bus" | "queues">, events: readonly DomainEvent[]): Promise<void> {
  const untagged = events.filter((event) => event.type === "ImagePushed" && event.data.tags.length === 0);
  const others = events.filter((event) => !untagged.includes(event));
  if (others.length > 0) await ports.bus.publish(others);
  if (untagged.length > 0) await ports.queues.send(scanQueue, untagged.map(toEnvelope), untaggedDelaySeconds);
}
