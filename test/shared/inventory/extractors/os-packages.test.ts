/** Package databases of smaller distributions and of images made without a package manager. */
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extractor, Facts } from "../../../../shared/inventory/extractor.ts";
import { extractor as apk } from "../../../../shared/inventory/extractors/apk/extractor.ts";
import { extractor as azureLinux } from "../../../../shared/inventory/extractors/azure-linux/extractor.ts";
import { extractor as chisel } from "../../../../shared/inventory/extractors/chisel/extractor.ts";
import { extractor as opkg } from "../../../../shared/inventory/extractors/opkg/extractor.ts";
import { extractor as pacman } from "../../../../shared/inventory/extractors/pacman/extractor.ts";
import { extractor as redHat } from "../../../../shared/inventory/extractors/red-hat/extractor.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";
import { inventoryOf } from "../images.ts";

const evidence = "usr/lib/python3/site-packages/x.dist-info/METADATA";

function extract(extractor: Extractor, path: string, content: string | Buffer): Facts {
  return extractor.extract({
    path,
    content: Buffer.from(content),
    companions: new Map(),
    isLanguageEvidence: (one) => one === evidence,
  });
}

function wants(extractor: Extractor, path: string): boolean {
  return compileMatcher([extractor]).match(path).length > 0;
}

describe("opkg", () => {
  const status = [
    "Package: libc\nVersion: 1.2.4-r4\nDepends: libgcc1\nStatus: install user installed\nArchitecture: x86_64\nConffiles:\n /etc/x 0123\nInstalled-Time: 1\n",
    "Package: gone\nVersion: 1\nStatus: deinstall ok not-installed\nArchitecture: x86_64\n",
    "Package: half\nVersion: 2-1\nStatus: install ok unpacked\nArchitecture: all\n",
    "Package: broken\nStatus: install ok installed\n",
  ].join("\n");

  it("lists what is installed, with architecture", () => {
    const { packages, partial } = extract(opkg, "usr/lib/opkg/status", status);
    expect(packages).toEqual([
      { type: "opkg", name: "libc", version: "1.2.4-r4", architecture: "x86_64" },
      { type: "opkg", name: "half", version: "2-1", architecture: "all" },
    ]);
    expect(partial).toMatchObject([{ reason: "broken-record" }]);
  });

  it("the control file adds licence and maintainer to the same package, and makes no second one", async () => {
    const control =
      "Package: libc\nVersion: 1.2.4-r4\nArchitecture: x86_64\nLicense: MIT\nSource: toolchain\nMaintainer: A <a@b>\n";
    const release = { path: "etc/os-release", content: "ID=openwrt\nVERSION_ID=23.05.3\n" };
    const { packages } = await inventoryOf([
      [
        release,
        { path: "usr/lib/opkg/info/libc.control", content: control },
        { path: "usr/lib/opkg/status", content: status },
      ],
    ]);
    const libc = packages.filter(({ name }) => name === "libc");
    expect(libc).toMatchObject([
      {
        purl: "pkg:opkg/openwrt/libc@1.2.4-r4?arch=x86_64&distro=openwrt-23.05.3",
        licenses: ["MIT"],
        vendor: "A <a@b>",
        locations: [{ path: "usr/lib/opkg/info/libc.control" }, { path: "usr/lib/opkg/status" }],
      },
    ]);
  });

  it("knows which files a package owns, in all its places", () => {
    const list = `/usr/bin/x\n/${evidence}\t0644\n`;
    expect(extract(opkg, "var/lib/opkg/info/python3-x.list", list).ownership).toEqual([
      { package: { type: "opkg", name: "python3-x" }, paths: [evidence] },
    ]);
    expect(
      ["usr/lib/opkg/status", "var/lib/opkg/status", "lib/opkg/info/a.control", "usr/lib/opkg/info/a.prerm"].map(
        (path) => wants(opkg, path),
      ),
    ).toEqual([true, true, true, false]);
  });
});

