/** Names of OSV ecosystems and packages: https://ossf.github.io/osv-schema/#affectedpackage-field */

/** `Debian` of `Debian:12`. */
export function ecosystemFamily(ecosystem: string): string {
  return ecosystem.split(":", 1)[0] ?? ecosystem;
}

/** Malicious packages lie apart: there are ten times as many of them as of all other advisories of npm and PyPI. */
const maliciousSuffix = ":malicious";

/**
 * The shard that keeps an ecosystem's advisories: itself, except that Red Hat's repositories of one product and
 * version (`Red Hat:enterprise_linux:9::baseos`, a CPE) are one, and that malicious packages lie apart.
 */
export function shardName(ecosystem: string, isMalicious = false): string {
  const name = ecosystem.split("::", 1)[0] ?? ecosystem;
  return isMalicious ? `${name}${maliciousSuffix}` : name;
}

/** The shard of the malicious packages of an ecosystem. */
export function maliciousShard(ecosystem: string): string {
  return shardName(ecosystem, true);
}

/**
 * The name under which a package is looked up. PyPI:
 * https://packaging.python.org/en/latest/specifications/name-normalization/; NuGet and Packagist take capitals and
 * small letters for the same, and so do the hosts of Swift's repositories, whose addresses are written in several ways.
 */
export function packageKey(ecosystem: string, name: string): string {
  switch (ecosystemFamily(ecosystem)) {
    case "PyPI":
      return name.toLowerCase().replace(/[-_.]+/g, "-");
    case "NuGet":
    case "Packagist":
      return name.toLowerCase();
    case "SwiftURL":
      return name
        .toLowerCase()
        .replace(/^https?:\/\//, "")
        .replace(/\.git$/, "");
    default:
      return name;
  }
}

/** Their licence lets a user fetch them for itself, and forbids to pass them on. */
const keptBack = new Set(["Wolfi", "Chainguard"]);

/** Whether advisories of that ecosystem may be passed on, whoever published them. */
export function mayBePassedOn(ecosystem: string): boolean {
  return !keptBack.has(ecosystemFamily(ecosystem));
}
