import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Advisories, openAdvisories } from "../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import { type UpdateResult, updateAdvisories } from "../../../shared/advisories/update/update.ts";
import { matchInventory } from "../../../shared/matching/match.ts";
import type { MatchResult } from "../../../shared/matching/types.ts";
import { compareVersions } from "../../../shared/versions/compare.ts";
import { sharedData } from "../../support/shared-data.ts";
import { testPorts } from "../advisories/support.ts";
import { type Brief, inventoryOf } from "./inventory.ts";

const root = sharedData ?? "";

/** Package, Version, Architecture, Source, SourceVersion, as dpkg-query printed them in the real image. */
function debianPackages(file: string): readonly Brief[] {
  return readFileSync(join(root, "images/built", file), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [name = "", version = "", architecture = "", source = "", sourceVersion = ""] = line.split("\t");
      const purl = `pkg:deb/debian/${name}@${version}?arch=${architecture}`;
      return { type: "deb", name, version, purl, source: { name: source, version: sourceVersion } };
    });
}

const trixie = { id: "debian", versionId: "13", codename: "trixie" };

describe.skipIf(sharedData === undefined)("real advisories (skipped where the shared data is missing)", () => {
  const ports = testPorts();
  const results = new Map<string, UpdateResult>();
  let advisories: Advisories;

  beforeAll(async () => {
    const settings = advisorySettings.parse({ ecosystems: ["Debian", "npm", "PyPI"] });
    for (const part of ["debian", "ghsa", "kev"]) {
      results.set(part, await updateAdvisories(ports, settings, join(root, "advisories", part)));
    }
    advisories = await openAdvisories(ports.blobs);
  }, 60_000);

  async function find(
    packages: readonly Brief[],
    distribution?: Parameters<typeof inventoryOf>[1],
  ): Promise<MatchResult> {
    return matchInventory(inventoryOf(packages, distribution), advisories);
  }

  test("every record is accounted for", () => {
    const file = results.get("debian")?.files.find(({ file }) => file.startsWith("debian-osv"));
    expect(file).toMatchObject({ records: 34_692, unrecognised: 0, quarantined: 0, ignored: 0 });
    const npm = results.get("ghsa")?.files.find(({ file }) => file.startsWith("npm"));
    expect(npm).toMatchObject({ records: 3792, quarantined: 0 });
    expect(results.get("ghsa")?.files.find(({ file }) => file === "withdrawn-ids.txt")?.withdrawn).toBe(234);
    expect(results.get("kev")?.exploited).toBe(1404);
    const debian = ["10", "11", "12", "13", "6", "7", "8", "9"].map((release) => `Debian:${release}`);
    expect(advisories.shards).toEqual([...debian, "PyPI", "npm"]);
    expect(advisories.age().newestRecord?.slice(0, 7)).toBe("2025-02");
  });

  test("known cases of npm and PyPI", async () => {
    const { vulnerabilities } = await find([
      { type: "npm", name: "lodash", version: "4.17.15" },
      { type: "npm", name: "minimist", version: "0.0.8" },
      { type: "npm", name: "lodash", version: "4.17.21" },
      { type: "pypi", name: "PyYAML", version: "5.3" },
      { type: "pypi", name: "requests", version: "2.31.0" },
    ]);
    const told = vulnerabilities.map(
      ({ id, package: { name, version }, fix }) =>
        `${name} ${version} ${id} ${fix.state === "fixed" ? fix.version : ""}`,
    );
    expect(told).toEqual([
      "lodash 4.17.15 CVE-2020-28500 4.17.21",
      "lodash 4.17.15 CVE-2020-8203 4.17.19",
      "lodash 4.17.15 CVE-2021-23337 4.17.21",
      "minimist 0.0.8 CVE-2020-7598 0.2.1",
      "minimist 0.0.8 CVE-2021-44906 0.2.4",
      "PyYAML 5.3 CVE-2020-14343 5.4",
      "PyYAML 5.3 CVE-2020-1747 5.3.1",
      "requests 2.31.0 CVE-2024-35195 2.32.0",
    ]);
  });

  test("a real Debian image: what is open is what the tracker says is open", async () => {
    const packages = debianPackages("skeleton-trixie.truth-dpkg.tsv");
    const { vulnerabilities, notEvaluated } = await find(packages, trixie);
    expect(notEvaluated).toEqual([]);
    const found = new Set(vulnerabilities.map(({ id, package: { source } }) => `${source} ${id}`));
    expect(found).toEqual(await openInTracker(packages));
    expect(found.size).toBeGreaterThan(15);
    expect(vulnerabilities.find(({ id }) => id === "CVE-2005-2541")).toMatchObject({
      package: { name: "tar" },
      severity: "negligible",
      marks: ["unimportant"],
      fix: { state: "not-fixed" },
    });
  });

  /** The same question asked plainly: every record, every range of one introduction and at most one fix. */
  async function openInTracker(packages: readonly Brief[]): Promise<Set<string>> {
    const shard = await advisories.shard("Debian:13");
    const open = new Set<string>();
    for (const { name, version, source = { name, version } } of packages) {
      for (const { advisory, affected } of shard?.lookup(source.name) ?? []) {
        const events = affected.ranges?.flat() ?? [];
        const fixed = events.find(([kind]) => kind === "fixed")?.[1];
        expect(events.length).toBeLessThanOrEqual(2);
        if (fixed !== undefined && compareVersions("deb", source.version, fixed) >= 0) continue;
        if (advisory.bundle !== true) open.add(`${source.name} ${advisory.id}`);
      }
    }
    return open;
  }

  test("an exploited vulnerability is told", async () => {
    const source = { name: "glibc", version: "2.36-9+deb12u1" };
    const { vulnerabilities } = await find([{ type: "deb", name: "libc6", version: source.version, source }], {
      id: "debian",
      versionId: "12",
    });
    expect(vulnerabilities.find(({ id }) => id === "CVE-2023-4911")).toMatchObject({
      exploited: true,
      severity: "high",
      cvss: { score: 7.8 },
      fix: { state: "fixed", version: "2.36-9+deb12u3" },
      sources: [
        { id: "CVE-2023-4911", database: "Debian", url: "https://security-tracker.debian.org/tracker/CVE-2023-4911" },
        { id: "DSA-5514-1", database: "Debian" },
      ],
    });
  });

  test("1,000 packages are matched in one go, every round alike", async () => {
    const shard = await advisories.shard("Debian:12");
    const names = [...(shard?.names() ?? [])].filter((_, index) => index % 4 === 0).slice(0, 700);
    const npm = [...((await advisories.shard("npm"))?.names() ?? [])].slice(0, 300);
    const packages: Brief[] = [
      ...names.map((name): Brief => ({ type: "deb", name, version: "1:0.5-1" })),
      ...npm.map((name): Brief => ({ type: "npm", name, version: "1.0.0" })),
    ];
    const inventory = inventoryOf(packages, { id: "debian", versionId: "12" });
    const first = await matchInventory(inventory, advisories);
    expect(first.vulnerabilities.length).toBeGreaterThan(300);
    expect(await matchInventory(inventory, advisories)).toEqual(first);
  });
});
