import { envelopeOf, patternOf } from "../../shared/events/envelope.ts";
import { reportEvents, routeReport } from "../../shared/notifications/routing.ts";
import { queueDoor } from "../../shared/platform/door.ts";

export const door = queueDoor({
  name: "route-report",
  description:
    "Decides which routes hear of a scan, an assessment or changed advisories, and requests one message for each.",
  uses: { table: "write", blobs: "read" },
  settings: ["notifications"],
  subscribe: { bus: "portwarden", pattern: patternOf(...reportEvents) },
  message: envelopeOf(...reportEvents),
  handle: (platform, event) => routeReport(platform, event),
});
