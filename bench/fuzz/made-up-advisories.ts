/** One small document for each feed, and VEX of each form: what is mutated also where no real ones lie beside the checkout. */
import type { Sample } from "./samples.ts";

const json = (path: string, value: unknown): Sample => ({ path, content: Buffer.from(JSON.stringify(value)) });
const text = (path: string, ...lines: readonly string[]): Sample => ({ path, content: Buffer.from(lines.join("\n")) });

const secdb = (path: string, urlprefix: string) =>
  json(path, {
    urlprefix,
    reponame: "main",
    distroversion: "v3.20",
    packages: [{ pkg: { name: "xen", secfixes: { "0": ["CVE-2024-0001"], "1.2-r0": ["CVE-2024-0002 XSA-1"] } } }],
  });

const open = { status: "open", repositories: { bookworm: "1.0-1" }, urgency: "not yet assigned" };

const csaf = {
  document: {
    category: "csaf_vex",
    publisher: { category: "vendor", name: "Red Hat", namespace: "https://www.redhat.com" },
    aggregate_severity: { text: "Important" },
    tracking: { id: "CVE-2026-0001", version: "1", current_release_date: "2026-01-02T03:04:05+00:00" },
  },
  product_tree: {
    branches: [
      {
        branches: [
          {
            product: {
              product_id: "BaseOS",
              product_identification_helper: { cpe: "cpe:/o:redhat:enterprise_linux:9::baseos" },
            },
          },
          {
            product: {
              product_id: "bash",
              product_identification_helper: { purl: "pkg:rpm/redhat/bash@5.1-1.el9?arch=x86_64&epoch=0" },
            },
          },
        ],
      },
    ],
    relationships: [
      {
        category: "default_component_of",
        full_product_name: { product_id: "BaseOS:bash" },
        product_reference: "bash",
        relates_to_product_reference: "BaseOS",
      },
    ],
  },
  vulnerabilities: [
    {
      cve: "CVE-2026-0001",
      cwe: { id: "CWE-79" },
      product_status: { fixed: ["BaseOS:bash"] },
      remediations: [
        { category: "vendor_fix", details: "x", product_ids: ["BaseOS:bash"], url: "https://x.example/RHSA-1:1" },
      ],
      scores: [
        { cvss_v3: { vectorString: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }, products: ["BaseOS:bash"] },
      ],
    },
  ],
};

