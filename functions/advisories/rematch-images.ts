import { patternOf } from "../../shared/events/envelope.ts";
import { mapDoor } from "../../shared/platform/door.ts";
import { rematchBatch } from "../../shared/rematch/batch.ts";
import { batchItem } from "../../shared/rematch/documents.ts";

export const door = mapDoor({
  name: "rematch-images",
  description: "Matches a batch of images again, from their stored inventories, where advisories changed.",
  uses: { table: "write", blobs: "write", bus: true, queues: ["rematch-images"] },
  settings: ["notifications", "vex"],
  timeoutSeconds: 300,
  memoryMegabytes: 1769,
  concurrency: { embedded: 2, aws: 20 },
  subscribe: { pattern: patternOf("RematchPlanned") },
  item: batchItem,
  handle: rematchBatch,
});
