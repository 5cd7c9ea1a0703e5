import { sweepClusters } from "../../shared/clouds/sweep.ts";
import { scheduleDoor } from "../../shared/platform/door.ts";

export const door = scheduleDoor({
  name: "sweep-clusters",
  description: "Finds the clusters of the watched regions and has each of them read again, events or not.",
  uses: { table: "read", queues: ["assess-cluster"], ecs: true },
  settings: ["clouds"],
  timeoutSeconds: 120,
  everyMinutes: 60,
  handle: sweepClusters,
});
