import { clusterChangeOf, ecsEventPattern, ecsEventSchema } from "../../shared/clouds/ecs-events.ts";
import { queueDoor } from "../../shared/platform/door.ts";

export const door = queueDoor({
  name: "ecs-events",
  description: "Turns ECS state changes and API calls of the account's default bus into ClusterChanged.",
  uses: { bus: true },
  memoryMegabytes: 256,
  subscribe: { bus: "default", pattern: ecsEventPattern },
  message: ecsEventSchema,
  async handle(platform, event) {
    const outcome = clusterChangeOf(event);
    if ("event" in outcome) {
      await platform.bus.publish([outcome.event]);
      return;
    }
    platform.metrics.count("cluster-events-ignored", 1, { reason: outcome.ignored });
    if (outcome.ignored === "malformed") {
      platform.log.warn("an ECS event does not have the documented form", { id: event.id, why: outcome.why });
    }
  },
});
