import { describe, expect, it } from "vitest";
import { door as deliverMessage } from "../../../functions/notifications/deliver-message.ts";
import { door as routeReport } from "../../../functions/notifications/route-report.ts";
import { door as sendDigests } from "../../../functions/notifications/send-digests.ts";
import { toEnvelope } from "../../../shared/events/envelope.ts";
import type { Platform } from "../../../shared/platform/ports.ts";
import { reported, requested, type TestPlatform, testPlatform } from "../../shared/notifications/platform.ts";
import { realisticReport, route } from "../../shared/notifications/samples.ts";
import { slackServer, status } from "../../shared/notifications/slack-server.ts";

/** The platform as a door sees it: reaching for a port that it did not declare throws. */
function only(platform: TestPlatform, ...ports: readonly (keyof Platform)[]): Platform {
  const allowed: readonly (string | symbol)[] = [...ports, "clock", "log", "metrics", "settings"];
  return new Proxy(platform as unknown as Platform, {
    get(target, name) {
      if (!allowed.includes(name)) throw new Error(`the door did not declare ${String(name)}`);
      return Reflect.get(target, name) as unknown;
    },
  });
}

const once = { messageId: "1", attempt: 1 };

describe("the doors of notifications", () => {
  it("carry a scan to Slack and to a mailbox, once each, through a refusal and repeats", async () => {
    await using slack = await slackServer();
    const email = { channel: "email", from: "portwarden@example.com", to: ["ops@example.com"] };
    const platform = testPlatform({
      routes: [route(), route({ name: "mail", target: email })],
      secrets: { "slack-ops": `${slack.url}/services/x` },
    });
    slack.answer(status(429, "", { "retry-after": "3" }));
    const routing = only(platform, "table", "blobs");
    const sending = only(platform, "table", "blobs", "secrets", "mailer");

    const scanned = toEnvelope(await reported(platform, realisticReport()));
    for (let time = 0; time < 2; time++) await routeReport.handle(routing, scanned, once);
    const envelopes = requested(platform).map(toEnvelope);
    const [toSlack, toMail] = envelopes;
    expect(envelopes).toHaveLength(2);
    await expect(deliverMessage.handle(sending, toSlack, once)).rejects.toMatchObject({
      code: "slack-rate-limited",
      retryAfterSeconds: 3,
    });
    for (let time = 0; time < 2; time++) {
      await deliverMessage.handle(sending, toSlack, once);
      await deliverMessage.handle(sending, toMail, once);
    }

    expect(slack.posts).toHaveLength(2);
    expect(slack.posts[1]?.body).toEqual(slack.posts[0]?.body);
    expect(slack.posts[1]?.body["text"]).toContain("17 new, 1 known exploited, 2 fixed");
    expect(platform.mails.map((mail) => mail.to)).toEqual([["ops@example.com"]]);
  });

  it("send digests with the table alone", async () => {
    const platform = testPlatform({ routes: [route({ digest: "hourly" })] });
    await routeReport.handle(
      only(platform, "table", "blobs"),
      toEnvelope(await reported(platform, realisticReport())),
      once,
    );
    platform.pass(3_600_000);
    if (sendDigests.kind !== "schedule") throw new Error("send-digests is a schedule");
    await sendDigests.handle(only(platform, "table"));
    expect(requested(platform)).toHaveLength(1);
  });

  it("refuse messages that are not theirs", () => {
    const event = { source: "portwarden", "detail-type": "ImagePushed", time: "2026-11-22T07:30:00Z" };
    for (const door of [routeReport, deliverMessage]) {
      if (door.kind !== "queue") throw new Error("a queue door");
      expect(door.message.safeParse({ ...event, detail: { id: "1", time: event.time } }).success).toBe(false);
      expect(door.message.safeParse({}).success).toBe(false);
    }
  });
});
