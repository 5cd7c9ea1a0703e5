import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mailOf } from "../../../shared/notifications/channels/email/channel.ts";
import { slackMessage } from "../../../shared/notifications/channels/slack/blocks.ts";
import { previewMail, previewSlack } from "../../../shared/notifications/preview.ts";
import { reportMessage } from "../../../shared/notifications/report-message.ts";
import { anyReport } from "./arbitrary.ts";
import { realisticReport, route } from "./samples.ts";

const about = (report: ReturnType<typeof realisticReport>) =>
  reportMessage("a".repeat(32), report, { route: route(), ...report }, "https://portwarden.example.com");
const target = { from: "portwarden@example.com", to: ["ops@example.com"] };

describe("previews", () => {
  it("show what a person would read, without markup", () => {
    const slack = previewSlack(slackMessage(about(realisticReport())).blocks);
    expect(slack).toContain("🔴 shop/payments:1.4.2: 17 new, 1 known exploited, 2 fixed");
    expect(slack).toContain("Running in:     prod/payments, prod/payments-worker");
    expect(slack).toContain("🔴 CVE-2021-44906 known exploited — minimist 1.2.5 → 1.2.6");
    expect(slack).not.toMatch(/[<>*`]|&amp;/);
    const mail = previewMail(mailOf(about(realisticReport()), target));
    expect(mail).toContain("Subject: [Portwarden] shop/payments:1.4.2: 17 new");
  });

  it("are framed text that a terminal only prints, whatever the report says", () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const message = about(report);
        for (const text of [previewSlack(slackMessage(message).blocks), previewMail(mailOf(message, target))]) {
          expect(text).not.toMatch(/[^\P{Cc}\n]/u);
          for (const line of text.split("\n")) {
            expect(line).toMatch(/^[┌│└].*[┐│┘]$/u);
            expect(Array.from(line.replace(/\p{M}/gu, "")).length).toBeLessThanOrEqual(80);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("take any value for blocks", () => {
    fc.assert(
      fc.property(fc.anything(), fc.array(fc.anything()), (value, blocks) => {
        for (const any of [value, blocks]) expect(previewSlack(any)).toMatch(/^┌─ Slack ─/);
      }),
      { numRuns: 100 },
    );
  });
});
