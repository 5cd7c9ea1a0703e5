/** Lock files count only where nothing of their ecosystem is installed in the same project. */
import { describe, expect, it } from "vitest";
import type { LayerFile } from "../../../local/demo/build-image.ts";
import { projectsOf } from "../../../shared/inventory/lock-rule.ts";
import type { PackageType } from "../../../shared/inventory/types.ts";
import { inventoryOf, npmPackage } from "./images.ts";

function packageLock(directory: string, packages: Readonly<Record<string, string>>): LayerFile {
  const entries = Object.entries(packages).map(([name, version]) => [`node_modules/${name}`, { version }]);
  const content = JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(entries) });
  return { path: `${directory}package-lock.json`, content };
}

function wheel(directory: string, name: string, version: string): LayerFile {
  return { path: `${directory}${name}-${version}.dist-info/METADATA`, content: `Name: ${name}\nVersion: ${version}\n` };
}

async function listed(...layers: (readonly LayerFile[])[]): Promise<string[]> {
  const { packages } = await inventoryOf(layers);
  return packages.map(({ name, version, evidence }) => `${name}@${version} ${evidence ?? "installed"}`);
}

const whiteout = (path: string): LayerFile => ({ path: path.replace(/([^/]+)$/, ".wh.$1"), content: "" });

describe("lock files", () => {
  it("count where nothing is installed, and are marked", async () => {
    expect(await listed([packageLock("app/", { a: "1.0.0" })])).toEqual(["a@1.0.0 lock-file"]);
  });

  it("pitfall 13: where the lock file and the tree disagree, the tree is right", async () => {
    const files = [packageLock("app/", { a: "1.0.0", unused: "2.0.0" }), npmPackage("app/", "a", "1.1.0")];
    expect(await listed(files)).toEqual(["a@1.1.0 installed"]);
  });

  it("whichever layers bring the two, and after the tree was removed", async () => {
    const lock = [packageLock("app/", { a: "1.0.0" })];
    const tree = [npmPackage("app/", "a", "1.1.0")];
    expect(await listed(lock, tree)).toEqual(["a@1.1.0 installed"]);
    expect(await listed(tree, lock)).toEqual(["a@1.1.0 installed"]);
    expect(await listed(tree, lock, [whiteout("app/node_modules")])).toEqual(["a@1.0.0 lock-file"]);
    expect(await listed(lock, [whiteout("app/package-lock.json")])).toEqual([]);
  });

  it("another project's tree, another ecosystem and an SBOM change nothing", async () => {
    const lock = packageLock("", { a: "1.0.0" });
    const elsewhere = npmPackage("usr/lib/", "npm", "10.0.0");
    expect(await listed([lock, elsewhere])).toEqual(["a@1.0.0 lock-file", "npm@10.0.0 installed"]);
    expect(await listed([packageLock("app/", { a: "1.0.0" }), wheel("app/", "w", "1")])).toEqual([
      "a@1.0.0 lock-file",
      "w@1 installed",
    ]);
    const sbom = { bomFormat: "CycloneDX", components: [{ type: "library", purl: "pkg:npm/b@1.0.0" }] };
    const beside = { path: "app/bom.json", content: JSON.stringify(sbom) };
    expect(await listed([packageLock("app/", { a: "1.0.0" }), beside])).toEqual(["a@1.0.0 lock-file", "b@1.0.0 sbom"]);
  });

  it("what is installed elsewhere in the same version is one package, without the lock file's marks", async () => {
    const requirements = { path: "app/requirements-dev.txt", content: "flask==2.0\ndead==1.0\n" };
    const site = "usr/lib/python3.12/site-packages/";
    const { packages } = await inventoryOf([[requirements, wheel(site, "Flask", "2.0")]]);
    expect(
      packages.map(({ purl, evidence, development, locations }) => [purl, evidence, development, locations[0]?.path]),
    ).toEqual([
      ["pkg:pypi/dead@1.0", "lock-file", true, "app/requirements-dev.txt"],
      ["pkg:pypi/flask@2.0", undefined, undefined, `${site}Flask-2.0.dist-info/METADATA`],
    ]);
  });

  it("two projects: development only where both say so", async () => {
    const lock = (directory: string, dev: boolean): LayerFile => ({
      path: `${directory}/package-lock.json`,
      content: JSON.stringify({ lockfileVersion: 3, packages: { "node_modules/a": { version: "1.0.0", dev } } }),
    });
    const { packages } = await inventoryOf([[lock("x", true), lock("y", false)]]);
    expect(packages.map(({ development, locations }) => [development, locations.length])).toEqual([[undefined, 2]]);
    const both = await inventoryOf([[lock("x", true), lock("y", true)]]);
    expect(both.packages[0]?.development).toBe(true);
  });

  it("a broken lock file is told of only where it would count", async () => {
    const broken = { path: "app/package-lock.json", content: "{" };
    expect((await inventoryOf([[broken]])).partial).toMatchObject([
      { reason: "broken-lock-file", path: "app/package-lock.json" },
    ]);
    expect((await inventoryOf([[broken, npmPackage("app/", "a", "1.0.0")]])).partial).toEqual([]);
  });
});

describe("the projects that an installed package belongs to", () => {
  it.each<[type: PackageType, path: string, projects: readonly string[]]>([
    ["npm", "node_modules/a/package.json", [""]],
    ["npm", "app/node_modules/a/node_modules/b/package.json", ["app"]],
    ["npm", "app/.pnp.cjs", ["app"]],
    ["npm", "app/.yarn/cache/a.zip", ["app"]],
    ["composer", "app/vendor/composer/installed.json", ["app"]],
    ["gem", "app/vendor/bundle/ruby/3.1.0/specifications/a-1.gemspec", ["app"]],
    ["gem", "usr/local/bundle/specifications/a-1.gemspec", []],
    ["pypi", "app/.venv/lib/python3.12/site-packages/a-1.dist-info/METADATA", ["app", "app/.venv"]],
    ["pypi", "app/lib/python3.12/site-packages/a-1.dist-info/METADATA", ["app"]],
    ["pypi", "app/venv/Lib/site-packages/a-1.dist-info/METADATA", ["app", "app/venv"]],
    ["pypi", "app/vendor/a-1.dist-info/METADATA", ["app", "app/vendor"]],
    ["pypi", "a-1.dist-info/METADATA", [""]],
    ["pypi", "app/own.egg-info/PKG-INFO", []],
    ["cargo", "app/target/release/tool", ["app"]],
    ["golang", "app/server", ["app"]],
    ["golang", "app/bin/server", ["app"]],
    ["maven", "app/target/a.jar", ["app"]],
    ["maven", "app/BOOT-INF/lib/a.jar", ["app"]],
    ["nuget", "app/web.deps.json", ["app"]],
    ["hex", "app/deps/a/ebin/a.app", ["app"]],
    ["deb", "var/lib/dpkg/status", []],
  ])("%s %s", (type, path, projects) => {
    expect(projectsOf(type, path)).toEqual(expect.arrayContaining([...projects]));
    if (projects.length === 0) expect(projectsOf(type, path)).toEqual([]);
  });

  it("a virtual environment of the system is no project's", () => {
    expect(projectsOf("pypi", "usr/lib/python3.12/site-packages/a-1.dist-info/METADATA")).toEqual(["usr"]);
  });
});
