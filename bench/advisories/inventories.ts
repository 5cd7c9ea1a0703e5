/** Inventories of real images, with npm and Python packages added. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Advisories } from "../../shared/advisories/set/store.ts";
import { readImage } from "../../shared/inventory/read-image.ts";
import type { Inventory, Package } from "../../shared/inventory/types.ts";
import { openImageSource } from "../../shared/registry/open-source.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function inventoryOf(path: string): Promise<Inventory> {
  const source = await openImageSource(`oci-archive:${path}`, {
    settings: { allow: [], insecure: [], allowPrivate: [] },
    credentials: async () => undefined,
    log: quiet,
  });
  try {
    const [candidate] = (await source.resolve("all")).images;
    if (candidate === undefined) throw new Error(`${path} has no image`);
    const records = { get: async () => undefined, put: async () => undefined };
    return await readImage(await candidate.open(), { records });
  } finally {
    await source.close();
  }
}

function packageOf(type: Package["type"], name: string, version: string): Package {
  return {
    type,
    name,
    version,
    purl: `pkg:${type}/${name}@${version}`,
    locations: [{ path: `${type}/${name}`, layer: "app" }],
  };
}

/** Every n-th name of a shard, so many of them. */
async function someNames(advisories: Advisories, shard: string, count: number): Promise<readonly string[]> {
  const names = [...((await advisories.shard(shard))?.names() ?? [])];
  const step = Math.max(1, Math.floor(names.length / count));
  return names.filter((_, index) => index % step === 0).slice(0, count);
}

/** 150 npm and 50 Python packages that have advisories: more than an application has. */
export async function withLanguages(inventory: Inventory, advisories: Advisories): Promise<Inventory> {
  const npm = (await someNames(advisories, "npm", 150)).map((name) => packageOf("npm", name, "3.0.0"));
  const python = (await someNames(advisories, "PyPI", 50)).map((name) => packageOf("pypi", name, "2.0.0"));
  return { ...inventory, packages: [...inventory.packages, ...npm, ...python] };
}

/** A Red Hat image as the shard knows packages: there is none to read. */
async function redHat(advisories: Advisories): Promise<Inventory> {
  const names = await someNames(advisories, "Red Hat:enterprise_linux:9", 180);
  return {
    schema: "portwarden.inventory/1",
    digest: `sha256:${"0".repeat(64)}`,
    platform: { os: "linux", architecture: "amd64" },
    distribution: { id: "rhel", idLike: [], versionId: "9.4" },
    layers: [],
    packages: names.map((name) => packageOf("rpm", name, "0:3.0-1.el9")),
    partial: [],
    extractors: "bench",
  };
}

export async function inventories(folder: string, advisories: Advisories): Promise<ReadonlyMap<string, Inventory>> {
  const found = new Map<string, Inventory>();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".oci.tar"))
    .sort()) {
    const inventory = await inventoryOf(join(folder, file));
    const { distribution } = inventory;
    if (distribution !== undefined) found.set(`${file.replace(".oci.tar", "")} (${distribution.id})`, inventory);
  }
  found.set("packages of RHEL 9 (rhel)", await redHat(advisories));
  return found;
}
