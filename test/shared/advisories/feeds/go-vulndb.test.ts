import { describe, expect, test } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/go-vulndb/feed.ts";
import { feed as osv } from "../../../../shared/advisories/feeds/osv/feed.ts";
import { zip } from "../archives.ts";
import { fetchPart, readAll, serving } from "./fetcher.ts";

function record(id: string, modified: string): string {
  const ranges = [{ type: "SEMVER", events: [{ introduced: "0" }, { fixed: "1.33.0" }] }];
  const imports = [{ path: "example.com/thing/json", symbols: ["Unmarshal"] }];
  const affected = [
    { package: { name: "example.com/thing", ecosystem: "Go" }, ranges, ecosystem_specific: { imports } },
  ];
  return JSON.stringify({ schema_version: "1.3.1", id, modified, affected });
}

describe("the Go vulnerability database", () => {
  const early = "2026-01-01T00:00:00Z";
  const late = "2026-02-01T00:00:00Z";
  const one = record("GO-2026-0001", early);
  const two = record("GO-2026-0002", early);
  const first = {
    "index/db.json": JSON.stringify({ modified: early }),
    "vulndb.zip": zip({ "index/db.json": "{}", "ID/GO-2026-0001.json": one, "ID/GO-2026-0002.json": two }),
  };

  test("whole at first, with its records alone; then those that changed since", async () => {
    await serving(first, async (upstream) => {
      const whole = await fetchPart(feed, "", upstream);
      if (whole.unchanged) throw new Error("nothing was fetched");
      expect(whole.extent).toBe("whole");
      expect(readAll(osv, whole.documents)).toMatchObject([
        { advisory: { id: "GO-2026-0001" }, affected: [{ affected: { symbols: [{ symbols: ["Unmarshal"] }] } }] },
        { advisory: { id: "GO-2026-0002" } },
      ]);
      const { remembered } = whole;
      expect(await fetchPart(feed, "", upstream, { remembered })).toMatchObject({ unchanged: true });

      upstream.files.set("index/db.json", JSON.stringify({ modified: late }));
      const vulns = [
        { id: "GO-2026-0001", modified: early },
        { id: "GO-2026-0002", modified: late },
      ];
      upstream.files.set("index/vulns.json", JSON.stringify(vulns));
      upstream.files.set("ID/GO-2026-0002.json", record("GO-2026-0002", late));
      upstream.asked.length = 0;
      const changes = await fetchPart(feed, "", upstream, { remembered });
      expect(changes).toMatchObject({ extent: "changes", remembered: { modified: late } });
      expect(upstream.asked).toEqual(["index/db.json", "index/vulns.json", "ID/GO-2026-0002.json"]);
    });
  });

  test("an index that is something else is refused", async () => {
    await serving({ "index/db.json": "<html>" }, async (upstream) => {
      await expect(fetchPart(feed, "", upstream)).rejects.toMatchObject({ code: "advisories-refused" });
    });
  });
});
