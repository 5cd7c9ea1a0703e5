/** What the formats of a scan tell of VEX. */
import { describe, expect, it } from "vitest";
import { formatCycloneDx } from "../../../cli/formats/cyclonedx.ts";
import { formatSarif } from "../../../cli/formats/sarif.ts";
import { formatTable } from "../../../cli/formats/table.ts";
import { observationSchema } from "../../../shared/findings/types.ts";
import { reaches, scanDocument, scanDocumentSchema } from "../../../shared/scanning/document.ts";
import type { Inspection } from "../../../shared/scanning/inspect.ts";
import { observe } from "../../../shared/scanning/observe.ts";
import { applyVex } from "../../../shared/vex/apply.ts";
import { readVex } from "../../../shared/vex/read.ts";
import { cycloneDxSchema, sarifSchema } from "../../cli/documents.ts";
import { busybox, digest, file, imageOf, notAffected, openVex, statementsOf, vulnerability } from "./samples.ts";

const product = { "@id": "pkg:apk/alpine/busybox" };
const said = statementsOf(
  openVex([
    notAffected([product], { impact_statement: "Arguments are ours." }),
    notAffected([product], { vulnerability: { name: "CVE-2026-0002" }, status: "under_investigation" }),
  ]),
);
const otherwise = statementsOf(
  openVex([notAffected([product], { status: "affected", timestamp: "2025-01-01T00:00:00Z" })], {
    "@id": "https://example.com/vex/2",
  }),
);
const packages = [{ type: "apk" as const, name: "busybox", version: "1.36.1-r2", purl: busybox, locations: [] }];
const found = [vulnerability(busybox), vulnerability(busybox, { id: "CVE-2026-0002", severity: "low" })];
const inspection: Inspection = {
  inventory: {
    schema: "portwarden.inventory/1",
    digest,
    platform: { os: "linux", architecture: "amd64" },
    layers: [],
    packages,
    partial: [],
    extractors: "",
  },
  match: {
    vulnerabilities: applyVex(found, [...said, ...otherwise], imageOf()),
    notEvaluated: [],
    advisories: { set: "s" },
  },
  vexRemarks: [
    { source: "attestation", reason: "vex-unverified", detail: "not used", subject: digest },
    { source: "file", reason: "vex-malformed", detail: "broken", subject: "b.json" },
  ],
  cached: false,
  milliseconds: { inventory: 0, matching: 0 },
};
const document = scanDocument({
  name: "registry.example/team/app:1.0",
  digest,
  kind: "image",
  version: "1.0.0",
  scannedAt: "2026-06-01T00:00:00Z",
  advisories: { set: "s" },
  warnings: [],
  inspections: [inspection],
  filter: { ignoreUnfixed: false },
});

describe("VEX in what a scan writes", () => {
  it("is listed with its evidence, last, and not counted", () => {
    expect(scanDocumentSchema.parse(document)).toEqual(document);
    expect(document).toMatchObject({ excluded: 1, summary: { high: 0, low: 1 }, status: "complete" });
    expect(["low", "high"].map((least) => reaches(document, least as "low"))).toEqual([true, false]);
    const [first] = document.images;
    expect(first?.vulnerabilities.map(({ id }) => id)).toEqual(["CVE-2026-0002", "CVE-2026-0001"]);
    expect(first?.vulnerabilities[1]?.vex).toEqual({
      status: "not_affected",
      justification: "vulnerable_code_not_present",
      impact: "Arguments are ours.",
      document: "https://example.com/vex/1",
      url: "https://example.com/vex/1",
      author: "Ana",
      timestamp: "2026-01-01T00:00:00.000Z",
      source: "file",
      origin: "a.json",
      contradictions: [
        {
          status: "affected",
          document: "https://example.com/vex/2",
          author: "Ana",
          source: "file",
          timestamp: "2025-01-01T00:00:00.000Z",
        },
      ],
    });
    expect(first?.problems.map(({ reason }) => reason)).toEqual(["vex-unverified", "vex-malformed"]);
    expect(formatTable(document)).toMatch(
      /1 low; 1 not affected or fixed \(VEX\), not counted; on 1 VEX documents contradict/,
    );
  });

  it("suppresses results in SARIF", () => {
    const sarif = sarifSchema.parse(formatSarif(document));
    expect(sarif.runs[0]?.results.map(({ ruleId, suppressions }) => [ruleId, suppressions?.[0]])).toMatchObject([
      ["CVE-2026-0002", undefined],
      [
        "CVE-2026-0001",
        { kind: "external", status: "accepted", justification: expect.stringContaining("Ana") as string },
      ],
    ]);
  });

  it("is an analysis in CycloneDX, which says the same when it is read", () => {
    const bom = formatCycloneDx(document, [inspection]);
    expect(cycloneDxSchema.safeParse(bom).error).toBeUndefined();
    const { statements } = readVex(JSON.parse(JSON.stringify(bom)), file);
    expect(statements.map(({ names, status, justification }) => [names[0], status, justification])).toEqual([
      ["CVE-2026-0002", "under_investigation", undefined],
      ["CVE-2026-0001", "not_affected", "vulnerable_code_not_present"],
    ]);
  });

  it("is evidence of findings, and what was not used of the image's own is a finding", () => {
    const observations = observe(inspection.inventory, inspection.match, inspection.vexRemarks).map((one) =>
      observationSchema.parse(one),
    );
    expect(observations.map(({ kind, rule }) => `${kind} ${rule}`)).toEqual([
      "vulnerability CVE-2026-0001",
      "vulnerability CVE-2026-0002",
      "coverage vex-not-used/vex-unverified",
    ]);
    expect(observations[0]?.evidence["vex"]).toMatchObject({ status: "not_affected", author: "Ana" });
  });
});
