import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { feed as amazon } from "../../../../shared/advisories/feeds/amazon/feed.ts";
import { feed as azure } from "../../../../shared/advisories/feeds/azure-linux/feed.ts";
import { feed as fedora } from "../../../../shared/advisories/feeds/fedora/feed.ts";
import { feed as oracle } from "../../../../shared/advisories/feeds/oracle/feed.ts";
import { feed as photon } from "../../../../shared/advisories/feeds/photon/feed.ts";
import { xmlDocuments } from "../../../../shared/advisories/sources/xml-documents.ts";
import type { Feed, FeedRecord } from "../../../../shared/advisories/types.ts";
import { advisoryLines, feedSamples } from "../../../support/feed-samples.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { fetchPart, readAll, serving, type Upstream } from "./fetcher.ts";

async function fetched(feed: Feed, part: string, upstream: Upstream): Promise<readonly FeedRecord[]> {
  const outcome = await fetchPart(feed, part, upstream);
  return outcome.unchanged ? [] : readAll(feed, outcome.documents);
}

/** `CVE-1 (ELSA-1) Oracle Linux:7 name fixed-version x86_64` */
function told(records: readonly FeedRecord[]): readonly string[] {
  return records.flatMap((record) =>
    record.kind !== "advisory"
      ? record.kind === "ignored"
        ? [`ignored: ${record.reason}`]
        : [record.kind]
      : record.affected.map(({ ecosystem, name, affected: { ranges = [], state, arches, modules, source } }) =>
          [
            (record.advisory.cves ?? []).join(" "),
            `(${record.advisory.id})`,
            ecosystem,
            name,
            state ??
              ranges.map((events) => events.map(([kind, version]) => `${kind} ${version}`).join(", ")).join(" or "),
            ...(arches ?? []),
            ...(modules ?? []),
            ...(source === true ? ["source"] : []),
          ].join(" "),
        ),
  );
}

const samples = (pattern: RegExp) => feedSamples("vunnel-feed-fixtures", pattern);

async function readSample(feed: Feed, pattern: RegExp, file: string): Promise<readonly FeedRecord[]> {
  const [bytes] = [...(await samples(pattern)).values()];
  const documents = [];
  for await (const document of xmlDocuments([bytes ?? Buffer.alloc(0)] as never, file)) documents.push(document);
  return readAll(feed, documents);
}

describe("Oracle Linux", () => {
  const definition = (criteria: string) =>
    `<oval_definitions><definitions><definition id="oval:com.oracle.elsa:def:20260001" version="501" class="patch">
      <metadata><title>ELSA-2026-0001:  a security update (IMPORTANT)</title>
      <reference source="elsa" ref_id="ELSA-2026-0001" ref_url="https://linux.oracle.com/errata/ELSA-2026-0001.html"/>
      <reference source="CVE" ref_id="CVE-2026-0001" ref_url="https://linux.oracle.com/cve/CVE-2026-0001.html"/>
      <advisory><severity>IMPORTANT</severity><issued date="2026-01-02"/></advisory></metadata>
      <criteria operator="AND">${criteria}</criteria></definition></definitions></oval_definitions>`;
  const is = (comment: string) => `<criterion test_ref="t" comment="${comment}"/>`;

  test("releases, architectures and modules hold for what is inside their criteria", async () => {
    const xml = definition(
      `${is("Oracle Linux 8 is installed")}<criteria operator="OR">
        <criteria operator="AND">${is("Oracle Linux arch is x86_64")}${is("a is earlier than 0:1-1.el8")}${is("a is signed with the Oracle Linux 8 key")}</criteria>
        <criteria operator="AND">${is("Oracle Linux arch is aarch64")}${is("a is earlier than 0:1-2.el8")}</criteria>
        <criteria operator="AND">${is("Module nodejs:18 is enabled")}${is("nodejs is earlier than 1:18-1.module+el8")}</criteria>
        <criteria operator="AND">${is("a-debuginfo is earlier than 0:1-1.el8")}</criteria></criteria>`,
    );
    await serving({ "com.oracle.elsa-all.xml.bz2": gzipSync(xml) }, async (upstream) => {
      const outcome = await fetchPart(oracle, "", upstream);
      const records = outcome.unchanged ? [] : readAll(oracle, outcome.documents);
      expect(told(records)).toEqual([
        "CVE-2026-0001 (ELSA-2026-0001) Oracle Linux:8 a introduced 0, fixed 0:1-1.el8 x86_64",
        "CVE-2026-0001 (ELSA-2026-0001) Oracle Linux:8 a introduced 0, fixed 0:1-2.el8 aarch64",
        "CVE-2026-0001 (ELSA-2026-0001) Oracle Linux:8 nodejs introduced 0, fixed 1:18-1.module+el8 nodejs:18",
      ]);
      expect(records[0]).toMatchObject({
        advisory: { severity: "high", bundle: true, summary: "a security update (IMPORTANT)" },
      });
      expect(await fetchPart(oracle, "", upstream, { remembered: outcome.remembered })).toMatchObject({
        unchanged: true,
      });
    });
  });

  test.skipIf(sharedData === undefined)("real definitions (skipped where the shared data is missing)", async () => {
    const records = await readSample(oracle, /oracle\/test-fixtures\/mock_per_arch_data$/, "x.xml");
    expect(told(records)).toEqual(
      expect.arrayContaining([
        "CVE-2022-24903 (ELSA-2022-4803) Oracle Linux:7 rsyslog introduced 0, fixed 0:8.24.0-57.0.1.el7_9.3 x86_64",
        "CVE-2022-24903 (ELSA-2022-4803) Oracle Linux:7 rsyslog introduced 0, fixed 0:8.24.0-57.0.4.el7_9.3 aarch64",
        "CVE-2025-6424 CVE-2025-6425 CVE-2025-6429 CVE-2025-6430 (ELSA-2025-10073) Oracle Linux:10 firefox introduced 0, fixed 0:128.12.0-1.0.1.el10_0",
      ]),
    );
  });
});

