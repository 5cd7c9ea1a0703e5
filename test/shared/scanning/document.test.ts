import { describe, expect, it } from "vitest";
import { formatCycloneDx } from "../../../cli/formats/cyclonedx.ts";
import { formatSarif } from "../../../cli/formats/sarif.ts";
import { formatTable } from "../../../cli/formats/table.ts";
import { observationSchema } from "../../../shared/findings/types.ts";
import type { Inventory } from "../../../shared/inventory/types.ts";
import type { MatchResult, Vulnerability } from "../../../shared/matching/types.ts";
import { type DocumentInput, reaches, scanDocument, scanDocumentSchema } from "../../../shared/scanning/document.ts";
import type { Inspection } from "../../../shared/scanning/inspect.ts";
import { inventoryKey, storedInventory } from "../../../shared/scanning/inventory.ts";
import { isPartial, observe } from "../../../shared/scanning/observe.ts";
import { isQuiet } from "../../../shared/scanning/report.ts";
import { cycloneDxSchema, sarifSchema, unresolvedReferences } from "../../cli/documents.ts";
import { silentLog } from "../../support/registry.ts";
import { memoryBlobs } from "../advisories/support.ts";

const layer = `sha256:${"a".repeat(64)}`;
const purl = "pkg:npm/left-pad@1.3.0";
const location = { path: "app/a b/c:d#e?f/ü/package.json", layer };

function inventoryOf(changes: Partial<Inventory> = {}): Inventory {
  return {
    schema: "portwarden.inventory/1",
    digest: `sha256:${"b".repeat(64)}`,
    platform: { os: "linux", architecture: "amd64" },
    layers: [{ digest: layer, diffId: layer, size: 1, mediaType: "tar", createdBy: "RUN npm ci" }],
    packages: [{ type: "npm", name: "left-pad", version: "1.3.0", purl, locations: [location] }],
    partial: [],
    extractors: "npm@1",
    ...changes,
  };
}

function vulnerability(id: string, changes: Partial<Vulnerability> = {}): Vulnerability {
  return {
    id,
    aliases: [],
    sources: [{ id, database: "GHSA", url: `https://example.com/${id}` }],
    package: { purl, type: "npm", name: "left-pad", version: "1.3.0" },
    fix: { state: "fixed", version: "1.4.0" },
    severity: "high",
    severities: [],
    exploited: false,
    summary: `About ${id}`,
    marks: [],
    evidence: { locations: [location], comparison: "semver 1.3.0 < 1.4.0", shard: "c".repeat(64) },
    ...changes,
  };
}

function inspection(
  vulnerabilities: readonly Vulnerability[],
  changes: { inventory?: Partial<Inventory>; notEvaluated?: MatchResult["notEvaluated"] } = {},
): Inspection {
  return {
    inventory: inventoryOf(changes.inventory),
    match: { vulnerabilities, notEvaluated: changes.notEvaluated ?? [], advisories: { set: "s" } },
    cached: false,
    milliseconds: { inventory: 0, matching: 0 },
  };
}

function documentOf(inspections: readonly Inspection[], changes: Partial<DocumentInput> = {}) {
  return scanDocumentSchema.parse(
    scanDocument({
      name: "registry.example/app:1.0",
      digest: inspections[0]?.inventory.digest ?? "",
      kind: "image",
      version: "1.2.3",
      scannedAt: "2026-03-01T00:00:00.000Z",
      advisories: { set: "s" },
      warnings: [],
      inspections,
      filter: { ignoreUnfixed: false },
      ...changes,
    }),
  );
}

describe("what is not judged", () => {
  it.each([
    ["no packages", { inventory: { packages: [] } }],
    ["what was not read", { inventory: { partial: [{ reason: "fileBytes", detail: "too large", path: "a" }] } }],
    ["no advisories of an ecosystem", { notEvaluated: [{ purl, reason: "no-advisories-for npm" }] }],
    ["an unknown distribution", { notEvaluated: [{ purl, reason: "distribution-unknown" }] }],
  ])("makes a scan partial: %s", (_what, changes) => {
    const inspected = inspection([], changes);
    expect(isPartial(inspected.inventory, inspected.match)).toBe(true);
    const document = documentOf([inspected]);
    expect(document.status).toBe("partial");
    expect(document.images[0]?.problems).toHaveLength(1);
    expect(formatTable(document)).toContain("The scan is partial");
    expect(sarifSchema.parse(formatSarif(document)).runs[0]?.invocations[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [{ level: "warning" }],
    });
    expect(observe(inspected.inventory, inspected.match).map(({ kind }) => kind)).toEqual(["coverage"]);
  });

  it("of one package alone is told, and leaves the scan complete", () => {
    const inspected = inspection([], { notEvaluated: [{ purl, reason: "third-party NodeSource" }] });
    expect(documentOf([inspected])).toMatchObject({ status: "complete", images: [{ problems: [{ count: 1 }] }] });
  });

  it("is everything without advisories", () => {
    expect(documentOf([inspection([])], { advisories: { set: "none" } }).status).toBe("partial");
  });
});

