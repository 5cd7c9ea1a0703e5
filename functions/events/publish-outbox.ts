import { publishOutbox } from "../../shared/events/publish.ts";
import { outboxDoor } from "../../shared/platform/door.ts";

export const door = outboxDoor({
  name: "publish-outbox",
  description: "Publishes the events that were committed together with state",
  uses: { bus: true },
  handle: publishOutbox,
});
