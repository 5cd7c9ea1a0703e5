/** SBOMs found in images: what they state, and how that meets what is there. */
import { describe, expect, it } from "vitest";
import type { Facts } from "../../../../shared/inventory/extractor.ts";
import { extractor as bitnami } from "../../../../shared/inventory/extractors/bitnami/extractor.ts";
import { extractor as sbom } from "../../../../shared/inventory/extractors/sbom/extractor.ts";
import { parsePurl } from "../../../../shared/inventory/extractors/sbom/purl.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { dpkgStatus, inventoryOf, npmPackage, readSharedImage } from "../images.ts";
import { expectBounded } from "./mutated.ts";

function extract(document: unknown, path = "app/bom.json"): Facts {
  const content = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  return sbom.extract({ path, content, companions: new Map(), isLanguageEvidence: () => true });
}

const library = (purl: string, more: object = {}): object => ({ type: "library", name: "x", purl, ...more });
const cycloneDx = (...components: unknown[]): object => ({ bomFormat: "CycloneDX", specVersion: "1.6", components });

const spdxPackage = (name: string, version: string, purl?: string, more: object = {}): object => ({
  name,
  versionInfo: version,
  externalRefs: purl === undefined ? [] : [{ referenceType: "purl", referenceLocator: purl }],
  ...more,
});
const spdx = (...packages: unknown[]): object => ({ spdxVersion: "SPDX-2.3", packages });

