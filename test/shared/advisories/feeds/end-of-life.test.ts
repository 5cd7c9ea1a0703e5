import { describe, expect, it } from "vitest";
import { feed as support } from "../../../../shared/advisories/feeds/debian-support/feed.ts";
import { feed as distroInfo } from "../../../../shared/advisories/feeds/distro-info/feed.ts";
import { feed as endOfLife } from "../../../../shared/advisories/feeds/endoflife/feed.ts";
import { documentsBelow } from "../../../../shared/advisories/sources/files.ts";
import type { FeedRecord } from "../../../../shared/advisories/types.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { readWith, withUpstream } from "./telling.ts";

const rowsOf = (records: readonly FeedRecord[]) =>
  Object.fromEntries(records.flatMap((record) => (record.kind === "row" ? [[record.key, record.value]] : [])));

const debian = `version,codename,series,created,release,eol,eol-lts,eol-elts
3.0,Woody,woody,2000-08-15,2002-07-19,2006-06-30
12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30,2033-06-30
14,Forky,forky,2025-08-09
,Sid,sid,1993-08-16
`;
const ubuntu = `version,codename,series,created,release,eol,eol-server,eol-esm,eol-legacy
22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01,2027-06-01,2032-04-21,2034-04-25
23.10,Mantic Minotaur,mantic,2023-04-20,2023-10-12,2024-07-11
`;
const ended = `
# List of packages whose security support ends before the distribution EOL
# 1. source package name

xen                      4.11.4+107-gef32c7afa2-1    2021-08-28  https://xenbits.xen.org/docs/4.11-testing/SUPPORT.html
intel-mediasdk	22.5.4-1		2024-11-21  	abandoned upstream
php-horde.*	0			2025-03-22	incompatible with PHP8
nothing here
`;
const products = {
  schema_version: "1.2.0",
  result: [
    {
      name: "python",
      releases: [
        { name: "3.12", isEol: false, eolFrom: "2028-10-01", isMaintained: true },
        { name: "2.7", isEol: true, eolFrom: "2020-01-01", eoesFrom: "2024-06-30", isMaintained: false },
        { name: "1.0", isEol: true, eolFrom: null },
        { name: "4.0", isEol: false, eolFrom: null },
      ],
    },
    { name: "ubuntu", releases: [{ name: "22.04", isEol: false, eolFrom: "2027-04-21" }] },
  ],
};

describe("ends of support", () => {
  it("of Debian's and Ubuntu's releases, with the longest extension whose advisories are published", () => {
    expect(rowsOf(readWith(distroInfo, debian, "debian.csv"))).toEqual({
      "debian:3.0": { date: "2006-06-30" },
      "debian:12": { date: "2026-07-11", extended: "2028-06-30" },
    });
    expect(rowsOf(readWith(distroInfo, ubuntu, "ubuntu.csv"))).toEqual({
      "ubuntu:22.04": { date: "2027-06-01", extended: "2034-04-25" },
      "ubuntu:23.10": { date: "2024-07-11" },
    });
  });

  it("of Debian's source packages, by name or by how names begin; the release is told by the file's name", () => {
    expect(rowsOf(readWith(support, ended, "eol/security-support-ended.deb12"))).toEqual({
      "deb:xen:12": { date: "2021-08-28", reason: "https://xenbits.xen.org/docs/4.11-testing/SUPPORT.html" },
      "deb:intel-mediasdk:12": { date: "2024-11-21", reason: "abandoned upstream" },
      "deb-prefixes:12": [{ prefix: "php-horde", date: "2025-03-22", reason: "incompatible with PHP8" }],
    });
    expect(readWith(support, ended, "security-support-ended")).toEqual([
      { kind: "ignored", reason: "release-not-told" },
    ]);
  });

  it("of software, product by product or as the whole list", async () => {
    const rows = {
      "python:3.12": { date: "2028-10-01" },
      "python:2.7": { date: "2020-01-01", extended: "2024-06-30" },
      "python:1.0": {},
      "ubuntu:22.04": { date: "2027-04-21" },
    };
    expect(rowsOf(readWith(endOfLife, products))).toEqual(rows);
    await withUpstream({ "api/v1/products/full": JSON.stringify(products) }, async (upstream) => {
      const { documents } = await upstream.fetch(endOfLife, "");
      expect(documents).toHaveLength(2);
      expect(rowsOf(documents.flatMap(({ bytes }) => readWith(endOfLife, bytes.toString())))).toEqual(rows);
    });
  });

  it("are fetched list by list", async () => {
    const files = { "security-support-ended.deb12": ended, "debian.csv": debian };
    await withUpstream(files, async (upstream) => {
      const [list] = (await upstream.fetch(support, "12")).documents;
      expect(Object.keys(rowsOf(readWith(support, list?.bytes.toString(), list?.file)))).toContain("deb:xen:12");
      expect((await upstream.fetch(distroInfo, "debian.csv")).documents).toHaveLength(1);
    });
  });

  it.skipIf(sharedData === undefined)("the lists of mid-2026 are read (needs the shared data)", async () => {
    const rows: Record<string, unknown> = {};
    for await (const { bytes, file } of documentsBelow(`${sharedData}advisories/eol`, () => undefined)) {
      const feed = [support, distroInfo].find((candidate) => candidate.recognises(bytes, file));
      if (feed !== undefined) Object.assign(rows, rowsOf(feed.read(bytes, { wants: () => true }, file)));
    }
    expect(rows).toMatchObject({
      "debian:13": { date: "2028-08-09", extended: "2030-06-30" },
      "ubuntu:26.04": { date: "2031-05-29", extended: "2038-04-27" },
      "deb:suricata:12": { date: "2026-04-30" },
      "deb-prefixes:12": [{ prefix: "php-horde" }],
      "deb:xen:10": { date: "2021-08-28" },
    });
  });
});