describe("Amazon Linux", () => {
  const update = (id: string, epoch: string, cve: string) =>
    `<update status="final" version="1.4" author="x" type="security" from="x"><id>${id}</id><title>Amazon Linux 2 2017.12 - ${id}: medium priority package update for a</title>
     <issued date="2026-01-02 03:04"/><updated date="2026-01-05 06:07"/><severity>medium</severity><description>d</description>
     <references>${cve === "" ? "" : `<reference href="x" id="${cve}" title="" type="cve"/>`}</references>
     <pkglist><collection short="amazon-linux-2"><name>Amazon Linux 2</name>
     <package name="a" version="1.0" release="2.amzn2" epoch="${epoch}" arch="x86_64"><filename>a.rpm</filename></package>
     <package name="a" version="1.0" release="2.amzn2" epoch="${epoch}" arch="aarch64"><filename>a.rpm</filename></package>
     <package name="a-debuginfo" version="1.0" release="2.amzn2" epoch="${epoch}" arch="x86_64"/></collection></pkglist></update>`;

  const repository = (info: Buffer, sha256: string) => ({
    "2/core/latest/x86_64/mirror.list": "https://cdn.example.com/2/core/2.0/x86_64/abc\n",
    "2/core/2.0/x86_64/abc/repodata/repomd.xml": `<?xml version="1.0"?><repomd xmlns="x"><data type="primary"><location href="p"/></data><data type="updateinfo"><checksum type="sha256">${sha256}</checksum><location href="repodata/updateinfo.xml.gz"/></data></repomd>`,
    "2/core/2.0/x86_64/abc/repodata/updateinfo.xml.gz": info,
  });
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

  test("a mirror's updateinfo, by its checksum; nothing is fetched while that is the same", async () => {
    const xml = `<updates>${update("ALAS2-2026-001", "1", "CVE-2026-0001")}${update("ALAS2-2026-002", "0", "")}</updates>`;
    const info = gzipSync(xml);
    await serving(repository(info, sha256(info)), async (upstream) => {
      const outcome = await fetchPart(amazon, "2", upstream);
      const records = outcome.unchanged ? [] : readAll(amazon, outcome.documents);
      expect(told(records)).toEqual([
        "CVE-2026-0001 (ALAS2-2026-001) Amazon Linux:2 a introduced 0, fixed 1:1.0-2.amzn2",
        "ignored: no-vulnerability",
      ]);
      expect(records[0]).toMatchObject({
        advisory: { summary: "medium priority package update for a", modified: "2026-01-05T06:07:00.000Z" },
      });
      upstream.asked.length = 0;
      expect(await fetchPart(amazon, "2", upstream, { remembered: outcome.remembered })).toMatchObject({
        unchanged: true,
      });
      expect(upstream.asked).toHaveLength(2);
    });
  });

  test("an updateinfo that is not what its checksum says is refused", async () => {
    const files = repository(gzipSync("<updates/>"), "0".repeat(64));
    await serving(files, async (upstream) => {
      await expect(fetchPart(amazon, "2", upstream)).rejects.toMatchObject({ code: "advisories-refused" });
    });
  });

  test("releases have advisories of their own; repositories beside the core of release 2 are told", () => {
    const record = (id: string) => amazon.read(Buffer.from(update(id, "0", "CVE-2026-0001")), { wants: () => true })[0];
    const place = (id: string) => {
      const read = record(id);
      const first = read?.kind === "advisory" ? read.affected[0] : undefined;
      return [first?.ecosystem, first?.affected.products, read?.kind === "advisory" ? read.advisory.url : ""];
    };
    const site = "https://alas.aws.amazon.com";
    expect(place("ALAS-2018-939")).toEqual(["Amazon Linux:1", undefined, `${site}/ALAS-2018-939.html`]);
    expect(place("ALAS2-2018-939")).toEqual(["Amazon Linux:2", undefined, `${site}/AL2/ALAS-2018-939.html`]);
    expect(place("ALAS2023-2023-126")).toEqual(["Amazon Linux:2023", undefined, `${site}/AL2023/ALAS-2023-126.html`]);
    expect(place("ALAS2KERNEL-5.10-2022-001")).toEqual([
      "Amazon Linux:2",
      ["kernel-5.10"],
      `${site}/AL2/ALASKERNEL-5.10-2022-001.html`,
    ]);
  });

  test.skipIf(sharedData === undefined)(
    "every real record is read (skipped where the shared data is missing)",
    async () => {
      for (const [file, advisories, ignored] of [
        ["alas-2", 2425, 26],
        ["alas-2023", 847, 7],
      ] as const) {
        const counts = { advisory: 0, ignored: 0 } as Record<string, number>;
        for await (const line of advisoryLines(`amazon/${file}.ndjson.zst`)) {
          for (const { kind } of readAll(amazon, [{ file: `${file}.ndjson`, bytes: line }]))
            counts[kind] = (counts[kind] ?? 0) + 1;
        }
        expect(counts).toEqual({ advisory: advisories, ignored });
      }
    },
  );
});