describe("pacman", () => {
  const desc =
    "%NAME%\npython-yaml\n\n%VERSION%\n1:6.0.1-4\n\n%BASE%\npyyaml\n\n%DESC%\n%VERSION%\n\n%ARCH%\nx86_64\n\n%LICENSE%\nMIT\nBSD-3-Clause\n\n%PACKAGER%\nA <a@b>\n\n";

  it("reads the description of a package: epoch, base, every licence", () => {
    const { packages } = extract(pacman, "var/lib/pacman/local/python-yaml-1:6.0.1-4/desc", desc);
    expect(packages).toEqual([
      {
        type: "alpm",
        name: "python-yaml",
        version: "1:6.0.1-4",
        architecture: "x86_64",
        source: { name: "pyyaml", version: "1:6.0.1-4" },
        licenses: ["MIT", "BSD-3-Clause"],
        vendor: "A <a@b>",
      },
    ]);
    expect(extract(pacman, "var/lib/pacman/local/a-1-1/desc", "%NAME%\na\n").partial).toMatchObject([
      { reason: "broken-record" },
    ]);
  });

  it("files are owned by the package that their directory names", () => {
    const files = `%FILES%\nusr/\nusr/lib/\n${evidence}\n\n%BACKUP%\n${evidence}\tdigest\n`;
    expect(extract(pacman, "var/lib/pacman/local/python-yaml-1:6.0.1-4/files", files).ownership).toEqual([
      { package: { type: "alpm", name: "python-yaml", version: "1:6.0.1-4" }, paths: [evidence] },
    ]);
    expect(
      [
        "var/lib/pacman/local/a-1-1/desc",
        "var/lib/pacman/local/ALPM_DB_VERSION",
        "var/lib/pacman/sync/a-1-1/desc",
        "desc",
      ].map((path) => wants(pacman, path)),
    ).toEqual([true, false, false, false]);
  });
});

describe("Azure Linux without a database", () => {
  const line = (...fields: string[]): string => `${fields.join("\t")}\n`;

  it("reads epochs as they are: none, a stated one, one that only the number says", () => {
    const rest = ["1", "2", "Microsoft Corporation"];
    const manifest =
      line("bash", "5.1.8-1.cm2", ...rest, "(none)", "9", "x86_64", "0", "bash-5.1.8-1.cm2.src.rpm") +
      line("a", "1-1.azl3", ...rest, "0", "9", "noarch", "0", "b-1-1.azl3.src.rpm") +
      line("c", "2-1.azl3", "1", "2", "(none)", "(none)", "9", "x86_64", "4", "(none)") +
      line("too", "few", "columns");
    const { packages, partial } = extract(azureLinux, "var/lib/rpmmanifest/container-manifest-2", manifest);
    expect(packages).toEqual([
      {
        type: "rpm",
        name: "bash",
        version: "5.1.8-1.cm2",
        architecture: "x86_64",
        source: { name: "bash", version: "5.1.8-1.cm2" },
        vendor: "Microsoft Corporation",
      },
      {
        type: "rpm",
        name: "a",
        version: "0:1-1.azl3",
        architecture: "noarch",
        source: { name: "b", version: "1-1.azl3" },
        vendor: "Microsoft Corporation",
      },
      { type: "rpm", name: "c", version: "4:2-1.azl3", architecture: "x86_64" },
    ]);
    expect(partial).toMatchObject([{ reason: "broken-record", detail: expect.stringContaining("1 records") }]);
  });
});

