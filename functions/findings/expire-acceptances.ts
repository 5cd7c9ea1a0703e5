import { expireAcceptances } from "../../shared/findings/accept.ts";
import { scheduleDoor } from "../../shared/platform/door.ts";

export const door = scheduleDoor({
  name: "expire-acceptances",
  description: "Opens again the findings whose acceptance has ended",
  uses: { table: "write" },
  everyMinutes: 60,
  async handle(platform) {
    const reopened = await expireAcceptances(platform);
    platform.log.info("acceptances checked", { reopened: reopened.length });
  },
});
