import type { Severity } from "../../shared/findings/types.ts";
import { isMalicious } from "../../shared/matching/types.ts";
import type { ListedVulnerability, ScanDocument } from "../../shared/scanning/document.ts";
import { isExcluded } from "../../shared/vex/types.ts";

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  negligible: "note",
  unknown: "warning",
};

/** What code hosts sort by: a CVSS-like number, the source's where there is one. */
const scores: Readonly<Record<Severity, number>> = {
  critical: 9.5,
  high: 8,
  medium: 5.5,
  low: 2,
  negligible: 0.1,
  unknown: 5,
};

/**
 * SARIF 2.1.0 (OASIS): one rule per vulnerability, one result per vulnerable package and image, with a fingerprint
 * that does not change from scan to scan.
 */
export function formatSarif(document: ScanDocument): object {
  const rules = new Map<string, { index: number; rule: object }>();
  const results: object[] = [];
  for (const image of document.images) {
    for (const found of image.vulnerabilities) {
      const known = rules.get(found.id) ?? { index: rules.size, rule: ruleOf(found) };
      rules.set(found.id, known);
      results.push(resultOf(document, found, known.index));
    }
  }
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Portwarden",
            version: document.tool.version,
            semanticVersion: document.tool.version,
            rules: [...rules.values()].map(({ rule }) => rule),
          },
        },
        invocations: [
          {
            executionSuccessful: document.status === "complete",
            endTimeUtc: document.scannedAt,
            toolExecutionNotifications: [
              ...document.warnings.map((text) => ({ level: "warning", message: { text } })),
              ...document.images.flatMap(({ problems }) =>
                problems.map(({ reason, detail }) => ({ level: "warning", message: { text: `${reason}: ${detail}` } })),
              ),
            ],
          },
        ],
        properties: { image: document.image.name, digest: document.image.digest },
        columnKind: "utf16CodeUnits",
        results,
      },
    ],
  };
}

function ruleOf(found: ListedVulnerability): object {
  const url = found.sources.find((source) => source.url !== undefined)?.url;
  return {
    id: found.id,
    name: isMalicious(found) ? "MaliciousPackage" : "VulnerablePackage",
    shortDescription: { text: `${found.id}: ${found.summary || found.package.name}` },
    fullDescription: { text: found.description || found.summary || found.id },
    ...(url === undefined ? {} : { helpUri: url }),
    help: { text: `Known as ${[found.id, ...found.aliases].join(", ")}.` },
    defaultConfiguration: { level: levels[found.severity] },
    properties: {
      tags: [
        "security",
        isMalicious(found) ? "malicious" : "vulnerability",
        found.severity,
        ...(found.exploited ? ["known-exploited"] : []),
      ],
      "security-severity": String(found.cvss?.score ?? scores[found.severity]),
      precision: "very-high",
    },
  };
}

/** A path as a relative reference (RFC 3986): a colon, a hash or a question mark in it mean nothing. */
function relativeUri(path: string): string {
  return path.toWellFormed().split("/").map(encodeURIComponent).join("/");
}

function resultOf(document: ScanDocument, found: ListedVulnerability, ruleIndex: number): object {
  const fix = found.fix.version === undefined ? `no fix (${found.fix.state})` : `fixed in ${found.fix.version}`;
  const locations = found.evidence.locations.slice(0, 10);
  return {
    ruleId: found.id,
    ruleIndex,
    level: levels[found.severity],
    message: {
      text: isMalicious(found)
        ? `${found.package.name} ${found.package.version} is a malicious package (${found.id}): remove it.`
        : `${found.package.name} ${found.package.version} is affected by ${found.id}: ${fix}.`,
    },
    locations: (locations.length === 0 ? [{ path: document.image.name }] : locations).map(({ path }) => ({
      physicalLocation: {
        artifactLocation: { uri: relativeUri(path) },
        region: { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 },
      },
      message: { text: `${document.image.name}: ${found.package.purl}` },
    })),
    ...(found.vex === undefined || !isExcluded(found.marks) ? {} : { suppressions: [suppressionOf(found.vex)] }),
    partialFingerprints: { "portwarden/v1": `${found.id}|${found.package.purl}` },
    properties: { purl: found.package.purl, comparison: found.evidence.comparison, marks: found.marks },
  };
}

/** Decided outside of the code that was scanned (SARIF 2.1.0, section 3.35). */
function suppressionOf(vex: NonNullable<ListedVulnerability["vex"]>): object {
  const by = vex.author === undefined ? vex.document : `${vex.author} (${vex.document})`;
  const said = [vex.justification, vex.impact].filter((part) => part !== undefined).join(": ");
  const text = `VEX ${vex.status} by ${by}${said === "" ? "" : `: ${said}`}`;
  return { kind: "external", status: "accepted", justification: text, properties: { vex } };
}
