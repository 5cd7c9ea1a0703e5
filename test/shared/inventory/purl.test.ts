import { PackageURL } from "packageurl-js";
import { describe, expect, it } from "vitest";
import type { PackageFacts } from "../../../shared/inventory/extractor.ts";
import { purlOf } from "../../../shared/inventory/purl.ts";
import type { Distribution } from "../../../shared/inventory/types.ts";

const distribution = (id: string, versionId?: string, codename?: string): Distribution => ({
  id,
  idLike: [],
  ...(versionId !== undefined && { versionId }),
  ...(codename !== undefined && { codename }),
});

describe("purl", () => {
  it.each<[facts: PackageFacts, from: Distribution | undefined, purl: string]>([
    [
      { type: "deb", name: "libstdc++6", version: "1:12.2~rc1-14+b1", architecture: "amd64" },
      distribution("debian", "12"),
      "pkg:deb/debian/libstdc%2B%2B6@1:12.2~rc1-14%2Bb1?arch=amd64&distro=debian-12",
    ],
    [
      { type: "deb", name: "a", version: "1" },
      distribution("debian", undefined, "sid"),
      "pkg:deb/debian/a@1?distro=debian-sid",
    ],
    [{ type: "deb", name: "a", version: "1" }, undefined, "pkg:deb/debian/a@1"],
    [
      { type: "apk", name: "a", version: "1-r0" },
      distribution("wolfi", "20230201"),
      "pkg:apk/wolfi/a@1-r0?distro=wolfi-20230201",
    ],
    [
      { type: "rpm", name: "perl-Errno", version: "0:1.30-481.el9", architecture: "x86_64" },
      distribution("rhel", "9.4"),
      "pkg:rpm/redhat/perl-Errno@1.30-481.el9?arch=x86_64&distro=rhel-9.4&epoch=0",
    ],
    [
      { type: "rpm", name: "a", version: "1-1" },
      distribution("opensuse-leap", "15.6"),
      "pkg:rpm/opensuse/a@1-1?distro=opensuse-leap-15.6",
    ],
    [{ type: "rpm", name: "a", version: "1-1" }, undefined, "pkg:rpm/a@1-1"],
    [{ type: "npm", name: "@scope/a", version: "1.0.0-rc.1+b" }, undefined, "pkg:npm/%40scope/a@1.0.0-rc.1%2Bb"],
    [{ type: "pypi", name: "Foo.Bar__baz", version: "1!2.0" }, undefined, "pkg:pypi/foo-bar-baz@1%212.0"],
    [
      { type: "maven", name: "org.apache.logging.log4j:log4j-core", version: "2.14.1" },
      undefined,
      "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
    ],
    [{ type: "maven", name: "ant", version: "1" }, undefined, "pkg:generic/ant@1"],
    [
      { type: "golang", name: "github.com/BurntSushi/toml", version: "v1.2.3+incompatible" },
      undefined,
      "pkg:golang/github.com/BurntSushi/toml@v1.2.3%2Bincompatible",
    ],
    [{ type: "golang", name: "stdlib", version: "1.22.1" }, undefined, "pkg:golang/stdlib@1.22.1"],
    [
      { type: "composer", name: "Laravel/Framework", version: "v11.0.0" },
      undefined,
      "pkg:composer/laravel/framework@v11.0.0",
    ],
    [
      { type: "gem", name: "nokogiri", version: "1.16.0", qualifiers: { platform: "x86_64-linux" } },
      undefined,
      "pkg:gem/nokogiri@1.16.0?platform=x86_64-linux",
    ],
    [
      {
        type: "conda",
        name: "OpenSSL",
        version: "3.2.0",
        qualifiers: { subdir: "linux-64", channel: "conda-forge", build: "hd590300_1" },
      },
      undefined,
      "pkg:conda/openssl@3.2.0?build=hd590300_1&channel=conda-forge&subdir=linux-64",
    ],
    [
      { type: "swift", name: "github.com/apple/swift-nio", version: "2.0.0" },
      undefined,
      "pkg:swift/github.com/apple/swift-nio@2.0.0",
    ],
    [{ type: "cocoapods", name: "Firebase/Auth", version: "10.0.0" }, undefined, "pkg:cocoapods/Firebase@10.0.0#Auth"],
    [
      { type: "alpm", name: "pacman", version: "6.0.1-1", architecture: "x86_64" },
      distribution("arch"),
      "pkg:alpm/arch/pacman@6.0.1-1?arch=x86_64&distro=arch",
    ],
    [{ type: "nuget", name: "Newtonsoft.Json", version: "13.0.3" }, undefined, "pkg:nuget/Newtonsoft.Json@13.0.3"],
    [{ type: "generic", name: "redis", version: "7.2.4" }, undefined, "pkg:generic/redis@7.2.4"],
  ])("%j", (facts, from, purl) => {
    expect(purlOf(facts, from)).toBe(purl);
    // An independent parser reads the same name and version out of it.
    const parsed = PackageURL.fromString(purl);
    expect(parsed.type).toBe(purl.startsWith("pkg:generic") ? "generic" : facts.type);
    const version = facts.type === "rpm" ? facts.version.replace(/^\d+:/, "") : facts.version;
    expect(parsed.version).toBe(version);
  });

  it("lone surrogates do no harm", () => {
    expect(purlOf({ type: "npm", name: "a\ud800", version: "1" }, undefined)).toBe("pkg:npm/a%EF%BF%BD@1");
  });
});
