import { scheduleDoor } from "../../shared/platform/door.ts";
import { refreshAdvisories } from "../../shared/scanning/refresh-advisories.ts";

export const door = scheduleDoor({
  name: "refresh-advisories",
  description: "Brings the advisory store up to date from its upstream",
  uses: { table: "write", blobs: "write", bus: true },
  settings: ["advisories"],
  everyMinutes: 360,
  timeoutSeconds: 900,
  memoryMegabytes: 3008,
  temporaryMegabytes: 8192,
  handle: refreshAdvisories,
});