describe("Azure Linux", () => {
  test.skipIf(sharedData === undefined)("real definitions (skipped where the shared data is missing)", async () => {
    const mariner = await readSample(azure, /mariner-truncated-2\.0-oval\.xml$/, "cbl-mariner-2.0-oval.xml");
    expect(told(mariner)).toEqual([
      "CVE-2023-29404 (CVE-2023-29404) Azure Linux:2 golang introduced 1.19.0, fixed 1.20.7-1",
      "CVE-2023-0687 (CVE-2023-0687) Azure Linux:2 glibc not-affected",
      "CVE-2023-21980 (CVE-2023-21980) Azure Linux:2 mysql introduced 0, fixed 8.0.33-1",
      "CVE-2023-21977 (CVE-2023-21977) Azure Linux:2 mysql introduced 0, fixed 8.0.33-1",
      "CVE-2022-3736 (CVE-2022-3736) Azure Linux:2 bind introduced 0, last_affected 9.16.33-1",
    ]);
    const three = await readSample(azure, /azure-linux-truncated-3\.0-oval\.xml$/, "azurelinux-3.0-oval.xml");
    expect(told(three)[0]).toBe("CVE-2024-24258 (CVE-2024-24258) Azure Linux:3 freeglut introduced 0, fixed 3.4.0-1");
  });

  test("a file that does not name its release is refused, definition by definition", async () => {
    const xml = '<definition class="vulnerability" id="oval:com.microsoft.azurelinux:def:1" version="1"/>';
    expect(() => azure.read(Buffer.from(xml), { wants: () => true }, "oval.xml")).toThrow("not named by a release");
  });
});

describe("Photon OS", () => {
  test("rows of a release, each package with a record of its own", async () => {
    const rows = [
      {
        cve_id: "CVE-2026-0001",
        pkg: "curl",
        cve_score: 9.8,
        aff_ver: "all",
        res_ver: "7.88.1-4.ph4",
        status: "Fixed",
      },
      {
        cve_id: "CVE-2026-0001",
        pkg: "curl-libs",
        cve_score: null,
        aff_ver: "",
        res_ver: "7.88.1-4.ph4",
        status: "Fixed",
      },
      { cve_id: "CVE-2026-0002", pkg: "httpd", cve_score: 7.5, aff_ver: "", res_ver: "NA", status: "Not Affected" },
      { cve_id: "CVE-2026-0003", pkg: "python3", aff_ver: "NA", res_ver: "NA", status: "Fixed" },
    ];
    await serving({ "cve_data_photon4.0.json": JSON.stringify(rows) }, async (upstream) => {
      const records = await fetched(photon, "4.0", upstream);
      expect(told(records).filter((line) => !line.endsWith("source"))).toEqual([
        "CVE-2026-0001 (CVE-2026-0001) Photon OS:4.0 curl introduced 0, fixed 7.88.1-4.ph4",
        "CVE-2026-0001 (CVE-2026-0001) Photon OS:4.0 curl-libs introduced 0, fixed 7.88.1-4.ph4",
        "CVE-2026-0002 (CVE-2026-0002) Photon OS:4.0 httpd not-affected",
        "ignored: no-version",
      ]);
      expect(records.map((record) => (record.kind === "advisory" ? record.scope : ""))).toEqual([
        "4.0 curl",
        "4.0 curl-libs",
        "4.0 httpd",
        "",
      ]);
    });
  });
});

