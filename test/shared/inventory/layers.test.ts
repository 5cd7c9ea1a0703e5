/** How layers combine: https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md, rule by rule. */
import { describe, expect, it } from "vitest";
import type { LayerFile } from "../../../local/demo/build-image.ts";
import { dpkgStatus, inventoryOf, npmPackage, packagesIn, recordOf, recordOfFiles } from "./images.ts";
import { createTar } from "./tar-writer.ts";

const lodash = npmPackage("app/", "lodash", "4.17.15");
const minimist = npmPackage("app/", "minimist", "0.0.8");
const apkDatabase: LayerFile = { path: "lib/apk/db/installed", content: "P:musl\nV:1.2.5-r0\nA:x86_64\n\n" };

describe("layer rules", () => {
  const cases: readonly {
    readonly rule: string;
    readonly layers: readonly (readonly LayerFile[])[];
    readonly packages: readonly string[];
  }[] = [
    {
      rule: "a later layer adds",
      layers: [[lodash], [minimist]],
      packages: ["lodash@4.17.15", "minimist@0.0.8"],
    },
    {
      rule: "a whiteout removes a file",
      layers: [[lodash, minimist], [{ path: "app/node_modules/lodash/.wh.package.json" }]],
      packages: ["minimist@0.0.8"],
    },
    {
      rule: "a whiteout removes a directory with all below it",
      layers: [[lodash, minimist], [{ path: ".wh.app" }]],
      packages: [],
    },
    {
      rule: "a whiteout removes no path that merely begins alike",
      layers: [[lodash, npmPackage("app2/", "a", "1.0.0")], [{ path: ".wh.app" }]],
      packages: ["a@1.0.0"],
    },
    {
      rule: "a whiteout does not touch its own layer, whatever the order",
      layers: [[minimist], [lodash, { path: ".wh.app" }]],
      packages: ["lodash@4.17.15"],
    },
    {
      rule: "an opaque directory hides what lower layers have in it",
      layers: [
        [lodash, npmPackage("opt/", "a", "1.0.0")],
        [minimist, { path: "app/node_modules/.wh..wh..opq" }],
      ],
      packages: ["a@1.0.0", "minimist@0.0.8"],
    },
    {
      rule: "an opaque root hides everything",
      layers: [[lodash], [{ path: ".wh..wh..opq" }, minimist]],
      packages: ["minimist@0.0.8"],
    },
    {
      rule: "AUFS bookkeeping hides nothing",
      layers: [[lodash], [{ path: ".wh..wh.plnk/" }, { path: "app/.wh..wh.aufs" }]],
      packages: ["lodash@4.17.15"],
    },
    {
      rule: "a file is overwritten by a newer version of it",
      layers: [[lodash], [npmPackage("app/", "lodash", "4.17.21")]],
      packages: ["lodash@4.17.21"],
    },
    {
      rule: "a file that could be read is overwritten by one that cannot",
      layers: [[lodash], [{ path: "app/node_modules/lodash/package.json", content: "junk" }]],
      packages: [],
    },
    {
      rule: "a file is replaced by a directory",
      layers: [[lodash], [{ path: "app/node_modules/lodash/package.json/" }]],
      packages: [],
    },
    {
      rule: "a directory is replaced by a file",
      layers: [[lodash, minimist], [{ path: "app/node_modules/lodash", content: "now a file" }]],
      packages: ["minimist@0.0.8"],
    },
    {
      rule: "a directory is replaced by a link",
      layers: [[lodash, minimist], [{ path: "app/node_modules", linkTo: "/elsewhere" }]],
      packages: [],
    },
    {
      rule: "a directory entry joins the directory that is there",
      layers: [[lodash], [{ path: "app/" }, { path: "app/node_modules/" }, minimist]],
      packages: ["lodash@4.17.15", "minimist@0.0.8"],
    },
    {
      rule: "a directory entry replaces a link, and what the link led to stays",
      layers: [
        [{ path: "usr/lib/node_modules/a/package.json", content: '{"name":"a","version":"1.0.0"}' }],
        [{ path: "lib", linkTo: "usr/lib" }],
        [{ path: "lib/" }, { path: "lib/.wh..wh..opq" }, { path: "lib/node_modules/.wh.a" }],
      ],
      packages: ["a@1.0.0"],
    },
    {
      rule: "usrmerge: one database by two paths is one",
      layers: [
        [
          { path: "lib", linkTo: "usr/lib" },
          { ...apkDatabase, path: "usr/lib/apk/db/installed" },
        ],
        [{ path: "lib/apk/db/installed", content: "P:musl\nV:1.2.5-r1\nA:x86_64\n\n" }],
      ],
      packages: ["musl@1.2.5-r1"],
    },
    {
      rule: "usrmerge: a whiteout by the other name removes",
      layers: [
        [
          { path: "lib", linkTo: "/usr/lib" },
          { ...apkDatabase, path: "usr/lib/apk/db/installed" },
        ],
        [{ path: "lib/apk/db/.wh.installed" }],
      ],
      packages: [],
    },
    {
      rule: "usrmerge: a file through the link replaces a directory behind it",
      layers: [
        [
          { path: "lib", linkTo: "/usr/lib" },
          { ...apkDatabase, path: "usr/lib/apk/db/installed" },
        ],
        [{ path: "lib/apk/db", content: "a file now" }],
      ],
      packages: [],
    },
    {
      rule: "the same link again changes nothing",
      layers: [
        [
          { path: "lib", linkTo: "usr/lib" },
          { ...apkDatabase, path: "usr/lib/apk/db/installed" },
        ],
        [{ path: "lib", linkTo: "usr/lib" }, lodash],
      ],
      packages: ["musl@1.2.5-r0", "lodash@4.17.15"],
    },
    {
      rule: "a removed link frees its name",
      layers: [
        [
          { path: "lib", linkTo: "usr/lib" },
          { ...apkDatabase, path: "usr/lib/apk/db/installed" },
        ],
        [{ path: ".wh.lib" }],
        [{ path: "lib/apk/db/installed", content: "P:zlib\nV:1.3-r0\n\n" }],
      ],
      packages: ["musl@1.2.5-r0", "zlib@1.3-r0"],
    },
    {
      rule: "links in a circle lead nowhere, and nothing hangs",
      layers: [
        [lodash, { path: "a", linkTo: "b" }, { path: "b", linkTo: "a" }],
        [{ path: "a/.wh.x" }, { path: "b/f", content: "" }],
      ],
      packages: ["lodash@4.17.15"],
    },
    {
      rule: "a hard link has its target's content, which stood before it",
      layers: [
        [
          { path: "store/ab12", content: '{"name":"lodash","version":"4.17.15"}' },
          { path: "app/node_modules/lodash/package.json", hardLinkTo: "store/ab12" },
        ],
      ],
      packages: ["lodash@4.17.15"],
    },
    {
      rule: "a hard link to another package's file is a package of its own",
      layers: [[lodash, { path: "b/node_modules/lodash/package.json", hardLinkTo: lodash.path }]],
      packages: ["lodash@4.17.15"],
    },
    {
      rule: "a hard link overwrites",
      layers: [[lodash], [{ path: "junk" }, { path: "app/node_modules/lodash/package.json", hardLinkTo: "junk" }]],
      packages: [],
    },
    {
      rule: "a package database written anew replaces the older one",
      layers: [[dpkgStatus(["a", "1"], ["b", "2"])], [dpkgStatus(["a", "1"], ["c", "3"])]],
      packages: ["a@1", "c@3"],
    },
  ];

  it.each(cases)("$rule", async ({ layers, packages }) => {
    const inventory = await inventoryOf(layers);
    expect(packagesIn(inventory)).toEqual(packages);
  });
});

