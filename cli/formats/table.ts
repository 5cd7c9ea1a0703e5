import { severities } from "../../shared/findings/types.ts";
import type { ListedVulnerability, ScanDocument } from "../../shared/scanning/document.ts";
import { isExcluded } from "../../shared/vex/types.ts";
import { clean, paint, paintSeverity, table } from "../terminal.ts";

/** The scan for people: one line per vulnerability, then what was not judged, then the sum. */
export function formatTable(document: ScanDocument): string {
  const parts: string[] = [];
  for (const image of document.images) {
    const facts = [image.platform, image.distribution, `${image.packages} packages`].filter(Boolean).join(", ");
    parts.push(`${paint("bold", clean(document.image.name))}  ${clean(facts)}`);
    parts.push(clean(image.digest));
    if (image.vulnerabilities.length > 0) parts.push("", vulnerabilityTable(image.vulnerabilities));
    if (image.problems.length > 0) {
      parts.push("", paint("yellow", "not read or not judged"));
      for (const { reason, detail, path } of image.problems) {
        parts.push(`  ${clean(reason)}: ${clean(detail)}${path === undefined ? "" : ` (${clean(path)})`}`);
      }
    }
    parts.push("");
  }
  parts.push(summaryLine(document));
  const { advisories } = document;
  if (advisories.updatedAt !== undefined) {
    parts.push(
      paint("gray", `advisories of ${advisories.newestRecord ?? advisories.updatedAt}, stored ${advisories.updatedAt}`),
    );
  }
  for (const warning of document.warnings) parts.push(paint("yellow", `warning: ${clean(warning)}`));
  return parts.join("\n");
}

function vulnerabilityTable(vulnerabilities: readonly ListedVulnerability[]): string {
  return table(vulnerabilities, [
    {
      title: "SEVERITY",
      value: ({ severity }) => severity,
      paint: ({ severity, marks }, text) => (isExcluded(marks) ? paint("gray", text) : paintSeverity(severity, text)),
    },
    { title: "VULNERABILITY", value: ({ id, exploited }) => (exploited ? `${id} (exploited)` : id), width: 36 },
    { title: "PACKAGE", value: (found) => found.package.name, width: 40 },
    { title: "INSTALLED", value: (found) => found.package.version, width: 30 },
    { title: "FIXED IN", value: ({ fix }) => fix.version ?? fix.state, width: 30 },
    {
      title: "TITLE",
      value: ({ summary, marks, vex }) => {
        const said = [...marks, ...(vex?.justification === undefined ? [] : [vex.justification])];
        return said.length > 0 ? `[${said.join(", ")}] ${summary}` : summary;
      },
      width: 70,
    },
  ]);
}

function summaryLine(document: ScanDocument): string {
  const counts = severities.flatMap((severity) => {
    const count = document.summary[severity];
    return count > 0 ? [paintSeverity(severity, `${count} ${severity}`)] : [];
  });
  const filtered = document.filtered > 0 ? ` (${document.filtered} more filtered out)` : "";
  const excluded =
    (document.excluded ?? 0) > 0 ? `; ${document.excluded} not affected or fixed (VEX), not counted` : "";
  const aside = (document.setAside ?? 0) > 0 ? `; ${document.setAside} set aside, not counted (--comprehensive)` : "";
  const contradicted = document.images
    .flatMap(({ vulnerabilities }) => vulnerabilities)
    .filter(({ vex }) => vex?.contradictions !== undefined).length;
  const disputed =
    contradicted > 0 ? `; on ${contradicted} VEX documents contradict each other (see --format json)` : "";
  const partial = document.status === "partial" ? paint("yellow", "  The scan is partial: see above.") : "";
  return `${counts.length === 0 ? "no known vulnerabilities listed" : counts.join(", ")}${filtered}${excluded}${aside}${disputed}${partial}`;
}
