/**
 * The databases whose records OSV carries, told by the prefix of the record's id:
 * https://ossf.github.io/osv-schema/#id-modified-fields
 */
import { ecosystemFamily } from "../../ecosystems.ts";

interface Database {
  readonly name: string;
  readonly url: (id: string) => string;
  /** Of its records, as SPDX names it, where its publisher states one. */
  readonly licence?: string;
  /** Its records announce updates for (several) vulnerabilities. */
  readonly bundles?: true;
  /** Its records may be updates that fix no vulnerability. */
  readonly mayBeHarmless?: true;
}

const osv = (id: string) => `https://osv.dev/vulnerability/${encodeURIComponent(id)}`;
const debian = (id: string) => `https://security-tracker.debian.org/tracker/${encodeURIComponent(id)}`;
const withoutPrefix = (prefix: string, url: (id: string) => string) => (id: string) => url(id.slice(prefix.length));
const redHat = (id: string) => `https://access.redhat.com/errata/${encodeURIComponent(id)}`;
const rocky = (id: string) => `https://errata.rockylinux.org/${encodeURIComponent(id)}`;
const ubuntuCve = (id: string) => `https://ubuntu.com/security/${encodeURIComponent(id)}`;

/** Longest prefix first where one contains another. */
const databases: readonly (readonly [prefix: string, database: Database])[] = [
  [
    "GHSA-",
    { name: "GitHub", licence: "CC-BY-4.0", url: (id) => `https://github.com/advisories/${encodeURIComponent(id)}` },
  ],
  ["PYSEC-", { name: "PyPA", licence: "CC-BY-4.0", url: osv }],
  ["MAL-", { name: "Malicious Packages", licence: "Apache-2.0", url: osv }],
  ["DSA-", { name: "Debian", url: debian, bundles: true }],
  ["DLA-", { name: "Debian", url: debian, bundles: true }],
  ["DEBIAN-", { name: "Debian", url: withoutPrefix("DEBIAN-", debian) }],
  ["UBUNTU-", { name: "Ubuntu", licence: "CC-BY-SA-4.0", url: withoutPrefix("UBUNTU-", ubuntuCve) }],
  [
    "USN-",
    {
      name: "Ubuntu",
      licence: "CC-BY-SA-4.0",
      url: (id) => `https://ubuntu.com/security/notices/${encodeURIComponent(id)}`,
      bundles: true,
    },
  ],
  ["LSN-", { name: "Ubuntu", licence: "CC-BY-SA-4.0", url: osv, bundles: true }],
  [
    "ALPINE-",
    {
      name: "Alpine",
      licence: "CC-BY-SA-4.0",
      url: withoutPrefix("ALPINE-", (id) => `https://security.alpinelinux.org/vuln/${id}`),
    },
  ],
  ["CGA-", { name: "Chainguard", url: osv }],
  ["RHSA-", { name: "Red Hat", licence: "CC-BY-4.0", url: redHat, bundles: true }],
  ["RHBA-", { name: "Red Hat", licence: "CC-BY-4.0", url: redHat, bundles: true, mayBeHarmless: true }],
  ["RHEA-", { name: "Red Hat", licence: "CC-BY-4.0", url: redHat, bundles: true, mayBeHarmless: true }],
  ["ALSA-", { name: "AlmaLinux", licence: "MIT", url: osv, bundles: true }],
  ["ALBA-", { name: "AlmaLinux", licence: "MIT", url: osv, bundles: true, mayBeHarmless: true }],
  ["ALEA-", { name: "AlmaLinux", licence: "MIT", url: osv, bundles: true, mayBeHarmless: true }],
  ["RLSA-", { name: "Rocky Linux", url: rocky, bundles: true }],
  ["RXSA-", { name: "Rocky Linux", url: rocky, bundles: true }],
  ["RLBA-", { name: "Rocky Linux", url: rocky, bundles: true, mayBeHarmless: true }],
  ["RLEA-", { name: "Rocky Linux", url: rocky, bundles: true, mayBeHarmless: true }],
  ["SUSE-SU-", { name: "SUSE", url: osv, bundles: true }],
  ["SUSE-RU-", { name: "SUSE", url: osv, bundles: true, mayBeHarmless: true }],
  ["SUSE-FU-", { name: "SUSE", url: osv, bundles: true, mayBeHarmless: true }],
  ["SUSE-OU-", { name: "SUSE", url: osv, bundles: true, mayBeHarmless: true }],
  ["openSUSE-SU-", { name: "openSUSE", url: osv, bundles: true }],
  ["openSUSE-RU-", { name: "openSUSE", url: osv, bundles: true, mayBeHarmless: true }],
  ["BIT-", { name: "Bitnami", licence: "Apache-2.0", url: osv }],
  ["GO-", { name: "Go", licence: "CC-BY-4.0", url: (id) => `https://pkg.go.dev/vuln/${encodeURIComponent(id)}` }],
  [
    "RUSTSEC-",
    {
      name: "RustSec",
      licence: "CC0-1.0",
      url: (id) => `https://rustsec.org/advisories/${encodeURIComponent(id)}.html`,
    },
  ],
];

/** Those whose records are named by the bare CVE: Kubernetes, and distributions in the exports from before 2025. */
const cvePublishers: Readonly<Record<string, Database>> = {
  Debian: { name: "Debian", url: debian },
  Alpine: {
    name: "Alpine",
    licence: "CC-BY-SA-4.0",
    url: (id) => `https://security.alpinelinux.org/vuln/${encodeURIComponent(id)}`,
  },
  Kubernetes: { name: "Kubernetes", url: (id) => `https://www.cve.org/CVERecord?id=${encodeURIComponent(id)}` },
};

const other: Database = { name: "OSV", url: osv };

/** The database that published the record, given the first ecosystem that the record names. */
export function databaseOf(id: string, ecosystem: string): Database {
  const found = databases.find(([prefix]) => id.startsWith(prefix));
  if (found !== undefined) return found[1];
  return (id.startsWith("CVE-") ? cvePublishers[ecosystemFamily(ecosystem)] : undefined) ?? other;
}

const cve = /(?:^|^[A-Za-z]+-)(CVE-[0-9]{4}-[0-9]{4,19})$/;

/** `CVE-2024-1` of itself and of a distribution's name for it (`DEBIAN-CVE-2024-1`). */
export function cveOf(id: string): string | undefined {
  return cve.exec(id)?.[1];
}
