import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { type Advisories, openAdvisories } from "../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import { updateAdvisories } from "../../../shared/advisories/update/update.ts";
import { matchInventory } from "../../../shared/matching/match.ts";
import type { Vulnerability } from "../../../shared/matching/types.ts";
import { advisoryLines, feedSamples } from "../../support/feed-samples.ts";
import { sharedData } from "../../support/shared-data.ts";
import { inDirectory, testPorts } from "../advisories/support.ts";
import { type Brief, inventoryOf } from "./inventory.ts";

const manifest = z.object({
  rpms: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      release: z.string(),
      architecture: z.string().optional(),
      srpm_nevra: z.string().optional(),
      module: z.string().optional(),
    }),
  ),
});

const newline = Buffer.from("\n");

/** Packages of a published image, as Red Hat's catalogue lists them. */
function packagesOf(bytes: Buffer): readonly Brief[] {
  const { rpms } = manifest.parse(JSON.parse(bytes.toString("utf8")));
  return rpms
    .filter(({ name }) => name !== "gpg-pubkey")
    .map(({ name, version, release, architecture = "noarch", srpm_nevra: srpm = "", module }) => {
      const [, source, sourceVersion] = /^(.+)-([^-]+-[^-]+)\.src$/.exec(srpm) ?? [];
      return {
        type: "rpm",
        name,
        version: `${version}-${release}`,
        architecture,
        purl: `pkg:rpm/redhat/${name}@${version}-${release}?arch=${architecture}`,
        ...(source !== undefined &&
          sourceVersion !== undefined && { source: { name: source, version: sourceVersion } }),
        ...(module !== undefined && { modularity: module }),
      };
    });
}

const key = ({ package: { name, purl }, id }: Vulnerability) => `${name} ${id} ${purl}`;

describe.skipIf(sharedData === undefined)(
  "Red Hat's real advisories (skipped where the shared data is missing)",
  () => {
    let updatesAlone: Advisories;
    let all: Advisories;
    let manifests: ReadonlyMap<string, Buffer>;

    beforeAll(async () => {
      // Of release 9 alone: the images are of it.
      const lines = { updates: [] as Buffer[], records: [] as Buffer[] };
      for (const [file, kept] of [
        ["redhat/redhat-osv-rhel8-9.ndjson.zst", lines.updates],
        ["redhat/redhat-cve-api-rhel8-9.ndjson.zst", lines.records],
      ] as const) {
        for await (const line of advisoryLines(file)) if (line.includes("enterprise_linux:9")) kept.push(line, newline);
      }
      const settings = advisorySettings.parse({ ecosystems: ["Red Hat"] });
      const load = (files: Readonly<Record<string, Uint8Array>>) =>
        inDirectory(files, async (directory) => {
          const ports = testPorts();
          expect((await updateAdvisories(ports, settings, directory)).quarantined.count).toBe(0);
          return openAdvisories(ports.blobs);
        });
      const updates = { "updates.ndjson": Buffer.concat(lines.updates) };
      updatesAlone = await load(updates);
      all = await load({ ...updates, "records.ndjson": Buffer.concat(lines.records) });
      manifests = await feedSamples("claircore-feed-and-rpm-fixtures", /rhel\/testdata\/[\w.-]+\.rpm-manifest\.json$/);
    }, 60_000);

    async function matched(file: string, versionId: string) {
      const bytes = [...manifests].find(([name]) => name.includes(file))?.[1] ?? Buffer.from("");
      const inventory = inventoryOf(packagesOf(bytes), { id: "rhel", versionId });
      const updates = await matchInventory(inventory, updatesAlone);
      const whole = await matchInventory(inventory, all);
      expect(whole.notEvaluated).toEqual([]);
      const told = new Set(whole.vulnerabilities.map(key));
      // Doubled: the same CVE of the same package, once from an update and once from its own record.
      expect(told.size).toBe(whole.vulnerabilities.length);
      return { whole, told, lost: updates.vulnerabilities.map(key).filter((one) => !told.has(one)) };
    }

    test("an image that is up to date: what is left is what Red Hat says is left", async () => {
      const { whole, lost } = await matched("httpd-24_9.5", "9.5");
      expect(lost).toEqual([]);
      const states = Object.groupBy(whole.vulnerabilities, ({ fix }) => fix.state);
      expect(
        Object.fromEntries(Object.entries(states).map(([state, list]) => [state, list?.length])),
      ).toMatchInlineSnapshot(`
        {
          "deferred": 113,
          "fixed": 8,
          "not-fixed": 39,
          "will-not-fix": 154,
        }
      `);
      expect(whole.vulnerabilities.filter(({ sources }) => !sources.some(({ id }) => id.startsWith("CVE-")))).toEqual(
        [],
      );
    });

    test("an old image: every CVE of an update is told once, but those that its package has the fix of", async () => {
      const { whole, lost } = await matched("nodejs.", "9.2");
      // Its source package is `27.2-8.el9_2.1`, with the fix; the binary package alone seems older.
      expect(lost.filter((one) => !one.startsWith("emacs-filesystem "))).toEqual([]);
      expect(lost).toHaveLength(6);
      const sources = whole.vulnerabilities.map(({ sources }) => sources.map(({ id }) => id.split("-", 1)[0]));
      expect(sources.filter((ids) => ids.includes("CVE") && ids.includes("RHSA")).length).toBeGreaterThan(1000);
      // Of modules only the updates tell the packages' versions.
      const alone = whole.vulnerabilities.filter(({ sources }) => !sources.some(({ id }) => id.startsWith("CVE-")));
      expect([...new Set(alone.map(({ package: { version } }) => version.includes(".module")))]).toEqual([true]);
    });
  },
);
