import { assessMessage, handleAssess } from "../../shared/clouds/assess-door.ts";
import { patternOf } from "../../shared/events/envelope.ts";
import { queueDoor } from "../../shared/platform/door.ts";

export const door = queueDoor({
  name: "assess-cluster",
  description: "Waits until a changed cluster is quiet, reads it again, and records its posture, drift and images.",
  uses: { table: "write", blobs: "write", queues: ["assess-cluster"], ecs: true },
  settings: ["clouds", "notifications"],
  timeoutSeconds: 300,
  memoryMegabytes: 1024,
  subscribe: { bus: "portwarden", pattern: patternOf("ClusterChanged") },
  message: assessMessage,
  handle: handleAssess,
});
