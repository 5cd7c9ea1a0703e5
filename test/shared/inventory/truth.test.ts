/** Real images and databases, against what their own package manager says is in them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { extractor as apk } from "../../../shared/inventory/extractors/apk/extractor.ts";
import { extractor as dpkg } from "../../../shared/inventory/extractors/dpkg/extractor.ts";
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

function apkLine(one: Pick<Package, "name" | "version" | "architecture" | "source" | "licenses">): string {
  return [one.name, one.version, one.architecture, one.source?.name, one.licenses?.[0]].map((x) => x ?? "").join("\t");
}

/** SHA-256 of the sorted lines: compares with a listing that is not kept here. */
function digestOf(lines: readonly string[]): string {
  const text = lines.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return createHash("sha256")
    .update(`${text.join("\n")}\n`)
    .digest("hex");
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
      packages.flatMap(({ type, name, locations }) => (type === "deb" && locations[0]?.layer === diffId ? [name] : [])),
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
    expect(packages.filter(({ type }) => type === "apk")).toHaveLength(14);
    expect(packages.find(({ name }) => name === "ssl_client")?.source).toEqual({
      name: "busybox",
      version: "1.36.1-r29",
    });
  });

  it.each([
    ["BerkeleyDB", "alma9-micro-2022", 22, "6ad7b278a5c452c81ad01ecb002a5e6df31c6a6439c4008948c6b08aaf31ef45"],
    ["NDB", "rpm-sle15-bci-ndb", 35, "4091f355783cc6a5857e8887f9ce6c760dedaf94cd5511349d1c222b152ec3b4"],
  ])("an RPM database in %s form, as rpm -qa lists it (sorted, its SHA-256)", async (_form, name, count, digest) => {
    const { packages, partial, remarks } = await inventoryOf(`oci-archive:${images}built/${name}.oci.tar`);
    const found = packages.filter(({ type }) => type === "rpm").map(rpmLine);
    expect(found).toHaveLength(count);
    expect(digestOf(found)).toBe(digest);
    expect([partial, remarks]).toEqual([[], undefined]);
  });

  it("the BerkeleyDB of a Mandriva package, from long before", () => {
    const content = readFileSync(`${images}rpmdb/bdb-clair/Packages`);
    const path = "var/lib/rpm/Packages";
    const { packages } = rpm.extract({ path, content, companions: new Map(), isLanguageEvidence: () => false });
    expect(packages?.map(rpmLine)).toEqual(["nodejs\t\t0.4.7\t1\ti586\tnodejs-0.4.7-1.src.rpm\tMandriva\t"]);
  });

  it.each([
    ["alpine-3.12", 14, "4c293a36816d769177b61beffb7228ed5cda6e341e1e60d69e54bda07974d7fd", ["v3.12"]],
    ["alpine-3.20-zstd-layers", 14, "a5e0ed5f29ce2db137e7e27b89edc66f188fe38e1ae914e757431eecee75ca61", ["v3.20"]],
  ])("apk of %s: name, version, architecture, origin and licence of all", async (name, count, digest, releases) => {
    const inventory = await inventoryOf(`oci-archive:${images}built/${name}.oci.tar`);
    const found = inventory.packages.filter(({ type }) => type === "apk");
    expect(found).toHaveLength(count);
    expect(digestOf(found.map(apkLine))).toBe(digest);
    expect(new Set(inventory.repositories?.map(({ release }) => release))).toEqual(new Set(releases));
    expect(inventory.distribution).toMatchObject({ id: "alpine", endOfLife: { standard: expect.any(String) } });
  });

  it("apk of a Wolfi image in two layers", async () => {
    const inventory = await inventoryOf(`oci-archive:${images}wolfi/apko-wolfi-2layer.oci.tar`);
    // The base layer's packages are known by their SBOMs alone: the upper layer's database does not list them.
    const found = inventory.packages.filter(({ type, evidence }) => type === "apk" && evidence !== "sbom");
    const digest = "dfa6852e9a525920d48bd65c0a6a33f00ea41a67a9d91c3b27b7560c9637452a";
    expect(digestOf(found.map(apkLine))).toBe(digest);
    expect(inventory.distribution).toMatchObject({ id: "wolfi", family: "wolfi" });
    expect(inventory.repositories?.map(({ url }) => url)).toEqual(["https://packages.wolfi.dev/os"]);
  });

  it.each([
    ["clair-valid", 89, "1a4ddb548426cfe568fbc651e75af0e36d48213fe3c14b88a6c64c04c4829ee4"],
    ["claircore-texlive", 357, "f4a632b7e5bc0adb0753210644ecc8d4ce58a6ccec7f60f2c4c9b86ec0551350"],
    ["debian-9", 83, "f6b1f49870a658533c2d312361a6dc97789631d4f6b6b58ced9fb7a4ca1812cb"],
    ["ubuntu-10.04", 140, "df76a52706513c0fee773e1a0341e0b6846950eee546981ac1e36c23e9f5dd76"],
  ])("the dpkg status of %s, as dpkg-query lists it (sorted, its SHA-256)", (name, count, digest) => {
    const content = readFileSync(`${images}dpkg/${name}.status`);
    const path = "var/lib/dpkg/status";
    const { packages } = dpkg.extract({ path, content, companions: new Map(), isLanguageEvidence: () => false });
    const found = (packages ?? []).map((one) =>
      [one.name, one.version, one.architecture, one.source?.name, one.source?.version].join("\t"),
    );
    expect(found).toHaveLength(count);
    expect(digestOf(found)).toBe(digest);
  });

  it.each([
    ["alpine-2.6.6-installed", 13, "5067403d99395a3fb91987652eb1cf6a85959227e54575ed2ddf9421df25b647"],
    ["apk-tools-query-installed.data", 39, "526d38fce5818cec7527cb447d68624a1df079ee2912e72b361c735be4146fb5"],
    ["scalibr-installed", 15, "64363f84e482d50da589a862a475da8b28b6e4acf783266ed7e88175efb6ab38"],
  ])("the apk database %s", (name, count, digest) => {
    const content = readFileSync(`${images}apk/${name}`);
    const path = "lib/apk/db/installed";
    const { packages } = apk.extract({ path, content, companions: new Map(), isLanguageEvidence: () => false });
    expect(packages).toHaveLength(count);
    expect(digestOf((packages ?? []).map(apkLine))).toBe(digest);
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
