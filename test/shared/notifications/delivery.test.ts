import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reportKey } from "../../../shared/findings/report.ts";
import type { Channel, Outcome } from "../../../shared/notifications/channel.ts";
import {
  type DeliveryState,
  deliveryStates,
  listDeliveries,
  readDelivery,
  reportDeliveryId,
} from "../../../shared/notifications/deliveries.ts";
import { deliver, resendDelivery } from "../../../shared/notifications/delivery.ts";
import { routeReport } from "../../../shared/notifications/routing.ts";
import { PermanentError, TransientError } from "../../../shared/platform/errors.ts";
import type { Table } from "../../../shared/platform/ports.ts";
import { reported, requested, type TestPlatform, testPlatform } from "./platform.ts";
import { report, route } from "./samples.ts";

const days = 86_400_000;
const accepted: Outcome = { kind: "accepted", receipt: "42" };

interface RecordingChannel extends Channel {
  readonly sent: string[];
}

/** A Slack channel that does as told, one step per message, then accepts. */
function channelThat(...steps: readonly (() => Promise<Outcome>)[]): RecordingChannel {
  const sent: string[] = [];
  return {
    name: "slack",
    sent,
    deliver: (message) => {
      sent.push(message.id);
      return steps[sent.length - 1]?.() ?? Promise.resolve(accepted);
    },
  };
}
const throwing = (error: Error) => () => Promise.reject(error);

/** A platform on which one report was routed to one route, and the request to deliver it. */
async function routed() {
  const platform = testPlatform({ routes: [route()] });
  await routeReport(platform, await reported(platform, report()));
  const [event] = requested(platform);
  if (event === undefined) throw new Error("nothing was requested");
  const state = async () => (await readDelivery(platform.table, event.data.deliveryId))?.delivery;
  return { platform, event, state };
}

/** The platform as a process sees it that is killed at its n-th transaction from now (0: the first one). */
function killedAt(platform: TestPlatform, transaction: number): TestPlatform {
  let left = transaction;
  const killed = () => Promise.reject(new Error("killed"));
  const table: Table = {
    ...platform.table,
    transact: (writes) => (left-- > 0 ? platform.table.transact(writes) : killed()),
  };
  return { ...platform, table: { ...platform.table, ...table } };
}

describe("routing a report", () => {
  it("requests one delivery per matching route, however often the event comes", async () => {
    const routes = [
      route({ name: "all" }),
      route({ name: "criticals", when: { severity: "critical" } }),
      route({ name: "shop", when: { repositories: ["**/shop/*"] } }),
    ];
    const platform = testPlatform({ routes });
    const event = await reported(platform, report());
    await Promise.all([routeReport(platform, event), routeReport(platform, event)]);
    await routeReport(platform, event);
    expect(requested(platform).map((request) => request.data.route)).toEqual(["all", "shop"]);
    expect(platform.counters.get("notification-routed")).toBe(2);
  });

  it("requests none where nothing changed, and reads a failed scan that says so", async () => {
    const platform = testPlatform({ routes: [route()] });
    const nothing = await reported(platform, report({ introduced: [] }));
    await routeReport(platform, nothing);
    expect(requested(platform)).toEqual([]);
    await routeReport(platform, { ...nothing, data: { ...nothing.data, status: "failed" } });
    expect(requested(platform)).toEqual([]);
  });

  it("tells nobody of what is older than the memory of what was sent", async () => {
    const { platform } = await routed();
    const event = await reported(platform, report());
    platform.pass(91 * days);
    await routeReport(platform, event);
    expect(requested(platform)).toEqual([]);
    expect(platform.counters.get("notification-stale")).toBe(1);
  });

  it("does not tell twice what a digest has collected, even when the route leaves digests", async () => {
    const platform = testPlatform({ routes: [route({ digest: "hourly" })] });
    const event = await reported(platform, report());
    await routeReport(platform, event);
    const changed = testPlatform({ routes: [route()] });
    await routeReport({ ...platform, settings: changed.settings }, event);
    expect(requested(platform)).toEqual([]);
  });

  it("refuses reports that are missing or unreadable as permanent", async () => {
    const platform = testPlatform({ routes: [route()] });
    const event = await reported(platform, report());
    await platform.blobs.put(reportKey("scan-1"), new TextEncoder().encode("{"));
    await expect(routeReport(platform, event)).rejects.toMatchObject({ code: "report-unreadable" });
    await platform.blobs.remove(reportKey("scan-1"));
    await expect(routeReport(platform, event)).rejects.toMatchObject({
      name: "PermanentError",
      code: "report-missing",
    });
  });
});

