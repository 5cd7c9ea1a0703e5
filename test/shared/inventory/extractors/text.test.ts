/** Extractors of text formats: what they find, what they leave, and that nothing breaks them. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extractor, Facts } from "../../../../shared/inventory/extractor.ts";
import { extractor as apk } from "../../../../shared/inventory/extractors/apk/extractor.ts";
import { extractor as dpkg } from "../../../../shared/inventory/extractors/dpkg/extractor.ts";
import { extractor as npm } from "../../../../shared/inventory/extractors/npm/extractor.ts";
import { extractor as osRelease } from "../../../../shared/inventory/extractors/os-release/extractor.ts";
import { extractor as python } from "../../../../shared/inventory/extractors/python/extractor.ts";
import { extractors } from "../../../../shared/inventory/registry.generated.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";
import { sharedData } from "../../../support/shared-data.ts";

const matcher = compileMatcher(extractors);

function extract(extractor: Extractor, content: string | Buffer, path: string): Facts {
  const { isLanguageEvidence } = matcher;
  return extractor.extract({ path, content: Buffer.from(content), companions: new Map(), isLanguageEvidence });
}

function wantedBy(path: string): string[] {
  return matcher.match(path).map(({ name }) => name);
}

describe("dpkg", () => {
  const status = (state: string): string => `Package: p-${state}\nStatus: install ok ${state}\nVersion: 1.0-1\n`;

  it("lists what is on the disk", () => {
    const states = [
      "installed",
      "triggers-pending",
      "half-configured",
      "unpacked",
      "config-files",
      "not-installed",
      "half-installed",
    ];
    const { packages } = extract(dpkg, states.map(status).join("\n"), "var/lib/dpkg/status");
    expect(packages?.map(({ name }) => name)).toEqual([
      "p-installed",
      "p-triggers-pending",
      "p-half-configured",
      "p-unpacked",
    ]);
  });

  it.each([
    ["", "bash", "5.2-2+b10"],
    ["Source: bash-src\n", "bash-src", "5.2-2+b10"],
    ["Source: util-linux (2.41-1)\n", "util-linux", "2.41-1"],
    ["Source:   spaced   ( 1:1 )  \r\n", "spaced", "1:1"],
  ])("source of %j", (field, name, version) => {
    const { packages } = extract(dpkg, `Package: bash\n${field}Version: 5.2-2+b10\n`, "var/lib/dpkg/status.d/bash");
    expect(packages?.[0]?.source).toEqual({ name, version });
  });

  it("takes no field out of a description, and no package without a version", () => {
    const text =
      "Package: a\nVersion: 1\nDescription: x\n Version: 2\n Package: evil\n\nPackage: b\n\n\n\nPackage: c\nVersion: 3\n";
    const { packages, partial } = extract(dpkg, text, "var/lib/dpkg/status.d/a");
    expect(packages?.map(({ name, version }) => `${name} ${version}`)).toEqual(["a 1", "c 3"]);
    expect(partial).toMatchObject([{ reason: "broken-record" }]);
  });

  it("knows which Python and npm files a package owns", () => {
    const list = "/.\n/usr\n/usr/lib/python3/dist-packages/yaml.egg-info/PKG-INFO\n/usr/bin/x\n";
    expect(extract(dpkg, list, "var/lib/dpkg/info/python3-yaml:amd64.list").ownership).toEqual([
      {
        package: { type: "deb", name: "python3-yaml" },
        paths: ["usr/lib/python3/dist-packages/yaml.egg-info/PKG-INFO"],
      },
    ]);
    const sums = "d41d8cd98f00b204e9800998ecf8427e  usr/lib/node_modules/a/package.json\n";
    expect(extract(dpkg, sums, "var/lib/dpkg/status.d/node-a.md5sums").ownership).toEqual([
      { package: { type: "deb", name: "node-a" }, paths: ["usr/lib/node_modules/a/package.json"] },
    ]);
  });

  it("wants its own files only", () => {
    expect(wantedBy("var/lib/dpkg/status")).toEqual(["dpkg"]);
    expect(wantedBy("var/lib/dpkg/info/bash.list")).toEqual(["dpkg"]);
    expect(wantedBy("var/lib/dpkg/info/bash.postinst")).toEqual([]);
    expect(wantedBy("var/lib/dpkg/status-old")).toEqual([]);
    expect(wantedBy("x/var/lib/dpkg/status")).toEqual([]);
  });
});

describe("apk", () => {
  it("reads packages, origins and owned files", () => {
    const database = [
      "P:py3-yaml\nV:6.0-r1\nA:x86_64\nL:MIT\no:yaml-src\nm:A <a@b>\nF:usr/lib/python3.12/site-packages/PyYAML-6.0.dist-info\nR:METADATA\nZ:x\n",
      "P:musl\nV:1.2.5-r0\nF:lib\nR:libc.so\n",
    ].join("\n");
    const { packages, ownership } = extract(apk, database, "lib/apk/db/installed");
    expect(packages).toEqual([
      {
        type: "apk",
        name: "py3-yaml",
        version: "6.0-r1",
        architecture: "x86_64",
        source: { name: "yaml-src", version: "6.0-r1" },
        licenses: ["MIT"],
        vendor: "A <a@b>",
      },
      { type: "apk", name: "musl", version: "1.2.5-r0" },
    ]);
    expect(ownership).toEqual([
      {
        package: { type: "apk", name: "py3-yaml", version: "6.0-r1" },
        paths: ["usr/lib/python3.12/site-packages/PyYAML-6.0.dist-info/METADATA"],
      },
    ]);
  });
});

describe("npm", () => {
  it("wants package roots in node_modules only", () => {
    const wanted = [
      "app/node_modules/a/package.json",
      "node_modules/@s/a/package.json",
      "x/node_modules/a/node_modules/b/package.json",
    ];
    const others = [
      "app/package.json",
      "app/node_modules/a/test/package.json",
      "app/node_modules/a/dist/esm/package.json",
      "app/node_modules/@s/package.json",
      "app/node_modules/package.json",
      "app/node_modules/@s/a/lib/package.json",
      "app/node_modules/a/xpackage.json",
    ];
    expect(wanted.map(wantedBy)).toEqual(wanted.map(() => ["npm"]));
    expect(others.map(wantedBy)).toEqual(others.map(() => []));
  });

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
    [{ version: "1.0.0" }, undefined],
    [{ name: "../../etc", version: "1.0.0" }, undefined],
    [{ name: "a", version: "latest" }, undefined],
    [{ name: ["a"], version: 1 }, undefined],
    [[], undefined],
    [null, undefined],
  ])("%j", (manifest, found) => {
    const { packages } = extract(npm, JSON.stringify(manifest), "node_modules/a/package.json");
    expect(packages?.[0]).toEqual(found && { type: "npm", ...found });
  });

  it("survives a byte order mark, and depth without end", () => {
    expect(extract(npm, '\ufeff{"name":"a","version":"1.0.0"}', "x").packages).toHaveLength(1);
    expect(() => extract(npm, "[".repeat(4_000_000), "x")).toThrow(SyntaxError);
  });
});

describe("python", () => {
  const metadata =
    "Metadata-Version: 2.1\nName: Foo.Bar_baz\nVersion: 1.0.post1\nLicense-Expression: MIT\nLicense: long\n\nName: evil\n";

  it("wants installed metadata of every kind", () => {
    const wanted = ["l/a-1.dist-info/METADATA", "l/a.egg-info/PKG-INFO", "l/a-1-py3.egg-info"];
    expect(wanted.map(wantedBy)).toEqual(wanted.map(() => ["python"]));
    expect(["l/METADATA", "l/a/PKG-INFO", "l/a.dist-info/RECORD"].map(wantedBy)).toEqual([[], [], []]);
  });

  it("reads the headers, not the description", () => {
    expect(extract(python, metadata, "x.dist-info/METADATA").packages).toEqual([
      { type: "pypi", name: "Foo.Bar_baz", version: "1.0.post1", licenses: ["MIT"] },
    ]);
  });

  it("says so when there is no name", () => {
    expect(extract(python, "Version: 1\n", "x.dist-info/METADATA").partial).toMatchObject([
      { reason: "broken-record" },
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
    const found = names.map((name) => extract(python, readFileSync(folder + name), "x.egg-info").packages?.[0]);
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

describe("os-release", () => {
  it.each<[content: string, found: unknown]>([
    [
      'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nID=debian\n# comment\nHOME_URL=x\n',
      {
        id: "debian",
        versionId: "12",
        codename: "bookworm",
        idLike: [],
        name: "Debian GNU/Linux",
        family: "debian",
      },
    ],
    [
      'ID=\'rhel\'\nID_LIKE="fedora  CentOS"\nVERSION_ID=9.4\nCPE_NAME="cpe:/o:redhat:enterprise_linux:9"\nPRETTY_NAME="a \\"b\\""\n',
      {
        id: "rhel",
        versionId: "9.4",
        idLike: ["fedora", "centos"],
        family: "rhel",
        name: 'a "b"',
        cpe: "cpe:/o:redhat:enterprise_linux:9",
      },
    ],
    ["NAME=Custom\n", { id: "linux", idLike: [], name: "Custom" }],
    ["junk", undefined],
    ["", undefined],
  ])("%j", (content, found) => {
    expect(extract(osRelease, content, "etc/os-release").distribution).toEqual(found);
  });
});

describe("mutated input", () => {
  const samples: readonly (readonly [Extractor, string, string])[] = [
    [
      dpkg,
      "var/lib/dpkg/status",
      "Package: a\nStatus: install ok installed\nSource: b (1)\nVersion: 1:2-3\n\nPackage: c\nVersion: 1\n",
    ],
    [dpkg, "var/lib/dpkg/info/a.list", "/.\n/usr/lib/node_modules/a/package.json\n"],
    [apk, "lib/apk/db/installed", "P:a\nV:1-r0\no:b\nF:usr\nR:x\n\nP:c\nV:2-r1\n\n"],
    [npm, "node_modules/a/package.json", '{"name":"a","version":"1.0.0","license":{"type":"MIT"}}'],
    [python, "a.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\nVersion: 1\nLicense: MIT\n\ntext"],
    [osRelease, "etc/os-release", 'ID=debian\nVERSION_ID="12"\nID_LIKE="a b"\n'],
  ];
  const splice = fc.tuple(fc.nat(200), fc.nat(20), fc.uint8Array({ maxLength: 12 }));

  it.each(samples)("$name: facts, a reason or an error, within bounds", (extractor, path, sample) => {
    fc.assert(
      fc.property(fc.array(splice, { minLength: 1, maxLength: 5 }), (splices) => {
        let bytes = Buffer.from(sample);
        for (const [at, length, inserted] of splices) {
          bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + length)]);
        }
        let facts: Facts = {};
        try {
          facts = extract(extractor, bytes, path);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(SyntaxError);
        }
        for (const { name, version } of facts.packages ?? []) {
          expect(`${name}${version}`).not.toMatch(/\p{Cc}/u);
          expect(name.length * version.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
