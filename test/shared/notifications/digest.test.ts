import { describe, expect, it } from "vitest";
import type { Channel } from "../../../shared/notifications/channel.ts";
import { listDeliveries } from "../../../shared/notifications/deliveries.ts";
import { deliver } from "../../../shared/notifications/delivery.ts";
import { bucketEnd, bucketOf, closeDigests } from "../../../shared/notifications/digest.ts";
import type { Message } from "../../../shared/notifications/message.ts";
import { routeReport } from "../../../shared/notifications/routing.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { reported, requested, type TestPlatform, testPlatform } from "./platform.ts";
import { report, route, vulnerability } from "./samples.ts";

const minutes = 60_000;

/** Sends what is requested and returns the messages. */
async function sendAll(platform: TestPlatform): Promise<readonly Message[]> {
  const messages: Message[] = [];
  const channel: Channel = {
    name: "slack",
    deliver: async (message) => {
      messages.push(message);
      return { kind: "accepted", receipt: "42" };
    },
  };
  for (const event of requested(platform)) await deliver(platform, event, [channel]);
  return messages;
}

async function scan(platform: TestPlatform, change: Parameters<typeof report>[0]): Promise<void> {
  await routeReport(platform, await reported(platform, report(change)));
}

const image = (name: string, running: string[] = []) => ({
  name: `registry.example.com/${name}`,
  repository: `registry.example.com/${name}`,
  running,
});

describe("buckets", () => {
  it.each([
    ["hourly", "2026-11-22T07:59:59.999Z", "2026-11-22T07", "2026-11-22T08:00:00.000Z"],
    ["daily", "2026-12-31T23:59:59.999Z", "2026-12-31", "2027-01-01T00:00:00.000Z"],
  ] as const)("are UTC periods: %s", (period, now, bucket, end) => {
    expect(bucketOf(period, Date.parse(now))).toBe(bucket);
    expect(new Date(bucketEnd(bucket)).toISOString()).toBe(end);
  });
});

describe("digests", () => {
  it("tell the reports of one hour in one message, once, after the hour", async () => {
    const platform = testPlatform({ routes: [route({ digest: "hourly" })] });
    await scan(platform, { id: "a", subject: image("web:1") });
    await scan(platform, { id: "a", subject: image("web:1") });
    await scan(platform, {
      id: "b",
      subject: image("api:2", ["prod/api"]),
      introduced: [
        vulnerability(),
        vulnerability({ rule: "CVE-2", severity: "critical", exploited: true, component: "minimist" }),
      ],
    });
    await scan(platform, { id: "c", subject: image("old:3"), introduced: [], fixed: [vulnerability()] });
    expect(await closeDigests(platform)).toBe(0);
    expect(await sendAll(platform)).toEqual([]);

    platform.pass(30 * minutes);
    expect(await closeDigests(platform)).toBe(0);
    platform.pass(5 * minutes);
    expect(await Promise.all([closeDigests(platform), closeDigests(platform)])).toContain(1);
    expect(await closeDigests(platform)).toBe(0);

    const messages = await sendAll(platform);
    expect(messages).toHaveLength(1);
    const [message] = messages;
    expect(message?.title).toBe("Hourly digest 2026-11-22 07:00 UTC: 3 new, 1 known exploited, 1 fixed");
    expect(message?.severity).toBe("critical");
    const [actions, images] = message?.sections ?? [];
    expect(actions?.items.map((item) => [item.text, item.detail])).toEqual([
      ["Upgrade minimist 4.17.15 → 4.17.21", "fixes 1 (1 critical)"],
      ["Upgrade lodash 4.17.15 → 4.17.21", "fixes 2 in 2 images (2 high)"],
    ]);
    expect(images?.items.map((item) => [item.text, item.detail])).toEqual([
      ["registry.example.com/api:2", "2 new (1 critical, 1 high) · running in prod/api"],
      ["registry.example.com/web:1", "1 new (1 high)"],
      ["registry.example.com/old:3", "1 fixed (1 high)"],
    ]);
    expect(await sendAll(platform)).toEqual([]);
    const { deliveries } = await listDeliveries(platform.table, { limit: 10, state: "collected" });
    expect(deliveries.map((delivery) => delivery.digest)).toEqual(Array(3).fill(message?.id));
  });

  it("keep routes and periods apart, and what comes after the hour goes into the next", async () => {
    const routes = [route({ name: "hourly", digest: "hourly" }), route({ name: "daily", digest: "daily" })];
    const platform = testPlatform({ routes });
    await scan(platform, { id: "a" });
    platform.pass(31 * minutes);
    await scan(platform, { id: "b" });
    platform.pass(10 * minutes);
    await closeDigests(platform);
    expect((await sendAll(platform)).map((message) => message.footer)).toEqual(["Route hourly · digest 2026-11-22T07"]);
    platform.pass(24 * 60 * minutes);
    await closeDigests(platform);
    const later = await sendAll(platform);
    expect(later.map((message) => message.footer).sort()).toEqual([
      "Route daily · digest 2026-11-22",
      "Route hourly · digest 2026-11-22T08",
    ]);
    await closeDigests(platform);
    expect(platform.counters.get("digest-closed-before")).toBeUndefined();
    expect(later.find((message) => message.footer.includes("daily"))?.title).toContain("2 new");
  });

  it("close without a message when an entry was announced and never written", async () => {
    const platform = testPlatform({ routes: [route({ digest: "hourly" })] });
    const cut = { ...platform.table, transact: () => Promise.reject(new Error("killed")) };
    const event = await reported(platform, report());
    await expect(routeReport({ ...platform, table: cut }, event)).rejects.toThrow("killed");
    platform.pass(40 * minutes);
    expect(await closeDigests(platform)).toBe(0);
    await routeReport(platform, event);
    platform.pass(60 * minutes);
    expect(await closeDigests(platform)).toBe(1);
    expect(await sendAll(platform)).toHaveLength(1);
  });

  it("sum up many reports about many images within the limits of a message", async () => {
    const platform = testPlatform({ routes: [route({ digest: "daily" })] });
    for (let index = 0; index < 600; index++) {
      const introduced = [vulnerability({ rule: `CVE-${index}`, component: `p${index % 40}` })];
      await scan(platform, { id: `scan-${index}`, subject: image(`app${index % 200}:1`), introduced });
    }
    platform.pass(24 * 60 * minutes);
    await closeDigests(platform);
    const [message] = await sendAll(platform);
    expect(message?.facts).toContainEqual({ label: "Reports", text: "600 about 200 images and clusters" });
    expect(message?.title).toContain("600 new");
    const [actions, images] = message?.sections ?? [];
    expect([images?.items.length, images?.more]).toEqual([limits.itemsPerMessage, 200 - limits.itemsPerMessage]);
    expect((actions?.items.length ?? 0) + (actions?.more ?? 0)).toBe(40);
    expect(actions?.items[0]?.detail).toBe("fixes 15 in 5 images (15 high)");
  });
});