describe("delivering", () => {
  it("sends once, records the receipt, and lets every repeat pass", async () => {
    const { platform, event, state } = await routed();
    const channel = channelThat();
    await deliver(platform, event, [channel]);
    await deliver(platform, event, [channel]);
    expect(channel.sent).toEqual([reportDeliveryId("ops", "scan-1")]);
    expect(await state()).toMatchObject({ state: "sent", receipt: "42", attempts: 1, channel: "slack" });
    expect(platform.counters.get("delivery-sent")).toBe(1);
  });

  it("goes back to pending when certainly nothing was delivered, and passes the wish to wait on", async () => {
    const { platform, event, state } = await routed();
    const busy = new TransientError("slack-rate-limited", "429", { retryAfterSeconds: 7 });
    const channel = channelThat(throwing(busy));
    await expect(deliver(platform, event, [channel])).rejects.toBe(busy);
    expect(await state()).toMatchObject({ state: "pending", problem: { code: "slack-rate-limited" } });
    await deliver(platform, event, [channel]);
    expect(await state()).toMatchObject({ state: "sent", attempts: 2 });
    expect((await state())?.problem).toBeUndefined();
  });

  it.each<[string, () => Promise<Outcome>, DeliveryState, string]>([
    ["refused for good", throwing(new PermanentError("slack-no-service", "404")), "failed", "slack-no-service"],
    ["of unknown outcome", async () => ({ kind: "unknown", reason: "timeout" }), "uncertain", "outcome-unknown"],
    ["cut by a defect", throwing(new TypeError("x is not a function")), "uncertain", "channel-defect"],
  ])("settles a message that was %s, visibly, and never sends it again by itself", async (_name, step, end, code) => {
    const { platform, event, state } = await routed();
    const channel = channelThat(step);
    await deliver(platform, event, [channel]);
    await deliver(platform, event, [channel]);
    expect(channel.sent).toHaveLength(1);
    expect(await state()).toMatchObject({ state: end, problem: { code } });
    expect(platform.counters.get(`delivery-${end}`)).toBe(1);
    expect(platform.lines.filter((line) => line.level === "error")).toHaveLength(1);
  });

  it("is uncertain, not sent again, when the process was killed between the send and its record", async () => {
    const { platform, event, state } = await routed();
    const channel = channelThat();
    await expect(deliver(killedAt(platform, 1), event, [channel])).rejects.toThrow("killed");
    expect(await state()).toMatchObject({ state: "sending" });
    await expect(deliver(platform, event, [channel])).rejects.toMatchObject({
      code: "delivery-in-progress",
      retryAfterSeconds: 120,
    });
    platform.pass(120_000);
    await deliver(platform, event, [channel]);
    expect(channel.sent).toHaveLength(1);
    expect(await state()).toMatchObject({ state: "uncertain", problem: { code: "attempt-cut-off" } });
  });

  it("keeps the truth of a slow attempt that was given up as uncertain meanwhile", async () => {
    const { platform, event, state } = await routed();
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const slow = channelThat(() => promise);
    const attempt = deliver(platform, event, [slow]);
    await expect.poll(() => slow.sent.length).toBe(1);
    platform.pass(120_000);
    await deliver(platform, event, [slow]);
    expect((await state())?.state).toBe("uncertain");
    resolve(accepted);
    await attempt;
    expect(await state()).toMatchObject({ state: "sent", receipt: "42" });
    expect((await state())?.problem).toBeUndefined();
  });

  it("lets one of many simultaneous deliveries send", async () => {
    const { platform, event, state } = await routed();
    const channel = channelThat();
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => deliver(platform, event, [channel])));
    expect(channel.sent).toHaveLength(1);
    // None of the others is acknowledged: it may be the very message that the winner needs for a second attempt.
    const others = all.filter((result) => result.status === "rejected");
    expect(others).toHaveLength(7);
    for (const { reason } of others) {
      expect(reason).toMatchObject({ name: "TransientError", code: "delivery-in-progress" });
    }
    expect((await state())?.state).toBe("sent");
  });

  it.each<[string, (platform: TestPlatform) => Promise<unknown>, string]>([
    ["route-gone", async () => ({ settings: testPlatform().settings }), "route-gone"],
    [
      "route-changed",
      async () => testPlatform({ routes: [route({ when: { severity: "critical" } })] }),
      "route-changed",
    ],
    ["report-missing", (platform) => platform.blobs.remove(reportKey("scan-1")), "report-missing"],
  ])("fails, before it sends anything, with %s", async (_name, prepare, code) => {
    const { platform, event, state } = await routed();
    const change = (await prepare(platform)) as Partial<TestPlatform> | undefined;
    const channel = channelThat();
    await deliver({ ...platform, ...(change?.settings && { settings: change.settings }) }, event, [channel]);
    expect(channel.sent).toEqual([]);
    expect(await state()).toMatchObject({ state: "failed", problem: { code }, attempts: 0 });
  });

  it("acknowledges a request whose record has expired", async () => {
    const { platform, event } = await routed();
    platform.pass(91 * days);
    const channel = channelThat();
    await deliver(platform, event, [channel]);
    expect(channel.sent).toEqual([]);
    expect(platform.counters.get("delivery-missing")).toBe(1);
  });
});