describe("documents", () => {
  it("CycloneDX: components within components, licences, scopes; not the image or its distribution", () => {
    const document = {
      ...cycloneDx(
        library("pkg:npm/%40s/a@1.0.0", {
          licenses: [{ license: { id: "MIT" } }, { license: { name: "own" } }, { expression: "A OR B" }],
          components: [library("pkg:maven/org.x/y@2.0?type=jar", { scope: "optional" })],
        }),
        library("pkg:golang/example.com/m/v2@v2.0.0", { scope: "excluded" }),
        { type: "application", name: "tool", group: "org", version: "3.0" },
        { type: "operating-system", name: "debian", version: "12", purl: "pkg:generic/debian@12" },
        { type: "file", name: "/bin/x", version: "1" },
        library("pkg:npm/without-version"),
        library("no purl"),
        null,
      ),
      metadata: { component: { type: "container", name: "image", version: "1", purl: "pkg:oci/image@1" } },
    };
    const facts = extract(document);
    expect(facts.packages).toEqual([
      {
        type: "npm",
        name: "@s/a",
        version: "1.0.0",
        evidence: "sbom",
        licenses: ["MIT", "own", "A OR B"],
        statedPurl: "pkg:npm/%40s/a@1.0.0",
      },
      {
        type: "maven",
        name: "org.x:y",
        version: "2.0",
        evidence: "sbom",
        optional: true,
        statedPurl: "pkg:maven/org.x/y@2.0?type=jar",
      },
      {
        type: "golang",
        name: "example.com/m/v2",
        version: "v2.0.0",
        evidence: "sbom",
        development: true,
        statedPurl: "pkg:golang/example.com/m/v2@v2.0.0",
      },
      { type: "generic", name: "org/tool", version: "3.0", evidence: "sbom" },
    ]);
    expect(facts.partial).toMatchObject([{ reason: "broken-record", detail: expect.stringMatching(/^1 /) }]);
  });

  it("SPDX 2: packages with purls, or with a purpose that makes them packages", () => {
    const { packages } = extract(
      spdx(
        spdxPackage("libssl3", "3.1-r0", "pkg:apk/wolfi/libssl3@3.1-r0?arch=x86_64&origin=openssl", {
          licenseConcluded: "NOASSERTION",
          licenseDeclared: "Apache-2.0",
        }),
        spdxPackage("bash", "5.1-6", "pkg:rpm/redhat/bash@5.1-6?epoch=1&upstream=bash-5.1-6.src.rpm"),
        spdxPackage("app", "1", undefined, { primaryPackagePurpose: "APPLICATION" }),
        spdxPackage("sha256:0123", "", undefined),
        spdxPackage("image", "1", "pkg:oci/image@1", { primaryPackagePurpose: "CONTAINER" }),
      ),
      "x.spdx.json",
    );
    expect(packages).toMatchObject([
      {
        type: "apk",
        name: "libssl3",
        version: "3.1-r0",
        architecture: "x86_64",
        source: { name: "openssl", version: "3.1-r0" },
        licenses: ["Apache-2.0"],
      },
      { type: "rpm", name: "bash", version: "1:5.1-6", source: { name: "bash", version: "5.1-6" } },
      { type: "generic", name: "app", version: "1" },
    ]);
    expect(packages).toHaveLength(3);
  });

  it("SPDX 3", () => {
    const { packages } = extract({
      "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
      "@graph": [
        { type: "software_Package", name: "a", software_packageVersion: "1.0", software_packageUrl: "pkg:pypi/a@1.0" },
        { type: "software_File", name: "b" },
      ],
    });
    expect(packages).toMatchObject([{ type: "pypi", name: "a", version: "1.0", evidence: "sbom" }]);
  });

  it("CycloneDX as XML gives what it gives as JSON", () => {
    const xml = `<?xml version="1.0"?>
      <bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
        <metadata><component type="container"><name>image</name><version>1</version></component></metadata>
        <components>
          <component type="library" bom-ref="a">
            <group>@s</group><name>a</name><version>1.0.0</version><scope>optional</scope>
            <licenses><license><id>MIT</id></license><license><name>own</name></license></licenses>
            <purl>pkg:npm/%40s/a@1.0.0?x=y&amp;z=1</purl>
            <components><component type="framework"><name>b</name><version>2</version></component></components>
          </component>
          <component type='file'><name>c</name><version>3</version></component>
        </components>
      </bom>`;
    const json = cycloneDx(
      library("pkg:npm/%40s/a@1.0.0?x=y&z=1", {
        scope: "optional",
        licenses: [{ license: { id: "MIT" } }, { license: { name: "own" } }],
        components: [{ type: "framework", name: "b", version: "2" }],
      }),
    );
    for (const path of ["app/bom.xml", "x.cdx.xml"]) expect(extract(xml, path)).toEqual(extract(json));
    expect(extract(xml, "app/bom.xml").packages).toHaveLength(2);
    expect(extract("<project><bom/></project>", "app/bom.xml")).toEqual({});
    expect(extract(xml.slice(0, 300), "x.cdx.xml").partial).toMatchObject([{ reason: "broken-sbom" }]);
    expectBounded(sbom, "x.cdx.xml", xml);
  });

  it("SPDX 2 as tag-value and YAML gives what it gives as JSON", () => {
    const tagValue = `SPDXVersion: SPDX-2.3\r
DataLicense: CC0-1.0
# PackageName: comment
PackageName: libssl3
SPDXID: SPDXRef-a
PackageVersion: 3.1-r0
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: Apache-2.0
PackageComment: <text>several lines
PackageName: not this
PackageVersion: 9</text>
ExternalRef: SECURITY cpe23Type cpe:2.3:a:openssl:openssl:3.1:*:*:*:*:*:*:*
ExternalRef: PACKAGE-MANAGER purl pkg:apk/wolfi/libssl3@3.1-r0?arch=x86_64

FileName: ./x
PackageVersion: 7
PackageName: app
PackageVersion: 1
PrimaryPackagePurpose: APPLICATION
`;
    const yaml = `spdxVersion: SPDX-2.3
packages:
- name: libssl3
  versionInfo: "3.1-r0"
  licenseConcluded: NOASSERTION
  licenseDeclared: Apache-2.0
  externalRefs:
  - referenceType: cpe23Type
    referenceLocator: "cpe:2.3:a"
  - referenceType: purl
    referenceLocator: pkg:apk/wolfi/libssl3@3.1-r0?arch=x86_64
- {name: app, versionInfo: "1", primaryPackagePurpose: APPLICATION}
`;
    const facts = extract(
      spdx(
        spdxPackage("libssl3", "3.1-r0", "pkg:apk/wolfi/libssl3@3.1-r0?arch=x86_64", { licenseDeclared: "Apache-2.0" }),
        spdxPackage("app", "1", undefined, { primaryPackagePurpose: "APPLICATION" }),
      ),
      "x.spdx.json",
    );
    expect(facts.packages).toHaveLength(2);
    for (const path of ["x.spdx", "x.spdx.tag"]) expect(extract(tagValue, path)).toEqual(facts);
    expect(extract(yaml, "x.spdx.yaml")).toEqual(facts);
    expect(extract("MIT License\n\nCopyright: x\n", "usr/share/licenses/x.spdx")).toEqual({});
    expectBounded(sbom, "x.spdx", tagValue);
  });

  it("SPDX as RDF is told of", () => {
    const rdf = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>';
    for (const path of ["x.spdx.rdf", "x.spdx.rdf.xml", "x.spdx.xml"]) {
      expect(extract(rdf, path)).toMatchObject({ partial: [{ reason: "unsupported-format" }] });
    }
  });

  it("types that the inventory does not know keep their purl", () => {
    expect(extract(cycloneDx(library("pkg:hackage/acme/lens@5.2"))).packages).toMatchObject([
      { type: "generic", name: "acme/lens", version: "5.2", statedPurl: "pkg:hackage/acme/lens@5.2" },
    ]);
  });

  it("what claims by its name to be one and is none is told of; what may be anything is not", () => {
    for (const document of [
      "",
      "{",
      "[]",
      "SPDXVersion: SPDX-2.3\n",
      { spdxVersion: "SPDX-4.0" },
      `${"[".repeat(1000)}`,
    ]) {
      expect(extract(document, "app/x.cdx.json").partial).toHaveLength(1);
      expect(extract(document, "app/bom.json")).toEqual({});
    }
  });

  it("stands under the usual names", () => {
    const matcher = compileMatcher([sbom, bitnami]);
    const names = [
      "var/lib/db/sbom/openssl-3.2.1-r0.spdx.json",
      "opt/bitnami/redis/.spdx-redis.spdx",
      "sbom.json",
      "app/bom.json",
      "app/image-sbom.json",
      "site-packages/a-1.dist-info/sboms/auditwheel.cdx.json",
      "app/bom.xml",
      "app/x.spdx",
      "app/x.spdx.yml",
    ];
    expect(names.map((name) => matcher.match(name).map((one) => one.name))).toEqual(names.map(() => ["sbom"]));
    const others = ["app/combom.json", "app/pom.xml", "usr/share/x.tag", "app/test/bom.json", "app/package.json"];
    expect(others.map((name) => matcher.match(name))).toEqual(others.map(() => []));
  });

  it.each<[purl: string, parts: object | undefined]>([
    ["pkg:npm/%40s/a@1.0.0", { type: "npm", namespace: "@s", name: "a", version: "1.0.0" }],
    ["pkg:npm/@s/a", { namespace: "@s", name: "a", version: undefined }],
    ["PKG:GitHub//x/y@v1?a=b%26c#sub/path", { type: "github", namespace: "x", name: "y", version: "v1" }],
    ["pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bb1?arch=amd64", { name: "libstdc++6", version: "12.2.0-14+b1" }],
    ["pkg:npm/%zz@1", undefined],
    ["pkg:npm", undefined],
    ["npm/a@1", undefined],
  ])("purl %s", (purl, parts) => {
    const parsed = parsePurl(purl);
    if (parts === undefined) expect(parsed).toBeUndefined();
    else expect(parsed).toMatchObject(parts);
  });

  it("every mutation ends in honest packages, a reason, or nothing", () => {
    const sample = cycloneDx(library("pkg:npm/%40s/a@1.0.0?x=y", { licenses: [{ license: { id: "MIT" } }] }));
    expectBounded(sbom, "x.cdx.json", JSON.stringify(sample), 600);
    expectBounded(sbom, "x.spdx.json", JSON.stringify(spdx(spdxPackage("a", "1", "pkg:apk/a/a@1?origin=b"))), 600);
    expectBounded(bitnami, ".bitnami_components.json", '{"redis":{"arch":"amd64","version":"7.2.4-0"}}', 200);
  });
});

