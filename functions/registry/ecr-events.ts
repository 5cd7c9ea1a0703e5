import { scanQueue } from "../../shared/intake/announce.ts";
import { ecrImageAction, ecrPattern, takeEcrImageAction } from "../../shared/intake/ecr.ts";
import { queueDoor } from "../../shared/platform/door.ts";

export const door = queueDoor({
  name: "ecr-events",
  description: "Takes in pushes to and deletions from Amazon ECR.",
  uses: { bus: true, queues: [scanQueue] },
  subscribe: { bus: "default", pattern: ecrPattern },
  message: ecrImageAction,
  handle: (platform, action) => takeEcrImageAction(platform, action),
});