describe("which layer brought a package", () => {
  async function layerOf(layers: readonly (readonly LayerFile[])[], name: string): Promise<number | undefined> {
    const { packages, layers: read } = await inventoryOf(layers);
    const location = packages.find((one) => one.name === name)?.locations[0];
    return read.findIndex(({ diffId }) => diffId === location?.layer);
  }
  const base = dpkgStatus(["a", "1"], ["b", "2"]);
  const other = { path: "other" };

  it.each<[why: string, layers: LayerFile[][], name: string, layer: number]>([
    ["the first whose database lists it", [[base], [dpkgStatus(["a", "1"], ["b", "2"], ["c", "3"])]], "a", 0],
    ["the one that added it", [[base], [dpkgStatus(["a", "1"], ["b", "2"], ["c", "3"])]], "c", 1],
    ["the one that changed its version", [[base], [dpkgStatus(["a", "1.1"], ["b", "2"])], [base, other]], "a", 2],
    ["the first also after layers without the database", [[base], [lodash], [dpkgStatus(["a", "1"])]], "a", 0],
    ["the one that brought it back", [[base], [dpkgStatus(["b", "2"])], [base, other]], "a", 2],
    ["not one whose database was removed", [[base], [{ path: "var/lib/dpkg/.wh.status" }], [base, other]], "a", 2],
    ["the first for a file merely copied up", [[lodash], [lodash, other]], "lodash", 0],
  ])("%s", async (_why, layers, name, layer) => {
    expect(await layerOf(layers, name)).toBe(layer);
  });
});

