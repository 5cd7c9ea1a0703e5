/** Every publisher's place in small: the files of one server, below a folder for each feed. */
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { feed as amazon } from "../../../shared/advisories/feeds/amazon/feed.ts";
import { feed as osv } from "../../../shared/advisories/feeds/osv/feed.ts";
import { feed as suse } from "../../../shared/advisories/feeds/suse/feed.ts";
import { tar, zip } from "./archives.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

const json = (value: unknown) => JSON.stringify(value);
const partsOf = (feed: { readonly upstream?: { parts(wants: () => boolean): readonly string[] } }) =>
  feed.upstream?.parts(() => true) ?? [];

const cve = "CVE-2026-1000";
const date = "2026-01-02";

/** A record in OSV form. */
export const osvRecord = (id: string, ecosystem: string, name = "a") => ({
  id,
  modified: `${date}T00:00:00Z`,
  affected: [
    {
      package: { ecosystem, name },
      ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1.2.3" }] }],
    },
  ],
});

function osvFiles(): Files {
  const releases: Readonly<Record<string, string>> = { Debian: ":12", Ubuntu: ":24.04:LTS", Alpine: ":v3.20" };
  return Object.fromEntries(
    partsOf(osv).flatMap((family) => {
      const id = `TEST-${family.replaceAll(" ", "-")}-1`;
      const record = osvRecord(id, `${family}${releases[family] ?? ""}`);
      return [
        [`${family}/modified_id.csv`, `${record.modified},${id}\n`],
        [`${family}/all.zip`, zip({ [`${id}.json`]: json(record) })],
        [`${family}/${id}.json`, json(record)],
      ];
    }),
  );
}

const updateInfo = (id: string) =>
  `<?xml version="1.0"?><updates><update><id>${id}</id><title>${id}</title><severity>important</severity>
  <issued date="2026-01-02 00:00:00"/><updated date="2026-01-02 00:00:00"/><description>words</description>
  <references><reference id="${cve}" type="cve"/></references><pkglist><collection>
  <package name="a" epoch="0" version="1" release="2.amzn" arch="x86_64"/></collection></pkglist></update></updates>`;

/** Each repository: a list of mirrors, repomd.xml with the checksum of updateinfo.xml, and that. */
function amazonFiles(): Files {
  const lists: Readonly<Record<string, string>> = {
    "2": "2/core",
    "2-livepatch": "2/extras/livepatch",
    "2023": "al2023/core/mirrors",
    "2023-livepatch": "al2023/kernel-livepatch/mirrors",
  };
  return Object.fromEntries(
    partsOf(amazon).flatMap((part) => {
      const place = lists[part] ?? part.replace("2-extras/", "2/extras/");
      const mirror = `mirrors/${part}`;
      const info = gzipSync(updateInfo(part.startsWith("2023") ? "ALAS2023-2026-001" : "ALAS2-2026-001"));
      const repomd = `<repomd><data type="updateinfo"><checksum type="sha256">${createHash("sha256").update(info).digest("hex")}</checksum><location href="repodata/updateinfo.xml.gz"/></data></repomd>`;
      return [
        [`${place}/latest/x86_64/mirror.list`, `https://mirror.example/${mirror}\n`],
        [`${mirror}/repodata/repomd.xml`, repomd],
        [`${mirror}/repodata/updateinfo.xml.gz`, info],
      ];
    }),
  );
}

const oval = (definition: string) => `<oval_definitions><definitions>${definition}</definitions></oval_definitions>`;

function suseFiles(): Files {
  const definition = (product: string) =>
    oval(`<definition id="oval:org.opensuse.security:def:1" class="vulnerability"><metadata><title>${cve}</title>
      <advisory><updated date="${date}"/></advisory></metadata><criteria operator="AND">
      <criterion comment="${product} is installed"/><criterion comment="a is affected"/></criteria></definition>`);
  return Object.fromEntries(
    partsOf(suse).map((part) => {
      const [, release = "", pack = ""] = /^([0-9]+)-sp([0-9])$/.exec(part) ?? [];
      if (release !== "") {
        const product = `SUSE Linux Enterprise Server ${release} SP${pack}`;
        return [`suse.linux.enterprise.${part}-affected.xml.gz`, gzipSync(definition(product))];
      }
      const name = part === "tumbleweed" ? "Tumbleweed" : `Leap ${part.replace("leap.", "")}`;
      return [`opensuse.${part}-affected.xml.gz`, gzipSync(definition(`openSUSE ${name}`))];
    }),
  );
}

