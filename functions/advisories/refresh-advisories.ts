import { scheduleDoor } from "../../shared/platform/door.ts";
import { refreshAdvisories } from "../../shared/scanning/refresh-advisories.ts";

const timeoutSeconds = 900;
/** To lay out and publish what was read last (a minute at most on two processors), and to announce it. */
const afterReadingSeconds = 300;

export const door = scheduleDoor({
  name: "refresh-advisories",
  description: "Asks the sources of advisories whose turn it is for what is new",
  uses: { table: "write", blobs: "write", bus: true },
  settings: ["advisories"],
  // Each source is asked as often as the settings say; what a run leaves, the next one begins with.
  everyMinutes: 30,
  timeoutSeconds,
  memoryMegabytes: 3008,
  temporaryMegabytes: 10_240,
  handle: (platform) => refreshAdvisories(platform, (timeoutSeconds - afterReadingSeconds) * 1000),
});
