/** Extractors of text formats: what they find, what they leave, and that nothing breaks them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extractor, Facts } from "../../../../shared/inventory/extractor.ts";
import { extractor as apk } from "../../../../shared/inventory/extractors/apk/extractor.ts";
import { extractor as dpkg } from "../../../../shared/inventory/extractors/dpkg/extractor.ts";
import { extractor as osRelease } from "../../../../shared/inventory/extractors/os-release/extractor.ts";
import { extractors } from "../../../../shared/inventory/registry.generated.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";

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
    const list = "/.\n/usr\n/usr/lib/python3/dist-packages/yaml.egg-info/PKG-INFO\n/usr/share/doc/x/copyright.txt\n";
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
      "P:musl\nV:1.2.5-r0\nF:etc\nR:x.conf\n",
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
