import { expect, test } from "vitest";
import type { EndOfSupport, MatchResult } from "../../../shared/matching/types.ts";
import { isPartial, observe } from "../../../shared/scanning/observe.ts";
import { inventoryOf } from "../matching/inventory.ts";

const inventory = inventoryOf([{ type: "deb", name: "a", version: "1" }], { id: "debian", versionId: "10" });

function match(...endOfSupport: readonly EndOfSupport[]): MatchResult {
  return { vulnerabilities: [], notEvaluated: [], endOfSupport, advisories: { set: "x" } };
}

const told = (result: MatchResult) =>
  observe(inventory, result).map(
    ({ kind, rule, subject, severity, title }) => `${kind} ${rule} ${subject} ${severity}: ${title}`,
  );

test("a release without support is a loud finding, and nothing found on it is no pass", () => {
  const result = match({
    subject: "distribution",
    name: "debian:10",
    since: "2022-09-10",
    extended: "2024-06-30",
    over: true,
  });
  expect(told(result)).toEqual([
    "coverage end-of-support/distribution distribution high: debian:10 is out of support since 2024-06-30: new vulnerabilities are no longer announced for it",
  ]);
  expect(isPartial(inventory, result)).toBe(true);
});

test("longer support, and a package without any, are told and leave the rest judged", () => {
  const result = match(
    { subject: "distribution", name: "debian:11", since: "2024-08-14", extended: "2026-08-31", over: false },
    { subject: "pkg:deb/debian/a@1", name: "a 1", over: true, reason: "Not maintainable" },
  );
  expect(told(result)).toEqual([
    "coverage end-of-standard-support/distribution distribution low: debian:11 is out of support since 2024-08-14 for everybody; longer support ends on 2026-08-31",
    "coverage end-of-support/package pkg:deb/debian/a@1 medium: a 1 is out of support (Not maintainable): new vulnerabilities are no longer announced for it",
  ]);
  expect(isPartial(inventory, result)).toBe(false);
});