describe("Chisel", () => {
  const lines = [
    '{"jsonwall":"1.0","schema":"1.0","count":6}',
    `{"kind":"content","slice":"python3-x_libs","path":"/${evidence}"}`,
    '{"kind":"content","slice":"libc6_libs","path":"/lib/libc.so.6"}',
    '{"kind":"package","name":"libc6","version":"2.39-0ubuntu8.3","sha256":"00","arch":"amd64"}',
    '{"kind":"package","name":"python3-x","version":"1:3-1build1","sha256":"00","arch":"all"}',
    '{"kind":"package","name":"broken","sha256":"00"}',
    '{"kind":"path","path":"/lib/libc.so.6","mode":"0644","slices":["libc6_libs"]}',
    '{"kind":"slice","name":"libc6_libs"}',
  ];
  const expected = [
    { type: "deb", name: "libc6", version: "2.39-0ubuntu8.3", architecture: "amd64" },
    { type: "deb", name: "python3-x", version: "1:3-1build1", architecture: "all" },
  ];

  it.each([
    ["compressed", zstdCompressSync(Buffer.from(`${lines.join("\n")}\n`))],
    ["as it is", Buffer.from(lines.join("\n"))],
  ])("a manifest, %s", (_how, content) => {
    const { packages, ownership, partial } = extract(chisel, "var/lib/chisel/manifest.wall", content);
    expect(packages).toEqual(expected);
    expect(ownership).toEqual([{ package: { type: "deb", name: "python3-x" }, paths: [evidence] }]);
    expect(partial).toMatchObject([{ reason: "broken-record" }]);
  });

  it("stands anywhere; what is no manifest, or expands to too much, is told of", async () => {
    const { packages, partial } = await inventoryOf([
      [
        { path: "opt/rocks/manifest.wall", content: zstdCompressSync(Buffer.from(lines.join("\n"))) },
        { path: "bomb/manifest.wall", content: zstdCompressSync(Buffer.alloc(80 * 1024 * 1024)) },
        { path: "other/manifest.wall", content: "a wall" },
      ],
    ]);
    expect(packages.map(({ name }) => name)).toEqual(["libc6", "python3-x"]);
    expect(partial.map(({ reason, path }) => `${path} ${reason}`).sort()).toEqual([
      "bomb/manifest.wall unreadable-file",
      "opt/rocks/manifest.wall broken-record",
      "other/manifest.wall unreadable-file",
    ]);
  });
});

describe("apk repositories", () => {
  it("branch, component and tag of each; without credentials", () => {
    const text = [
      "https://dl-cdn.alpinelinux.org/alpine/v3.20/main",
      "# https://dl-cdn.alpinelinux.org/alpine/v3.20/community",
      "@testing http://mirror.example/alpine/edge/testing/",
      "https://user:secret@repo.example/alpine/v3.20/internal?token=secret",
      "/media/cdrom/apks",
      "not an address",
      "",
    ].join("\n");
    expect(extract(apk, "etc/apk/repositories", text).repositories).toEqual([
      { type: "apk", url: "https://dl-cdn.alpinelinux.org/alpine/v3.20/main", release: "v3.20", component: "main" },
      {
        type: "apk",
        url: "http://mirror.example/alpine/edge/testing/",
        release: "edge",
        component: "testing",
        tag: "testing",
      },
      { type: "apk", url: "https://repo.example/alpine/v3.20/internal", release: "v3.20", component: "internal" },
      { type: "apk", url: "/media/cdrom/apks" },
    ]);
    expect(
      ["etc/apk/repositories.d/x.list", "etc/apk/repositories.d/x", "lib/apk/db/installed"].map((one) =>
        wants(apk, one),
      ),
    ).toEqual([true, false, true]);
  });
});

