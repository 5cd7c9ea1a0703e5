import { zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/red-hat/feed.ts";
import type { AffectedPackage, FeedRecord } from "../../../../shared/advisories/types.ts";
import { advisoryLines, feedSamples } from "../../../support/feed-samples.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { tar } from "../archives.ts";
import { fetchPart, readAll, serving } from "./fetcher.ts";

const context = { wants: () => true };

interface Product {
  readonly id: string;
  readonly cpe: string;
}

/** A VEX document about packages (purls) of products. */
function vexOf(
  cve: string,
  products: readonly Product[],
  statuses: Readonly<Record<string, readonly (readonly [product: string, purl: string])[]>>,
  remediations: readonly { category: string; details: string; product_ids: readonly string[] }[] = [],
): Buffer {
  const pairs = Object.values(statuses).flat();
  return Buffer.from(
    JSON.stringify({
      document: {
        category: "csaf_vex",
        publisher: { namespace: "https://www.redhat.com" },
        aggregate_severity: { text: "Important" },
        tracking: { id: cve, current_release_date: "2026-01-02T03:04:05+00:00" },
      },
      product_tree: {
        branches: [
          {
            branches: products.map(({ id, cpe }) => ({
              product: { product_id: id, product_identification_helper: { cpe } },
            })),
          },
          {
            branches: pairs.map(([, purl]) => ({
              product: { product_id: purl, product_identification_helper: { purl } },
            })),
          },
        ],
        relationships: pairs.map(([product, purl]) => ({
          full_product_name: { product_id: `${product}:${purl}` },
          product_reference: purl,
          relates_to_product_reference: product,
        })),
      },
      vulnerabilities: [
        {
          cve,
          product_status: Object.fromEntries(
            Object.entries(statuses).map(([status, list]) => [
              status,
              list.map(([product, purl]) => `${product}:${purl}`),
            ]),
          ),
          remediations,
        },
      ],
    }),
  );
}

const rhel9 = { id: "9", cpe: "cpe:/o:redhat:enterprise_linux:9::baseos" };

function affectedIn(records: readonly FeedRecord[]): readonly AffectedPackage[] {
  return records.flatMap((record) => (record.kind === "advisory" ? record.affected : []));
}

function read(document: Buffer): readonly AffectedPackage[] {
  expect(feed.recognises(document, "x.json")).toBe(true);
  return affectedIn(feed.read(document, context));
}

describe("VEX documents", () => {
  test("states are Red Hat's words; a fix in the same release counts more", () => {
    const [open, wont, later, gone, fixed] = ["a", "b", "c", "d", "e"].map((name) => `pkg:rpm/redhat/${name}`) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const pair = (purl: string) => ["9", purl] as const;
    const id = (purl: string) => [`9:${purl}`];
    const affected = read(
      vexOf(
        "CVE-2026-0001",
        [rhel9],
        {
          fixed: [pair(`${fixed}@1.2-3.el9_5?arch=x86_64&epoch=2`)],
          known_affected: [open, wont, later, gone, fixed].map(pair),
          known_not_affected: [pair("pkg:rpm/redhat/f")],
          under_investigation: [pair("pkg:rpm/redhat/g")],
        },
        [
          { category: "none_available", details: "Affected", product_ids: id(open) },
          { category: "no_fix_planned", details: "Will not fix", product_ids: id(wont) },
          { category: "none_available", details: "Fix deferred", product_ids: id(later) },
          { category: "no_fix_planned", details: "Out of support scope", product_ids: id(gone) },
        ],
      ),
    );
    const all = [[["introduced", "0"]]];
    expect(affected.map(({ name, affected }) => [name, affected])).toEqual([
      ["a", { ranges: all, reason: "Affected" }],
      ["b", { ranges: all, state: "will-not-fix", reason: "Will not fix" }],
      ["c", { ranges: all, state: "deferred", reason: "Fix deferred" }],
      ["d", { ranges: all, state: "end-of-life", reason: "Out of support scope" }],
      [
        "e",
        {
          ranges: [
            [
              ["introduced", "0"],
              ["fixed", "2:1.2-3.el9_5"],
            ],
          ],
        },
      ],
      ["f", { ranges: all, state: "not-affected", reason: "Not affected" }],
      ["g", { ranges: all, state: "under-investigation", reason: "Under investigation" }],
    ]);
  });

  test("a source package beside its binary ones does not make their siblings affected; alone, it stands for all", () => {
    const names = (list: readonly string[]) =>
      read(vexOf("CVE-2026-0002", [rhel9], { known_affected: list.map((purl) => ["9", purl] as const) })).map(
        ({ name, affected: { source } }) => `${name}${source === true ? " (source)" : ""}`,
      );
    expect(names(["pkg:rpm/redhat/curl?arch=src", "pkg:rpm/redhat/libcurl", "pkg:rpm/redhat/curl"])).toEqual([
      "curl",
      "libcurl",
    ]);
    expect(names(["pkg:rpm/redhat/curl?arch=src", "pkg:rpm/redhat/openssl-libs"])).toEqual([
      "curl (source)",
      "openssl-libs",
    ]);
  });

  test("products are releases and their streams; modules, architectures and Fast Datapath stay apart", () => {
    const affected = read(
      vexOf(
        "CVE-2026-0003",
        [
          rhel9,
          { id: "9.2E", cpe: "cpe:/a:redhat:rhel_eus:9.2::appstream" },
          { id: "10", cpe: "cpe:/o:redhat:enterprise_linux:10.1" },
          { id: "fdp", cpe: "cpe:/o:redhat:enterprise_linux:9::fastdatapath" },
          { id: "ocp", cpe: "cpe:/a:redhat:openshift:4.16::el9" },
        ],
        {
          fixed: [
            ["9", "pkg:rpm/redhat/a@1-1.el9?arch=x86_64"],
            ["9", "pkg:rpm/redhat/a@1-2.el9?arch=s390x"],
            ["9", "pkg:rpm/redhat/a-debuginfo@1-1.el9?arch=x86_64"],
            ["9.2E", "pkg:rpm/redhat/a@1-1.el9_2.1?arch=x86_64"],
            ["10", "pkg:rpm/redhat/nodejs@22-1?arch=x86_64&rpmmod=nodejs:22:1020260101:abc"],
            ["fdp", "pkg:rpm/redhat/dpdk@23-1.el9fdp?arch=x86_64"],
            ["ocp", "pkg:rpm/redhat/cri-tools@1-1.el9?arch=x86_64"],
          ],
        },
      ),
    );
    expect(
      affected.map(({ ecosystem, name, affected: { ranges, ...rest } }) => [
        ecosystem,
        name,
        ranges?.flat().at(-1)?.[1],
        rest,
      ]),
    ).toEqual([
      ["Red Hat:enterprise_linux:10", "nodejs", "0:22-1", { modules: ["nodejs:22"] }],
      ["Red Hat:enterprise_linux:9", "a", "0:1-1.el9", { arches: ["x86_64"] }],
      ["Red Hat:enterprise_linux:9", "a", "0:1-2.el9", { arches: ["s390x"] }],
      [
        "Red Hat:enterprise_linux:9",
        "dpdk",
        "0:23-1.el9fdp",
        { products: ["cpe:/o:redhat:enterprise_linux:9::fastdatapath"] },
      ],
      ["Red Hat:rhel_eus:9.2", "a", "0:1-1.el9_2.1", {}],
    ]);
  });

  test("whatever is changed in a document, it is read or refused", () => {
    const bytes = vexOf("CVE-2026-0004", [rhel9], { fixed: [["9", "pkg:rpm/redhat/a@1-1.el9?arch=x86_64"]] });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 32, max: 126 }), (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        try {
          if (feed.recognises(changed, "x.json")) feed.read(changed, context);
        } catch (error) {
          expect(error).toMatchObject({ code: "advisory-malformed" });
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the upstream", () => {
  const vex = "csaf/v2/vex";
  const document = (cve: string) => vexOf(cve, [rhel9], { fixed: [["9", "pkg:rpm/redhat/a@1-1.el9"]] });
  const path = (number: string) => `2026/cve-2026-${number}.json`;
  const csv = (rows: readonly (readonly [string, string])[]) =>
    rows.map(([number, day]) => `"${path(number)}","2026-02-${day}T00:00:00+00:00"\n`).join("");
  const ids = (records: readonly FeedRecord[]) =>
    records.map((record) => (record.kind === "advisory" ? record.advisory.id : record.kind));

  test("first the archive and what is newer, then only changes and deletions", async () => {
    const archive = tar(
      Object.fromEntries(["0001", "0002", "0003"].map((n) => [path(n), document(`CVE-2026-${n}`).toString("utf8")])),
    );
    const files = {
      [`${vex}/archive_latest.txt`]: "csaf_vex_2026-02-10.tar.zst\n",
      [`${vex}/csaf_vex_2026-02-10.tar.zst`]: zstdCompressSync(archive),
      [`${vex}/changes.csv`]: csv([
        ["0004", "11"],
        ["0001", "09"],
        ["0002", "08"],
      ]),
      [`${vex}/deletions.csv`]: csv([["0003", "09"]]),
      [`${vex}/${path("0004")}`]: document("CVE-2026-0004"),
    };
    await serving(files, async (upstream) => {
      const first = await fetchPart(feed, "vex", upstream);
      if (first.unchanged) throw new Error("nothing was fetched");
      expect(first.extent).toBe("whole");
      expect(ids(readAll(feed, first.documents))).toEqual(["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0004"]);

      const { remembered } = first;
      upstream.asked.length = 0;
      expect(await fetchPart(feed, "vex", upstream, { remembered })).toMatchObject({ unchanged: true });
      expect(upstream.answers).toEqual([304, 304]);

      upstream.files.set(
        `${vex}/changes.csv`,
        csv([
          ["0005", "13"],
          ["0004", "11"],
          ["0001", "09"],
        ]),
      );
      upstream.files.set(
        `${vex}/deletions.csv`,
        csv([
          ["0002", "12"],
          ["0003", "09"],
        ]),
      );
      upstream.files.set(`${vex}/${path("0005")}`, document("CVE-2026-0005"));
      upstream.asked.length = 0;
      const second = await fetchPart(feed, "vex", upstream, { remembered });
      if (second.unchanged) throw new Error("nothing was fetched");
      expect(second).toMatchObject({ extent: "changes", removed: ["CVE-2026-0002"] });
      expect(ids(readAll(feed, second.documents))).toEqual(["CVE-2026-0005"]);
      expect(upstream.asked).toEqual([`${vex}/changes.csv`, `${vex}/deletions.csv`, `${vex}/${path("0005")}`]);
    });
  });

  test("a document that is missing is told and asked for again with the next change; the others go on", async () => {
    const files = {
      [`${vex}/changes.csv`]: csv([
        ["0009", "13"],
        ["0008", "12"],
        ["0007", "11"],
      ]),
      [`${vex}/deletions.csv`]: "",
      [`${vex}/${path("0009")}`]: document("CVE-2026-0009"),
      [`${vex}/${path("0007")}`]: document("CVE-2026-0007"),
    };
    await serving(files, async (upstream) => {
      const old = { changed: "2026-02-01T00:00:00.000Z", deleted: "2026-02-01T00:00:00.000Z" };
      const first = await fetchPart(feed, "vex", upstream, { remembered: old });
      if (first.unchanged) throw new Error("nothing was fetched");
      const problems = first.documents.flatMap(({ file, problem }) => (problem === undefined ? [] : [file]));
      expect(problems).toEqual([`${vex}/${path("0008")}`]);
      expect(first.remembered).toMatchObject({ missing: `${vex}/${path("0008")}`, deleted: old.deleted });

      upstream.files.set(`${vex}/changes.csv`, csv([["0010", "14"]]));
      upstream.files.set(`${vex}/${path("0010")}`, document("CVE-2026-0010"));
      upstream.files.set(`${vex}/${path("0008")}`, document("CVE-2026-0008"));
      const second = await fetchPart(feed, "vex", upstream, { remembered: first.remembered });
      if (second.unchanged) throw new Error("nothing was fetched");
      expect(ids(readAll(feed, second.documents))).toEqual(["CVE-2026-0010", "CVE-2026-0008"]);
      expect(second.remembered["missing"]).toBe("");
    });
  });

  test("a list of changes that leads to no document at all fails, and tells no cursor", async () => {
    const files = {
      [`${vex}/changes.csv`]: csv([["0009", "13"]]),
      [`${vex}/deletions.csv`]: "",
    };
    await serving(files, async (upstream) => {
      const remembered = { changed: "2026-02-01T00:00:00.000Z", deleted: "2026-02-01T00:00:00.000Z" };
      await expect(fetchPart(feed, "vex", upstream, { remembered })).rejects.toMatchObject({
        code: "advisories-refused",
      });
    });
  });

  test("an archive that is no file of the server's is refused", async () => {
    const files = {
      [`${vex}/changes.csv`]: "",
      [`${vex}/deletions.csv`]: "",
      [`${vex}/archive_latest.txt`]: "../../../secret.tar.zst",
    };
    await serving(files, async (upstream) => {
      await expect(fetchPart(feed, "vex", upstream)).rejects.toMatchObject({ code: "advisories-refused" });
    });
  });

  test("the products of repositories become rows, and are asked for again only when they changed", async () => {
    const map = JSON.stringify({ data: { "rhel-9-baseos": { cpes: ["cpe:/o:redhat:enterprise_linux:9::baseos"] } } });
    await serving({ "meta/v1/repository-to-cpe.json": map }, async (upstream) => {
      const first = await fetchPart(feed, "repositories", upstream);
      if (first.unchanged) throw new Error("nothing was fetched");
      expect(readAll(feed, first.documents)).toEqual([
        {
          kind: "row",
          table: "red-hat-repositories",
          key: "rhel-9-baseos",
          value: ["cpe:/o:redhat:enterprise_linux:9::baseos"],
        },
      ]);
      const { remembered } = first;
      expect(await fetchPart(feed, "repositories", upstream, { remembered })).toMatchObject({ unchanged: true });
    });
  });
});

describe.skipIf(sharedData === undefined)("real documents (skipped where the shared data is missing)", () => {
  const samples = new Map<string, Buffer>();
  beforeAll(async () => {
    for (const archive of ["claircore-feed-and-rpm-fixtures", "vex-csaf-redhat-sample"]) {
      for (const [name, bytes] of await feedSamples(archive, /\/cve-[0-9-]+[\w-]*\.json$/)) {
        samples.set(name.split("/").at(-1) ?? name, bytes);
      }
    }
  });

  const sample = (name: string) => read(samples.get(name) ?? Buffer.from(""));

  test("curl's SOCKS5 overflow: two minor releases of 9, an older stream, and releases that never had it", () => {
    const told = sample("cve-2023-38545.json").map(({ ecosystem, name, affected: { ranges = [], state } }) => {
      const fixes = ranges.flat().flatMap(([kind, version]) => (kind === "fixed" ? version : []));
      return `${ecosystem.replace("Red Hat:", "")} ${name} ${state ?? fixes.join(" ")}`;
    });
    expect(told).toContain("enterprise_linux:9 libcurl 0:7.76.1-23.el9_2.4 0:7.76.1-26.el9_3.2");
    expect(told).toContain("rhel_eus:9.0 libcurl 0:7.76.1-14.el9_0.9");
    expect(told).toContain("enterprise_linux:8 libcurl not-affected");
    expect(told.filter((line) => line.includes("debug") || line.includes("satellite"))).toEqual([]);
  });

  test("a document of 3 MB with 2,781 products is some hundred entries, epochs and all", () => {
    const affected = sample("cve-2023-20593.json");
    expect(affected.length).toBeLessThan(700);
    expect(affected).toContainEqual({
      ecosystem: "Red Hat:enterprise_linux:8",
      name: "iwl3160-firmware",
      affected: {
        ranges: [
          [
            ["introduced", "0"],
            ["fixed", "1:25.30.13.0-117.el8_8.1"],
          ],
        ],
      },
    });
  });

  test("a module that cannot be read leaves its package out; a stream's name is no version", () => {
    expect(sample("cve-2024-24786-bad-rpmmod.json").map(({ name }) => name)).toEqual(["cri-tools", "good-pkg"]);
    expect(sample("cve-2024-24786-illegal-module.json")).toMatchObject([
      { name: "go-toolset", affected: { modules: ["go-toolset:rhel8"], source: true } },
    ]);
    expect(sample("cve-2024-24786-simple.json")).toEqual([]);
  });

  test("every record of the Security Data API is read", async () => {
    const counts: Record<string, number> = {};
    const states: Record<string, number> = {};
    for await (const line of advisoryLines("redhat/redhat-cve-api-rhel8-9.ndjson.zst")) {
      const records = feed.recognises(line, "x.ndjson") ? feed.read(line, context) : [];
      for (const record of records) {
        counts[record.kind] = (counts[record.kind] ?? 0) + 1;
        for (const { affected } of affectedIn([record])) {
          const state = affected.state ?? (affected.ranges?.flat().length === 1 ? "open" : "fixed");
          states[state] = (states[state] ?? 0) + 1;
        }
      }
    }
    // The others have fixes of modules alone, whose packages only the updates name.
    expect(counts).toEqual({ advisory: 14_599, ignored: 221 });
    expect(states).toMatchInlineSnapshot(`
      {
        "deferred": 1404,
        "end-of-life": 487,
        "fixed": 11982,
        "not-affected": 23316,
        "open": 4230,
        "under-investigation": 365,
        "will-not-fix": 4324,
      }
    `);
  });

  test("the products of every repository", async () => {
    for await (const line of advisoryLines("redhat/repository-to-cpe.ndjson.zst")) {
      const rows = feed.read(line, context);
      expect(rows).toHaveLength(10_106);
      expect(rows).toContainEqual(expect.objectContaining({ key: "rhel-9-for-x86_64-baseos-eus-rpms" }));
    }
  });
});
