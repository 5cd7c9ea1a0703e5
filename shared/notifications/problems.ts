import type { ReportedFinding } from "../findings/report.ts";
import { plain } from "./text.ts";

/** A finding as a message shows it: the same vulnerability in several images of one index is one problem. */
export interface Problem extends ReportedFinding {
  /** In how many resources it was found. */
  readonly resources: number;
}

/** Merges what people would read as the same line; keeps the order. */
export function problemsOf(findings: readonly ReportedFinding[]): readonly Problem[] {
  const merged = new Map<string, { finding: ReportedFinding; resources: Set<string> }>();
  for (const finding of findings) {
    const key =
      finding.kind === "vulnerability"
        ? JSON.stringify([finding.rule, finding.subject, finding.installedVersion])
        : JSON.stringify([finding.id]);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { finding, resources: new Set([finding.resource.id]) });
    else known.resources.add(finding.resource.id);
  }
  return [...merged.values()].map(({ finding, resources }) => ({ ...finding, resources: resources.size }));
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