const oracle =
  oval(`<definition id="oval:com.oracle.elsa:def:1" class="patch"><metadata><title>ELSA-2026-0001: a</title>
  <reference source="elsa" ref_id="ELSA-2026-0001"/><reference source="CVE" ref_id="${cve}"/>
  <advisory><severity>LOW</severity><issued date="${date}"/></advisory></metadata><criteria operator="AND">
  <criterion comment="Oracle Linux 9 is installed"/><criterion comment="a is earlier than 0:1-1.el9"/></criteria></definition>`);

const azure =
  oval(`<definition id="oval:com.microsoft.azurelinux:def:1" class="vulnerability"><metadata><title>a</title>
  <reference ref_id="${cve}" source="CVE"/><patchable>true</patchable><severity>High</severity></metadata>
  <criteria><criterion comment="Package a is earlier than 1.2-3, affected by ${cve}"/></criteria></definition>`);

const secdb = (distroversion: string | undefined, urlprefix: string) =>
  json({
    ...(distroversion !== undefined && { distroversion }),
    reponame: distroversion === undefined ? "os" : "main",
    urlprefix,
    packages: [{ pkg: { name: "a", secfixes: { "1.2-r3": [cve] } } }],
  });

/** A document of Red Hat's CSAF VEX. */
export const redHatVex = (id: string) =>
  json({
    document: {
      category: "csaf_vex",
      publisher: { namespace: "https://www.redhat.com" },
      tracking: { id, current_release_date: `${date}T00:00:00Z` },
    },
    product_tree: {
      branches: [
        { product: { product_id: "9", product_identification_helper: { cpe: "cpe:/o:redhat:enterprise_linux:9" } } },
        { product: { product_id: "a", product_identification_helper: { purl: "pkg:rpm/redhat/a" } } },
      ],
      relationships: [
        { full_product_name: { product_id: "9:a" }, product_reference: "a", relates_to_product_reference: "9" },
      ],
    },
    vulnerabilities: [{ cve: id, product_status: { known_affected: ["9:a"] } }],
  });

