import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Report, ReportedFinding } from "../../../shared/findings/report.ts";
import { mailText } from "../../../shared/notifications/channels/email/plain-text.ts";
import { slackMessage } from "../../../shared/notifications/channels/slack/blocks.ts";
import { reportMessage } from "../../../shared/notifications/report-message.ts";
import { matchRoutes } from "../../../shared/notifications/route.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { digest, report, route, vulnerability } from "./samples.ts";

const id = "b".repeat(32);

function found(number: number, more: Partial<ReportedFinding> = {}): ReportedFinding {
  const repository = `registry.example/team/app-${number}`;
  return {
    ...vulnerability({ rule: "CVE-2026-1234", severity: "critical" }),
    id: `${number}`.padStart(32, "0"),
    component: "openssl",
    installedVersion: "3.0.11",
    fixedVersion: "3.0.15",
    resource: { type: "image", id: `${repository}@${digest}` },
    running: number < 3,
    ...more,
  };
}

function changed(parts: Partial<Report>): Report {
  return report({
    kind: "advisories",
    subject: { name: "advisories 0123456789ab", tags: [], running: [] },
    images: { matched: 20, changed: 14 },
    introduced: [],
    fixed: [],
    ...parts,
  });
}

function messageOf(about: Report, when: Parameters<typeof route>[0] = {}) {
  const [match] = matchRoutes(about, [route(when)]);
  if (match === undefined) throw new Error("the route asks for none of it");
  return reportMessage(id, about, match);
}

describe("the message about changed advisories", () => {
  it("says of one vulnerability in how many images it is, how many run, and what fixes it", () => {
    const message = messageOf(changed({ introduced: Array.from({ length: 14 }, (_, number) => found(number)) }));
    expect(message.title).toBe("CVE-2026-1234 now affects 14 images, 3 running; fix: 3.0.15");
    expect(message.severity).toBe("critical");
    expect(message.sections).toHaveLength(1);
    expect(message.sections[0]?.items[0]?.detail).toMatch(/^now affects 14 images, 3 running; fix: 3\.0\.15 — openssl/);
    expect(JSON.stringify(slackMessage(message))).toContain("CVE-2026-1234>* — now affects 14 images");
    expect(mailText(message)).toContain("CVE-2026-1234");
  });

  it("puts what is exploited first, then the worst, and of equal ones what runs most; bounded", () => {
    const others = Array.from({ length: 30 }, (_, number) =>
      found(5, { rule: `CVE-2026-${5000 + number}`, severity: "low" }),
    );
    const running = found(1, { rule: "CVE-2026-0002", severity: "high" });
    const still = found(9, { rule: "CVE-2026-0001", severity: "high" });
    const message = messageOf(
      changed({
        introduced: [...others, still, running],
        escalated: [found(7, { rule: "CVE-2020-1", exploited: true })],
      }),
    );
    expect(message.title).toBe("CVE-2020-1 is now known to be exploited: 1 image; fix: 3.0.15; 32 new");
    expect(message.sections.map(({ heading }) => heading)).toEqual(["Now known to be exploited (1)", "New (32)"]);
    expect(message.sections[1]?.items.slice(0, 2).map(({ text }) => text)).toEqual(["CVE-2026-0002", "CVE-2026-0001"]);
    expect(message.sections[1]?.items).toHaveLength(limits.itemsPerMessage);
    expect(message.sections[1]?.more).toBe(32 - limits.itemsPerMessage);
  });

  it("tells good news", () => {
    const message = messageOf(changed({ fixed: [found(1), found(8)] }));
    expect(message.title).toBe("CVE-2026-1234 no longer affects 2 images, 1 running");
    expect(message.severity).toBeUndefined();
  });

  it("tells a route with repositories only of those", () => {
    const about = changed({ introduced: [found(1), found(2), found(8)] });
    const message = messageOf(about, { when: { repositories: ["registry.example/team/app-[12]"] } });
    expect(message.title).toBe("CVE-2026-1234 now affects 2 images, 2 running; fix: 3.0.15");
    expect(message.footer).toContain("1 more new finding is outside this route");
    expect(matchRoutes(about, [route({ when: { repositories: ["elsewhere/*"] } })])).toEqual([]);
  });

  it("is bounded and printable whatever the findings say", () => {
    const text = fc.string({ unit: "binary", maxLength: 300 });
    const finding = fc
      .record({ rule: text, title: text, component: text, fixedVersion: text })
      .map((parts) => found(1, parts));
    fc.assert(
      fc.property(fc.array(finding, { minLength: 1, maxLength: 20 }), (introduced) => {
        const message = messageOf(changed({ introduced, escalated: introduced, fixed: introduced }));
        expect(message.title.length).toBeLessThanOrEqual(140);
        expect(JSON.stringify(message)).not.toMatch(/\\u00[01]|\u202e/);
        expect(slackMessage(message).blocks.length).toBeLessThanOrEqual(50);
      }),
      { numRuns: 50 },
    );
  });
});
