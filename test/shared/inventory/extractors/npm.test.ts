/** npm packages as npm, pnpm, Yarn, Bun and Deno leave them on the disk. */
import { describe, expect, it } from "vitest";
import type { Facts } from "../../../../shared/inventory/extractor.ts";
import { extractor as npm } from "../../../../shared/inventory/extractors/npm/extractor.ts";
import { extractor as yarn } from "../../../../shared/inventory/extractors/yarn/extractor.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";
import { inventoryOf, npmPackage, packagesIn } from "../images.ts";
import { buildZip } from "../zip-writer.ts";
import { expectBounded } from "./mutated.ts";

const matcher = compileMatcher([npm, yarn]);

function wantedBy(path: string): string[] {
  return matcher.match(path).map(({ name }) => name);
}

function extract(extractor: typeof npm, content: string | Buffer, path: string): Facts {
  return extractor.extract({
    path,
    content: Buffer.from(content),
    companions: new Map(),
    isLanguageEvidence: () => true,
  });
}

describe("where packages stand", () => {
  it.each([
    "app/node_modules/a/package.json",
    "node_modules/@s/a/package.json",
    "x/node_modules/a/node_modules/b/package.json",
    "usr/local/lib/node_modules/npm/node_modules/tar/package.json",
    "app/node_modules/.pnpm/debug@4.3.4/node_modules/debug/package.json",
    "app/node_modules/.pnpm/@s+a@1.0.0_b@2.0.0/node_modules/@s/a/package.json",
    "app/node_modules/.bun/a@1.0.0/node_modules/a/package.json",
    "app/node_modules/.deno/a@1.0.0/node_modules/a/package.json",
    "app/node_modules/.store/a-npm-1.0.0-0123456789/package/package.json",
    "root/.local/share/pnpm/store/v10/links/a/1.0.0/0123/node_modules/a/package.json",
    "app/node_modules/test/package.json",
    "app/node_modules/test/node_modules/a/package.json",
    "app/node_modules/@s/fixtures/node_modules/a/package.json",
    "app/test/node_modules/a/package.json",
    "app/node_modules/a/lib/node_modules/b/package.json",
    "opt/yarn-v1.22.22/package.json",
  ])("%s", (path) => {
    expect(wantedBy(path)).toEqual(["npm"]);
  });

  it.each([
    "app/package.json",
    "app/node_modules/a/dist/esm/package.json",
    "app/node_modules/@s/package.json",
    "app/node_modules/package.json",
    "app/node_modules/.package/package.json",
    "app/node_modules/@s/a/lib/package.json",
    "app/node_modules/a/xpackage.json",
    "app/.store/a/package/package.json",
    "opt/yarn-v1.22.22/lib/package.json",
  ])("not %s", (path) => {
    expect(wantedBy(path)).toEqual([]);
  });

  it("pitfall 13: manifests in test fixtures of packages are not installed packages", () => {
    const fixtures = [
      "app/node_modules/a/test/package.json",
      "app/node_modules/a/test/node_modules/b/package.json",
      "app/node_modules/@s/a/__tests__/deep/node_modules/@t/b/package.json",
      "app/node_modules/a/node_modules/b/fixtures/node_modules/c/package.json",
      "app/node_modules/a/test/node_modules/b/node_modules/c/package.json",
    ];
    expect(fixtures.map(wantedBy)).toEqual(fixtures.map(() => []));
  });

  it("pitfall 13: the npm that Node's images bring is listed with what it bundles", async () => {
    const lib = "usr/local/lib/";
    const bundled = `${lib}node_modules/npm/`;
    const inventory = await inventoryOf([
      [npmPackage(lib, "npm", "10.8.2"), npmPackage(bundled, "tar", "6.2.1"), npmPackage("app/", "tar", "7.0.0")],
    ]);
    expect(packagesIn(inventory)).toEqual(["npm@10.8.2", "tar@6.2.1", "tar@7.0.0"]);
  });

  it("pnpm's links count once, as the copies that they lead to", async () => {
    const store = "app/node_modules/.pnpm/";
    const inventory = await inventoryOf([
      [
        npmPackage(`${store}debug@4.3.4/`, "debug", "4.3.4"),
        npmPackage(`${store}ms@2.1.2/`, "ms", "2.1.2"),
        { path: "app/node_modules/debug", linkTo: ".pnpm/debug@4.3.4/node_modules/debug" },
        { path: `${store}debug@4.3.4/node_modules/ms`, linkTo: "../../ms@2.1.2/node_modules/ms" },
      ],
    ]);
    expect(packagesIn(inventory)).toEqual(["debug@4.3.4", "ms@2.1.2"]);
    expect(inventory.packages.map(({ locations }) => locations.length)).toEqual([1, 1]);
  });
});

