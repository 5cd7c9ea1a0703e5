/**
 * Each fixture is one page: advisories (in OSV form, or in ours where OSV has no words for it), what is in the image,
 * and what must be found. Expected vulnerabilities read: id package version, severity, fix [marks] (sources):
 * comparison.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Distribution, Inventory } from "../../../shared/inventory/types.ts";
import { matchInventory } from "../../../shared/matching/match.ts";
import type { EndOfSupport, Vulnerability } from "../../../shared/matching/types.ts";
import { type Brief, inventoryOf } from "./inventory.ts";
import { type Content, loadContent } from "./normalised.ts";

interface Fixture extends Content {
  readonly about: string;
  readonly images: readonly {
    readonly distribution?: Distribution;
    readonly packages: readonly Brief[];
    /** What else the inventory has. */
    readonly inventory?: Partial<Inventory>;
    readonly vulnerabilities: readonly string[];
    readonly notEvaluated: readonly string[];
    readonly endOfSupport?: readonly string[];
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

function toldEnd({ subject, name, over, since, extended, reason }: EndOfSupport): string {
  const words = [since, extended && `extended to ${extended}`, reason].filter(Boolean).join(", ");
  return `${subject}: ${name} is ${over ? "over" : "in extended support"} (${words})`;
}

describe.each(files)("%s", (file) => {
  const fixture = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Fixture;
  test(fixture.about, async () => {
    const advisories = await loadContent(fixture);
    for (const image of fixture.images) {
      const inventory = { ...inventoryOf(image.packages, image.distribution), ...image.inventory };
      const match = await matchInventory(inventory, advisories);
      expect(match.vulnerabilities.map(told)).toEqual(image.vulnerabilities);
      expect(match.notEvaluated.map(({ purl, reason }) => `${purl}: ${reason}`)).toEqual(image.notEvaluated);
      expect((match.endOfSupport ?? []).map(toldEnd)).toEqual(image.endOfSupport ?? []);
    }
  });
});
