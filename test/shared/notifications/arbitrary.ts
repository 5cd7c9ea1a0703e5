import fc from "fast-check";
import { type Report, type ReportedFinding, reportSchema } from "../../../shared/findings/report.ts";
import { findingKinds, severities } from "../../../shared/findings/types.ts";

/** Texts as an attacker would choose them: markup of every channel, controls, and lengths beyond all limits. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "<!channel>",
    "<!here|here>",
    "<@U012AB3CD>",
    "<#C012AB3CD|general>",
    "<https://evil.example|your bank>",
    "<!date^1392734382^{date}^https://evil.example|x>",
    "&lt;!channel&gt;",
    "<script>alert(1)</script>",
    `"><img src=x onerror=alert(1)>`,
    "' onmouseover='x",
    "]]>-->",
    "a\r\nBcc: victim@example.com",
    "\u001b[31mred\u001b[0m\u0007",
    "\u202egnp.exe",
    "\ud800 lone \udc00",
    "*b* _i_ `c` ~s~ :tada:",
    "",
    " ",
  ),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc
    .constantFrom("<", "&", "👩‍👩‍👧", "\u0000", "|", "a ")
    .chain((unit) => fc.nat(5000).map((times) => unit.repeat(times))),
);

const hostileLink = fc.oneof(
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.constantFrom(
    "javascript:alert(1)",
    "https://a.example/<!channel>|x>",
    "https://user:password@a.example/",
    `https://a.example/"onclick="x`,
    `https://a.example/?${"q=&".repeat(400)}`,
    `https://a.example/${"x".repeat(5000)}`,
  ),
);

const severity = fc.constantFrom(...severities);

export const anyFinding: fc.Arbitrary<ReportedFinding> = fc.record(
  {
    id: fc.oneof(fc.stringMatching(/^[a-f0-9]{32}$/), hostileText),
    kind: fc.constantFrom(...findingKinds),
    rule: hostileText,
    subject: fc.oneof(
      hostileText,
      hostileText.map((name) => `pkg:npm/${name}`),
      fc.constantFrom("pkg:deb/debian/openssl", "pkg:npm/%40scope/name", "pkg:npm/%E0%A4%A"),
    ),
    title: hostileText,
    severity,
    exploited: fc.boolean(),
    component: hostileText,
    installedVersion: hostileText,
    fixedVersion: hostileText,
    resource: fc.record({
      type: fc.constant("image" as const),
      id: hostileText.map((text) => text.slice(0, 1024) || "x"),
    }),
    link: hostileLink,
  },
  { requiredKeys: ["id", "kind", "rule", "subject", "title", "severity", "exploited", "resource"] },
);

const findings = fc.array(anyFinding, { maxLength: 40 });
const texts = fc.array(hostileText, { maxLength: 30 });
const time = fc.date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true });
const counts = fc.nat(1_000_000);

export const anyReport: fc.Arbitrary<Report> = fc.record(
  {
    schema: fc.constant("portwarden.report/1" as const),
    id: hostileText,
    kind: fc.constantFrom("scan" as const, "assessment" as const),
    subject: fc.record(
      { name: hostileText, repository: hostileText, digest: hostileText, tags: texts, running: texts },
      { requiredKeys: ["name", "tags", "running"] },
    ),
    status: fc.constantFrom("complete" as const, "partial" as const, "failed" as const),
    problems: fc.array(fc.record({ code: hostileText, message: hostileText }), { maxLength: 30 }),
    introduced: findings,
    fixed: findings,
    comparedWith: hostileText,
    open: fc.record({
      critical: counts,
      high: counts,
      medium: counts,
      low: counts,
      negligible: counts,
      unknown: counts,
    }),
    warnings: texts,
    cause: hostileText,
    startedAt: time.map((date) => date.toISOString()),
    endedAt: time.map((date) => date.toISOString()),
  },
  {
    requiredKeys: [
      "schema",
      "id",
      "kind",
      "subject",
      "status",
      "problems",
      "introduced",
      "fixed",
      "open",
      "warnings",
      "cause",
      "startedAt",
      "endedAt",
    ],
  },
);

/** Guards the generator: what it makes is what the schema lets in, links included. */
export function isReport(report: Report): boolean {
  return reportSchema.safeParse(report).success;
}
