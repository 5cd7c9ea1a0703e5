import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { judgeRange } from "../../../shared/advisories/ranges.ts";
import { type Advisories, openAdvisories } from "../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import { updateAdvisories } from "../../../shared/advisories/update/update.ts";
import { matchInventory } from "../../../shared/matching/match.ts";
import { schemeOfEcosystem } from "../../../shared/versions/compare.ts";
import { sharedData } from "../../support/shared-data.ts";
import { testPorts } from "../advisories/support.ts";
import { type Brief, inventoryOf } from "./inventory.ts";

const names = ["Maven", "NuGet", "Packagist", "RubyGems"];

describe.skipIf(sharedData === undefined)("GitHub's advisories (skipped where the shared data is missing)", () => {
  const ports = testPorts();
  let advisories: Advisories;

  beforeAll(async () => {
    const settings = advisorySettings.parse({ ecosystems: names });
    await updateAdvisories(ports, settings, join(sharedData ?? "", "advisories/ghsa"));
    advisories = await openAdvisories(ports.blobs);
  }, 60_000);

  async function found(type: Brief["type"], name: string, version: string): Promise<readonly string[]> {
    const { vulnerabilities, notEvaluated } = await matchInventory(inventoryOf([{ type, name, version }]), advisories);
    expect(notEvaluated).toEqual([]);
    return vulnerabilities.map(({ id, fix }) => (fix.state === "fixed" ? `${id} ${fix.version}` : id));
  }

  test("Maven", async () => {
    const log4j = "org.apache.logging.log4j:log4j-core";
    expect(await found("maven", log4j, "2.14.1")).toEqual([
      "CVE-2021-44228 2.15.0",
      "CVE-2021-44832 2.17.1",
      "CVE-2021-45046 2.16.0",
      "CVE-2021-45105 2.17.0",
    ]);
    expect(await found("maven", log4j, "2.0-beta8")).not.toContain("CVE-2021-44228 2.3.1");
    expect(await found("maven", log4j, "2.0-beta9")).toContain("CVE-2021-44228 2.3.1");
    expect(await found("maven", log4j, "2.17.1")).toEqual([]);
    expect(await found("maven", "org.apache.logging.log4j:log4j-api", "2.14.1")).toEqual([]);
    expect(await found("maven", "commons-io:commons-io", "2.6")).toEqual([
      "CVE-2021-29425 2.7",
      "CVE-2024-47554 2.14.0",
    ]);
    expect(await found("maven", "org.apache.commons:commons-io", "2.6")).toEqual([]);
  });

  test("RubyGems", async () => {
    // The record that repeats it was withdrawn.
    expect(await found("gem", "nokogiri", "1.16.4-x86_64-linux")).toEqual(["GHSA-r95h-9x8f-r3f7 1.16.5"]);
    expect(await found("gem", "nokogiri", "1.16.5")).toEqual([]);
  });

  test("NuGet", async () => {
    expect(await found("nuget", "newtonsoft.json", "12.0.3")).toEqual(["CVE-2024-21907 13.0.1"]);
    expect(await found("nuget", "Newtonsoft.Json", "13.0.1.0")).toEqual([]);
  });

  test("Packagist", async () => {
    expect(await found("composer", "symfony/http-foundation", "v6.4.13")).toEqual(["CVE-2024-50345 6.4.14"]);
    expect(await found("composer", "symfony/http-foundation", "7.1.7")).toEqual([]);
    expect(await found("composer", "symfony/http-foundation", "6.4.x-dev")).toEqual([]);
  });

  test("a range has what it is introduced in, and not what it is fixed in; what Composer cannot read is said", async () => {
    const unreadable = new Set<string>();
    for (const ecosystem of names) {
      const scheme = schemeOfEcosystem(ecosystem);
      const shard = await advisories.shard(ecosystem);
      if (scheme === undefined || shard === undefined) throw new Error(ecosystem);
      let judged = 0;
      for (const events of [...shard.names()].flatMap((name) =>
        shard.lookup(name).flatMap(({ affected }) => affected.ranges ?? []),
      )) {
        for (const [kind, text] of events) {
          const version = scheme.parse(text);
          if (version === undefined) unreadable.add(`${ecosystem} ${text}`);
          if (version === undefined || events.length > 2) continue;
          const verdict = judgeRange(scheme, events, version);
          const isEmpty = events.every(([, other]) => other === text);
          if ("affected" in verdict && !isEmpty)
            expect(verdict.affected, `${text} in ${events.join(" ")}`).toBe(
              kind === "introduced" || kind === "last_affected",
            );
          judged++;
        }
      }
      expect(judged).toBeGreaterThan(1000);
    }
    expect([...unreadable].sort()).toEqual([
      "Packagist 1.3.0r1",
      "Packagist 1.3.0r4",
      "Packagist 1.5.5e",
      "Packagist 1.5.7c",
      "Packagist 2.1.0-dev1",
      "Packagist 3.20-test2",
      "Packagist 6.0.0-GM",
    ]);
  });
});
