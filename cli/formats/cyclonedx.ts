import type { Severity } from "../../shared/findings/types.ts";
import { toCycloneDx } from "../../shared/inventory/cyclonedx.ts";
import type { ListedVulnerability, ScanDocument } from "../../shared/scanning/document.ts";
import type { Inspection } from "../../shared/scanning/inspect.ts";
import { isExcluded, type VexStatus } from "../../shared/vex/types.ts";
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
    // One analysis is of one verdict: packages of which something else is said stand apart.
    const key = JSON.stringify([found.id, found.vex?.status, found.vex?.justification, found.vex?.document]);
    byId.set(key, [...(byId.get(key) ?? []), found]);
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
    ...(first.description !== undefined && { detail: first.description }),
    ...(first.vex === undefined ? {} : { analysis: analysisOf(first.vex) }),
    affects: group.map((found) => ({
      ref: found.package.purl,
      versions: [{ version: found.package.version, status: isExcluded(found.marks) ? "unaffected" : "affected" }],
    })),
    recommendation: group
      .flatMap(({ package: { name }, fix }) => (fix.version === undefined ? [] : [`upgrade ${name} to ${fix.version}`]))
      .join("; "),
  };
}

const analysisStates: Readonly<Record<VexStatus, string>> = {
  not_affected: "not_affected",
  fixed: "resolved",
  affected: "exploitable",
  under_investigation: "in_triage",
};

/** CycloneDX has other words for most reasons; the others are told in the detail. */
const analysisJustifications: Readonly<Record<string, string>> = {
  component_not_present: "code_not_present",
  vulnerable_code_not_present: "code_not_present",
  vulnerable_code_not_in_execute_path: "code_not_reachable",
  inline_mitigations_already_exist: "protected_by_mitigating_control",
  requires_configuration: "requires_configuration",
  requires_dependency: "requires_dependency",
  requires_environment: "requires_environment",
};

function analysisOf(vex: NonNullable<ListedVulnerability["vex"]>): object {
  const { status, impact, action, author, document } = vex;
  const word = Object.entries(analysisJustifications).find(([name]) => name === vex.justification)?.[1];
  const justification = status === "not_affected" ? word : undefined;
  const said = [vex.justification, impact, action].filter((part) => part !== undefined).join(": ");
  const by = author === undefined ? document : `${author}, ${document}`;
  return {
    state: analysisStates[status],
    ...(justification !== undefined && { justification }),
    detail: `${said === "" ? "" : `${said} `}(${by})`,
  };
}
