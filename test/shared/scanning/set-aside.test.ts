import { expect, test } from "vitest";
import type { Vulnerability } from "../../../shared/matching/types.ts";
import { reaches, scanDocument } from "../../../shared/scanning/document.ts";
import { inventoryOf } from "../matching/inventory.ts";

function found(id: string, ...marks: readonly string[]): Vulnerability {
  return {
    id,
    aliases: [],
    sources: [],
    package: { purl: `pkg:npm/${id}@1`, type: "npm", name: id, version: "1" },
    fix: { state: "not-fixed" },
    severity: "critical",
    severities: [],
    exploited: false,
    summary: "",
    marks,
    evidence: { locations: [], comparison: "", shard: "" },
  };
}

const marked = [
  found("headers", "kernel-headers"),
  found("owned", "owned-by-os-package"),
  found("elsewhere", "only-windows"),
  found("minor", "unimportant"),
  found("denied", "unimportant", "vex-not-affected"),
];

function documentOf(vulnerabilities: readonly Vulnerability[], comprehensive = false) {
  const advisories = { set: "x" };
  return scanDocument({
    name: "x",
    digest: "sha256:1",
    kind: "image",
    version: "1",
    scannedAt: "2026-01-01T00:00:00.000Z",
    advisories,
    warnings: [],
    inspections: [
      {
        inventory: inventoryOf([{ type: "npm", name: "a", version: "1" }]),
        match: { vulnerabilities, notEvaluated: [], advisories },
        cached: false,
        milliseconds: { inventory: 0, matching: 0 },
      },
    ],
    filter: { ignoreUnfixed: false, comprehensive },
  });
}

test("what is set aside is listed last and not counted, unless all is to be", () => {
  const document = documentOf([...marked, found("counts"), found("bad", "malicious", "owned-by-os-package")]);
  expect(document.summary.critical).toBe(2);
  expect([document.setAside, document.excluded]).toEqual([4, 1]);
  expect(document.images[0]?.vulnerabilities.map(({ id, setAside }) => [id, setAside])).toEqual([
    ["bad", undefined],
    ["counts", undefined],
    ["elsewhere", true],
    ["headers", true],
    ["minor", true],
    ["owned", true],
    ["denied", true],
  ]);
  expect(reaches(documentOf(marked), "low")).toBe(false);
  const comprehensive = documentOf(marked, true);
  expect(comprehensive.summary.critical).toBe(4);
  expect(comprehensive.setAside).toBeUndefined();
  expect(reaches(comprehensive, "low")).toBe(true);
});