describe("a malicious package", () => {
  const mal = vulnerability("MAL-2025-96", {
    severity: "critical",
    fix: { state: "not-fixed" },
    marks: ["malicious", "owned-by-os-package"],
    summary: "Malicious code in left-pad (npm)",
  });

  it("is a finding of its own kind, which no filter and no mark holds back", () => {
    const inspected = inspection([mal, vulnerability("CVE-2026-1", { fix: { state: "not-fixed" } })]);
    const [first] = observe(inspected.inventory, inspected.match);
    expect(first).toMatchObject({
      kind: "malicious",
      severity: "critical",
      title: "malicious package left-pad: Malicious code in left-pad (npm)",
    });
    const document = documentOf([inspected], { filter: { ignoreUnfixed: true } });
    expect(document).toMatchObject({ filtered: 1, images: [{ vulnerabilities: [{ id: "MAL-2025-96" }] }] });
    const sarif = sarifSchema.parse(formatSarif(document));
    expect(JSON.stringify(sarif)).toContain("left-pad 1.3.0 is a malicious package (MAL-2025-96): remove it.");
    expect(JSON.stringify(sarif)).toContain('"MaliciousPackage"');
  });

  it("is told in messages whatever its marks, unless VEX clears it", () => {
    const quiet = (marks: readonly string[], kind: "malicious" | "vulnerability") =>
      isQuiet({ kind, evidence: { marks: [...marks] } });
    expect(quiet(mal.marks, "malicious")).toBe(false);
    expect(quiet(mal.marks, "vulnerability")).toBe(true);
    expect(quiet([...mal.marks, "vex-not-affected"], "malicious")).toBe(true);
  });
});

describe("a document", () => {
  it("never filters out by severity what is known to be exploited, and lists it first", () => {
    const inspected = inspection([
      vulnerability("CVE-1", { severity: "medium" }),
      vulnerability("CVE-2", { severity: "critical" }),
      vulnerability("CVE-3", { severity: "low", exploited: true }),
    ]);
    const document = documentOf([inspected], { filter: { severity: "high", ignoreUnfixed: false } });
    expect(document.images[0]?.vulnerabilities.map(({ id }) => id)).toEqual(["CVE-3", "CVE-2"]);
    expect(document.filtered).toBe(1);
    expect([reaches(document, "critical"), reaches(documentOf([inspection([])]), "unknown")]).toEqual([true, false]);
  });

  it("keeps its form for everything a package or an advisory may say", () => {
    const long = "ß".repeat(5000);
    const found = [
      vulnerability("CVE-1", { summary: "", sources: [], fix: { state: "will-not-fix" } }),
      vulnerability("GHSA-1", { summary: long, aliases: ["CVE-9", "x"], sources: [{ id: "1", database: "" }] }),
      vulnerability(long, { evidence: { locations: [], comparison: long, shard: "" }, severity: "negligible" }),
      vulnerability("CVE-1", { package: { purl: `${purl}?other`, type: "npm", name: long, version: long } }),
    ];
    const inspected = inspection(found, {
      inventory: {
        packages: [
          { type: "npm", name: "left-pad", version: "1.3.0", purl, locations: [location] },
          { type: "npm", name: "@scope/left-pad", version: "1.3.0", purl: `${purl}?other`, locations: [location] },
        ],
      },
    });
    const document = documentOf([inspected], { name: "registry.example:5000/app:1.0" });
    const [run] = sarifSchema.parse(formatSarif(document)).runs;
    expect(run?.results.map(({ ruleIndex }) => run.tool.driver.rules[ruleIndex]?.id)).toEqual(
      run?.results.map(({ ruleId }) => ruleId),
    );
    expect(new Set(run?.tool.driver.rules.map(({ id }) => id)).size).toBe(run?.tool.driver.rules.length);
    const uris = run?.results.map(({ locations }) => locations[0]?.physicalLocation.artifactLocation.uri);
    expect(uris?.[0]).toBe("app/a%20b/c%3Ad%23e%3Ff/%C3%BC/package.json");
    expect(uris).toContain("registry.example%3A5000/app%3A1.0");

    const bom = cycloneDxSchema.parse(formatCycloneDx(document, [inspected]));
    expect(unresolvedReferences(bom)).toEqual([]);
    expect(bom.vulnerabilities?.find(({ id }) => id === "CVE-1")?.affects).toHaveLength(2);
    // Findings are bounded whatever they are made of.
    for (const claim of observe(inspected.inventory, inspected.match)) {
      expect(observationSchema.parse(claim)).toBeDefined();
      expect(JSON.stringify(claim).length).toBeLessThan(100_000);
    }
  });

  it("of several platforms is no CycloneDX", () => {
    const both = [inspection([]), inspection([])];
    expect(() => formatCycloneDx(documentOf(both), both)).toThrow(/choose one with --platform/);
  });
});

it("a stored inventory that is damaged, or of another image, is not there", async () => {
  const blobs = memoryBlobs();
  const { digest } = inventoryOf();
  expect(await storedInventory(blobs, digest, silentLog)).toBeUndefined();
  for (const bytes of ["", "{", "null"]) {
    await blobs.put(inventoryKey(digest), Buffer.from(bytes));
    expect(await storedInventory(blobs, digest, silentLog)).toBeUndefined();
  }
});
