import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { severities } from "../../../shared/findings/types.ts";
import { matchRoutes } from "../../../shared/notifications/route.ts";
import { anyReport } from "./arbitrary.ts";
import { report, route, vulnerability } from "./samples.ts";

const when = (condition: object) => route({ when: condition });
const rulesFor = (condition: object, about = mixed) =>
  matchRoutes(about, [when(condition)]).flatMap((match) => match.introduced.map((finding) => finding.rule));

const { fixedVersion: _, ...unfixed } = vulnerability({ rule: "unfixed", severity: "critical" });
const { fixedVersion: _none, ...posture } = vulnerability({ rule: "posture", kind: "posture", severity: "medium" });
const mixed = report({
  introduced: [
    vulnerability({ rule: "exploited", severity: "low", exploited: true }),
    vulnerability({ rule: "high" }),
    unfixed,
    posture,
    vulnerability({ rule: "scan-failed", kind: "coverage", severity: "unknown" }),
  ],
});

describe("matchRoutes", () => {
  it("selects by severity, kind, exploitation and fix", () => {
    expect(rulesFor({})).toEqual(["exploited", "high", "unfixed", "posture", "scan-failed"]);
    expect(rulesFor({ severity: "high" })).toEqual(["high", "unfixed"]);
    expect(rulesFor({ exploited: true })).toEqual(["exploited"]);
    expect(rulesFor({ kinds: ["posture", "coverage"] })).toEqual(["posture", "scan-failed"]);
    expect(rulesFor({ exploited: false, fixable: false })).toHaveLength(5);
  });

  it("holds back only vulnerabilities for want of a fix", () => {
    expect(rulesFor({ fixable: true })).toEqual(["exploited", "high", "posture", "scan-failed"]);
  });

  it.each([
    ["registry.example.com/shop/*", true],
    ["registry.example.com/*", false],
    ["registry.example.com/**", true],
    ["**/payments", true],
    ["**/{cart,payments}", true],
    ["registry.example.com/shop/pay", false],
    ["!elsewhere/**", false],
  ])("matches repositories by glob: %s", (glob, matches) => {
    expect(rulesFor({ repositories: ["other/**", glob] }).length > 0).toBe(matches);
  });

  it("takes a registry with a port literally", () => {
    const local = report({ subject: { repository: "127.0.0.1:5000/app" } });
    expect(rulesFor({ repositories: ["127.0.0.1:5000/*"] }, local)).toHaveLength(1);
  });

  it("gives clusters no message on a route of repositories", () => {
    const { repository: _repository, ...subject } = report().subject;
    const cluster = { ...report(), kind: "assessment" as const, subject };
    expect(matchRoutes(cluster, [when({ repositories: ["**"] })])).toEqual([]);
    expect(matchRoutes(cluster, [when({})])).toHaveLength(1);
  });

  it("gives no message when nothing is new and nothing is fixed, and one when something is only fixed", () => {
    expect(matchRoutes(report({ introduced: [] }), [when({})])).toEqual([]);
    expect(matchRoutes(report({ introduced: [], fixed: [vulnerability()] }), [when({})])).toHaveLength(1);
    expect(matchRoutes(report({ introduced: [], fixed: [vulnerability()] }), [when({ severity: "critical" })])).toEqual(
      [],
    );
  });

  it("is monotone in severity: a stricter route hears a part, in the same order, of what a laxer one hears", () => {
    fc.assert(
      fc.property(anyReport, fc.nat(5), fc.nat(5), (about, a, b) => {
        const of = (index: number) => {
          const [match] = matchRoutes(about, [when({ severity: severities[index] })]);
          return [...(match?.introduced ?? []), ...(match?.fixed ?? [])];
        };
        const strict = new Set(of(Math.min(a, b)));
        const lax = of(Math.max(a, b));
        expect(lax.filter((finding) => strict.has(finding))).toEqual([...strict]);
      }),
      { numRuns: 100 },
    );
  });
});
