import { expect, test } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/kev/feed.ts";
import { fetchPart, readAll, serving } from "./fetcher.ts";

const entry = (cveID: unknown, dateAdded: unknown = "2026-01-02") => ({ cveID, vendorProject: "a", dateAdded });
const catalogue = (...vulnerabilities: readonly object[]) => ({
  title: "catalogue",
  catalogVersion: "2026.01.02",
  count: vulnerabilities.length,
  vulnerabilities,
});

test("fetched entry by entry, so that a broken one is quarantined alone; again only when it changed", async () => {
  const good = [entry("CVE-2026-0001"), entry("CVE-2026-0002", "2026-01-03")];
  const text = JSON.stringify(catalogue(...good, entry("none"), entry("CVE-2026-0003", 7)));
  await serving({ "known_exploited_vulnerabilities.json": text }, async (upstream) => {
    const outcome = await fetchPart(feed, "", upstream);
    if (outcome.unchanged) throw new Error("nothing was fetched");
    const [first, second, ...broken] = outcome.documents;
    expect(
      readAll(
        feed,
        [first, second].flatMap((one) => one ?? []),
      ),
    ).toEqual([
      { kind: "exploited", cve: "CVE-2026-0001", since: "2026-01-02" },
      { kind: "exploited", cve: "CVE-2026-0002", since: "2026-01-03" },
    ]);
    expect(broken).toHaveLength(2);
    for (const document of broken) {
      expect(() => readAll(feed, [document])).toThrow(expect.objectContaining({ code: "advisory-malformed" }));
    }
    expect(await fetchPart(feed, "", upstream, { remembered: outcome.remembered })).toMatchObject({ unchanged: true });
  });
});

test("of a whole catalogue in a file the entries count that can be read", () => {
  const bytes = Buffer.from(JSON.stringify(catalogue(entry("none"), {}, entry("CVE-2026-0001"))));
  expect(readAll(feed, [{ file: "kev.json", bytes }])).toEqual([
    { kind: "exploited", cve: "CVE-2026-0001", since: "2026-01-02" },
  ]);
});
