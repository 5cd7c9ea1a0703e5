/** Python distributions: installed, vendored, bundled. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Facts } from "../../../../shared/inventory/extractor.ts";
import { extractor as python } from "../../../../shared/inventory/extractors/python/extractor.ts";
import { extractor as bundled } from "../../../../shared/inventory/extractors/python-bundled/extractor.ts";
import { purlOf } from "../../../../shared/inventory/purl.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { inventoryOf } from "../images.ts";
import { expectBounded } from "./mutated.ts";

const matcher = compileMatcher([python, bundled]);

function wantedBy(path: string): string[] {
  return matcher.match(path).map(({ name }) => name);
}

function extract(content: string | Buffer, path: string, companions: Record<string, string> = {}): Facts {
  const extractor = path.endsWith(".whl") || path.endsWith(".txt") ? bundled : python;
  const beside = new Map(Object.entries(companions).map(([name, text]) => [name, Buffer.from(text)]));
  return extractor.extract({ path, content: Buffer.from(content), companions: beside, isLanguageEvidence: () => true });
}

function metadata(name: string, version: string, more = ""): string {
  return `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${more}\n\nName: evil\n`;
}

const site = "usr/lib/python3.12/site-packages/";

describe("installed distributions", () => {
  it("wants metadata of every kind, and what stands beside it", () => {
    const wanted = [
      "l/a-1.dist-info/METADATA",
      "l/a-1.dist-info/INSTALLER",
      "l/a-1.dist-info/direct_url.json",
      "l/a.egg-info/PKG-INFO",
      "l/a-1-py3.egg-info",
      `${site}setuptools/_vendor/a-1.dist-info/METADATA`,
    ];
    expect(wanted.map(wantedBy)).toEqual(wanted.map(() => ["python"]));
    const others = [
      "l/METADATA",
      "l/a/PKG-INFO",
      "l/a.dist-info/RECORD",
      "l/INSTALLER",
      "l/direct_url.json",
      `${site}pkg_resources/tests/data/my_1.0.dist-info/METADATA`,
    ];
    expect(others.map(wantedBy)).toEqual(others.map(() => []));
  });

  it("reads the headers, not the description", () => {
    const content = metadata("Foo.Bar_baz", "1.0.post1", "License-Expression: MIT\nLicense: long");
    expect(extract(content, "x.dist-info/METADATA").packages).toEqual([
      { type: "pypi", name: "Foo.Bar_baz", version: "1.0.post1", licenses: ["MIT"] },
    ]);
  });

  it.each<[headers: string, licenses: readonly string[] | undefined]>([
    ["License: BSD 3-Clause", ["BSD 3-Clause"]],
    ["License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License", ["MIT License"]],
    [
      "Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: Apache Software License\nClassifier: Topic :: x",
      ["Apache Software License"],
    ],
    ["Classifier: Programming Language :: Python", undefined],
  ])("licences of %j", (headers, licenses) => {
    expect(extract(metadata("a", "1", headers), "x.dist-info/METADATA").packages?.[0]?.licenses).toEqual(licenses);
  });

  it("says so when there is no name", () => {
    expect(extract("Version: 1\n", "x.dist-info/METADATA").partial).toMatchObject([{ reason: "broken-record" }]);
  });

  it.each<[url: string, purl: string]>([
    [
      '{"url":"https://user:secret@example.com/a.git?token=x","vcs_info":{"vcs":"git","commit_id":"0123abc"}}',
      "pkg:pypi/a@1?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fa.git%400123abc",
    ],
    [
      '{"url":"https://example.com/a-1.tar.gz","archive_info":{}}',
      "pkg:pypi/a@1?download_url=https:%2F%2Fexample.com%2Fa-1.tar.gz",
    ],
    ['{"url":"file:///build/a","dir_info":{"editable":true}}', "pkg:pypi/a@1"],
    ["not json", "pkg:pypi/a@1"],
  ])("came from %s", (url, purl) => {
    const companions = { "l/a-1.dist-info/direct_url.json": url, "l/a-1.dist-info/INSTALLER": "uv\n" };
    const [one] = extract(metadata("a", "1"), "l/a-1.dist-info/METADATA", companions).packages ?? [];
    expect(one?.installer).toBe("uv");
    expect(one && purlOf(one, undefined)).toBe(purl);
  });

  it("pitfall 14: names are one whichever way they are written", async () => {
    const inventory = await inventoryOf([
      [
        { path: `${site}Foo_Bar-1.dist-info/METADATA`, content: metadata("Foo_Bar", "1") },
        { path: "opt/x/foo.bar-1.egg-info", content: metadata("foo.bar", "1") },
        { path: "opt/y/foo-bar-1.egg-info/PKG-INFO", content: metadata("FOO--bar", "1") },
      ],
    ]);
    expect(inventory.packages.map(({ purl, locations }) => [purl, locations.length])).toEqual([
      ["pkg:pypi/foo-bar@1", 3],
    ]);
  });

  it("pitfall 14: what conda installed is told, and its cache is no second installation", async () => {
    const environment = "opt/conda/lib/python3.12/site-packages/";
    const cache = "opt/conda/pkgs/a-1-py312_0/lib/python3.12/site-packages/";
    const old = "opt/conda/pkgs/a-0.9-py312_0/site-packages/";
    const inventory = await inventoryOf([
      [
        { path: `${environment}a-1.dist-info/METADATA`, content: metadata("a", "1") },
        { path: `${environment}a-1.dist-info/INSTALLER`, content: "conda" },
        { path: `${cache}a-1.dist-info/METADATA`, content: metadata("a", "1") },
        { path: `${old}a-0.9.dist-info/METADATA`, content: metadata("a", "0.9") },
      ],
    ]);
    expect(inventory.packages.map(({ purl, evidence, installer }) => [purl, evidence, installer])).toEqual([
      ["pkg:pypi/a@0.9", "archive", undefined],
      ["pkg:pypi/a@1", undefined, "conda"],
    ]);
  });

  it.skipIf(sharedData === undefined)("real files (needs the shared data)", () => {
    const folder = `${sharedData}images/lang/python/scalibr-wheelegg/`;
    const names = [
      "distinfo_meta",
      "egginfo",
      "egginfo_pkginfo",
      "pkginfo",
      "mixed_case",
      "special_chars",
      "repeated_pkginfo",
      "empty",
    ];
    const found = names.map((name) => extract(readFileSync(folder + name), "x.egg-info").packages?.[0]);
    expect(found.map((one) => one && `${one.name} ${one.version}`)).toEqual([
      "pip 22.2.2",
      "pycups 2.0.1",
      "setuptools 57.4.0",
      "httplib2 0.20.4",
      "httplib2 1.0",
      "backports.ssl_match_hostname 3.5.0.1",
      "root 1.0.0",
      undefined,
    ]);
  });
});

describe("bundled distributions", () => {
  it("pitfall 14: wheels of ensurepip, by their names", () => {
    const wheels: Record<string, string | undefined> = {
      "usr/lib/python3.11/ensurepip/_bundled/pip-23.0.1-py3-none-any.whl": "pip@23.0.1",
      "usr/share/python-wheels/setuptools-66.1.1-py3-none-any.whl": "setuptools@66.1.1",
      [`${site}virtualenv/seed/wheels/embed/a_b-1.0.post1-2-cp312-cp312-linux_x86_64.whl`]: "a_b@1.0.post1",
      "usr/share/python-wheels/nothing.whl": undefined,
    };
    for (const [path, name] of Object.entries(wheels)) {
      expect(wantedBy(path), path).toEqual(["python-bundled"]);
      const { packages, partial } = extract("PK", path);
      expect(packages?.map((one) => `${one.name}@${one.version}`)[0], path).toBe(name);
      expect(packages?.[0]?.evidence ?? "archive").toBe("archive");
      expect(partial?.map(({ reason }) => reason)).toEqual(name === undefined ? ["broken-record"] : undefined);
    }
    expect(wantedBy("wheels/a-1-py3-none-any.whl")).toEqual([]);
  });

  it("pitfall 14: copies in pip/_vendor, of which only a list tells", () => {
    const path = `${site}pip/_vendor/vendor.txt`;
    expect(wantedBy(path)).toEqual(["python-bundled"]);
    expect([`${site}a/vendor.txt`, "vendor.txt"].map(wantedBy)).toEqual([[], []]);
    const list =
      "CacheControl==0.14.0\nrequests==2.32.3 # why\n    certifi==2024.8.30\n# no==1\nurllib3>=1\nx[y]==1.0\n";
    expect(extract(list, path).packages).toEqual(
      [
        ["CacheControl", "0.14.0"],
        ["requests", "2.32.3"],
        ["certifi", "2024.8.30"],
        ["x", "1.0"],
      ].map(([name, version]) => ({ type: "pypi", name, version, evidence: "vendored" })),
    );
  });

  it("copies that keep their metadata are marked too, and one purl is one package", async () => {
    const inventory = await inventoryOf([
      [
        { path: `${site}setuptools/_vendor/a-1.dist-info/METADATA`, content: metadata("a", "1") },
        { path: `${site}pip/_vendor/vendor.txt`, content: "a==1\nb==2\n" },
        { path: `${site}b-2.dist-info/METADATA`, content: metadata("b", "2") },
      ],
    ]);
    expect(inventory.packages.map(({ name, evidence, locations }) => [name, evidence, locations.length])).toEqual([
      ["a", "vendored", 2],
      ["b", undefined, 2],
    ]);
  });
});

it("mutated metadata", () => {
  expectBounded(python, "a.dist-info/METADATA", metadata("a", "1", "License: MIT\nClassifier: License :: x :: MIT"));
  expectBounded(bundled, `${site}pip/_vendor/vendor.txt`, "a==1\n  b[c]==2 # d\n");
});
