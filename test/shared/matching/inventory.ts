import type { Distribution, Inventory, Package, PackageType } from "../../../shared/inventory/types.ts";

/** What a test says of a package; the rest follows. */
export type Brief = Pick<Package, "type" | "name" | "version"> & Partial<Package>;

const namespaces: Partial<Readonly<Record<PackageType, string>>> = {
  deb: "deb/debian",
  apk: "apk/alpine",
  rpm: "rpm/redhat",
  npm: "npm",
  pypi: "pypi",
};

export function packageOf(brief: Brief): Package {
  return {
    purl: `pkg:${namespaces[brief.type] ?? brief.type}/${brief.name}@${brief.version}`,
    locations: [{ path: `${brief.type}/${brief.name}`, layer: "sha256:1" }],
    ...brief,
  };
}

export function inventoryOf(
  packages: readonly Brief[],
  distribution?: Partial<Distribution> & Pick<Distribution, "id">,
): Inventory {
  return {
    schema: "portwarden.inventory/1",
    digest: `sha256:${"0".repeat(64)}`,
    platform: { os: "linux", architecture: "amd64" },
    ...(distribution !== undefined && { distribution: { idLike: [], ...distribution } }),
    layers: [],
    packages: packages.map(packageOf),
    partial: [],
    extractors: "test",
  };
}
