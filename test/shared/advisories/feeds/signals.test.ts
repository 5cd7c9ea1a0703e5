import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { feed as epss } from "../../../../shared/advisories/feeds/epss/feed.ts";
import { feed as nvd } from "../../../../shared/advisories/feeds/nvd/feed.ts";
import { feed as vulnrichment } from "../../../../shared/advisories/feeds/vulnrichment/feed.ts";
import type { FeedRecord } from "../../../../shared/advisories/types.ts";
import { advisoryLines, feedSamples } from "../../../support/feed-samples.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { tar } from "../archives.ts";
import { fetchPart, readAll, serving } from "./fetcher.ts";

const context = { wants: () => true };
const bytesOf = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const v31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
const v2 = "AV:N/AC:L/Au:N/C:N/I:N/A:C";

describe("EPSS", () => {
  const header = "#model_version:v2025.03.14,score_date:2026-02-20T00:00:00+0000";
  const rows = (count: number) =>
    Array.from({ length: count }, (_, at) => `CVE-2024-${10_000 + at},0.${String(at % 10_000).padStart(5, "0")},0.5\n`);

  test("rows below the line that tells their day; those that are none are counted, and the others stay", () => {
    const text = `${header}\ncve,epss,percentile\nCVE-2024-0001,0.00383,0.73075\nCVE-2024-0002,1e-05,1.0\nCVE-2024-3,0.1,0.1\nCVE-2024-0004,1.5,0.1\n`;
    expect(epss.read(bytesOf(text), context)).toEqual([
      {
        kind: "row",
        table: "epss",
        key: "CVE-2024-0001",
        value: { probability: 0.00383, percentile: 0.73075, date: "2026-02-20" },
      },
      {
        kind: "row",
        table: "epss",
        key: "CVE-2024-0002",
        value: { probability: 0.00001, percentile: 1, date: "2026-02-20" },
      },
      { kind: "ignored", reason: "malformed-row" },
      { kind: "ignored", reason: "malformed-row" },
    ]);
    expect(() => epss.read(bytesOf(`${header}\nno,rows\n`), context)).toThrow("none of its rows");
  });

  test("300,000 rows are fetched in documents of some thousands within three seconds of work, once a day", async () => {
    const file = gzipSync(`${header}\ncve,epss,percentile\n${rows(300_000).join("")}`);
    await serving({ "epss_scores-current.csv.gz": file }, async (upstream) => {
      const started = process.cpuUsage();
      const first = await fetchPart(epss, "", upstream);
      if (first.unchanged) throw new Error("nothing was fetched");
      const records = readAll(epss, first.documents);
      const { user } = process.cpuUsage(started);
      expect(first.extent).toBe("whole");
      expect(first.documents.length).toBeGreaterThan(50);
      expect(records.filter(({ kind }) => kind === "row")).toHaveLength(300_000);
      expect(user / 1e6).toBeLessThan(3);
      expect(await fetchPart(epss, "", upstream, { remembered: first.remembered })).toMatchObject({ unchanged: true });
    });
  });

  test("a page that is something else is refused", async () => {
    await serving({ "epss_scores-current.csv.gz": gzipSync("<html>sorry\n") }, async (upstream) => {
      await expect(fetchPart(epss, "", upstream)).rejects.toMatchObject({ code: "advisories-refused" });
    });
  });
});

function nvdCve(id: string, metrics: object, more: object = {}) {
  return { cve: { id, vulnStatus: "Analyzed", metrics, weaknesses: [], ...more } };
}
const metric = (source: string, vectorString: string) => [{ source, type: "Primary", cvssData: { vectorString } }];
const feedFile = (members: readonly object[]) =>
  gzipSync(
    JSON.stringify({ resultsPerPage: members.length, format: "NVD_CVE", version: "2.0", vulnerabilities: members }),
  );

