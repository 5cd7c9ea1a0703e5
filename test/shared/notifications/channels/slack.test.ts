import { createServer } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Block, slackMessage } from "../../../../shared/notifications/channels/slack/blocks.ts";
import { slackChannel } from "../../../../shared/notifications/channels/slack/channel.ts";
import { escapeMrkdwn, link } from "../../../../shared/notifications/channels/slack/mrkdwn.ts";
import { digestEntry, digestMessage } from "../../../../shared/notifications/digest-message.ts";
import type { Message } from "../../../../shared/notifications/message.ts";
import { reportMessage } from "../../../../shared/notifications/report-message.ts";
import { PermanentError, TransientError } from "../../../../shared/platform/errors.ts";
import { anyReport, hostileText } from "../arbitrary.ts";
import { testPlatform } from "../platform.ts";
import { realisticReport, route } from "../samples.ts";
import { type Answer, close, hang, ok, slackServer, status } from "../slack-server.ts";

const id = "b".repeat(32);
const base = "https://portwarden.example.com";
const realistic = realisticReport();
const message = reportMessage(id, realistic, { route: route(), ...realistic }, base);

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  anyReport.map((report) => reportMessage(id, report, { route: route(), ...report }, base)),
  fc.array(anyReport, { maxLength: 12 }).map((reports) => {
    const entries = reports.map((report) => digestEntry(report, { route: route(), ...report }));
    return digestMessage({ id, route: "ops", bucket: "2026-11-22T07", linkBase: base }, entries, false);
  }),
);

/** Every text that Slack reads as mrkdwn. */
function mrkdwnOf(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block) => {
    if (block.type === "context") return block.elements.map((element) => element.text);
    if (block.type !== "section") return [];
    return "fields" in block ? block.fields.map((field) => field.text) : [block.text.text];
  });
}

