import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Report } from "../../../shared/findings/report.ts";
import { actionsOf, actionTitle, actionWorth } from "../../../shared/notifications/actions.ts";
import type { Message } from "../../../shared/notifications/message.ts";
import { reportMessage } from "../../../shared/notifications/report-message.ts";
import { plain, safeLink } from "../../../shared/notifications/text.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { anyReport, isReport } from "./arbitrary.ts";
import { digest, realisticReport, report, route, vulnerability } from "./samples.ts";

const id = "a".repeat(32);

function messageOf(about: Report, linkBase?: string): Message {
  return reportMessage(id, about, { route: route(), introduced: about.introduced, fixed: about.fixed }, linkBase);
}
function factOf(message: Message, label: string): string | undefined {
  return message.facts.find((fact) => fact.label === label)?.text;
}

describe("the message about a report", () => {
  it("says what about, what is new and fixed, and where it runs first", () => {
    const message = messageOf(realisticReport(), "https://portwarden.example.com/");

    expect(message.title).toBe("shop/payments:1.4.2: 17 new, 1 known exploited, 2 fixed");
    expect(message.severity).toBe("critical");
    expect(message.facts[0]).toEqual({ label: "Running in", text: "prod/payments, prod/payments-worker" });
    expect(factOf(message, "New")).toBe("5 critical, 2 high, 1 medium, 9 low");
    expect(factOf(message, "Open now")).toBe("4 critical, 6 high, 21 medium, 40 low");
    expect(factOf(message, "Compared with")).toBe("shop/payments:1.4.1, pushed 2026-11-20");
    expect(message.facts.find((fact) => fact.label === "Image")?.link).toBe(
      `https://portwarden.example.com/v1/images/${digest}`,
    );
    expect(message.warnings).toEqual(["The advisories are 6 days old: newest record 2026-11-16."]);
    expect(message.sections.map((section) => section.heading)).toEqual(["What to do first", "New (17)", "Fixed (2)"]);
  });

  it("groups what to do by upgrade, known exploited and worst first, and says what has no fix", () => {
    const [first] = messageOf(realisticReport()).sections;
    expect(first?.items.map((item) => `${item.text} ${item.detail}`)).toEqual([
      "Upgrade minimist 1.2.5 → 1.2.6 fixes 1 (1 critical)",
      "Upgrade libssl3, openssl 3.0.11-1~deb12u2 → 3.0.15-1~deb12u1 fixes 3 (2 critical, 1 high)",
      "Upgrade lodash 4.17.11 → 4.17.21 fixes 3 (1 critical, 1 high, 1 medium)",
      "Upgrade axios 0.21.0 → 0.21.4 fixes 9 (9 low)",
    ]);
    expect(first?.items.map((item) => item.exploited)).toEqual([true, false, false, false]);
    expect(first?.note).toBe("No fixed version is known yet for 1 of the new.");
  });

  it("shows the packages of one source as one line and counts every finding in what it does not show", () => {
    const section = messageOf(realisticReport()).sections[1];
    expect(section?.items).toHaveLength(limits.itemsPerMessage);
    expect(section?.items[4]?.detail).toContain("libssl3, openssl 3.0.11-1~deb12u2 → 3.0.15-1~deb12u1");
    expect(section?.more).toBe(17 - 11);
  });

  it("tells of a failed scan with its reasons, and of a partial one with a warning", () => {
    const problems = [{ code: "image-gone", message: "the registry no longer has it" }];
    const coverage = vulnerability({ kind: "coverage", rule: "scan-failed", title: "The image could not be scanned" });
    const failed = messageOf(report({ status: "failed", problems, introduced: [coverage] }));
    expect(failed.title).toBe("shop/payments:1.4.2: scan failed");
    expect(failed.sections[0]).toMatchObject({ heading: "Why the scan failed", items: [{ text: "image-gone" }] });
    expect(factOf(failed, "Open now")).toBeUndefined();
    expect(failed.sections[1]?.items[0]?.text).toBe("Review: The image could not be scanned");

    const partial = messageOf(report({ status: "partial", problems }));
    expect(partial.warnings).toEqual(["Not everything was read: the registry no longer has it (image-gone)"]);
  });

  it("has good news without severity, and says what the route leaves out", () => {
    const good = messageOf(report({ introduced: [], fixed: [vulnerability()] }));
    expect(good.severity).toBeUndefined();
    expect(good.sections.map((section) => section.heading)).toEqual(["Fixed (1)"]);

    const part = reportMessage(id, realisticReport(), { route: route(), introduced: [vulnerability()], fixed: [] });
    expect(part.footer).toBe(
      "Route ops · scan scan-1 · 2026-11-22 07:30 UTC · 16 more new findings are outside this route",
    );
  });

  it("links to its own pages only, whatever an id says", () => {
    const about = report({ subject: { digest: "../../admin?x#y" } });
    const { link: _, ...unlinked } = vulnerability({ id: "../x" });
    const message = messageOf({ ...about, introduced: [unlinked] }, "https://portwarden.example.com/base/");
    expect(message.facts.find((fact) => fact.label === "Image")?.link).toBe(
      "https://portwarden.example.com/base/v1/images/..%2F..%2Fadmin%3Fx%23y",
    );
    expect(message.sections[1]?.items[0]?.link).toBe("https://portwarden.example.com/base/v1/findings/..%2Fx");
  });

  it("is bounded and printable for every report", () => {
    fc.assert(
      fc.property(anyReport, (about) => {
        expect(isReport(about)).toBe(true);
        const message = messageOf(about, "https://portwarden.example.com");
        expect(message.title.length).toBeLessThanOrEqual(140);
        expect(message.facts.length).toBeLessThanOrEqual(10);
        for (const section of message.sections) {
          expect(section.items.length).toBeLessThanOrEqual(limits.itemsPerMessage);
          for (const item of section.items) expect(item.text).not.toBe("");
        }
        const text = JSON.stringify(message);
        expect(text.length).toBeLessThan(60_000);
        expect(JSON.parse(`[${text}]`).flatMap(strings).join("")).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
        expect(text.isWellFormed()).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}

describe("actions", () => {
  it("names the upgrade that covers all fixes of a package", () => {
    const [action] = actionsOf([
      vulnerability({ rule: "a", fixedVersion: "4.17.19", severity: "critical" }),
      vulnerability({ rule: "b", fixedVersion: "4.17.21" }),
      vulnerability({ rule: "c", fixedVersion: "4.17.5", severity: "low" }),
    ]);
    expect(action && [actionTitle(action), actionWorth(action)]).toEqual([
      "Upgrade lodash 4.17.15 → 4.17.21",
      "fixes 3 (1 critical, 1 high, 1 low)",
    ]);
  });

  it("is to remove what is malicious, fix or no fix", () => {
    const { fixedVersion: _, ...unfixed } = vulnerability({ kind: "malicious", rule: "MAL-1", severity: "critical" });
    const [action] = actionsOf([unfixed]);
    expect(action && [actionTitle(action), actionWorth(action)]).toEqual([
      "Remove lodash: a malicious package",
      "concerns 1 (1 critical)",
    ]);
  });

  it("keeps packages of one version apart unless they are built from one source", () => {
    const npm = ["left", "right"].map((component) => vulnerability({ component, subject: `pkg:npm/${component}` }));
    expect(actionsOf(npm)).toHaveLength(2);
    expect(actionsOf(npm.map((one) => ({ ...one, subject: `pkg:deb/debian/${one.component}` })))).toHaveLength(1);
  });

  it.each([
    ["npm", ["1.9.9", "1.10.0", "1.10.0-rc.1"], ["1.10.0"]],
    ["deb", ["1.2.3-1+deb12u9", "1:0.1-1", "1.2.3-1+deb12u10"], ["1:0.1-1"]],
    ["pypi", ["1.0rc1", "1.0"], ["1.0"]],
    ["cargo", ["1.9.9", "1.10.0"], ["1.9.9", "1.10.0"]],
    ["npm", ["1.9.9", "latest", "1.10.0"], ["1.10.0", "latest"]],
  ])("orders the fixed versions of %s as %s do, and guesses no order", (type, fixes, upgrades) => {
    const subject = `pkg:${type}/lodash`;
    const actions = actionsOf(
      fixes.map((fixedVersion, index) => vulnerability({ rule: `${index}`, subject, fixedVersion })),
    );
    expect(actions.map((action) => action.to)).toEqual(upgrades);
  });
});

describe("texts and links", () => {
  it("cuts between characters and strips what hides or reorders", () => {
    expect(plain("a\u202eb\u0000\nc", 10)).toBe("a b c");
    expect(plain("👍👍👍", 4)).toBe("👍…");
    expect(plain("x".repeat(11), 10)).toBe(`${"x".repeat(9)}…`);
  });

  it("offers only plain http links", () => {
    expect(safeLink("https://a.example/x?y=1&z=2")).toBe("https://a.example/x?y=1&z=2");
    for (const link of ["javascript:alert(1)", "data:text/html,x", "https://u:p@a.example/", "/relative", ""]) {
      expect(safeLink(link)).toBeUndefined();
    }
  });
});