describe("the NVD", () => {
  const rowsOf = (records: readonly FeedRecord[]) =>
    records.map((record) => (record.kind === "row" ? [record.key, record.value] : record));

  test("its own score comes first, then those that it repeats; what has none leaves the place to others", () => {
    const page = {
      format: "NVD_CVE",
      vulnerabilities: [
        nvdCve(
          "CVE-2026-0001",
          {
            cvssMetricV40: metric(
              "someone@example.com",
              "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N",
            ),
            cvssMetricV31: metric("nvd@nist.gov", v31),
          },
          { weaknesses: [{ description: [{ value: "CWE-79" }, { value: "NVD-CWE-Other" }] }] },
        ),
        nvdCve("CVE-2026-0002", { cvssMetricV31: metric("134c704f-9b21-4f2e-b353-91534d8c8dc0", v31) }),
        nvdCve("CVE-2026-0003", { cvssMetricV2: metric("nvd@nist.gov", v2) }),
        nvdCve("CVE-2026-0004", {}, { vulnStatus: "Awaiting Analysis" }),
        nvdCve("CVE-2026-0005", { cvssMetricV31: metric("nvd@nist.gov", v31) }, { vulnStatus: "Rejected" }),
      ],
    };
    expect(nvd.recognises(bytesOf(page), "page.json")).toBe(true);
    expect(rowsOf(nvd.read(bytesOf(page), context))).toEqual([
      ["CVE-2026-0001", { cvss: { vector: v31, score: 9.8 }, by: "NVD", cwes: ["CWE-79"] }],
      ["CVE-2026-0002", { cvss: { vector: v31, score: 9.8 }, by: "CISA" }],
      ["CVE-2026-0003", { cvss: { vector: v2, score: 7.8 }, by: "NVD" }],
      { kind: "ignored", reason: "no-score" },
      { kind: "ignored", reason: "rejected" },
    ]);
  });

  test("every year at first, then what changed; after more than a week every year again", async () => {
    const meta = (time: string) => `lastModifiedDate:${time}\nsize:1\nzipSize:1\ngzSize:1\nsha256:00\n`;
    const member = nvdCve("CVE-2026-0001", { cvssMetricV31: metric("nvd@nist.gov", v31) });
    const years = Object.fromEntries(
      // The file of the year that has just begun is not there yet.
      Array.from({ length: 24 }, (_, at) => [`nvdcve-2.0-${2002 + at}.json.gz`, feedFile(at === 23 ? [member] : [])]),
    );
    await serving({ ...years, "nvdcve-2.0-modified.meta": meta("2026-01-02T03:00:01-05:00") }, async (upstream) => {
      const now = Date.parse("2026-01-02T12:00:00Z");
      const first = await fetchPart(nvd, "", upstream, { now });
      if (first.unchanged) throw new Error("nothing was fetched");
      expect(first.extent).toBe("whole");
      expect(readAll(nvd, first.documents)).toHaveLength(1);
      const { remembered } = first;
      expect(await fetchPart(nvd, "", upstream, { now, remembered })).toMatchObject({ unchanged: true });

      upstream.files.set("nvdcve-2.0-modified.meta", meta("2026-01-08T03:00:01-05:00"));
      upstream.files.set("nvdcve-2.0-modified.json.gz", feedFile([member]));
      upstream.asked.length = 0;
      const second = await fetchPart(nvd, "", upstream, { now, remembered });
      expect(second).toMatchObject({ extent: "changes" });
      expect(upstream.asked).toEqual(["nvdcve-2.0-modified.meta", "nvdcve-2.0-modified.json.gz"]);

      upstream.files.set("nvdcve-2.0-modified.meta", meta("2026-01-20T03:00:01-05:00"));
      const { remembered: later } = second;
      expect(await fetchPart(nvd, "", upstream, { now, remembered: later })).toMatchObject({ extent: "whole" });
    });
  });
});

describe("CISA's enrichment", () => {
  const container = {
    providerMetadata: { shortName: "CISA-ADP" },
    metrics: [
      { cvssV3_1: { vectorString: v31, baseScore: 9.8 } },
      { other: { type: "ssvc", content: { options: [{ Exploitation: "active" }, { Automatable: "yes" }] } } },
    ],
    problemTypes: [{ descriptions: [{ cweId: "CWE-787", type: "CWE" }] }],
  };
  const whole = (adp: readonly object[]) => ({
    dataType: "CVE_RECORD",
    cveMetadata: { cveId: "CVE-2026-0001", state: "PUBLISHED" },
    containers: { cna: {}, adp },
  });
  const row = {
    kind: "row",
    table: "cvss",
    key: "CVE-2026-0001",
    value: { cvss: { vector: v31, score: 9.8 }, cwes: ["CWE-787"], by: "CISA", exploitation: "active" },
  };

  test("is read out of whole records and as the container alone", () => {
    const { metrics, problemTypes } = container;
    for (const document of [
      whole([{ providerMetadata: { shortName: "CVE" } }, container]),
      { cveId: "CVE-2026-0001", metrics, problemTypes },
    ]) {
      expect(vulnrichment.recognises(bytesOf(document), "CVE-2026-0001.json")).toBe(true);
      expect(vulnrichment.read(bytesOf(document), context)).toEqual([row]);
    }
    const silent = {
      cveId: "CVE-2026-0001",
      metrics: [{ other: { type: "ssvc", content: { options: [{ Exploitation: "none" }] } } }],
    };
    expect(vulnrichment.read(bytesOf(silent), context)).toEqual([{ kind: "ignored", reason: "nothing-said" }]);
  });

  test("is fetched as its repository's archive", async () => {
    const archive = tar({
      "vulnrichment-develop/README.md": "# CVE",
      "vulnrichment-develop/2026/0xxx/CVE-2026-0001.json": JSON.stringify(whole([container])),
    });
    await serving({ develop: gzipSync(archive) }, async (upstream) => {
      const fetched = await fetchPart(vulnrichment, "", upstream);
      if (fetched.unchanged) throw new Error("nothing was fetched");
      expect(readAll(vulnrichment, fetched.documents)).toEqual([row]);
    });
  });
});

describe.skipIf(sharedData === undefined)("real documents (needs the shared data)", () => {
  test("the NVD's pages give a row for every CVE with a score", async () => {
    for (const [name, bytes] of await feedSamples("vunnel-feed-fixtures", /nvd\/test-fixtures\/[\w-]+\.json$/)) {
      expect(nvd.recognises(bytes, name)).toBe(true);
      const records = nvd.read(bytes, context);
      expect(records.length).toBeGreaterThan(0);
      expect(records.every(({ kind }) => kind === "row" || kind === "ignored")).toBe(true);
    }
  });

  test("every container of CISA's is read", async () => {
    const counts: Record<string, number> = {};
    for await (const line of advisoryLines("nvd/cisa-vulnrichment-2023-2024.ndjson.zst")) {
      for (const { kind } of readAll(vulnrichment, [{ file: "CVE.json", bytes: line }]))
        counts[kind] = (counts[kind] ?? 0) + 1;
    }
    expect(counts).toEqual({ row: 10_747, ignored: 25_171 });
  });
});
