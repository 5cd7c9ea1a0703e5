import { envelopeOf, patternOf } from "../../shared/events/envelope.ts";
import { routeReport } from "../../shared/notifications/routing.ts";
import { queueDoor } from "../../shared/platform/door.ts";

export const door = queueDoor({
  name: "route-report",
  description: "Decides which routes hear of a scan or an assessment, and requests one message for each.",
  uses: { table: "write", blobs: "read" },
  settings: ["notifications"],
  subscribe: { bus: "portwarden", pattern: patternOf("ScanCompleted", "ClusterAssessed") },
  message: envelopeOf("ScanCompleted", "ClusterAssessed"),
  handle: (platform, event) => routeReport(platform, event),
});
