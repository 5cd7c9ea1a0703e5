import { restrictTo } from "../shared/platform/declared.ts";
import type { ScheduleDoor } from "../shared/platform/door.ts";
import { messageOf } from "../shared/platform/errors.ts";
import type { Platform } from "../shared/platform/ports.ts";

export interface Schedules {
  /** Starts no more runs and waits for the one under way, at most some seconds. */
  stop(): Promise<void>;
}

const minute = 60_000;
const firstRun = 2_000;
const stopSeconds = 10;

/**
 * Runs each schedule door when it is due, by the time of its last run that the table keeps: a restart neither skips
 * nor repeats. One run at a time per door; a failure waits for the next turn.
 */
export function startSchedules(doors: readonly ScheduleDoor[], platform: Platform): Schedules {
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  const key = (door: ScheduleDoor) => ({ pk: "schedule", sk: door.name });

  function plan(door: ScheduleDoor, milliseconds: number): void {
    if (stopped) return;
    const timer = setTimeout(
      () => {
        const run = turn(door).finally(() => running.delete(run));
        running.add(run);
      },
      Math.max(0, Math.min(milliseconds, 2 ** 31 - 1)),
    );
    timer.unref();
    timers.set(door.name, timer);
  }

  async function turn(door: ScheduleDoor): Promise<void> {
    const started = platform.clock.now();
    try {
      await door.handle(restrictTo(door, platform));
    } catch (error) {
      platform.log.error("a scheduled run failed", { schedule: door.name, error: messageOf(error) });
    }
    await platform.table
      .put({ ...key(door), data: { at: started } })
      .catch((error: unknown) =>
        platform.log.error("a schedule could not be noted", { schedule: door.name, error: messageOf(error) }),
      );
    plan(door, door.everyMinutes * minute - (platform.clock.now() - started));
  }

  async function first(door: ScheduleDoor): Promise<void> {
    const item = await platform.table.get(key(door));
    const data = item?.data;
    const at =
      typeof data === "object" && data !== null && "at" in data && typeof data.at === "number" ? data.at : undefined;
    plan(
      door,
      at === undefined ? firstRun : Math.max(firstRun, at + door.everyMinutes * minute - platform.clock.now()),
    );
  }

  for (const door of doors) {
    first(door).catch((error: unknown) =>
      platform.log.error("a schedule could not be planned", { schedule: door.name, error: messageOf(error) }),
    );
  }
  return {
    async stop() {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      const patience = new Promise<void>((resolve) => setTimeout(resolve, stopSeconds * 1000).unref());
      await Promise.race([Promise.all(running), patience]);
    },
  };
}