describe("Red Hat build facts", () => {
  const manifest = (...names: string[]): string =>
    JSON.stringify({ metadata: { icm_version: 1 }, content_sets: names });

  it("content sets of each layer, the product's labels from Dockerfile, file and configuration", async () => {
    const dockerfile = [
      "FROM scratch",
      'LABEL name="ubi9/ubi" \\',
      "      # between them",
      '      com.redhat.component="ubi9-container" version=9.4 \\',
      "      release=$RELEASE",
      "LABEL summary the rest is text",
      "ENV name=other",
    ].join("\n");
    const { contentSets, products, partial, layers } = await inventoryOf([
      [
        {
          path: "root/buildinfo/content_manifests/ubi9-container-9.4-1.json",
          content: manifest("baseos", "appstream"),
        },
        { path: "root/buildinfo/Dockerfile-ubi9-9.4-1", content: dockerfile },
      ],
      [
        { path: "root/buildinfo/content_manifests/app-1.json", content: manifest() },
        { path: "usr/share/buildinfo/labels.json", content: '{"name":"app","cpe":"cpe:/a:redhat:app:1::el9","x":1}' },
        { path: "root/buildinfo/content_manifests/broken.json", content: "{" },
      ],
    ]);
    const [below, above] = layers.map(({ diffId }) => diffId);
    expect(contentSets).toEqual([
      {
        names: ["appstream", "baseos"],
        location: { path: "root/buildinfo/content_manifests/ubi9-container-9.4-1.json", layer: below },
      },
    ]);
    expect(products).toEqual([
      {
        component: "ubi9-container",
        name: "ubi9/ubi",
        version: "9.4",
        location: { path: "root/buildinfo/Dockerfile-ubi9-9.4-1", layer: below },
      },
      {
        name: "app",
        cpe: "cpe:/a:redhat:app:1::el9",
        location: { path: "usr/share/buildinfo/labels.json", layer: above },
      },
    ]);
    expect(partial.map(({ reason, path }) => [path, reason])).toEqual([
      ["root/buildinfo/content_manifests/broken.json", "unreadable-file"],
    ]);
  });
});

describe("mutated samples", () => {
  const wall = zstdCompressSync(
    Buffer.from('{"jsonwall":"1.0"}\n{"kind":"package","name":"a","version":"1","arch":"b"}\n'),
  );
  const samples: readonly (readonly [Extractor, string, string | Buffer])[] = [
    [opkg, "usr/lib/opkg/status", "Package: a\nVersion: 1\nStatus: install ok installed\n\nPackage: b\nVersion: 2\n"],
    [pacman, "var/lib/pacman/local/a-1-1/desc", "%NAME%\na\n\n%VERSION%\n1-1\n\n%LICENSE%\nMIT\n\n"],
    [pacman, "var/lib/pacman/local/a-1-1/files", `%FILES%\nusr/\n${evidence}\n\n%BACKUP%\nx\n`],
    [azureLinux, "var/lib/rpmmanifest/container-manifest-2", "a\t1-1\t1\t2\tv\t(none)\t3\tx\t0\ta-1-1.src.rpm\n"],
    [chisel, "manifest.wall", wall],
    [apk, "etc/apk/repositories", "@a https://u:p@host.example/alpine/edge/main\n/media/x\n"],
    [redHat, "root/buildinfo/Dockerfile-a", "LABEL a=\"b c\" d='e' \\\n f=g\nLABEL name x\n"],
    [redHat, "root/buildinfo/labels.json", '{"name":"a","version":"1","cpe":["x"]}'],
    [redHat, "root/buildinfo/content_manifests/a.json", '{"content_sets":["a","b",1]}'],
  ];
  const splice = fc.tuple(fc.nat(120), fc.nat(20), fc.uint8Array({ maxLength: 12 }));

  it.each(samples.map((one) => [one[1], one] as const))(
    "%s: facts, a reason or an error",
    (_path, [extractor, path, sample]) => {
      fc.assert(
        fc.property(fc.array(splice, { minLength: 1, maxLength: 5 }), (splices) => {
          let bytes = Buffer.from(sample);
          for (const [at, length, inserted] of splices) {
            bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + length)]);
          }
          let facts: Facts = {};
          try {
            facts = extract(extractor, path, bytes);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Error);
          }
          for (const { name, version } of facts.packages ?? []) {
            expect(`${name}${version}`).not.toMatch(/\p{Cc}/u);
            expect(name.length * version.length).toBeGreaterThan(0);
          }
          for (const { url } of facts.repositories ?? []) expect(url).not.toContain("u:p");
        }),
        { numRuns: 300 },
      );
    },
  );
});
