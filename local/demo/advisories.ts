/**
 * The advisories of the demo, in OSV form: facts of the GitHub Advisory Database (CC-BY-4.0) about the package versions
 * that the demo's image holds, so that it needs no network.
 */
const affected = (name: string, ...ranges: readonly (readonly [string, string])[]) => [
  {
    package: { ecosystem: "npm", name },
    ranges: ranges.map(([introduced, fixed]) => ({ type: "SEMVER", events: [{ introduced }, { fixed }] })),
  },
];

const record = (id: string, cve: string, severity: string, vector: string, summary: string, packages: object[]) => ({
  schema_version: "1.6.0",
  id,
  aliases: [cve],
  published: "2022-01-01T00:00:00Z",
  modified: new Date().toISOString(),
  summary,
  severity: [{ type: "CVSS_V3", score: vector }],
  affected: packages,
  references: [{ type: "ADVISORY", url: `https://github.com/advisories/${id}` }],
  database_specific: { severity },
});

const network = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U";

export const demoAdvisories: readonly object[] = [
  record(
    "GHSA-xvch-5gv4-984h",
    "CVE-2021-44906",
    "CRITICAL",
    `${network}/C:H/I:H/A:H`,
    "Prototype pollution in minimist",
    affected("minimist", ["0", "0.2.4"], ["1.0.0", "1.2.6"]),
  ),
  record(
    "GHSA-vh95-rmgr-6w4m",
    "CVE-2020-7598",
    "MODERATE",
    "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:L",
    "Prototype pollution in minimist through constructor keys",
    affected("minimist", ["0", "0.2.1"], ["1.0.0", "1.2.3"]),
  ),
  record(
    "GHSA-qqgx-2p2h-9c37",
    "CVE-2020-7788",
    "HIGH",
    `${network}/C:L/I:L/A:L`,
    "Prototype pollution in ini through hostile files",
    affected("ini", ["0", "1.3.6"]),
  ),
  record(
    "GHSA-c4w7-xm78-47vh",
    "CVE-2020-7774",
    "HIGH",
    `${network}/C:L/I:L/A:L`,
    "Prototype pollution in y18n",
    affected("y18n", ["0", "3.2.2"], ["4.0.0", "4.0.1"], ["5.0.0", "5.0.5"]),
  ),
];