describe("Block Kit", () => {
  it("renders a message", () => {
    const { text, blocks } = slackMessage(message);
    expect(text).toBe("🔴 shop/payments:1.4.2: 17 new, 1 known exploited, 2 fixed");
    expect(blocks.map((block) => block.type)).toEqual([
      "header",
      "section",
      "context",
      "divider",
      "section",
      "divider",
      "section",
      "divider",
      "section",
      "context",
    ]);
    expect(mrkdwnOf(blocks).join("\n")).toContain(
      "🔴 *<https://advisories.example.org/CVE-2021-44906|CVE-2021-44906>* `known exploited` — minimist 1.2.5 → 1.2.6",
    );
  });

  it("stays within Slack's limits for every message", () => {
    fc.assert(
      fc.property(anyMessage, (any) => {
        const { text, blocks } = slackMessage(any);
        expect(blocks.length).toBeLessThanOrEqual(50);
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(3000);
        for (const block of blocks) {
          if (block.type === "header") expect(block.text.text.length).toBeLessThanOrEqual(150);
          if (block.type === "section" && "fields" in block) {
            expect(block.fields.length).toBeLessThanOrEqual(10);
            for (const field of block.fields) expect(field.text.length).toBeLessThanOrEqual(2000);
          }
          if (block.type === "context") expect(block.elements.length).toBeLessThanOrEqual(10);
        }
        for (const mrkdwn of mrkdwnOf(blocks)) {
          expect(mrkdwn.length).toBeGreaterThan(0);
          expect(mrkdwn.length).toBeLessThanOrEqual(3000);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("never lets a text become a mention, a link or an entity", () => {
    fc.assert(
      fc.property(anyMessage, (any) => {
        const { text, blocks } = slackMessage(any);
        expect(text).not.toMatch(/[<>]/);
        for (const mrkdwn of mrkdwnOf(blocks)) {
          // What is left after the links made here has no angle bracket, and no ampersand but of the three entities.
          const rest = mrkdwn.replace(/<https?:\/\/[^<>|\s]+\|[^<>|\n]*(\|[^<>\n]*)?>/g, "");
          expect(rest).not.toMatch(/[<>]/);
          expect(mrkdwn.replace(/&(amp|lt|gt);/g, "")).not.toContain("&");
        }
        // Slack links no bare address, channel or name in a verbatim text.
        expect(JSON.stringify(blocks).match(/"type":"mrkdwn"/g)?.length ?? 0).toBe(
          JSON.stringify(blocks).match(/"verbatim":true/g)?.length ?? 0,
        );
      }),
      { numRuns: 150 },
    );
  });
});

describe("mrkdwn", () => {
  it("escapes what Slack reads as markup, and cuts without cutting an entity or a character", () => {
    expect(escapeMrkdwn("a<!channel>&amp;b", 100)).toBe("a&lt;!channel&gt;&amp;amp;b");
    expect(escapeMrkdwn("<<<", 9)).toBe("&lt;&lt;…");
    expect(escapeMrkdwn("<<<", 12)).toBe("&lt;&lt;&lt;");
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 1, max: 60 }), (text, maximum) => {
        const escaped = escapeMrkdwn(text, maximum);
        expect(escaped.length).toBeLessThanOrEqual(maximum);
        const decoded = escaped
          .replace(/…$/, "")
          .replaceAll("&lt;", "<")
          .replaceAll("&gt;", ">")
          .replaceAll("&amp;", "&");
        expect(text.startsWith(decoded)).toBe(true);
      }),
    );
  });

  it("keeps a link in one piece", () => {
    expect(link("https://a.example/?x=1|b&y=<@U1>", "a|b>", 100)).toBe(
      "<https://a.example/?x=1%7Cb&amp;y=%3C@U1%3E|a|b&gt;>",
    );
    expect(link(`https://a.example/${"&".repeat(500)}`, "label", 100)).toBe("label");
    expect(link(undefined, "<label>", 100)).toBe("&lt;label&gt;");
  });
});

describe("the Slack channel", () => {
  const target = { channel: "slack", secret: "slack" } as const;
  const deliverTo = (url: string, options: { timeoutMilliseconds?: number; secret?: string } = {}) => {
    const channel = slackChannel({ apiBase: `${url}/api/`, timeoutMilliseconds: options.timeoutMilliseconds ?? 5000 });
    const { secret = `${url}/services/T0/B0/webhook-secret` } = options;
    const conversation = secret.startsWith("xoxb") ? { conversation: "C0OPS" } : {};
    return channel.deliver(message, { ...target, ...conversation }, testPlatform({ secrets: { slack: secret } }));
  };
  const answered = async (answer: Answer, options: { timeoutMilliseconds?: number; token?: boolean } = {}) => {
    await using slack = await slackServer();
    slack.answer(answer);
    const secret = options.token === true ? { secret: "xoxb-1-2-abc" } : {};
    const outcome = await deliverTo(slack.url, { ...options, ...secret }).catch((error: unknown) => error);
    expect(slack.posts).toHaveLength(1);
    return outcome;
  };

  it("posts blocks and a fallback text to an incoming webhook", async () => {
    await using slack = await slackServer();
    expect(await deliverTo(slack.url)).toEqual({ kind: "accepted", receipt: "webhook" });
    expect(slack.posts).toHaveLength(1);
    expect(slack.posts[0]).toMatchObject({
      path: "/services/T0/B0/webhook-secret",
      headers: { "content-type": "application/json; charset=utf-8" },
      body: { ...slackMessage(message), unfurl_links: false },
    });
    expect(slack.posts[0]?.headers.authorization).toBeUndefined();
  });

  it("posts by chat.postMessage with a bot token", async () => {
    await using slack = await slackServer();
    slack.answer(status(200, JSON.stringify({ ok: true, channel: "C0OPS", ts: "1764.0001" })));
    expect(await deliverTo(slack.url, { secret: "xoxb-1-2-abc\n" })).toEqual({
      kind: "accepted",
      receipt: "C0OPS/1764.0001",
    });
    expect(slack.posts[0]).toMatchObject({
      path: "/api/chat.postMessage",
      headers: { authorization: "Bearer xoxb-1-2-abc" },
      body: { channel: "C0OPS", link_names: false },
    });
  });

  it.each<[string, Answer, boolean, Partial<TransientError>]>([
    ["429", status(429, "", { "retry-after": "7" }), false, { code: "slack-rate-limited", retryAfterSeconds: 7 }],
    ["429 for a token", status(429, "", { "retry-after": "30" }), true, { retryAfterSeconds: 30 }],
    ["429 for a day", status(429, "", { "retry-after": "86400" }), false, { retryAfterSeconds: 3600 }],
    [
      "429 with a past date",
      status(429, "", { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }),
      false,
      { retryAfterSeconds: 1 },
    ],
    ["429 without a time", status(429, "", { "retry-after": "soon" }), false, { code: "slack-rate-limited" }],
    ["500", status(500, "rollup_error"), false, { code: "slack-unavailable" }],
    ["503", status(503, "", { "retry-after": "2" }), false, { code: "slack-unavailable", retryAfterSeconds: 2 }],
    ["ratelimited", status(200, '{"ok":false,"error":"ratelimited"}'), true, { code: "slack-rate-limited" }],
  ])("asks to be tried again after %s", async (_name, answer, token, expected) => {
    const error = await answered(answer, { token });
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toMatchObject(expected);
  });

  it.each<[string, Answer, boolean, string]>([
    ["a webhook that is gone", status(404, "no_service"), false, "slack-no-service"],
    ["a forbidden one", status(403, "invalid_token"), false, "slack-invalid-token"],
    ["an archived channel", status(410, "channel_is_archived"), false, "slack-channel-is-archived"],
    ["an answer that is a page", status(400, "<html>no</html>"), false, "slack-status-400"],
    ["a redirect", status(302, "", { location: "http://127.0.0.1:1/" }), false, "slack-status-302"],
    ["a bad token", status(200, '{"ok":false,"error":"invalid_auth"}'), true, "slack-invalid-auth"],
    ["an unknown channel", status(200, '{"ok":false,"error":"channel_not_found"}'), true, "slack-channel-not-found"],
    ["a hostile error", status(200, '{"ok":false,"error":"<!channel> x"}'), true, "slack-unknown-error"],
  ])("gives up on %s", async (_name, answer, token, code) => {
    const error = await answered(answer, { token });
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toMatch(/webhook-secret|xoxb|<!/);
  });

  it.each<[string, Answer, boolean]>([
    ["hangs", hang, false],
    ["closes the connection", close, false],
    ["answers what is not HTTP", (response) => void response.socket?.end("nonsense\r\n\r\n"), false],
    ["breaks off its verdict", status(200, '{"ok":tr'), true],
    ["says that part of it may have happened", status(200, '{"ok":false,"error":"fatal_error"}'), true],
  ])("does not know when Slack took the message and %s", async (_name, answer, token) => {
    expect(await answered(answer, { token, timeoutMilliseconds: 200 })).toMatchObject({ kind: "unknown" });
  });

  it("knows that nothing was sent without a connection", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    await new Promise((resolve) => server.close(resolve));
    const refused = deliverTo(`http://127.0.0.1:${port}`);
    await expect(refused).rejects.toMatchObject({ name: "TransientError", code: "slack-unreachable" });
    // TLS against a server that does not speak it: the request itself never left.
    await using slack = await slackServer();
    const secret = `${slack.url.replace("http:", "https:")}/services/webhook-secret`;
    await expect(deliverTo(slack.url, { secret })).rejects.toMatchObject({ code: "slack-unreachable" });
    expect(slack.posts).toEqual([]);
  });

  it("takes the verdict of an answer that never ends, and reads no more of it", async () => {
    const flood: Answer = (response) => {
      response.on("error", () => undefined);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    };
    expect(await answered(flood)).toMatchObject({ kind: "accepted" });
  });

  it.each([
    "http://hooks.slack.com/services/secret-part",
    "ftp://127.0.0.1/secret-part",
    "secret-part",
    "xoxb-a secret-part",
  ])("refuses a secret that is neither a safe webhook nor a token, without showing it: %s", async (secret) => {
    const error = await deliverTo("http://127.0.0.1:1", { secret }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "PermanentError", code: "slack-secret-invalid" });
    expect(String(error)).not.toContain("secret-part");
  });

  it("needs a conversation for a token, and its own target", async () => {
    const platform = testPlatform({ secrets: { slack: "xoxb-1" } });
    const channel = slackChannel({ apiBase: "http://127.0.0.1:1/", timeoutMilliseconds: 100 });
    await expect(channel.deliver(message, target, platform)).rejects.toMatchObject({
      code: "slack-conversation-missing",
    });
    const email = { channel: "email" as const, from: "a@example.com", to: ["b@example.com"] };
    await expect(channel.deliver(message, email, platform)).rejects.toThrow("given a target of email");
  });

  it("uses a connection of its own for every message", async () => {
    await using slack = await slackServer();
    const ports = new Set<number | undefined>();
    const note: Answer = (response, post) => {
      ports.add(response.socket?.remotePort);
      ok(response, post);
    };
    slack.answer(note, note);
    await deliverTo(slack.url);
    await deliverTo(slack.url);
    expect(ports.size).toBe(2);
  });
});