describe("Fedora", () => {
  const update = (alias: string, rest: object) => ({
    alias,
    title: "a-1-1.fc40",
    type: "security",
    status: "stable",
    severity: "urgent",
    date_submitted: "2026-01-01 00:00:00",
    date_pushed: "2026-01-02 00:00:00",
    release: { version: "40", id_prefix: "FEDORA" },
    bugs: [{ title: "CVE-2026-0001 a: overflow" }],
    builds: [{ nvr: "java-17-openjdk-17.0.14-1.fc40", type: "rpm", epoch: 1 }],
    ...rest,
  });

  test("every page, then what was pushed or modified since; other products and other updates are left out", async () => {
    const query = "type=security&status=stable";
    const rows = "rows_per_page=100";
    const releases = [
      { name: "F40", id_prefix: "FEDORA", state: "current" },
      { name: "F39", id_prefix: "FEDORA", state: "archived" },
      { name: "F41", id_prefix: "FEDORA", state: "frozen" },
      { name: "F40C", id_prefix: "FEDORA-CONTAINER", state: "current" },
    ];
    const page = (updates: readonly object[], pages: number) => JSON.stringify({ updates, page: 1, pages });
    const files = {
      [`releases/?exclude_archived=true&${rows}&page=1`]: JSON.stringify({ releases, page: 1, pages: 1 }),
      [`updates/?${query}&releases=F40,F41&${rows}&page=1`]: page(
        [
          update("FEDORA-2026-aaaaaaaaaa", {}),
          update("FEDORA-EPEL-2026-b", { release: { version: "9", id_prefix: "FEDORA-EPEL" } }),
        ],
        2,
      ),
      [`updates/?${query}&releases=F40,F41&${rows}&page=2`]: page(
        [
          update("FEDORA-2026-cccccccccc", { bugs: [], notes: "fixes CVE-2026-0002" }),
          update("FEDORA-2026-dddddddddd", { bugs: [] }),
        ],
        2,
      ),
      // It was edited for the last time long before it became stable.
      [`updates/?${query}&pushed_since=2026-02-28T00:00:00&${rows}&page=1`]: page(
        [update("FEDORA-2026-eeeeeeeeee", {})],
        1,
      ),
      [`updates/?${query}&modified_since=2026-02-28T00:00:00&${rows}&page=1`]: page(
        [update("FEDORA-2026-aaaaaaaaaa", {})],
        1,
      ),
    };
    await serving(files, async (upstream) => {
      const first = await fetchPart(fedora, "", upstream);
      if (first.unchanged) throw new Error("nothing was fetched");
      expect(first.extent).toBe("whole");
      expect(told(readAll(fedora, first.documents))).toEqual([
        "CVE-2026-0001 (FEDORA-2026-aaaaaaaaaa) Fedora:40 java-17-openjdk introduced 0, fixed 1:17.0.14-1.fc40",
        "ignored: other-ecosystem",
        "CVE-2026-0002 (FEDORA-2026-cccccccccc) Fedora:40 java-17-openjdk introduced 0, fixed 1:17.0.14-1.fc40",
        "ignored: no-vulnerability",
      ]);
      const { remembered } = first;
      const second = await fetchPart(fedora, "", upstream, { remembered });
      if (second.unchanged) throw new Error("nothing was fetched");
      expect(second.extent).toBe("changes");
      const ids = readAll(fedora, second.documents).map((one) =>
        one.kind === "advisory" ? one.advisory.id : one.kind,
      );
      expect(ids).toEqual(["FEDORA-2026-eeeeeeeeee", "FEDORA-2026-aaaaaaaaaa"]);
    });
  });

  test.skipIf(sharedData === undefined)("real updates (skipped where the shared data is missing)", async () => {
    const files = await samples(/fedora\/test-fixtures\/(?:input|merge-input)\/FEDORA-[\w-]+\.json$/);
    const records = readAll(
      fedora,
      [...files].map(([file, bytes]) => ({ file, bytes })),
    );
    const ids = records.flatMap((record) => (record.kind === "advisory" ? (record.advisory.cves ?? []) : []));
    // Those that are expected for the same input, in whatever form.
    const expected = await samples(
      /fedora\/test-fixtures\/snapshots\/(?:default|merge)\/fedora:(?:21|36|37|40)\/cve-[0-9-]+\.json$/,
    );
    const names = [...expected.keys()].map((file) => /cve-[0-9-]+/.exec(file)?.[0].toUpperCase() ?? "");
    expect([...new Set(ids)].sort()).toEqual([...new Set(names)].sort());
  });
});
