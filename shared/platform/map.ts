/** How a map door's messages are read, wherever its queue stands: an item, or the event that brings the list of them. */
import * as z from "zod";
import { listEventSchema } from "../events/list-event.ts";
import type { MapDoor, QueueDoor } from "./door.ts";
import { PermanentError } from "./errors.ts";

const listSchema = z.array(z.unknown());

/**
 * The door as one that consumes a queue. The event becomes a message for each item; the door must declare `blobs` and
 * its own queue among its `uses`.
 */
export function queueOfMap(door: MapDoor<unknown>): QueueDoor<unknown> {
  const { subscribe: _list, item, ...rest } = door;
  return {
    ...rest,
    kind: "queue",
    message: z.union([listEventSchema, item]),
    async handle(platform, body) {
      const event = listEventSchema.safeParse(body);
      if (!event.success) return door.handle(platform, body);
      const key = event.data.detail.items;
      const list = await platform.blobs.get(key);
      if (list === undefined) throw new PermanentError("list-missing", `there is no list ${key}`);
      await platform.queues.send(door.name, listSchema.parse(JSON.parse(Buffer.from(list).toString("utf8"))));
    },
  };
}
