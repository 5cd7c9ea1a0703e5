/** Images as scans leave them behind, made without a registry: inventory, record, presence, index. */
import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { recordPresence, updateImage } from "../../shared/images/store.ts";
import type { ImageName } from "../../shared/images/types.ts";
import type { Distribution, Inventory, Package, PackageType } from "../../shared/inventory/types.ts";
import type { Platform } from "../../shared/platform/ports.ts";
import { indexImage } from "../../shared/rematch/index-image.ts";
import { inventoryKey } from "../../shared/scanning/inventory.ts";

export interface StoredPackage {
  readonly type: PackageType;
  readonly name: string;
  readonly version: string;
  readonly source?: { readonly name: string; readonly version: string };
}

export interface StoredLayer {
  readonly name: string;
  readonly packages: readonly StoredPackage[];
}

export const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

export const debian12: Distribution = { id: "debian", versionId: "12", codename: "bookworm", idLike: [] };

/** The parts of an inventory that every image with a layer has alike. */
export function packagesOf({ name, packages }: StoredLayer): readonly Package[] {
  const layer = digestOf(name);
  return packages.map(({ type, name: own, version, source }) => ({
    type,
    name: own,
    version,
    ...(source !== undefined && { source }),
    purl: type === "deb" ? `pkg:deb/debian/${own}@${version}` : `pkg:${type}/${encodeURIComponent(own)}@${version}`,
    locations: [{ path: type === "deb" ? "var/lib/dpkg/status" : `app/node_modules/${own}/package.json`, layer }],
  }));
}

export function inventoryOf(digest: string, layers: readonly StoredLayer[], distribution?: Distribution): Inventory {
  return {
    schema: "portwarden.inventory/1",
    digest,
    platform: { os: "linux", architecture: "amd64" },
    ...(distribution !== undefined && { distribution }),
    layers: layers.map(({ name }) => ({
      digest: digestOf(`layer ${name}`),
      diffId: digestOf(name),
      size: 1,
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    })),
    packages: layers.flatMap(packagesOf).sort((a, b) => (a.purl < b.purl ? -1 : 1)),
    partial: [],
    extractors: "test",
  };
}

const fast = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };

/** Stores an image as its scan would, without findings. */
export async function storeImage(
  platform: Pick<Platform, "table" | "blobs" | "clock">,
  repository: string,
  inventory: Inventory,
  advisories = "earlier",
): Promise<ImageName> {
  const image = { registry: "registry.example", repository, digest: inventory.digest };
  const key = inventoryKey(image.digest);
  await platform.blobs.put(key, zlib.zstdCompressSync(JSON.stringify(inventory), fast), "application/zstd");
  const at = new Date(platform.clock.now()).toISOString();
  await recordPresence(platform.table, image, true, at);
  const scan = {
    id: "scan",
    status: "complete" as const,
    at,
    packages: inventory.packages.length,
    open: {},
    problems: [],
  };
  await updateImage(platform, image, () => ({
    ...image,
    kind: "image",
    firstSeenAt: at,
    scan: { ...scan, advisories },
  }));
  await indexImage(platform, image, inventory, key);
  return image;
}