describe("in the image", () => {
  const osRelease = { path: "etc/os-release", content: "ID=debian\nVERSION_ID=12\n" };
  const document = (...purls: string[]) => ({
    path: "sboms/image.cdx.json",
    content: JSON.stringify(cycloneDx(...purls.map((purl) => library(purl)))),
  });

  it("a package that is there is described, not doubled", async () => {
    const { packages } = await inventoryOf([
      [
        osRelease,
        dpkgStatus(["bash", "5.2-2"], ["libstdc++6", "12.2"]),
        npmPackage("app/", "@s/a", "1.0.0"),
        document(
          "pkg:deb/debian/bash@5.2-2?arch=amd64&distro=debian-12&upstream=x",
          "pkg:deb/debian/libstdc++6@12.2",
          "pkg:npm/@s/a@1.0.0",
          "pkg:npm/%40s/a@2.0.0",
        ),
      ],
    ]);
    expect(packages.map(({ purl, evidence, describedBy }) => [purl, evidence, describedBy])).toEqual([
      ["pkg:deb/debian/bash@5.2-2?arch=amd64&distro=debian-12", undefined, ["sboms/image.cdx.json"]],
      ["pkg:deb/debian/libstdc%2B%2B6@12.2?arch=amd64&distro=debian-12", undefined, ["sboms/image.cdx.json"]],
      ["pkg:npm/%40s/a@1.0.0", undefined, ["sboms/image.cdx.json"]],
      ["pkg:npm/%40s/a@2.0.0", "sbom", undefined],
    ]);
    expect(packages[0]?.locations.map(({ path }) => path)).toEqual(["var/lib/dpkg/status"]);
  });

  it("another build, another epoch or another distribution is another package", async () => {
    const stated = [
      "pkg:deb/debian/bash@5.2-2?arch=arm64",
      "pkg:deb/ubuntu/bash@5.2-2?arch=amd64",
      "pkg:rpm/redhat/bash@5.1-6?epoch=1",
    ];
    const { packages } = await inventoryOf([[osRelease, dpkgStatus(["bash", "5.2-2"]), document(...stated)]]);
    expect(packages.map(({ type, purl, evidence, describedBy }) => [type, purl, evidence, describedBy])).toEqual([
      ["deb", "pkg:deb/debian/bash@5.2-2?arch=amd64&distro=debian-12", undefined, undefined],
      ["deb", stated[0], "sbom", undefined],
      // The advisories of this image's distribution say nothing about others.
      ["generic", stated[1], "sbom", undefined],
      ["generic", stated[2], "sbom", undefined],
    ]);
  });

  it("whoever states it: a lock file's package is described too, and two SBOMs state one package", async () => {
    const one = document("pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0");
    const lock = { lockfileVersion: 3, packages: { "node_modules/a": { version: "1.0.0", dev: true } } };
    const { packages } = await inventoryOf([
      [{ path: "app/package-lock.json", content: JSON.stringify(lock) }, one],
      [{ ...one, path: "sboms/other.cdx.json" }],
    ]);
    const paths = ["sboms/image.cdx.json", "sboms/other.cdx.json"];
    expect(packages).toMatchObject([
      { name: "a", evidence: "lock-file", development: true, describedBy: paths },
      { name: "b", evidence: "sbom", locations: paths.map((path) => ({ path })) },
    ]);
  });

  it("Bitnami: what the build recorded, described by the component's SBOM", async () => {
    const purl = "pkg:bitnami/redis@7.2.4-0?arch=amd64&distro=debian-12";
    const { packages } = await inventoryOf([
      [
        {
          path: "opt/bitnami/.bitnami_components.json",
          content: JSON.stringify({ redis: { arch: "amd64", distro: "debian-12", type: "NAMI", version: "7.2.4-0" } }),
        },
        {
          path: "opt/bitnami/redis/.spdx-redis.spdx",
          content: JSON.stringify(
            spdx(spdxPackage("redis", "7.2.4-0", purl), spdxPackage("x", "1", "pkg:golang/x/y@1")),
          ),
        },
      ],
    ]);
    expect(packages.map((one) => [one.purl, one.evidence, one.describedBy?.length])).toEqual([
      [purl, undefined, 1],
      ["pkg:golang/x/y@1", "sbom", undefined],
    ]);
  });

  it.skipIf(sharedData === undefined)("a real image of two layers: SBOMs of apko (needs the shared data)", async () => {
    const { packages } = await readSharedImage(`oci-archive:${sharedData}images/wolfi/apko-wolfi-2layer.oci.tar`);
    const apk = packages.filter(({ type }) => type === "apk");
    const installed = apk.filter(({ evidence }) => evidence === undefined);
    expect(installed.map(({ name }) => name)).toEqual([
      "libcrypto3",
      "libssl3",
      "openssl-config",
      "openssl-provider-legacy",
      "openssl",
    ]);
    expect(installed.every(({ describedBy }) => describedBy?.length === 1)).toBe(true);
    // The upper layer's database names only its own packages: the others are known by their SBOMs alone.
    const stated = apk.filter(({ evidence }) => evidence === "sbom");
    expect(stated.map(({ name }) => name)).toEqual([
      "ca-certificates-bundle",
      "glibc-locale-posix",
      "glibc",
      "ld-linux",
      "wolfi-baselayout",
    ]);
  });
});
