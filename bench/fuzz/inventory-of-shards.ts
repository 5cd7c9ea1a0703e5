/** Packages as an image might have them, named as a shard names its own. */
import type { Distribution, Inventory, PackageType } from "../../shared/inventory/types.ts";
import type { Random } from "./random.ts";

/** By ecosystem: the type of its packages, and the distribution that they are of. */
const types: Readonly<Record<string, readonly [type: PackageType, id?: string]>> = {
  Debian: ["deb", "debian"],
  Ubuntu: ["deb", "ubuntu"],
  Alpine: ["apk", "alpine"],
  Wolfi: ["apk", "wolfi"],
  Chainguard: ["apk", "chainguard"],
  "Red Hat": ["rpm", "rhel"],
  "Rocky Linux": ["rpm", "rocky"],
  AlmaLinux: ["rpm", "almalinux"],
  "Oracle Linux": ["rpm", "ol"],
  "Amazon Linux": ["rpm", "amzn"],
  "Azure Linux": ["rpm", "azurelinux"],
  "Photon OS": ["rpm", "photon"],
  SUSE: ["rpm", "sles"],
  openSUSE: ["rpm", "opensuse-leap"],
  Fedora: ["rpm", "fedora"],
  "Arch Linux": ["alpm", "arch"],
  npm: ["npm"],
  PyPI: ["pypi"],
  Go: ["golang"],
  "crates.io": ["cargo"],
  Maven: ["maven"],
  RubyGems: ["gem"],
  NuGet: ["nuget"],
  Packagist: ["composer"],
  Pub: ["pub"],
  Hex: ["hex"],
  CRAN: ["cran"],
  SwiftURL: ["swift"],
  ConanCenter: ["conan"],
  Bitnami: ["bitnami"],
};

export const everyEcosystem: readonly string[] = Object.keys(types);

const versions = ["0", "1.0", "1.2-3", "1:1.2-3.el9_2", "1.2.3-r4", "2.0.0-rc.1", "v1.20.3", "99", "", "not a version"];

export function inventoryFor(shard: string, names: readonly string[], random: Random): Inventory {
  const [family = "", ...release] = shard.split(":");
  const [type, id] = types[family] ?? (["generic"] as const);
  const versionId = release.filter((part) => /^v?[0-9]/.test(part))[0]?.replace(/^v/, "");
  const distribution: Distribution | undefined =
    id === undefined ? undefined : { id, idLike: [], ...(versionId !== undefined && { versionId }) };
  return {
    schema: "portwarden.inventory/1",
    digest: `sha256:${"0".repeat(64)}`,
    platform: { os: "linux", architecture: "amd64" },
    ...(distribution !== undefined && { distribution }),
    layers: [],
    packages: names.map((name, number) => {
      const version = random.pick(versions) ?? "";
      return {
        type,
        name,
        version,
        purl: `pkg:${type}/${number}@${version}`,
        locations: [{ path: `a/${number}`, layer: "sha256:1" }],
        ...(random.oneIn(2) && { source: { name, version } }),
        ...(random.oneIn(3) && { architecture: "x86_64" }),
      };
    }),
    partial: [],
    extractors: "fuzz",
  };
}