describe("sending again on request", () => {
  it("sends an uncertain message once more, under the same id", async () => {
    const { platform, event, state } = await routed();
    const channel = channelThat(async () => ({ kind: "unknown", reason: "timeout" }));
    await deliver(platform, event, [channel]);
    await resendDelivery(platform, event.data.deliveryId);
    const second = requested(platform).find((request) => request.id !== event.id);
    expect(second?.data).toEqual(event.data);
    if (second !== undefined) await deliver(platform, second, [channel]);
    expect(channel.sent).toEqual([event.data.deliveryId, event.data.deliveryId]);
    expect(await state()).toMatchObject({ state: "sent", resends: 1, attempts: 2 });
    await expect(resendDelivery(platform, event.data.deliveryId)).rejects.toMatchObject({
      code: "delivery-not-resendable",
    });
    await expect(resendDelivery(platform, "f".repeat(32))).rejects.toMatchObject({ code: "delivery-missing" });
  });
});

describe("listing deliveries", () => {
  it("pages newest first, by state or all, and follows every transition", async () => {
    const platform = testPlatform({ routes: [route()] });
    const channel = channelThat(throwing(new PermanentError("slack-no-service", "404")));
    for (const id of ["a", "b", "c"]) {
      platform.pass(1000);
      await routeReport(platform, await reported(platform, report({ id })));
    }
    const [first] = requested(platform);
    if (first !== undefined) await deliver(platform, first, [channel]);
    const ids = async (state?: DeliveryState) => {
      const { deliveries } = await listDeliveries(platform.table, { limit: 10, ...(state && { state }) });
      return deliveries.map(({ content }) => content.kind === "report" && content.reportId);
    };
    expect(await ids()).toEqual(["c", "b", "a"]);
    expect(await ids("failed")).toEqual(["a"]);
    expect(await ids("pending")).toEqual(["c", "b"]);
    expect(await ids("sending")).toEqual([]);

    const page = await listDeliveries(platform.table, { limit: 2 });
    expect(page.deliveries).toHaveLength(2);
    const rest = await listDeliveries(platform.table, { limit: 2, ...(page.next && { after: page.next }) });
    expect([rest.deliveries.length, rest.next]).toEqual([1, undefined]);
    await expect(listDeliveries(platform.table, { limit: 0 })).rejects.toMatchObject({ code: "bad-limit" });
  });
});

/** One thing that can happen to a delivery request in a queue that delivers at least once. */
const happening = fc.constantFrom("accept", "busy", "refuse", "silence", "defect", "kill-before", "kill-after", "wait");

describe("whatever happens", () => {
  it("reaches the receiver at most once without a person asking, and ends in a state that tells the truth", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 12 }), async (happenings) => {
        const { platform, event, state } = await routed();
        let arrived = 0;
        for (const what of happenings) {
          if (what === "wait") platform.pass(120_000);
          const arrive = async () => {
            arrived++;
            return accepted;
          };
          const steps: Partial<Record<typeof what, () => Promise<Outcome>>> = {
            busy: throwing(new TransientError("slack-rate-limited", "429")),
            refuse: throwing(new PermanentError("slack-no-service", "404")),
            // Silence and defects: it did arrive, and nobody here knows.
            silence: () => arrive().then(() => ({ kind: "unknown", reason: "timeout" })),
            defect: () => arrive().then(() => Promise.reject(new TypeError("defect"))),
          };
          const channel = channelThat(steps[what] ?? arrive);
          const process =
            what === "kill-before" ? killedAt(platform, 0) : what === "kill-after" ? killedAt(platform, 1) : platform;
          await deliver(process, event, [channel]).catch(() => undefined);
        }
        expect(arrived).toBeLessThanOrEqual(1);
        const end = (await state())?.state ?? "missing";
        expect(deliveryStates).toContain(end);
        if (end === "sent") expect(arrived).toBe(1);
        if (end === "pending" || end === "failed") expect(arrived).toBe(0);
        const listed = await listDeliveries(platform.table, { limit: 10, state: end as DeliveryState });
        expect(listed.deliveries).toHaveLength(1);
        const entries = platform.table.items().filter((item) => item.pk.startsWith("deliveries"));
        expect(entries.map((item) => item.pk).sort()).toEqual(["deliveries", `deliveries#${end}`]);
      }),
      { numRuns: 200 },
    );
  });
});
