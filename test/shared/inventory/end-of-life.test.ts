import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { endOfLifeOf } from "../../../shared/inventory/end-of-life.ts";
import { endOfLifeDates } from "../../../shared/inventory/end-of-life-dates.ts";
import type { Distribution } from "../../../shared/inventory/types.ts";
import { sharedData } from "../../support/shared-data.ts";

const distribution = (id: string, versionId?: string, more: Partial<Distribution> = {}): Distribution => ({
  id,
  idLike: [],
  ...(versionId !== undefined && { versionId }),
  ...more,
});

describe("end of life", () => {
  it.each<[of: Distribution, standard: string | undefined]>([
    [distribution("alpine", "3.20.3"), "2026-04-01"],
    [distribution("alpine", "3.21_alpha20240807"), undefined],
    [distribution("debian", "12.5"), "2026-07-11"],
    [distribution("debian", undefined, { codename: "bookworm" }), "2026-07-11"],
    [distribution("debian", undefined, { codename: "sid" }), undefined],
    [distribution("ubuntu", "22.04"), "2027-06-01"],
    [distribution("rhel", "9.4"), "2032-05-31"],
    [distribution("centos", "8", { name: "CentOS Linux 8" }), "2021-12-31"],
    [distribution("centos", "8", { name: "CentOS Stream 8" }), "2024-05-31"],
    [distribution("sles", "15.3"), "2022-12-31"],
    [distribution("sles_sap", "15.3"), "2022-12-31"],
    // A service pack that is not listed is not the release without one.
    [distribution("sles", "15.9"), undefined],
    [distribution("opensuse-tumbleweed", "20240101"), undefined],
    [distribution("amzn", "2018.03"), "2020-12-31"],
    [distribution("amzn", "2"), "2026-06-30"],
    [distribution("amzn", "2023"), "2029-06-30"],
    [distribution("mariner", "2.0"), "2025-07-31"],
    [distribution("azurelinux", "3.0"), "2027-08-31"],
    [distribution("wolfi", "20230201"), undefined],
    [distribution("constructor", "toString"), undefined],
    [distribution("debian", "constructor"), undefined],
  ])("%j", (of, standard) => {
    expect(endOfLifeOf(of)?.standard).toBe(standard);
  });

  it("every date is a day, and longer support ends later", () => {
    for (const { dates } of Object.values(endOfLifeDates)) {
      for (const [standard, extended] of Object.values(dates)) {
        for (const day of [standard, extended ?? standard]) expect(new Date(day).toISOString().slice(0, 10)).toBe(day);
        expect((extended ?? standard) >= standard).toBe(true);
      }
    }
  });

  it.skipIf(sharedData === undefined).each(["debian", "ubuntu"])(
    "the dates of %s are those of distro-info-data (needs the shared data)",
    (id) => {
      const [header = "", ...lines] = readFileSync(`${sharedData}advisories/eol/${id}.csv`, "utf8").trim().split("\n");
      const names = header.split(",");
      let compared = 0;
      for (const line of lines) {
        const row = new Map(line.split(",").map((value, at) => [names[at], value]));
        const version = (row.get("version") ?? "").replace(" LTS", "");
        const found = endOfLifeOf(distribution(id, undefined, { codename: row.get("series") ?? "" }));
        if (found === undefined) continue;
        compared++;
        expect(endOfLifeOf(distribution(id, version))).toEqual(found);
        expect(found).toEqual({
          standard: [row.get("eol") ?? "", row.get("eol-server") ?? ""].sort().at(-1),
          ...(row.has("eol-lts") && { extended: row.get("eol-lts") }),
          ...(row.has("eol-esm") && { extended: row.get("eol-esm") }),
        });
      }
      expect(compared).toBeGreaterThan(6);
    },
  );
});
