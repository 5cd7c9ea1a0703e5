import { describe, expect, it } from "vitest";
import type { Vulnerability } from "../../../shared/matching/types.ts";
import { applyVex, type VexImage } from "../../../shared/vex/apply.ts";
import type { VexOrigin, VexStatement } from "../../../shared/vex/types.ts";
import { busybox, csaf, digest, file, imageOf, notAffected, openVex, statementsOf, vulnerability } from "./samples.ts";

const marked = (found: Vulnerability, statements: readonly VexStatement[], image = imageOf()) =>
  applyVex([found], statements, image)[0]?.vex?.status;

const about = (products: readonly unknown[]) => statementsOf(openVex([notAffected(products)]));
const part = { "@id": busybox };

describe("a product that is a package", () => {
  it.each([
    ["pkg:apk/alpine/busybox", "not_affected"],
    ["pkg:apk/alpine/busybox@1.36.1-r2", "not_affected"],
    ["pkg:apk/alpine/busybox@1.36.1-r1", undefined],
    ["pkg:apk/alpine/busybox?arch=x86_64", "not_affected"],
    ["pkg:apk/alpine/busybox?arch=aarch64", undefined],
    ["pkg:apk/alpine/busybox?distro=alpine-3.20.3", "not_affected"],
    ["pkg:apk/alpine/busybox?os_name=alpine&os_version=3.20.3", "not_affected"],
    ["pkg:apk/alpine/busybox?os_name=alpine&os_version=3.19.0", undefined],
    ["pkg:apk/alpine/busybox?flavour=other", undefined],
    ["pkg:apk/alpine/BusyBox", "not_affected"],
    ["pkg:apk/wolfi/busybox", undefined],
    ["pkg:apk/busybox", undefined],
    ["pkg:apk/alpine/busybox-binsh", undefined],
    ["pkg:apk/alpine/busybox#lib", undefined],
    ["pkg:deb/alpine/busybox", undefined],
    ["pkg:apk/%", undefined],
  ])("%s -> %s", (purl, expected) => {
    expect(marked(vulnerability(busybox), about([{ "@id": purl }]))).toBe(expected);
  });

  it.each([
    ["pkg:golang/example.com/m@1.2.0", "pkg:golang/example.com/m@v1.2.0"],
    ["pkg:rpm/redhat/bash@5.1-9", "pkg:rpm/redhat/bash@5.1-9?epoch=1"],
    ["pkg:rpm/redhat/bash@5.1-9?epoch=0", "pkg:rpm/redhat/bash@5.1-9"],
    ["pkg:pypi/Some_Thing", "pkg:pypi/some-thing@1.0"],
    ["pkg:npm/%40scope/name", "pkg:npm/%40scope/name@1.0.0"],
  ])("%s is %s, as its type writes it", (pattern, purl) => {
    expect(marked(vulnerability(purl), about([{ "@id": pattern }]))).toBe("not_affected");
  });

  it("named as source means everything built from it, in its version", () => {
    const purl = "pkg:deb/debian/libssl3@3.0.1-1?arch=amd64";
    const source = { name: "openssl", version: "3.0.1-1" };
    const image = imageOf({ packages: [{ purl, locations: [], source }] });
    const verdicts = [
      "pkg:deb/debian/openssl?arch=source",
      "pkg:deb/debian/openssl@3.0.1-1?arch=source",
      "pkg:deb/debian/openssl@3.0.0-1?arch=source",
      "pkg:deb/debian/openssl",
    ].map((pattern) => marked(vulnerability(purl), about([{ "@id": pattern }]), image));
    expect(verdicts).toEqual(["not_affected", "not_affected", undefined, undefined]);
  });
});

