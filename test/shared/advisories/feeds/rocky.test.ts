import { describe, expect, test } from "vitest";
import { feed as osv } from "../../../../shared/advisories/feeds/osv/feed.ts";
import { feed } from "../../../../shared/advisories/feeds/rocky/feed.ts";
import type { Feed } from "../../../../shared/advisories/types.ts";
import { advisoryLines } from "../../../support/feed-samples.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { fetchPart, readAll, serving } from "./fetcher.ts";

const erratum = {
  affectedProducts: ["Rocky Linux 9", "Rocky Linux SIG Cloud 9"],
  name: "RLSA-2024:0001",
  publishedAt: "2024-01-02T03:04:05Z",
  synopsis: "Moderate: nodejs:18 security update",
  description: "Node.js is a platform.",
  severity: "SEVERITY_MODERATE",
  cves: [{ name: "CVE-2024-0001", cvss3ScoringVector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" }],
  rpms: {
    "Rocky Linux 9": {
      nvras: ["nodejs-1:18.1-2.module+el9.3.0+1+a.x86_64.rpm", "nodejs-1:18.1-2.module+el9.3.0+1+a.src.rpm"],
    },
    "Rocky Linux SIG Cloud 9": { nvras: ["other-0:1-1.el9.src.rpm"] },
  },
};
const only = (change: object) =>
  readAll(feed, [{ file: "x.json", bytes: Buffer.from(JSON.stringify({ ...erratum, ...change })) }]);

test("the API's third version says the same, page by page, and is read again only when its first page changed", async () => {
  const { name, synopsis, description } = erratum;
  const product_name = "Rocky Linux 9 x86_64";
  const third = {
    id: 1,
    name,
    synopsis,
    description,
    kind: "Security",
    severity: "Moderate",
    published_at: erratum.publishedAt,
    updated_at: null,
    affected_products: [{ name: product_name, major_version: 9, arch: "x86_64" }],
    cves: erratum.cves.map((cve) => ({ cve: cve.name, cvss3_scoring_vector: cve.cvss3ScoringVector })),
    packages: [
      ...erratum.rpms["Rocky Linux 9"].nvras.map((nevra) => ({ nevra, product_name })),
      { nevra: "other-0:1-1.el9.src.rpm", product_name: "Rocky Linux SIG Cloud 9 x86_64" },
    ],
  };
  const page = (number: number, advisories: readonly object[]) =>
    JSON.stringify({ advisories, page: number, size: 100, total: 101 });
  const files = {
    "api/v3/advisories/?page=1&size=100": page(1, [third]),
    "api/v3/advisories/?page=2&size=100": page(2, [{ ...third, name: "RLSA-2023:0009" }, { name: "broken" }]),
  };
  await serving(files, async (upstream) => {
    const outcome = await fetchPart(feed, "", upstream);
    if (outcome.unchanged) throw new Error("nothing was fetched");
    expect(outcome.documents).toHaveLength(3);
    const [first, second] = readAll(feed, outcome.documents.slice(0, 2));
    expect(first).toEqual(only({})[0]);
    expect(second).toMatchObject({ advisory: { id: "RLSA-2023:0009" } });
    const { remembered } = outcome;
    expect(await fetchPart(feed, "", upstream, { remembered })).toMatchObject({ unchanged: true });
    upstream.files.set("api/v3/advisories/?page=1&size=100", "{}");
    await expect(fetchPart(feed, "", upstream, { remembered })).rejects.toThrow("not a page of errata");
  });
});

test("source packages of the releases, with the module streams of the synopsis", () => {
  const [read] = only({});
  expect(read).toMatchObject({
    advisory: {
      id: "RLSA-2024:0001",
      bundle: true,
      cves: ["CVE-2024-0001"],
      severity: "medium",
      cvss: { score: 7.5 },
      url: "https://errata.rockylinux.org/RLSA-2024:0001",
    },
  });
  expect(read?.kind === "advisory" && read.affected).toEqual([
    {
      ecosystem: "Rocky Linux:9",
      name: "nodejs",
      affected: {
        ranges: [
          [
            ["introduced", "0"],
            ["fixed", "1:18.1-2.module+el9.3.0+1+a"],
          ],
        ],
        modules: ["nodejs:18"],
      },
    },
  ]);
  expect(only({ cves: [] })).toEqual([{ kind: "ignored", reason: "no-vulnerability" }]);
  expect(only({ rpms: { "Rocky Linux SIG Cloud 9": { nvras: ["other-0:1-1.el9.src.rpm"] } } })).toEqual([
    { kind: "ignored", reason: "other-ecosystem" },
  ]);
  expect(() => only({ name: "x" })).toThrow(expect.objectContaining({ code: "advisory-malformed" }));
});

describe.skipIf(sharedData === undefined)("real errata (needs the shared data)", () => {
  async function fixes(of: Feed, file: string): Promise<ReadonlySet<string>> {
    const all = new Set<string>();
    for await (const bytes of advisoryLines(file)) {
      for (const record of readAll(of, [{ file, bytes }])) {
        if (record.kind !== "advisory") continue;
        for (const { ecosystem, name, affected } of record.affected) {
          all.add(`${record.advisory.id} ${ecosystem} ${name} ${JSON.stringify([affected.ranges, affected.modules])}`);
        }
      }
    }
    return all;
  }

  test("say what OSV's records of them say, and keep the epochs that those have lost", async () => {
    const own = await fixes(feed, "rocky/rocky-errata-api.ndjson.zst");
    const told = await fixes(osv, "rocky/rocky-osv.ndjson.zst");
    const missing = [...own].filter((line) => !told.has(line));
    expect([own.size, missing.length]).toEqual([5430, 56]);
    // `tcpdump-14:4.9.3-1` became `4:4.9.3-1`, before which no build of epoch 14 lies.
    const shortened = missing.filter((line) => told.has(line.replace(/"fixed","[0-9]([0-9]+:)/, '"fixed","$1')));
    expect(shortened.length).toBeGreaterThan(40);
  });
});
