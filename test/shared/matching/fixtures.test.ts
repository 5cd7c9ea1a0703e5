/**
 * Each fixture is one page: advisories in OSV form, what is in the image, and what must be found. Expected
 * vulnerabilities read: id package version, severity, fix [marks] (sources): comparison.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import type { Distribution } from "../../../shared/inventory/types.ts";
import { matchInventory } from "../../../shared/matching/match.ts";
import type { Vulnerability } from "../../../shared/matching/types.ts";
import { load } from "../advisories/support.ts";
import { type Brief, inventoryOf } from "./inventory.ts";

interface Fixture {
  readonly about: string;
  readonly advisories: readonly Readonly<Record<string, unknown>>[];
  readonly exploited?: readonly string[];
  readonly images: readonly {
    readonly distribution?: Distribution;
    readonly packages: readonly Brief[];
    readonly vulnerabilities: readonly string[];
    readonly notEvaluated: readonly string[];
  }[];
}

const folder = new URL("./fixtures/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

function told(found: Vulnerability): string {
  const fix = found.fix.state === "fixed" ? `fixed in ${found.fix.version}` : found.fix.state;
  const marks = found.marks.length === 0 ? "" : ` [${found.marks.join(", ")}]`;
  const exploited = found.exploited ? ", exploited" : "";
  const sources = found.sources.map(({ id }) => id).join(", ");
  const { name, version } = found.package;
  return `${found.id} ${name} ${version}, ${found.severity}${exploited}, ${fix}${marks} (${sources}): ${found.evidence.comparison}`;
}

/** The default ecosystems, and those that a user has to ask for. */
const ecosystems = [...advisorySettings.parse({}).ecosystems, "Arch", "Kubernetes", "Wolfi", "Chainguard"];

describe.each(files)("%s", (file) => {
  const fixture = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Fixture;
  test(fixture.about, async () => {
    const kev = {
      catalogVersion: "2026.01.01",
      vulnerabilities: (fixture.exploited ?? []).map((cveID) => ({ cveID, dateAdded: "2026-01-01" })),
    };
    const records = fixture.advisories.map((advisory) => ({ modified: "2026-01-01T00:00:00Z", ...advisory }));
    const { advisories, result } = await load(records, { kev, ecosystems });
    expect(result.quarantined.first).toEqual([]);
    for (const image of fixture.images) {
      const match = await matchInventory(inventoryOf(image.packages, image.distribution), advisories);
      expect(match.vulnerabilities.map(told)).toEqual(image.vulnerabilities);
      expect(match.notEvaluated.map(({ purl, reason }) => `${purl}: ${reason}`)).toEqual(image.notEvaluated);
    }
  });
});
