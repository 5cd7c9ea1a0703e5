/** Names of OSV ecosystems and packages: https://ossf.github.io/osv-schema/#affectedpackage-field */

/** `Debian` of `Debian:12`. */
export function ecosystemFamily(ecosystem: string): string {
  return ecosystem.split(":", 1)[0] ?? ecosystem;
}

/**
 * The shard that keeps an ecosystem's advisories: itself, except that Red Hat's repositories of one product and
 * version (`Red Hat:enterprise_linux:9::baseos`, a CPE) are one.
 */
export function shardName(ecosystem: string): string {
  return ecosystem.split("::", 1)[0] ?? ecosystem;
}

/** The name under which a package is looked up. PyPI: https://packaging.python.org/en/latest/specifications/name-normalization/ */
export function packageKey(ecosystem: string, name: string): string {
  return ecosystemFamily(ecosystem) === "PyPI" ? name.toLowerCase().replace(/[-_.]+/g, "-") : name;
}
