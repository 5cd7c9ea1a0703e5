import type { Severity } from "../../shared/findings/types.ts";
import { toCycloneDx } from "../../shared/inventory/cyclonedx.ts";
import type { ListedVulnerability, ScanDocument } from "../../shared/scanning/document.ts";
import type { Inspection } from "../../shared/scanning/inspect.ts";
import { UsageError } from "../exit.ts";

/** CycloneDX has no `negligible`. */
const severityNames: Readonly<Record<Severity, string>> = {
  critical: "critical",
  high: "high",
  medium: "medium",
  low: "low",
  negligible: "info",
  unknown: "unknown",
};

/** CycloneDX 1.6 with components and vulnerabilities, of one image. Throws `UsageError` for several platforms. */
export function formatCycloneDx(document: ScanDocument, inspections: readonly Inspection[]): object {
  const [inspection, ...others] = inspections;
  if (inspection === undefined || others.length > 0) {
    throw new UsageError("a CycloneDX document describes one image: choose one with --platform");
  }
  const bom = toCycloneDx(inspection.inventory, document.tool.version);
  const byId = new Map<string, ListedVulnerability[]>();
  for (const found of document.images[0]?.vulnerabilities ?? []) {
    byId.set(found.id, [...(byId.get(found.id) ?? []), found]);
  }
  return { ...bom, vulnerabilities: [...byId.values()].map((group) => vulnerabilityOf(group)) };
}

function vulnerabilityOf(group: readonly ListedVulnerability[]): object {
  const [first] = group;
  if (first === undefined) return {};
  const url = first.sources.find((source) => source.url !== undefined)?.url;
  return {
    id: first.id,
    source: { name: first.sources[0]?.database ?? "unknown", ...(url === undefined ? {} : { url }) },
    references: first.aliases.map((alias) => ({ id: alias, source: { name: alias.split("-")[0] ?? alias } })),
    ratings: [
      {
        severity: severityNames[first.severity],
        ...(first.cvss === undefined ? {} : { score: first.cvss.score, vector: first.cvss.vector }),
      },
    ],
    description: first.summary,
    affects: group.map((found) => ({
      ref: found.package.purl,
      versions: [{ version: found.package.version, status: "affected" }],
    })),
    recommendation: group
      .flatMap(({ package: { name }, fix }) => (fix.version === undefined ? [] : [`upgrade ${name} to ${fix.version}`]))
      .join("; "),
  };
}