describe("inside one layer", () => {
  it("the last entry of a path stands", async () => {
    const twice = [npmPackage("app/", "lodash", "1.0.0"), npmPackage("app/", "lodash", "2.0.0")];
    expect(packagesIn(await inventoryOf([twice]))).toEqual(["lodash@2.0.0"]);
    const junk = { path: lodash.path, content: "junk" };
    expect(packagesIn(await inventoryOf([[lodash, junk]]))).toEqual([]);
    expect(packagesIn(await inventoryOf([[junk, lodash]]))).toEqual(["lodash@4.17.15"]);
  });

  it("a link or file in place of a directory takes what came before it", async () => {
    const link = { path: "app/node_modules", linkTo: "/x" };
    expect(packagesIn(await inventoryOf([[lodash, link]]))).toEqual([]);
    const { files, links } = await recordOfFiles([{ path: "a", linkTo: "b" }, { path: "a/" }, lodash]);
    expect(links).toEqual([]);
    expect(files.map(({ path }) => path)).toEqual([lodash.path]);
  });

  it("a file in place of a hard link has its own content", async () => {
    const store = { path: "store", content: '{"name":"old","version":"1.0.0"}' };
    const { files } = await recordOfFiles([store, { path: lodash.path, hardLinkTo: "store" }, lodash]);
    expect(files[0]?.facts[0]?.packages).toMatchObject([{ name: "lodash" }]);
    const { files: none } = await recordOfFiles([lodash, { path: "junk" }, { path: lodash.path, hardLinkTo: "junk" }]);
    expect(none).toEqual([]);
  });

  it("a hard link whose target comes later, or never, is told of", async () => {
    const missing = await recordOfFiles([{ path: lodash.path, hardLinkTo: "nowhere" }]);
    expect(missing.partial).toMatchObject([{ reason: "hard-link", path: lodash.path }]);
    const outside = await recordOfFiles([{ path: lodash.path, hardLinkTo: "../../etc/shadow" }]);
    expect(outside.partial).toMatchObject([{ reason: "outside-root", path: lodash.path }]);
  });

  it("names that climb out of the root are refused, others made canonical", async () => {
    const tar = createTar();
    tar.entry({ name: "../../app/node_modules/a/package.json", content: '{"name":"a","version":"1.0.0"}' });
    tar.entry({ name: "/app/./x/..//node_modules/b/package.json", content: '{"name":"b","version":"1.0.0"}' });
    const record = await recordOf(tar.finish());
    expect(record.files.map(({ path }) => path)).toEqual(["app/node_modules/b/package.json"]);
    expect(record.partial).toMatchObject([{ reason: "outside-root" }]);
  });
});
