import { patternOf } from "../../shared/events/envelope.ts";
import { queueDoor } from "../../shared/platform/door.ts";
import { planQueue } from "../../shared/rematch/ask.ts";
import { handleRematchMessage, rematchMessage } from "../../shared/rematch/requests.ts";

export const door = queueDoor({
  name: planQueue,
  description: "Finds the images that changed advisories are about, and has them matched again.",
  uses: { table: "write", blobs: "write", bus: true, queues: [planQueue] },
  settings: ["notifications"],
  timeoutSeconds: 900,
  memoryMegabytes: 3008,
  concurrency: { embedded: 1, aws: 2 },
  subscribe: { bus: "portwarden", pattern: patternOf("AdvisoriesChanged") },
  message: rematchMessage,
  handle: handleRematchMessage,
});
