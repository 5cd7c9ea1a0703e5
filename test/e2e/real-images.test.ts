/**
 * Real images through the whole of it: inventory, store, matching; against what was found before, checked in. Written
 * anew by `npx vitest run --project e2e test/e2e/real-images.test.ts --update`, to be read as a difference.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { Advisories } from "../../shared/advisories/set/store.ts";
import type { Inventory } from "../../shared/inventory/types.ts";
import { matchInventory } from "../../shared/matching/match.ts";
import { type Brief, inventoryOf } from "../shared/matching/inventory.ts";
import { notableSources, type SourcePackage, trackerVerdicts } from "../support/debian-tracker-verdicts.ts";
import { goldenOf, realAdvisories, realInventory } from "../support/golden-scans.ts";
import { sharedData } from "../support/shared-data.ts";

const images: Readonly<Record<string, string>> = {
  "alma9-micro-2022": "oci-archive:built/alma9-micro-2022.oci.tar",
  "alpine-3.12": "oci-archive:built/alpine-3.12.oci.tar",
  "alpine-3.16": "oci-archive:built/signed-alpine-3.16.oci.tar",
  "alpine-3.20": "oci-archive:built/alpine-3.20-zstd-layers.oci.tar",
  "alpine-3.6-rootfs": "rootfs:alpine/alpine-minirootfs-3.6.5-x86_64.tar.gz",
  "amazonlinux-2023": "oci-archive:built/rpm-amazonlinux2023-sqlite.oci.tar",
  "debian-12-distroless": "oci-archive:built/distroless-debian12.oci.tar",
  "debian-13": "oci-archive:built/skeleton-trixie.oci.tar",
  "go-and-rust-programs": "oci-archive:built/langbin.oci.tar",
  gemfile: "docker-archive:docker-archives/gemfile.tar",
  "java-archives": "docker-archive:docker-archives/war-with-3-level-jar.tar",
  "pnpm-project": "docker-archive:docker-archives/pnpmlockv9.tar",
  "poetry-project": "docker-archive:docker-archives/poetry.tar",
  "sle-15-bci": "oci-archive:built/rpm-sle15-bci-ndb.oci.tar",
  "ubuntu-24.04": "oci-archive:built/skeleton-noble.oci.tar",
};

/** None at present. A difference is explained here by what causes it, or it is a bug. */
const none = { "only the tracker": [], "only we": [] };
const known: Readonly<Record<string, typeof none>> = {
  "debian-13": none,
  "debian-12-distroless": none,
  "Debian 12": none,
  "Debian 13": none,
};

describe.skipIf(sharedData === undefined)("real images (skipped where the shared data is missing)", () => {
  let advisories: Advisories;
  beforeAll(async () => {
    advisories = await realAdvisories();
  });

  test.each(Object.keys(images))("%s: what is found is what was found", async (name) => {
    const inventory = await realInventory(images[name] ?? "");
    const match = await matchInventory(inventory, advisories);
    const golden = goldenOf(name, inventory, match);
    await expect(golden).toMatchFileSnapshot(`../golden/${name}.json`);
    expect(JSON.parse(golden)).toHaveProperty("image", name);
  });

  /** Our verdicts in the tracker's words. */
  async function ourVerdicts(inventory: Inventory): Promise<readonly string[]> {
    const { vulnerabilities } = await matchInventory(inventory, advisories);
    const versions = new Map(inventory.packages.map(({ purl, version, source }) => [purl, source?.version ?? version]));
    return vulnerabilities.flatMap(({ id, package: { type, purl, name, source }, fix, marks }) => {
      if (type !== "deb") return [];
      const word = fix.state === "fixed" ? `fixed in ${fix.version}` : "open";
      const unimportant = marks.includes("unimportant") ? ", unimportant" : "";
      return [`${id} ${source ?? name} ${versions.get(purl) ?? ""}: ${word}${unimportant}`];
    });
  }

  async function disagreements(release: string, sources: readonly SourcePackage[], inventory: Inventory) {
    const theirs = new Set(await trackerVerdicts(release, sources));
    const ours = new Set(await ourVerdicts(inventory));
    expect(theirs.size).toBeGreaterThan(0);
    return {
      "only the tracker": [...theirs].filter((one) => !ours.has(one)).sort(),
      "only we": [...ours].filter((one) => !theirs.has(one)).sort(),
    };
  }

  test.each([
    ["debian-13", "13"],
    ["debian-12-distroless", "12"],
  ])("%s: every disagreement with Debian's own tracker is a known one", async (name, release) => {
    const inventory = await realInventory(images[name] ?? "");
    const sources = new Map<string, SourcePackage>();
    for (const { type, name: own, version, source = { name: own, version } } of inventory.packages) {
      if (type === "deb") sources.set(`${source.name} ${source.version}`, source);
    }
    expect(await disagreements(release, [...sources.values()], inventory)).toEqual(known[name]);
  });

  test.each(["12", "13"])("Debian %s: nor is there another in a twentieth of its source packages", async (release) => {
    const sources = await notableSources(release);
    const packages = sources.map(({ name, version }): Brief => ({ type: "deb", name, version }));
    const inventory = inventoryOf(packages, { id: "debian", versionId: release });
    expect(await disagreements(release, sources, inventory)).toEqual(known[`Debian ${release}`]);
  });
});