describe("a product that is an image", () => {
  const other = `sha256:${"cd".repeat(32)}`;
  it.each<[string, boolean]>([
    ["pkg:oci/app", true],
    ["pkg:oci/team%2Fapp", true],
    ["pkg:oci/other", false],
    [`pkg:oci/anything@${encodeURIComponent(digest)}?repository_url=elsewhere.example/x`, true],
    [`pkg:oci/app@${encodeURIComponent(other)}`, false],
    ["pkg:oci/app?repository_url=registry.example/team/app", true],
    ["pkg:oci/app?repository_url=registry.example%2Fteam", true],
    ["pkg:oci/app?repository_url=elsewhere.example/team/app", false],
    ["pkg:oci/app?tag=1.0&arch=amd64", true],
    ["pkg:oci/app?tag=2.0", false],
    ["pkg:oci/app?arch=arm64", false],
    ["pkg:docker/team/app", false],
    ["registry.example/team/app:1.0", true],
    ["registry.example/team/app:2.0", false],
    [`registry.example/team/app@${digest}`, true],
    ["app", false],
  ])("%s: %s", (id, expected) => {
    expect(marked(vulnerability(busybox), about([{ "@id": id, subcomponents: [part] }])) !== undefined).toBe(expected);
  });

  it("means only the components it names, or all where it names none", () => {
    const image = { "@id": "pkg:oci/app" };
    expect(marked(vulnerability(busybox), about([image]))).toBe("not_affected");
    const zlib = vulnerability("pkg:apk/alpine/zlib@1.3-r0");
    expect(marked(zlib, about([{ ...image, subcomponents: [part] }]))).toBeUndefined();
  });

  it("is known by Docker Hub's names, and an archive by its digest only", () => {
    const hub: Partial<VexImage> = { references: [{ registry: "docker.io", repository: "library/nginx", tag: "1" }] };
    expect(marked(vulnerability(busybox), about(["pkg:docker/nginx@1"]), imageOf(hub))).toBe("not_affected");
    const url = "pkg:oci/nginx?repository_url=index.docker.io/library/nginx";
    expect(marked(vulnerability(busybox), about([url]), imageOf(hub))).toBe("not_affected");
    expect(marked(vulnerability(busybox), about(["pkg:oci/app"]), imageOf({ references: [] }))).toBeUndefined();
  });
});

describe("a product that holds others", () => {
  const go = "pkg:golang/example.com/tool@v1.0.0";
  const dependency = "pkg:golang/golang.org/x/net@v0.1.0";
  const at = (path: string) => [{ path, layer: digest }];
  const image = imageOf({ packages: [{ purl: go, locations: at("usr/bin/tool") }] });
  const statements = about([
    { "@id": "pkg:golang/example.com/tool", subcomponents: [{ "@id": "pkg:golang/golang.org/x/net" }] },
  ]);
  const found = (...paths: string[]) =>
    vulnerability(dependency, { evidence: { locations: paths.flatMap(at), comparison: "", shard: "" } });

  it("speaks of them in itself, and not of copies elsewhere", () => {
    expect(marked(found("usr/bin/tool"), statements, image)).toBe("not_affected");
    expect(marked(found("usr/bin/tool", "usr/bin/other"), statements, image)).toBeUndefined();
    expect(marked(found("usr/bin/tool"), statements, imageOf())).toBeUndefined();
  });
});

describe("an operating system by its CPE", () => {
  const bash = "pkg:rpm/redhat/bash@5.1.8-9.el9?arch=x86_64&distro=rhel-9.4";
  const rhel = (cpe: string | undefined): VexImage =>
    imageOf({
      distribution: { id: "rhel", versionId: "9.4", idLike: [], ...(cpe !== undefined && { cpe }) },
      packages: [{ purl: bash, locations: [], source: { name: "bash", version: "5.1.8-9.el9" } }],
    });
  it.each([
    ["cpe:/o:redhat:enterprise_linux:9::baseos", "not_affected"],
    ["cpe:2.3:o:redhat:enterprise_linux:9.4:*:*:*:*:*:*:*", "not_affected"],
    ["cpe:/o:redhat:enterprise_linux:8", undefined],
    ["cpe:/o:redhat:enterprise_linux:90", undefined],
    [undefined, undefined],
  ])("%s -> %s", (cpe, expected) => {
    expect(marked(vulnerability(bash), statementsOf(csaf), rhel(cpe))).toBe(expected);
  });
});

