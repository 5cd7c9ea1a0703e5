import { closeDigests } from "../../shared/notifications/digest.ts";
import { scheduleDoor } from "../../shared/platform/door.ts";

export const door = scheduleDoor({
  name: "send-digests",
  description: "Requests the hourly and daily digests whose period is over.",
  uses: { table: "write" },
  everyMinutes: 15,
  async handle(platform) {
    await closeDigests(platform);
  },
});
