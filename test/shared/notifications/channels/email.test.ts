import { once } from "node:events";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { createTransport } from "nodemailer";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";
import { describe, expect, it } from "vitest";
import { outcomeUnknown } from "../../../../shared/notifications/channel.ts";
import { channel, mailOf } from "../../../../shared/notifications/channels/email/channel.ts";
import { escapeHtml, mailHtml } from "../../../../shared/notifications/channels/email/html.ts";
import type { Message } from "../../../../shared/notifications/message.ts";
import { reportMessage } from "../../../../shared/notifications/report-message.ts";
import { PermanentError, TransientError } from "../../../../shared/platform/errors.ts";
import { hostileText } from "../arbitrary.ts";
import { testPlatform } from "../platform.ts";
import { realisticReport, report, route, vulnerability } from "../samples.ts";

const id = "c".repeat(32);
const target = {
  channel: "email" as const,
  from: "portwarden@example.com",
  to: ["ops@example.com", "dev@example.com"],
};
const realistic = realisticReport();
const message = reportMessage(id, realistic, { route: route(), ...realistic }, "https://portwarden.example.com");

/** The same message with another text in every place that a text from outside can reach. */
function filledWith(text: string): Message {
  const texts = { rule: text, title: text, component: text, installedVersion: text, fixedVersion: text };
  const finding = vulnerability({ ...texts, link: "https://a.example/" });
  const posture = vulnerability({ ...texts, kind: "posture", link: "https://a.example/" });
  const about = report({
    status: "failed",
    problems: [{ code: text, message: text }],
    introduced: [finding, posture],
    fixed: [finding],
    cause: `by ${text}`,
    comparedWith: `with ${text}`,
    warnings: [`warning ${text}`],
    subject: { name: `image ${text}`, running: [`service ${text}`] },
  });
  return reportMessage(id, about, { route: route(), ...about }, "https://portwarden.example.com");
}

/** The tags of a document, with their attributes, without the text between them. */
const skeleton = (html: string) => html.replace(/>[^<]*</g, "><");

describe("the HTML part", () => {
  it("has the same tags and attributes whatever the texts say", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        // Empty texts leave lines out; that is another message, not another markup.
        const solid = `x${text}`;
        expect(skeleton(mailHtml(filledWith(solid)))).toBe(skeleton(mailHtml(filledWith("x"))));
      }),
      { numRuns: 300 },
    );
  });

  it("escapes for content and for quoted attributes", () => {
    expect(escapeHtml(`<a href="x" title='y'>&amp;`)).toBe("&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;");
  });

  it("loads nothing from elsewhere and stays under the 102 kB at which mail clients cut", () => {
    const longest = mailHtml(filledWith("&".repeat(10_000)));
    expect(longest).not.toMatch(/<(script|img|link|iframe|object|form)|src=|url\(/);
    const many = Array.from({ length: 50 }, (_, index) =>
      vulnerability({ rule: `CVE-${index}`, title: "&".repeat(500) }),
    );
    const full = report({ introduced: many, fixed: many });
    const html = mailHtml(reportMessage(id, full, { route: route(), ...full }));
    expect(Buffer.byteLength(html)).toBeLessThan(102_000);
  });
});

describe("the email channel", () => {
  it("sends one mail whose Message-ID depends on nothing but the delivery", async () => {
    const platform = testPlatform();
    expect(await channel.deliver(message, target, platform)).toEqual({
      kind: "accepted",
      receipt: `${id}@example.com`,
    });
    expect(platform.mails).toEqual([mailOf(message, target)]);
    expect(mailOf({ ...message, title: "another" }, target).messageId).toBe(platform.mails[0]?.messageId);
  });

  it("arrives through SMTP as it was written: headers, text and HTML", async () => {
    const received: Buffer[] = [];
    const server = new SMTPServer({
      disabledCommands: ["AUTH", "STARTTLS"],
      onData(stream, _session, done) {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          received.push(Buffer.concat(chunks));
          done();
        });
      },
    });
    server.listen(0, "127.0.0.1");
    await once(server.server, "listening");
    const { port } = server.server.address() as AddressInfo;
    const transport = createTransport({ host: "127.0.0.1", port, ignoreTLS: true });
    try {
      const mailer = { send: async (mail: object) => void (await transport.sendMail(mail)) };
      const hostile = filledWith("a\r\nBcc: victim@example.com <script>alert(1)</script> é👍");
      for (const one of [message, hostile]) await channel.deliver(one, target, { ...testPlatform(), mailer });
      const [mail, second] = await Promise.all(received.map((raw) => PostalMime.parse(raw)));
      expect(mail?.subject).toBe("[Portwarden] shop/payments:1.4.2: 17 new, 1 known exploited, 2 fixed");
      expect(mail?.to?.map((to) => to.address)).toEqual(target.to);
      expect(mail?.messageId).toBe(`<${id}@example.com>`);
      expect(mail?.text).toContain("Upgrade minimist 1.2.5 → 1.2.6 (known exploited)");
      expect(mail?.html?.trimEnd()).toBe(mailHtml(message).trimEnd());
      expect(second?.bcc).toBeUndefined();
      expect(second?.subject).toContain("Bcc: victim@example.com <script>");
      expect(second?.html).toContain("&lt;script&gt;alert(1)&lt;/script&gt; é👍");
    } finally {
      transport.close();
      await new Promise<void>((resolve) => server.close(resolve));
    }
  });

  it("does not know when the mailer lost the answer, and passes every other failure on", async () => {
    const failing = (error: Error) => ({ ...testPlatform(), mailer: { send: () => Promise.reject(error) } });
    const lost = new TransientError(outcomeUnknown, "connection lost after DATA");
    expect(await channel.deliver(message, target, failing(lost))).toEqual({
      kind: "unknown",
      reason: "connection lost after DATA",
    });
    for (const error of [new TransientError("mail-deferred", "451"), new PermanentError("mail-rejected", "550")]) {
      await expect(channel.deliver(message, target, failing(error))).rejects.toBe(error);
    }
  });
});