describe("several statements", () => {
  const origin = (source: VexOrigin["source"], name: string, verifiedBy?: string): VexOrigin => ({
    source,
    name,
    ...(verifiedBy !== undefined && { verifiedBy }),
  });
  const said = (status: string, time: string, from: VexOrigin = file, changes: object = {}) =>
    statementsOf(
      openVex([notAffected([part], { status, timestamp: time, ...changes })], {
        "@id": `https://example.com/${from.name}`,
      }),
      from,
    );
  const [early, late] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"];
  const decided = (...all: readonly (readonly VexStatement[])[]) =>
    applyVex([vulnerability(busybox)], all.flat(), imageOf())[0]?.vex;

  it("the newest of the most trusted source decides; other documents that say otherwise are shown", () => {
    const vex = decided(
      said("fixed", late, origin("feed", "feed")),
      said("affected", late, origin("attestation", "att", "key")),
      said("not_affected", early, origin("file", "old")),
      said("under_investigation", late, origin("file", "new")),
      said("under_investigation", early, origin("feed", "agrees")),
    );
    expect(vex).toMatchObject({
      status: "under_investigation",
      source: "file",
      document: "https://example.com/new",
      timestamp: "2026-02-01T00:00:00.000Z",
      contradictions: [
        { status: "not_affected", source: "file" },
        { status: "affected", source: "attestation" },
        { status: "fixed", source: "feed" },
      ],
    });
  });

  it("what is verified comes before what is not, and a document does not contradict itself", () => {
    expect(
      decided(
        said("fixed", late, origin("attestation", "a")),
        said("affected", early, origin("attestation", "b", "key")),
      ),
    ).toMatchObject({ status: "affected", verifiedBy: "key" });
    const changed = decided(said("affected", early), said("not_affected", late));
    expect(changed?.status).toBe("not_affected");
    expect(changed?.contradictions).toBeUndefined();
  });

  it("at the same time the least favourable decides, whatever their order", () => {
    const two = [said("not_affected", late, origin("file", "a")), said("affected", late, origin("file", "b"))];
    expect([decided(...two)?.status, decided(...two.toReversed())?.status]).toEqual(["affected", "affected"]);
  });

  it("mark, and never drop; an affected one has no mark, and other marks stay", () => {
    const found = [vulnerability(busybox, { marks: ["unimportant"] }), vulnerability("pkg:npm/a@1.0.0")];
    const marks = (status: string) => applyVex(found, said(status, late), imageOf()).map((one) => one.marks.join());
    expect(["not_affected", "fixed", "under_investigation", "affected"].map(marks)).toEqual([
      ["unimportant,vex-not-affected", ""],
      ["unimportant,vex-fixed", ""],
      ["unimportant,vex-under-investigation", ""],
      ["unimportant", ""],
    ]);
  });

  it("match by any name; an update of several CVEs only when each is spoken of, by the least favourable", () => {
    const named = (name: string, status: string) =>
      said(status, late, origin("file", name), { vulnerability: { name } });
    const ghsa = vulnerability(busybox, { aliases: ["GHSA-aaaa-bbbb-cccc"] });
    expect(marked(ghsa, named("ghsa-AAAA-bbbb-cccc", "fixed"))).toBe("fixed");
    const update = vulnerability(busybox, { id: "RHSA-1", aliases: ["CVE-2026-0001", "CVE-2026-0002"] });
    const one = named("CVE-2026-0001", "not_affected");
    expect(marked(update, one)).toBeUndefined();
    expect(marked(update, [...one, ...named("CVE-2026-0002", "under_investigation")])).toBe("under_investigation");
    expect(marked(update, [...one, ...named("CVE-2026-0002", "fixed")])).toBe("fixed");
    expect(marked(update, named("RHSA-1", "not_affected"))).toBe("not_affected");
  });
});