/** By the feed's name. */
export const madeUpAdvisories: Readonly<Record<string, readonly Sample[]>> = {
  alma: [
    json("errata.json", {
      id: "ALSA-2026:0001",
      title: "Important: a security update",
      description: "x",
      severity: "Important",
      issued_date: 1_767_322_800,
      references: [{ id: "CVE-2026-0001", type: "cve" }],
      packages: [{ name: "a", epoch: "1", version: "1.0", release: "1.el9_4.1", arch: "x86_64" }],
      modules: [],
    }),
  ],
  alpine: [secdb("v3.20/main.json", "https://dl-cdn.alpinelinux.org/alpine")],
  amazon: [
    text(
      "updateinfo.xml",
      '<update type="security"><id>ALAS2-2026-001</id><title>Amazon Linux 2 2017.12 - ALAS2-2026-001: medium</title>',
      '<issued date="2026-01-02 03:04"/><updated date="2026-01-05 06:07"/><severity>medium</severity><description>d</description>',
      '<references><reference href="x" id="CVE-2026-0001" title="" type="cve"/></references>',
      '<pkglist><collection short="amazon-linux-2"><name>Amazon Linux 2</name>',
      '<package name="a" version="1.0" release="2.amzn2" epoch="1" arch="x86_64"><filename>a.rpm</filename></package>',
      "</collection></pkglist></update>",
    ),
  ],
  arch: [
    json("all.json", [
      {
        name: "AVG-1",
        packages: ["pam"],
        affected: "1-1",
        fixed: "1-2",
        severity: "Low",
        status: "Fixed",
        type: "x",
        issues: ["CVE-2024-0001"],
      },
    ]),
  ],
  "azure-linux": [
    text(
      "azurelinux-3.0-oval.xml",
      '<definition class="vulnerability" id="oval:com.microsoft.azurelinux:def:1" version="1"><metadata><title>CVE-2026-0001 in a</title>',
      '<reference ref_id="CVE-2026-0001" source="CVE"/><patchable>true</patchable><advisory_date>2026-01-02T03:04:05Z</advisory_date>',
      "<severity>High</severity><description>d</description></metadata>",
      '<criteria operator="AND"><criterion comment="Package a is greater than 1.0-0, affected by CVE-2026-0001" test_ref="t"/>',
      '<criterion comment="Package a is earlier than 1.2-1, affected by CVE-2026-0001" test_ref="t"/></criteria></definition>',
    ),
  ],
  chainguard: [secdb("security.json", "https://packages.cgr.dev")],
  "debian-advisories": [
    text("DSA/list", "[29 Mar 2023] DSA-1-1 x - security update", "\t{CVE-2024-0001}", "\t[bookworm] - x 1.0-1", ""),
  ],
  "debian-support": [
    text("security-support-ended.deb12", "# ended", "php-horde.*\t0\t2025-03-22\twhy", "xen 1-1 2021-08-28", ""),
  ],
  "debian-tracker": [
    json("tracker.json", {
      tar: {
        "CVE-2024-0001": {
          description: "x",
          scope: "remote",
          releases: {
            bullseye: { status: "resolved", fixed_version: "1.34-1", urgency: "medium" },
            bookworm: { ...open, nodsa: "Minor issue", nodsa_reason: "postponed" },
          },
        },
      },
    }),
  ],
  "distro-info": [
    text(
      "debian.csv",
      "version,codename,series,created,release,eol,eol-lts",
      "12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30",
      "",
    ),
  ],
  endoflife: [
    json("python.json", {
      name: "python",
      releases: [{ name: "3.12", isEol: false, eolFrom: "2028-10-01", eoesFrom: null }],
    }),
  ],
  epss: [
    text(
      "epss_scores-2026-01-02.csv",
      "#model_version:v2023.03.01,score_date:2026-01-02T00:00:00+0000",
      "cve,epss,percentile",
      "CVE-1999-0001,0.00383,0.73075",
      "",
    ),
    json("first.json", { score_date: "2021-08-31", data: [{ id: "CVE-1999-0001", epss: 0.1 }] }),
  ],
  fedora: [
    json("update.json", {
      alias: "FEDORA-2026-0123456789",
      title: "a-1.0-1.fc43",
      type: "security",
      status: "stable",
      severity: "high",
      date_submitted: "2026-01-02 03:04:05",
      release: { version: "43", id_prefix: "FEDORA" },
      bugs: [{ title: "CVE-2026-0001 a: b" }],
      builds: [{ nvr: "a-1.0-1.fc43", type: "rpm", epoch: 1 }],
    }),
  ],
  friendsofphp: [
    text(
      "symfony/http-kernel/CVE-2026-0001.yaml",
      "title: x",
      "link: https://x.example/",
      "cve: CVE-2026-0001",
      "branches:",
      "    2.3.x:",
      "        time: 2026-01-02 03:04:05",
      "        versions: ['>=2.3.0', '<2.3.27']",
      "reference: composer://symfony/http-kernel",
      "",
    ),
  ],
  kev: [
    json("kev.json", {
      catalogVersion: "2026.01.02",
      vulnerabilities: [{ cveID: "CVE-2024-0001", dateAdded: "2026-01-31" }],
    }),
  ],
  kubernetes: [
    text(
      "cves/CVE-2026-0001.yaml",
      "cve: CVE-2026-0001",
      "url: https://x.example/",
      "issueUrl: https://x.example/1",
      "published: 2026-01-02T03:04Z",
      "description: >-",
      "  x",
      "components: [kubelet]",
      "cvss:",
      "  kubernetes:",
      "    vectorV3: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
      "affected:",
      "  - range: '>= 1.28, <= 1.28.8'",
      "    fixedBy: 1.28.9",
      "",
    ),
  ],
  nvd: [
    json("cve.json", {
      cve: {
        id: "CVE-2024-0001",
        vulnStatus: "Analyzed",
        metrics: {
          cvssMetricV31: [
            { source: "nvd@nist.gov", cvssData: { vectorString: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" } },
          ],
        },
        weaknesses: [{ description: [{ value: "CWE-79" }] }],
      },
    }),
  ],
  oracle: [
    text(
      "com.oracle.elsa-all.xml",
      '<definition id="oval:com.oracle.elsa:def:20260001" version="501" class="patch"><metadata><title>ELSA-2026-0001:  update (IMPORTANT)</title>',
      '<reference source="elsa" ref_id="ELSA-2026-0001" ref_url="https://linux.oracle.com/errata/ELSA-2026-0001.html"/>',
      '<reference source="CVE" ref_id="CVE-2026-0001" ref_url="https://linux.oracle.com/cve/CVE-2026-0001.html"/>',
      '<advisory><severity>IMPORTANT</severity><issued date="2026-01-02"/></advisory></metadata><criteria operator="AND">',
      '<criterion comment="Oracle Linux 8 is installed"/><criteria operator="OR"><criterion comment="Module nodejs:18 is enabled"/>',
      '<criterion comment="Oracle Linux arch is x86_64"/><criterion comment="a is earlier than 0:1-1.el8"/></criteria></criteria></definition>',
    ),
  ],
  osv: [
    json("GHSA-aaaa-aaaa-aaaa.json", {
      id: "GHSA-aaaa-aaaa-aaaa",
      modified: "2026-01-02T03:04:05Z",
      summary: "x",
      details: "y",
      aliases: ["CVE-2026-0001"],
      severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
      affected: [
        {
          package: { ecosystem: "npm", name: "a" },
          ranges: [{ type: "SEMVER", events: [{ introduced: "0" }, { fixed: "1.2.3" }, { introduced: "2.0.0-rc.1" }] }],
          versions: ["1.0.0", "1.2.0"],
        },
        {
          package: { ecosystem: "Debian:12", name: "b" },
          ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1:1.2-3~deb12u1" }] }],
          ecosystem_specific: { urgency: "unimportant" },
        },
        {
          package: { ecosystem: "Go", name: "stdlib" },
          ranges: [{ type: "SEMVER", events: [{ introduced: "1.20.0" }, { last_affected: "1.20.7" }] }],
          ecosystem_specific: { imports: [{ path: "net/http", symbols: ["Get"] }] },
        },
      ],
      database_specific: { severity: "HIGH", cwe_ids: ["CWE-79"] },
    }),
  ],
  photon: [
    json("cve_data_photon5.0.json", [
      { cve_id: "CVE-2026-0001", pkg: "a", cve_score: 7.5, aff_ver: "all", res_ver: "1.0-1.ph5", status: "Fixed" },
    ]),
  ],
  "red-hat": [
    json("cve-2026-0001.json", csaf),
    json("cve.json", {
      name: "CVE-2026-0001",
      threat_severity: "Important",
      public_date: "2026-01-02T00:00:00Z",
      bugzilla: { description: "x", id: "1", url: "x" },
      cvss3: { cvss3_base_score: "9.8", cvss3_scoring_vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" },
      affected_release: [
        {
          product_name: "Red Hat Enterprise Linux 9",
          release_date: "2026-01-03T00:00:00Z",
          advisory: "RHSA-2026:1",
          cpe: "cpe:/o:redhat:enterprise_linux:9",
          package: "bash-0:5.1-1.el9",
        },
      ],
      package_state: [
        {
          product_name: "Red Hat Enterprise Linux 8",
          fix_state: "Will not fix",
          package_name: "nodejs:18/nodejs",
          cpe: "cpe:/o:redhat:enterprise_linux:8",
        },
      ],
    }),
    json("repository-to-cpe.json", {
      data: { "rhel-9-baseos": { cpes: ["cpe:/o:redhat:enterprise_linux:9::baseos"] } },
    }),
  ],
  rocky: [
    json("RLSA-2026-1.json", {
      name: "RLSA-2026:1",
      synopsis: "Important: a security update",
      severity: "SEVERITY_IMPORTANT",
      description: "x",
      publishedAt: "2026-01-02T03:04:05Z",
      affectedProducts: ["Rocky Linux 8"],
      cves: [{ name: "CVE-2026-0001", cvss3ScoringVector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
      rpms: { "Rocky Linux 8": { nvras: ["a-0:1.0-1.el8_0.src.rpm", "a-0:1.0-1.el8_0.x86_64.rpm"] } },
    }),
  ],
  rubysec: [
    text(
      "gems/rack/CVE-2026-0001.yml",
      "---",
      "gem: rack",
      "cve: 2026-0001",
      "title: x",
      "date: 2026-01-02",
      "description: |",
      "  y",
      "cvss_v3: 7.5",
      "unaffected_versions:",
      '  - "< 1.0"',
      "patched_versions:",
      '  - "~> 2.0.9"',
      '  - ">= 2.1.4, < 3"',
      "",
    ),
  ],
  rustsec: [
    text(
      "crates/a/RUSTSEC-2026-0001.md",
      "```toml",
      "[advisory]",
      'id = "RUSTSEC-2026-0001"',
      'package = "a"',
      'date = "2026-01-02"',
      'aliases = ["CVE-2026-0001"]',
      'cvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"',
      "[versions]",
      'patched = [">= 1.2.3, < 2", "^2.0.1"]',
      'unaffected = ["< 1"]',
      "```",
      "",
      "# x",
      "",
      "y",
      "",
    ),
  ],
  suse: [
    text(
      "suse.linux.enterprise.15-sp6-affected.xml",
      '<definition id="oval:org.opensuse.security:def:20260001" version="1" class="vulnerability"><metadata>',
      "<title>CVE-2026-0001</title><description>x</description>",
      '<advisory from="security@suse.de"><issued date="2026-01-01"/><updated date="2026-01-02"/><severity>Important</severity>',
      '<cve impact="important" cvss3="7.0/CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H" href="x">CVE-2026-0001</cve></advisory>',
      '</metadata><criteria operator="OR"><criteria operator="AND">',
      '<criterion test_ref="t" comment="SUSE Linux Enterprise Server 15 SP6 is installed"/>',
      '<criteria operator="OR"><criterion test_ref="t" comment="curl-8.6.0-150600.4.1 is installed"/>',
      '<criterion test_ref="t" comment="wget is not affected"/></criteria></criteria></criteria></definition>',
    ),
  ],
  ubuntu: [
    json("CVE-2024-0001", {
      candidate: "CVE-2024-0001",
      priority: "low",
      cvss: { nvd: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" },
      packages: {
        jammy: { x: { status: "released", note: "1-1" } },
        "esm-apps/jammy": { y: { status: "needed", note: null } },
      },
    }),
  ],
  vulnrichment: [
    json("CVE-2026-0001.json", {
      cveId: "CVE-2026-0001",
      metrics: [
        { cvssV3_1: { vectorString: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" } },
        { other: { type: "ssvc", content: { options: [{ Exploitation: "poc" }] } } },
      ],
      problemTypes: [{ descriptions: [{ cweId: "CWE-79" }] }],
    }),
  ],
  withdrawn: [text("withdrawn-ids.txt", "GHSA-aaaa-aaaa-aaaa", "MAL-2026-1", "")],
  wolfi: [secdb("security.json", "https://packages.wolfi.dev")],
};

const image = `sha256:${"ab".repeat(32)}`;

const openVex = {
  "@context": "https://openvex.dev/ns/v0.2.0",
  "@id": "https://x.example/vex/1",
  author: "Ana",
  timestamp: "2026-01-01T00:00:00Z",
  version: 1,
  statements: [
    {
      vulnerability: { name: "CVE-2026-0001", aliases: ["GHSA-aaaa-aaaa-aaaa"] },
      products: [{ "@id": "pkg:oci/app", subcomponents: [{ "@id": "pkg:npm/a@1.0.0" }], hashes: { "sha-256": "ab" } }],
      status: "not_affected",
      justification: "vulnerable_code_not_present",
    },
  ],
};

const statement = {
  _type: "https://in-toto.io/Statement/v1",
  predicateType: "https://openvex.dev/ns/v0.2.0",
  subject: [{ name: "app", digest: { sha256: image.slice(7) } }],
  predicate: openVex,
};

export const madeUpVex: readonly Sample[] = [
  json("openvex.json", openVex),
  json("csaf.json", csaf),
  json("cyclonedx.json", {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    version: 3,
    metadata: { timestamp: "2026-02-01T00:00:00Z", component: { type: "container", name: "app", "bom-ref": "root" } },
    components: [
      {
        type: "library",
        name: "a",
        version: "1.0.0",
        "bom-ref": "a",
        purl: "pkg:npm/a@1.0.0",
        components: [{ "bom-ref": "b" }],
      },
    ],
    vulnerabilities: [
      {
        id: "CVE-2026-0001",
        analysis: { state: "not_affected", justification: "code_not_reachable" },
        affects: [{ ref: "a", versions: [{ range: "vers:npm/<2" }] }, { ref: "root" }],
      },
    ],
  }),
  json("statement.json", statement),
  json("envelope.json", {
    payloadType: "application/vnd.in-toto+json",
    payload: Buffer.from(JSON.stringify(statement)).toString("base64"),
    signatures: [{ sig: Buffer.alloc(64).toString("base64") }],
  }),
];