const nvdYear = (year: number) =>
  gzipSync(
    json({
      format: "NVD_CVE",
      vulnerabilities: [
        {
          cve: {
            id: `CVE-${year}-1000`,
            vulnStatus: "Analyzed",
            metrics: {
              cvssMetricV31: [
                { source: "nvd@nist.gov", cvssData: { vectorString: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" } },
              ],
            },
          },
        },
      ],
    }),
  );

const fedoraUpdates = {
  page: 1,
  pages: 1,
  updates: [
    {
      alias: "FEDORA-2026-aaaaaaaaaa",
      title: `a fixes ${cve}`,
      type: "security",
      status: "stable",
      severity: "high",
      date_pushed: `${date} 00:00:00`,
      release: { version: "43", id_prefix: "FEDORA" },
      builds: [{ nvr: "a-1.2-3.fc43", type: "rpm", epoch: 0 }],
    },
  ],
};

const repository = (name: string, text: string) => gzipSync(tar({ [`repository-1/${name}`]: text }));

const releaseTable = (extension: string) =>
  `version,codename,series,created,release,eol,${extension}\n12,x,y,2023-01-01,2023-06-10,2026-06-10,2028-06-30\n`;

/** The files of each feed's upstream, on a day of the year `year`. */
export function upstreams(year: number): Readonly<Record<string, Files>> {
  const years = Array.from({ length: year - 2002 + 1 }, (_, index) => 2002 + index);
  const bodhi = "updates/?type=security&status=stable";
  const rows = "rows_per_page=100&page=1";
  const goRecord = { ...osvRecord("GO-2026-1000", "Go", "example.org/a") };
  return {
    alma: Object.fromEntries(
      ["8", "9", "10"].map((release) => {
        const packages = [{ name: "a", epoch: "0", version: "1.2", release: `3.el${release}`, arch: "x86_64" }];
        const references = [{ id: cve, type: "cve" }];
        const erratum = { id: "ALSA-2026:0001", title: "a", issued_date: 1_767_312_000, references, packages };
        return [`${release}/errata.full.json`, json({ data: [erratum] })];
      }),
    ),
    alpine: {
      "": '<a href="v3.20/">v3.20/</a>',
      "v3.20/": '<a href="main.json">main.json</a>',
      "v3.20/main.json": secdb("v3.20", "https://dl-cdn.alpinelinux.org/alpine"),
    },
    amazon: amazonFiles(),
    arch: {
      "issues/all.json": json([
        {
          name: "AVG-1",
          packages: ["a"],
          status: "Vulnerable",
          severity: "High",
          type: "x",
          affected: "1-1",
          fixed: null,
          issues: [cve],
        },
      ]),
    },
    "azure-linux": {
      "cbl-mariner-1.0-oval.xml": azure,
      "cbl-mariner-2.0-oval.xml": azure,
      "azurelinux-3.0-oval.xml": azure,
    },
    chainguard: { "chainguard/security.json": secdb(undefined, "https://packages.cgr.dev/chainguard") },
    "debian-advisories": Object.fromEntries(
      ["DSA", "DLA"].map((kind) => [
        `${kind}/list`,
        `[02 Jan 2026] ${kind}-1-1 a - security update\n\t{${cve}}\n\t[bookworm] - a 1.2-3\n`,
      ]),
    ),
    "debian-support": Object.fromEntries(
      ["11", "12", "13"].map((release) => [
        `security-support-ended.deb${release}`,
        `# security support\nb 1.0-1 ${date} no longer\n`,
      ]),
    ),
    "debian-tracker": {
      "tracker/data/json": json({
        a: { [cve]: { description: "d", releases: { bookworm: { status: "open", urgency: "low" } } } },
      }),
    },
    "distro-info": { "debian.csv": releaseTable("eol-lts"), "ubuntu.csv": releaseTable("eol-esm") },
    endoflife: {
      "api/v1/products/full": json({ result: [{ name: "p", releases: [{ name: "1", isEol: true, eolFrom: date }] }] }),
    },
    epss: {
      "epss_scores-current.csv.gz": gzipSync(
        `#model_version:v2026.01.01,score_date:${date}T00:00:00+0000\ncve,epss,percentile\n${cve},0.5,0.9\n`,
      ),
    },
    fedora: {
      [`releases/?exclude_archived=true&${rows}`]: json({
        pages: 1,
        releases: [{ name: "F43", id_prefix: "FEDORA", state: "current" }],
      }),
      [`${bodhi}&releases=F43&${rows}`]: json(fedoraUpdates),
      ...Object.fromEntries(
        ["pushed", "modified"].map((moment) => [
          `${bodhi}&${moment}_since=${year}-02-28T00:00:00&${rows}`,
          json({ page: 1, pages: 0, updates: [] }),
        ]),
      ),
    },
    friendsofphp: {
      master: repository(
        "vendor/a/CVE-2026-1000.yaml",
        `title: t\nlink: https://example.org\ncve: ${cve}\nbranches:\n  1.x:\n    time: 2026-01-02 00:00:00\n    versions: ['>=1.0', '<1.2']\nreference: composer://vendor/a\n`,
      ),
    },
    "go-vulndb": {
      "index/db.json": json({ modified: `${date}T00:00:00Z` }),
      "vulndb.zip": zip({ "ID/GO-2026-1000.json": json({ schema_version: "1.3.1", ...goRecord }) }),
    },
    kev: {
      "known_exploited_vulnerabilities.json": json({
        catalogVersion: "2026.01.02",
        vulnerabilities: [{ cveID: cve, dateAdded: date }],
      }),
    },
    kubernetes: {
      main: repository(
        "cves/CVE-2026-1000.yaml",
        `cve: ${cve}\npublished: 2026-01-02T00:00Z\ndescription: words\ncomponents: [kubelet]\naffected:\n  - range: ">= 1.28, <= 1.28.8"\n    fixedBy: 1.28.9\n`,
      ),
    },
    nvd: {
      "nvdcve-2.0-modified.meta": `lastModifiedDate:${date}T00:00:00-05:00\r\n`,
      ...Object.fromEntries(years.map((each) => [`nvdcve-2.0-${each}.json.gz`, nvdYear(each)])),
    },
    oracle: { "com.oracle.elsa-all.xml.bz2": oracle },
    osv: osvFiles(),
    photon: Object.fromEntries(
      ["1.0", "2.0", "3.0", "4.0", "5.0"].map((release) => [
        `cve_data_photon${release}.json`,
        json([{ cve_id: cve, pkg: "a", cve_score: 5, aff_ver: "all versions before 1.2-3", res_ver: "1.2-3" }]),
      ]),
    ),
    "red-hat": {
      "csaf/v2/vex/archive_latest.txt": "csaf_vex_2026-02-10.tar.zst\n",
      "csaf/v2/vex/csaf_vex_2026-02-10.tar.zst": zstdCompressSync(tar({ "2026/cve-2026-1000.json": redHatVex(cve) })),
      "csaf/v2/vex/changes.csv": `"2026/cve-2026-1000.json","2026-02-09T00:00:00+00:00"\n`,
      "csaf/v2/vex/deletions.csv": "",
      "meta/v1/repository-to-cpe.json": json({ data: { r: { cpes: ["cpe:/o:redhat:enterprise_linux:9::baseos"] } } }),
    },
    rocky: {
      "api/v3/advisories/?page=1&size=100": json({
        page: 1,
        size: 100,
        total: 1,
        advisories: [
          {
            name: "RLSA-2026:0001",
            synopsis: "Important: a",
            severity: "Important",
            published_at: `${date}T00:00:00Z`,
            affected_products: [],
            cves: [{ cve }],
            packages: [{ nevra: "a-0:1.2-3.el9.src.rpm", product_name: "Rocky Linux 9 x86_64" }],
          },
        ],
      }),
    },
    rubysec: {
      master: repository(
        "gems/a/CVE-2026-1000.yml",
        `---\ngem: a\ncve: 2026-1000\nurl: https://example.org\ntitle: t\ndate: 2026-01-02\ndescription: d\npatched_versions:\n  - ">= 1.2"\n`,
      ),
    },
    rustsec: {
      main: repository(
        "crates/a/RUSTSEC-2026-0001.md",
        '```toml\n[advisory]\nid = "RUSTSEC-2026-0001"\npackage = "a"\ndate = "2026-01-02"\n[versions]\npatched = [">= 1.2"]\n```\n# t\n\nd\n',
      ),
    },
    suse: suseFiles(),
    ubuntu: {
      "osv/osv-all.tar.xz": tar({ "osv/UBUNTU-1.json": json(osvRecord("UBUNTU-CVE-2026-1000", "Ubuntu:24.04:LTS")) }),
    },
    vulnrichment: {
      develop: repository(
        "2026/1xxx/CVE-2026-1000.json",
        json({
          dataType: "CVE_RECORD",
          cveMetadata: { cveId: cve },
          containers: {
            adp: [
              {
                title: "CISA ADP Vulnrichment",
                providerMetadata: { shortName: "CISA-ADP" },
                metrics: [
                  {
                    other: {
                      type: "ssvc",
                      content: { id: cve, options: [{ Exploitation: "poc" }], timestamp: `${date}T00:00:00Z` },
                    },
                  },
                ],
              },
            ],
          },
        }),
      ),
    },
    wolfi: { "os/security.json": secdb(undefined, "https://packages.wolfi.dev/os") },
  };
}