describe("manifests", () => {
  it.each<[manifest: unknown, found: unknown]>([
    [
      { name: "@s/a", version: "1.0.0-rc.1+b", license: "MIT" },
      { name: "@s/a", version: "1.0.0-rc.1+b", licenses: ["MIT"] },
    ],
    [
      { name: "a", version: "v1.2.3", licenses: [{ type: "BSD" }, "MIT"] },
      { name: "a", version: "1.2.3", licenses: ["BSD", "MIT"] },
    ],
    [{ name: "a" }, undefined],
    [{ name: "a", mocked: true }, undefined],
    [{ type: "module" }, undefined],
    [{ name: "a b", version: "x", private: true }, undefined],
    [[], undefined],
    [null, undefined],
  ])("%j", (manifest, found) => {
    const facts = extract(npm, JSON.stringify(manifest), "node_modules/a/package.json");
    expect(facts.packages?.[0]).toEqual(found && { type: "npm", ...(found as object) });
    expect(facts.partial).toBeUndefined();
  });

  it.each([
    { version: "1.0.0" },
    { name: "../../etc", version: "1.0.0" },
    { name: "a", version: "latest" },
    { name: ["a"], version: 1 },
  ])("%j is told of", (manifest) => {
    const facts = extract(npm, JSON.stringify(manifest), "node_modules/a/package.json");
    expect(facts.packages).toBeUndefined();
    expect(facts.partial).toMatchObject([{ reason: "broken-record" }]);
  });

  it("pitfall 13: an alias is listed by the name of what stands there", async () => {
    const inventory = await inventoryOf([
      [{ path: "app/node_modules/old/package.json", content: '{"name":"real","version":"1.0.0"}' }],
    ]);
    expect(packagesIn(inventory)).toEqual(["real@1.0.0"]);
  });

  it("a byte order mark, and depth without end", () => {
    expect(extract(npm, '\ufeff{"name":"a","version":"1.0.0"}', "x").packages).toHaveLength(1);
    const broken = expect.objectContaining({ code: "broken-document" });
    expect(() => extract(npm, "[".repeat(4_000_000), "x")).toThrow(broken);
  });
});

const list = {
  packageRegistryData: [
    [null, [[null, { packageLocation: "./", linkType: "SOFT" }]]],
    ["demo", [["workspace:.", { linkType: "SOFT" }]]],
    ["it's", [["npm:1.0.0", { linkType: "HARD" }]]],
    [
      "@s/a",
      [
        ["virtual:0123abc#npm:2.0.0-rc.1", { linkType: "HARD" }],
        ["patch:@s/a@npm%3A1.0.0#optional!builtin<x>::version=1.0.0&hash=1", { linkType: "HARD" }],
      ],
    ],
  ],
};
const json = JSON.stringify(list, undefined, 2);
const quoted = json.replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/\n/g, "\\\n");
const scripts: Record<string, string> = {
  ".pnp.cjs": `"use strict";\nconst RAW_RUNTIME_STATE =\n'${quoted}';\nfunction $$SETUP_STATE(hydrateRuntimeState) {}\n`,
  ".pnp.js": `function $$SETUP_STATE(hydrateRuntimeState, basePath) {\n  return hydrateRuntimeState(${json}, {basePath});\n}`,
  ".pnp.data.json": json,
};

describe("Yarn Plug'n'Play", () => {
  it.each(Object.keys(scripts))("%s lists what is installed", (name) => {
    expect(wantedBy(`app/${name}`)).toEqual(["yarn"]);
    const facts = extract(yarn, scripts[name] ?? "", `app/${name}`);
    expect(facts.packages).toEqual([
      { type: "npm", name: "it's", version: "1.0.0" },
      { type: "npm", name: "@s/a", version: "2.0.0-rc.1" },
      { type: "npm", name: "@s/a", version: "1.0.0" },
    ]);
    expect(facts.partial).toEqual([]);
  });

  it("a reference without version, and a script without a list, are told of", () => {
    const data = JSON.stringify({ packageRegistryData: [["a", [["https://example.com/a.tgz", {}]]]] });
    expect(extract(yarn, data, ".pnp.data.json").partial).toMatchObject([{ reason: "broken-record" }]);
    expect(extract(yarn, "module.exports = {};", ".pnp.cjs").partial).toMatchObject([{ reason: "broken-record" }]);
    expect(extract(yarn, "RAW_RUNTIME_STATE =\n'{", ".pnp.cjs").partial).toMatchObject([{ reason: "broken-record" }]);
  });

  const archive = buildZip([
    { name: "node_modules/@s/a/lib/package.json", content: '{"name":"no","version":"1.0.0"}' },
    { name: "node_modules/@s/a/package.json", content: '{"name":"@s/a","version":"1.0.0","license":"MIT"}' },
  ]);

  it("archives of the cache say whose they are", () => {
    const path = "app/.yarn/cache/@s-a-npm-1.0.0-0123456789-0123456789.zip";
    expect(wantedBy(path)).toEqual(["yarn"]);
    expect(wantedBy("root/.yarn/berry/cache/a.zip")).toEqual(["yarn"]);
    expect(wantedBy("app/cache/a.zip")).toEqual([]);
    expect(extract(yarn, archive, path).packages).toEqual([
      {
        type: "npm",
        name: "@s/a",
        version: "1.0.0",
        licenses: ["MIT"],
        evidence: "archive",
        within: "node_modules/@s/a/package.json",
      },
    ]);
    expect(extract(yarn, buildZip([]), path).partial).toMatchObject([{ reason: "broken-record" }]);
    expect(extract(yarn, "no archive", path).partial).toMatchObject([{ reason: "broken-archive" }]);
  });

  it("the list and the archives of one project are one package each", async () => {
    const inventory = await inventoryOf([
      [
        { path: "app/.pnp.cjs", content: scripts[".pnp.cjs"] ?? "" },
        { path: "app/.yarn/cache/a.zip", content: archive },
      ],
    ]);
    const one = inventory.packages.find(({ purl }) => purl === "pkg:npm/%40s/a@1.0.0");
    expect(one?.evidence).toBeUndefined();
    expect(one?.locations.map(({ path }) => path)).toEqual([
      "app/.pnp.cjs",
      "app/.yarn/cache/a.zip!/node_modules/@s/a/package.json",
    ]);
  });

  it("mutated lists and archives", () => {
    for (const [name, script] of Object.entries(scripts)) expectBounded(yarn, name, script, 200);
    expectBounded(yarn, ".yarn/cache/a.zip", archive, 300);
    expectBounded(npm, "node_modules/a/package.json", '{"name":"a","version":"1.0.0","license":{"type":"MIT"}}');
  });
});
