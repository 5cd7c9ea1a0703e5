/**
 * A fleet of stored images as registries hold them: repositories with many builds, a few base images that most share
 * and that are rebuilt with newer versions, a runtime layer, and an application with its own dependencies, of which
 * each build changes a few. 300 packages each. Names are real where the shared data lies beside the checkout.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as zlib from "node:zlib";
import type { Distribution, Inventory, Package } from "../../shared/inventory/types.ts";
import { digestOf, packagesOf, type StoredPackage } from "../../test/support/stored-images.ts";

export interface Fleet {
  readonly names: "real" | "synthetic";
  image(number: number): { readonly repository: string; readonly inventory: Inventory; readonly affected: boolean };
}

/** What the delta is about: 20 packages, four of them in each of 200 images. */
export const rare = Array.from({ length: 20 }, (_, index) => `delta-package-${index}`);
export const affectedImages = 200;
const rarePerImage = 4;

const buildsPerRepository = 50;
const basePackages = 100;
const runtimePackages = 20;
const ownPackages = 180;
/** Distributions times monthly rebuilds. */
const distributions = ["11", "12", "13"];
const rebuilds = 12;

const data = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

export function makeFleet(): Fleet {
  const debian = debianPackages();
  const npm = npmNames();
  const bases = new Map<string, readonly Package[]>();
  const base = (release: string, rebuild: number) =>
    remembered(bases, `${release} ${rebuild}`, () =>
      packagesOf({
        name: `base ${release} ${rebuild}`,
        packages: debian.slice(0, basePackages).map(({ name, source }) => {
          const version = `${release}.${rebuild}-1`;
          return { type: "deb", name, version, source: { name: source, version } };
        }),
      }),
    );
  const runtimes = new Map<string, readonly Package[]>();
  const runtime = (kind: number, release: string, rebuild: number) =>
    remembered(runtimes, `${kind} ${release} ${rebuild}`, () =>
      packagesOf({
        name: `runtime ${kind} ${release} ${rebuild}`,
        packages: Array.from({ length: runtimePackages }, (_, index) => {
          const { name, source } = debian[(basePackages + kind * 7 + index) % debian.length] ?? {
            name: "x",
            source: "x",
          };
          const version = `${kind}.${rebuild}-${index}`;
          return { type: "deb", name, version, source: { name: source, version } };
        }),
      }),
    );
  return {
    names: existsSync(`${data}README.md`) ? "real" : "synthetic",
    image(number) {
      const repository = Math.floor(number / buildsPerRepository);
      const build = number % buildsPerRepository;
      const release = distributions[repository % distributions.length] ?? "12";
      const rebuild = Math.floor((build * rebuilds) / buildsPerRepository);
      const kind = repository % 20;
      // The first repositories have them, so that every size of the fleet does.
      const affected = number < affectedImages;
      const app = packagesOf({
        name: `app ${number}`,
        packages: ownOf(npm, repository, build, affected ? number : undefined),
      });
      const digest = digestOf(`image ${number}`);
      const layers = [`base ${release} ${rebuild}`, `runtime ${kind} ${release} ${rebuild}`, `app ${number}`];
      const distribution: Distribution = { id: "debian", versionId: release, idLike: [] };
      return {
        repository: `team-${repository % 40}/service-${repository}`,
        affected,
        inventory: {
          schema: "portwarden.inventory/1",
          digest,
          platform: { os: "linux", architecture: "amd64" },
          distribution,
          layers: layers.map((name) => ({
            digest: digestOf(`layer ${name}`),
            diffId: digestOf(name),
            size: 1,
            mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
          })),
          packages: [...base(release, rebuild), ...runtime(kind, release, rebuild), ...app],
          partial: [],
          extractors: "bench",
        },
      };
    },
  };
}

function remembered<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

/** Popular packages are in many repositories, most in few; every build moves versions, every tenth also names. */
function ownOf(
  npm: readonly string[],
  repository: number,
  build: number,
  affected: number | undefined,
): StoredPackage[] {
  const random = generator(repository + 1);
  const packages = new Map<string, StoredPackage>();
  const replaced = Math.floor(build / 10);
  for (let index = 0; packages.size < ownPackages; index++) {
    const place = Math.floor(npm.length * random() ** 3);
    const name = npm[(place + (index < 5 * replaced ? replaced * 31 : 0)) % npm.length] ?? `package-${index}`;
    const version = `${1 + (place % 9)}.${Math.floor((build + place) / 10)}.${place % 20}`;
    packages.set(name, { type: "npm", name, version });
  }
  const all = [...packages.values()];
  if (affected === undefined) return all;
  for (let index = 0; index < rarePerImage; index++) {
    const name = rare[(affected * rarePerImage + index) % rare.length] ?? "";
    all[index] = { type: "npm", name, version: "1.0.0" };
  }
  return all;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = (seed * 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function debianPackages(): { readonly name: string; readonly source: string }[] {
  const file = `${data}images/dpkg/debian-9.status`;
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const real = text.split(/\n\n+/).flatMap((entry) => {
    const name = /^Package: (\S+)/m.exec(entry)?.[1];
    return name === undefined ? [] : [{ name, source: /^Source: (\S+)/m.exec(entry)?.[1] ?? name }];
  });
  const known = new Set(real.map(({ name }) => name));
  for (let index = 0; real.length < 300; index++) {
    const name = `debian-package-${index}`;
    if (!known.has(name)) real.push({ name, source: `debian-source-${index % 60}` });
  }
  return real;
}

function npmNames(): string[] {
  const file = `${data}advisories/ghsa/npm.ndjson.zst`;
  const text = existsSync(file) ? zlib.zstdDecompressSync(readFileSync(file)).toString("utf8") : "";
  const names = new Set<string>();
  for (const [, name] of text.matchAll(/"ecosystem":\s*"npm",\s*"name":\s*"([^"]+)"/g))
    if (name !== undefined) names.add(name);
  for (let index = 0; names.size < 4000; index++) names.add(`module-${index}`);
  return [...names];
}
