import type { ReportedFinding } from "../findings/report.ts";
import { plain } from "./text.ts";

/** One line of a message: findings that people would read as the same. */
export interface Problem {
  /** The first of them. */
  readonly finding: ReportedFinding;
  /** How many findings it stands for. */
  readonly findings: number;
  /** Packages, containers or fields it was found in, without versions. */
  readonly components: readonly string[];
  /** In how many resources it was found. */
  readonly resources: number;
}

/** Packages of these types that come in the same version are built from one source: they are hit and move together. */
export const builtFromSource: ReadonlySet<string> = new Set(["deb", "rpm", "apk"]);

/**
 * Groups findings into lines, keeping their order: one vulnerability in the packages built from one source, and in
 * the images of several platforms, is one line.
 */
export function problemsOf(findings: readonly ReportedFinding[]): readonly Problem[] {
  return [...Map.groupBy(findings, lineKey).values()].flatMap((group) => {
    const [finding] = group;
    if (finding === undefined) return [];
    return [
      {
        finding,
        findings: group.length,
        components: [...new Set(group.map(componentName))],
        resources: new Set(group.map((one) => one.resource.id)).size,
      },
    ];
  });
}

function lineKey(finding: ReportedFinding): string {
  if (finding.kind !== "vulnerability") return finding.id;
  const type = purlType(finding);
  const subject = type !== undefined && builtFromSource.has(type) ? type : finding.subject;
  return JSON.stringify([finding.rule, finding.severity, subject, finding.installedVersion, finding.fixedVersion]);
}

/** The name of the package, container or field, without its version. */
export function componentName(finding: ReportedFinding): string {
  const named = finding.component ?? purlName(finding.subject) ?? finding.subject;
  const { installedVersion: version } = finding;
  const bare = version !== undefined && named.endsWith(version) ? named.slice(0, -version.length) : named;
  return plain(bare.replace(/[@ ]+$/, ""), 120) || plain(named, 120);
}

/** The package type of a finding whose subject is a purl: `npm`, `deb`, ... */
export function purlType(finding: ReportedFinding): string | undefined {
  return /^pkg:([a-z0-9.+-]+)\//.exec(finding.subject)?.[1];
}

/** Name of a purl (https://github.com/package-url/purl-spec): for npm with its scope, else the last segment. */
function purlName(purl: string): string | undefined {
  const path = /^pkg:[a-z0-9.+-]+\/([^?#@]+)/.exec(purl)?.[1];
  if (path === undefined) return undefined;
  const name = purl.startsWith("pkg:npm/") ? path : path.slice(path.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
