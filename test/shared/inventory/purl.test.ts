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
  ])("%j", (facts, from, purl) => {
    expect(purlOf(facts, from)).toBe(purl);
    // An independent parser reads the same name and version out of it.
    const parsed = PackageURL.fromString(purl);
    expect(parsed.type).toBe(facts.type);
    const version = facts.type === "rpm" ? facts.version.replace(/^\d+:/, "") : facts.version;
    expect(parsed.version).toBe(version);
  });

  it("lone surrogates do no harm", () => {
    expect(purlOf({ type: "npm", name: "a\ud800", version: "1" }, undefined)).toBe("pkg:npm/a%EF%BF%BD@1");
  });
});
