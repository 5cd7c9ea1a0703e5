/** Real images and databases, against what their own package manager says is in them. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { extractor as rpm } from "../../../shared/inventory/extractors/rpm/extractor.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import type { Inventory, Package } from "../../../shared/inventory/types.ts";
import { openImageSource } from "../../../shared/registry/open-source.ts";
import { sharedData } from "../../support/shared-data.ts";

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const settings = { allow: [], insecure: [], allowPrivate: [] };

async function inventoryOf(name: string): Promise<Inventory> {
  const source = await openImageSource(name, { settings, credentials: async () => undefined, log });
  try {
    const [first] = (await source.resolve("all")).images;
    if (first === undefined) throw new Error("no image");
    return await readImage(await first.open(), { records: layerRecordsInMemory() });
  } finally {
    await source.close();
  }
}

function lines(path: string): string[] {
  return readFileSync(path, "utf8").replace(/\n$/, "").split("\n");
}

/** As `rpm -qa` with NAME EPOCH VERSION RELEASE ARCH SOURCERPM VENDOR MODULARITY prints it. */
function rpmLine(one: Pick<Package, "name" | "version" | "architecture" | "source" | "vendor" | "modularity">): string {
  const [, epoch = "", version, release] = /^(?:(\d+):)?(.*)-([^-]*)$/.exec(one.version) ?? [];
  const source = one.source ? `${one.source.name}-${one.source.version}.src.rpm` : "(none)";
  const { name, architecture = "(none)", vendor = "(none)", modularity = "" } = one;
  return [name, epoch, version, release, architecture, source, vendor, modularity].join("\t");
}

describe.skipIf(sharedData === undefined)("real images (needs the shared data beside the checkout)", () => {
  const images = `${sharedData}images/`;

  it.each(["noble", "trixie"])("dpkg of %s, as dpkg-query lists it", async (release) => {
    const inventory = await inventoryOf(`oci-archive:${images}built/skeleton-${release}.oci.tar`);
    const found = inventory.packages.map(
      (one) => `${one.name}\t${one.version}\t${one.architecture}\t${one.source?.name}\t${one.source?.version}\tii `,
    );
    expect(found.sort()).toEqual(lines(`${images}built/skeleton-${release}.truth-dpkg.tsv`).sort());
    expect(inventory.distribution?.codename).toBe(release);
    expect(inventory.partial).toEqual([]);
  });

  it("an SQLite RPM database in an image, as rpm -qa lists it", async () => {
    const inventory = await inventoryOf(`oci-archive:${images}built/rpm-amazonlinux2023-sqlite.oci.tar`);
    const truth = lines(`${images}rpmdb/sqlite-amazonlinux2023.truth.tsv`);
    expect(inventory.packages.map(rpmLine).sort()).toEqual(truth.sort());
    expect(inventory.packages.find(({ name }) => name === "bash")?.purl).toBe(
      "pkg:rpm/amzn/bash@5.2.15-1.amzn2023.0.2?arch=x86_64&distro=amzn-2023",
    );
  });

  it("the SQLite RPM database of rpm's own tests", () => {
    const content = readFileSync(`${images}rpmdb/sqlite-rpm-tests/rpmdb.sqlite`);
    const path = "var/lib/rpm/rpmdb.sqlite";
    const { packages } = rpm.extract({ path, content, companions: new Map(), isLanguageEvidence: () => false });
    expect(packages?.map(rpmLine).sort()).toEqual(lines(`${images}rpmdb/sqlite-rpm-tests.truth.tsv`).sort());
  });

  it("distroless: status.d over two layers, each package with the layer that brought it", async () => {
    const { packages, layers } = await inventoryOf(`oci-archive:${images}built/distroless-debian12.oci.tar`);
    const byLayer = layers.map(({ diffId, createdBy }) => [
      createdBy,
      packages.filter(({ locations }) => locations[0]?.layer === diffId).map(({ name }) => name),
    ]);
    expect(byLayer).toEqual([
      ["base debs", ["base-files", "netbase", "tzdata"]],
      ["ca-certificates + busybox", ["busybox-static", "ca-certificates"]],
    ]);
  });

  it("zstd layers and gzip layers of one distribution are read alike", async () => {
    const { packages, distribution } = await inventoryOf(`oci-archive:${images}built/alpine-3.20-zstd-layers.oci.tar`);
    const rootfs = await inventoryOf(`rootfs:${images}alpine/alpine-minirootfs-3.20.3-x86_64.tar.gz`);
    expect(distribution).toMatchObject({ id: "alpine", versionId: "3.20.3" });
    expect(packages.map(({ purl }) => purl)).toEqual(rootfs.packages.map(({ purl }) => purl));
    expect(packages).toHaveLength(14);
    expect(packages.find(({ name }) => name === "ssl_client")?.source).toEqual({
      name: "busybox",
      version: "1.36.1-r29",
    });
  });

  it("databases that are not yet read are told of", async () => {
    const berkeley = await inventoryOf(`oci-archive:${images}built/alma9-micro-2022.oci.tar`);
    const ndb = await inventoryOf(`oci-archive:${images}built/rpm-sle15-bci-ndb.oci.tar`);
    expect([berkeley, ndb].map(({ partial }) => partial.map(({ reason, path }) => [reason, path]))).toEqual([
      [["rpm-database-format", "var/lib/rpm/Packages"]],
      [["rpm-database-format", "usr/lib/sysimage/rpm/Packages.db"]],
    ]);
  });

  it("os-release as a link, and a database that each layer writes anew", async () => {
    const nginx = await inventoryOf(`docker-archive:${images}docker-archives/nginx-os-release-link.tar`);
    expect(nginx.distribution).toMatchObject({ id: "debian", versionId: "10" });
    const goof = await inventoryOf(`docker-archive:${images}docker-archives/dockergoof.tar`);
    const brought = new Set(goof.packages.map(({ locations }) => locations[0]?.layer));
    expect(goof.packages.every(({ locations }) => locations.length === 1)).toBe(true);
    expect(brought).toEqual(new Set(goof.layers.map(({ diffId }) => diffId)));
  });

  it("archives with every layering oddity are read without a complaint", async () => {
    const names = [
      "docker-archive:dive-test-docker-image",
      "oci-archive:dive-test-oci-estargz-image",
      "oci-archive:dive-test-oci-gzip-image",
      "oci-archive:dive-test-oci-uncompressed-image",
      "oci-archive:dive-test-oci-zstd-image",
      "docker-archive:ggcr-overwritten_file",
      "docker-archive:ggcr-source_image_with_empty_layer_history",
      "docker-archive:ggcr-whiteout_image",
      "docker-archive:scalibr-symlink-basic",
    ];
    for (const name of names) {
      const inventory = await inventoryOf(`${name.replace(":", `:${images}layering/`)}.tar`);
      expect(inventory.partial, name).toEqual([]);
      expect(inventory.layers.length, name).toBeGreaterThan(0);
    }
  });
});
