import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startSchedules } from "../../local/schedules.ts";
import { type ScheduleDoor, scheduleDoor } from "../../shared/platform/door.ts";
import type { Platform } from "../../shared/platform/ports.ts";
import { memoryTable } from "../support/memory-table.ts";
import { silentLog } from "../support/registry.ts";

const minute = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T00:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

function world() {
  const errors: string[] = [];
  const clock = { now: () => Date.now() };
  const log = { ...silentLog, error: (message: string) => void errors.push(message) };
  const platform = { table: memoryTable(clock), clock, log } as unknown as Platform;
  return { platform, errors };
}

function every(minutes: number, run: (platform: Platform) => Promise<void>): ScheduleDoor {
  return scheduleDoor({
    name: "tick",
    description: "A run that is counted",
    uses: {},
    everyMinutes: minutes,
    handle: run,
  });
}

it("runs soon after the first start, then when due, and after a restart neither at once nor late", async () => {
  const { platform } = world();
  const runs: number[] = [];
  const began = Date.now();
  const door = every(60, async () => void runs.push(Math.round((Date.now() - began) / minute)));
  const first = startSchedules([door], platform);
  await vi.advanceTimersByTimeAsync(minute);
  expect(runs).toEqual([0]);
  await vi.advanceTimersByTimeAsync(130 * minute);
  expect(runs).toEqual([0, 60, 120]);
  await first.stop();

  // 131 minutes after the beginning; the next run is due at 180.
  const second = startSchedules([door], platform);
  await vi.advanceTimersByTimeAsync(48 * minute);
  expect(runs).toEqual([0, 60, 120]);
  await vi.advanceTimersByTimeAsync(2 * minute);
  expect(runs).toEqual([0, 60, 120, 180]);
  await second.stop();

  // Down over two turns: one run makes up for both, soon.
  await vi.advanceTimersByTimeAsync(150 * minute);
  const third = startSchedules([door], platform);
  await vi.advanceTimersByTimeAsync(minute);
  expect(runs).toEqual([0, 60, 120, 180, 331]);
  await third.stop();
  await vi.advanceTimersByTimeAsync(1000 * minute);
  expect(runs).toHaveLength(5);
});

it("keeps to its turns when a run fails, and never runs one door twice at once", async () => {
  const { platform, errors } = world();
  let running = 0;
  let most = 0;
  let runs = 0;
  const door = every(10, async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 25 * minute));
    running--;
    if (++runs === 1) throw new Error("no network");
  });
  const schedules = startSchedules([door], platform);
  await vi.advanceTimersByTimeAsync(120 * minute);
  expect([runs, most]).toEqual([4, 1]);
  expect(errors).toEqual(["a scheduled run failed"]);
  const stopping = schedules.stop();
  await vi.advanceTimersByTimeAsync(minute);
  await stopping;
});

it("gives a run only the ports that its door declares", async () => {
  const { platform, errors } = world();
  const door = every(10, async (given) => {
    await given.table.get({ pk: "a", sk: "b" });
  });
  const schedules = startSchedules([door], platform);
  await vi.advanceTimersByTimeAsync(minute);
  expect(errors).toEqual(["a scheduled run failed"]);
  await schedules.stop();
});

it("waits at its end for the run under way", async () => {
  const { platform } = world();
  let done = false;
  const door = every(10, async () => {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    done = true;
  });
  const schedules = startSchedules([door], platform);
  await vi.advanceTimersByTimeAsync(3000);
  const stopped = schedules.stop();
  await vi.advanceTimersByTimeAsync(4000);
  await stopped;
  expect(done).toBe(true);
});
