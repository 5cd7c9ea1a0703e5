import { describe, expect, test } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/alma/feed.ts";
import { openAdvisories } from "../../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../../shared/advisories/settings.ts";
import type { FeedRecord } from "../../../../shared/advisories/types.ts";
import { updateAdvisories } from "../../../../shared/advisories/update/update.ts";
import { matchInventory } from "../../../../shared/matching/match.ts";
import { inventoryOf } from "../../matching/inventory.ts";
import { inDirectory, testPorts } from "../support.ts";
import { fetchPart, readAll, serving } from "./fetcher.ts";

const build = (name: string, release: string, more: object = {}) => ({
  name,
  epoch: "1",
  version: "2.0",
  release,
  arch: "x86_64",
  ...more,
});

const erratum = (id: string, packages: readonly object[], more: object = {}) => ({
  id,
  type: "security",
  severity: "Important",
  title: "Important: a security update",
  description: "words",
  issued_date: 1_767_312_000,
  updated_date: 1_767_398_400,
  references: [
    { id: "RHSA-2026:1", type: "rhsa", href: "x" },
    { id: "CVE-2026-1000", type: "cve", href: "x" },
  ],
  packages,
  modules: [],
  ...more,
});

const read = (value: unknown): readonly FeedRecord[] => {
  const bytes = Buffer.from(JSON.stringify(value));
  expect(feed.recognises(bytes, "errata.json")).toBe(true);
  return feed.read(bytes, { wants: () => true });
};

describe("AlmaLinux", () => {
  test("builds with their epochs, architectures and module streams; the release is told by the build", () => {
    const [record] = read(
      erratum(
        "ALSA-2026:0001",
        [
          build("a", "1.el9_4"),
          build("a", "1.el9_4", { arch: "src" }),
          build("a", "2.el9_4", { arch: "s390x" }),
          build("a-debuginfo", "1.el9_4"),
          build("m", "3.module_el9.4.0+1", { epoch: 0 }),
          build("strange", "1"),
        ],
        { modules: [{ name: "nodejs", stream: "18", context: "x" }] },
      ),
    );
    expect(record).toMatchObject({
      advisory: {
        id: "ALSA-2026:0001",
        cves: ["CVE-2026-1000"],
        bundle: true,
        severity: "high",
        url: "https://errata.almalinux.org/9/ALSA-2026-0001.html",
        modified: "2026-01-03T00:00:00.000Z",
      },
      affected: [
        { ecosystem: "AlmaLinux:9", name: "a", affected: { arches: ["x86_64"] } },
        { ecosystem: "AlmaLinux:9", name: "a", affected: { arches: ["s390x"] } },
        {
          ecosystem: "AlmaLinux:9",
          name: "m",
          affected: {
            ranges: [
              [
                ["introduced", "0"],
                ["fixed", "0:2.0-3.module_el9.4.0+1"],
              ],
            ],
            modules: ["nodejs:18"],
          },
        },
      ],
    });
  });

  test("the form before it says the same; what fixes no vulnerability is left out", () => {
    const { id, packages, modules: _, ...rest } = erratum("ALSA-2026:0001", [build("a", "1.el9_4")]);
    const former = { ...rest, updateinfo_id: id, issued_date: { $date: 1_767_312_000_000 }, pkglist: { packages } };
    expect(read([former])).toEqual(read(erratum("ALSA-2026:0001", packages)));
    expect(read({ data: [erratum("ALBA-2026:0002", packages, { references: [] })] })).toEqual([
      { kind: "ignored", reason: "no-vulnerability", id: "ALBA-2026:0002" },
    ]);
    expect(() => read(erratum("ALSA-2026:0001", [{ name: "a" }]))).toThrow(/packages|id|invalid/i);
  });

  test("fetched release by release, each erratum a document of its own", async () => {
    const data = [erratum("ALSA-2026:0001", [build("a", "1.el9_4")]), { id: "ALSA-2026:0002", issued_date: "never" }];
    await serving({ "9/errata.full.json": JSON.stringify({ data }) }, async (upstream) => {
      const outcome = await fetchPart(feed, "9", upstream);
      if (outcome.unchanged) throw new Error("nothing was fetched");
      expect(readAll(feed, outcome.documents.slice(0, 1))).toMatchObject([{ advisory: { id: "ALSA-2026:0001" } }]);
      expect(outcome.documents).toHaveLength(2);
      const { remembered } = outcome;
      expect(await fetchPart(feed, "9", upstream, { remembered })).toMatchObject({ unchanged: true });
    });
  });

  test("the same update from OSV and from here is one finding with one source", async () => {
    const osv = {
      id: "ALSA-2026:0001",
      modified: "2026-01-02T00:00:00Z",
      related: ["CVE-2026-1000"],
      summary: "Important: a security update",
      affected: [
        {
          package: { ecosystem: "AlmaLinux:9", name: "a" },
          ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.0-1.el9_4" }] }],
        },
      ],
    };
    const ports = testPorts();
    const files = {
      "osv.json": JSON.stringify(osv),
      "errata.json": JSON.stringify(erratum("ALSA-2026:0001", [build("a", "1.el9_4")])),
    };
    const result = await inDirectory(files, (directory) =>
      updateAdvisories(ports, advisorySettings.parse({ ecosystems: ["AlmaLinux"] }), directory),
    );
    expect(result.sources.map(({ name }) => name)).toEqual(["alma/files/AlmaLinux", "osv/files/AlmaLinux"]);
    const inventory = inventoryOf(
      [
        { type: "rpm", name: "a", version: "1:1.9-1.el9", architecture: "x86_64" },
        { type: "rpm", name: "a", version: "1:2.0-1.el9_4", architecture: "x86_64" },
      ],
      { id: "almalinux", versionId: "9.4" },
    );
    const { vulnerabilities } = await matchInventory(inventory, await openAdvisories(ports.blobs));
    expect(vulnerabilities.map(({ id, package: { version }, sources }) => [id, version, sources])).toEqual([
      [
        "CVE-2026-1000",
        "1:1.9-1.el9",
        [{ id: "ALSA-2026:0001", database: "AlmaLinux", url: expect.stringContaining("ALSA-2026") }],
      ],
    ]);
  });
});
