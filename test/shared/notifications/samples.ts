import type { Report, ReportedFinding } from "../../../shared/findings/report.ts";
import { type Route, routeSettings } from "../../../shared/notifications/settings.ts";

export const digest = `sha256:${"4f".repeat(32)}`;
const image = `registry.example.com/shop/payments@${digest}`;
const noneOpen = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };

/** A vulnerability of an npm package, as reports carry it. */
export function vulnerability(change: Partial<ReportedFinding> = {}): ReportedFinding {
  const name = change.component ?? "lodash";
  return {
    id: "0".repeat(32),
    kind: "vulnerability",
    rule: "CVE-2021-23337",
    subject: `pkg:npm/${name}`,
    title: "Command injection in template",
    severity: "high",
    exploited: false,
    component: name,
    installedVersion: "4.17.15",
    fixedVersion: "4.17.21",
    resource: { type: "image", id: image },
    link: `https://advisories.example.org/${change.rule ?? "CVE-2021-23337"}`,
    ...change,
  };
}

/** A scan report about one image. */
export function report(
  change: Partial<Omit<Report, "subject">> & { subject?: Partial<Report["subject"]> } = {},
): Report {
  return {
    schema: "portwarden.report/1",
    id: "scan-1",
    kind: "scan",
    status: "complete",
    problems: [],
    introduced: [vulnerability()],
    fixed: [],
    open: { ...noneOpen, high: 1 },
    warnings: [],
    cause: "pushed by ana",
    startedAt: "2026-11-22T07:30:00.000Z",
    endedAt: "2026-11-22T07:30:02.500Z",
    ...change,
    subject: {
      name: "registry.example.com/shop/payments:1.4.2",
      repository: "registry.example.com/shop/payments",
      digest,
      tags: ["1.4.2"],
      running: [],
      ...change.subject,
    },
  };
}

/** What a scan of a real image tends to say: several packages, a known exploited one, some fixed, running. */
export function realisticReport(): Report {
  const deb = (component: string, rule: string, change: Partial<ReportedFinding>) =>
    vulnerability({
      component,
      rule,
      subject: `pkg:deb/debian/${component}`,
      installedVersion: "3.0.11-1~deb12u2",
      fixedVersion: "3.0.15-1~deb12u1",
      ...change,
    });
  const introduced = [
    vulnerability({
      rule: "CVE-2021-44906",
      component: "minimist",
      severity: "critical",
      exploited: true,
      installedVersion: "1.2.5",
      fixedVersion: "1.2.6",
      title: "Prototype pollution in minimist",
    }),
    vulnerability({
      rule: "CVE-2019-10744",
      severity: "critical",
      fixedVersion: "4.17.12",
      installedVersion: "4.17.11",
      title: "Prototype pollution in defaultsDeep",
    }),
    vulnerability({ rule: "CVE-2021-23337", installedVersion: "4.17.11", title: "Command injection via template" }),
    vulnerability({
      rule: "CVE-2020-28500",
      installedVersion: "4.17.11",
      severity: "medium",
      title: "Regular expression denial of service in toNumber, trim and trimEnd",
    }),
    deb("libssl3", "CVE-2024-5535", { severity: "critical", title: "SSL_select_next_proto buffer overread" }),
    deb("openssl", "CVE-2024-5535", { severity: "critical", title: "SSL_select_next_proto buffer overread" }),
    deb("openssl", "CVE-2024-4741", { severity: "high", title: "Use after free with SSL_free_buffers" }),
    deb("zlib1g", "CVE-2023-45853", {
      severity: "critical",
      installedVersion: "1:1.2.13.dfsg-1",
      title: "Integer overflow in zipOpenNewFileInZip4_6",
    }),
    ...Array.from({ length: 9 }, (_, index) =>
      vulnerability({
        rule: `CVE-2024-10${index}`,
        component: "axios",
        severity: "low",
        installedVersion: "0.21.0",
        fixedVersion: "0.21.4",
        title: "Server-side request forgery",
      }),
    ),
  ].map(({ fixedVersion, ...finding }, index) => ({
    ...finding,
    id: index.toString(16).padStart(32, "0"),
    ...(finding.component === "zlib1g" || fixedVersion === undefined ? {} : { fixedVersion }),
  }));
  return report({
    introduced,
    fixed: [
      vulnerability({
        rule: "CVE-2022-24999",
        component: "qs",
        severity: "high",
        installedVersion: "6.5.2",
        fixedVersion: "6.5.3",
        title: "Prototype poisoning in qs",
      }),
      vulnerability({
        rule: "CVE-2022-0235",
        component: "node-fetch",
        severity: "medium",
        installedVersion: "2.6.1",
        fixedVersion: "2.6.7",
        title: "Exposure of cookies to a third party",
      }),
    ],
    comparedWith: "shop/payments:1.4.1, pushed 2026-11-20",
    open: { ...noneOpen, critical: 4, high: 6, medium: 21, low: 40 },
    warnings: ["The advisories are 6 days old: newest record 2026-11-16."],
    cause: "pushed by ana",
    subject: { running: ["prod/payments", "prod/payments-worker"] },
  });
}

/** A route with its defaults filled in. */
export function route(change: object = {}): Route {
  return routeSettings.parse({ name: "ops", target: { channel: "slack", secret: "slack-ops" }, ...change });
}
