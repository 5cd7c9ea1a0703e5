/** The distribution of images whose os-release is missing, old, odd or another's. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractor } from "../../../../shared/inventory/extractors/os-release/extractor.ts";
import { familyOf } from "../../../../shared/inventory/extractors/os-release/families.ts";
import { releaseFiles } from "../../../../shared/inventory/extractors/os-release/release-files.ts";
import type { Distribution } from "../../../../shared/inventory/types.ts";
import { inventoryOf } from "../images.ts";

function distributionIn(content: string, path = "etc/os-release"): Distribution | undefined {
  return extractor.extract({
    path,
    content: Buffer.from(content),
    companions: new Map(),
    isLanguageEvidence: () => false,
  }).distribution;
}

describe("release files from before os-release", () => {
  it.each<[path: string, content: string, found: string | undefined]>([
    ["etc/debian_version", "12.5\n", "debian 12.5"],
    ["etc/debian_version", "trixie/sid\n", "debian trixie"],
    ["etc/debian_version", "kali-rolling\n", undefined],
    ["etc/alpine-release", "3.6.5\n", "alpine 3.6.5"],
    ["etc/alpine-release", "3.21_alpha20240807\n", "alpine 3.21_alpha20240807"],
    ["etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_CODENAME=lucid\n", "ubuntu 10.04"],
    ["etc/lsb-release", "LSB_VERSION=base-4.0-amd64\n", undefined],
    ["etc/lsb-release", 'DISTRIB_ID="Some Thing"\nDISTRIB_RELEASE=1\n', undefined],
    ["etc/openwrt_release", "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='21.02.0'\n", "openwrt 21.02.0"],
    ["etc/centos-release", "CentOS release 6.10 (Final)\n", "centos 6.10"],
    ["etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n", "centos 7.9"],
    ["etc/redhat-release", "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n", "rhel 6.10"],
    ["etc/redhat-release", "CentOS Stream release 8\n", "centos 8"],
    ["etc/oracle-release", "Oracle Linux Server release 6.10\n", "ol 6.10"],
    ["etc/fedora-release", "Fedora release 34 (Thirty Four)\n", "fedora 34"],
    ["etc/system-release", "Amazon Linux AMI release 2018.03\n", "amzn 2018.03"],
    ["etc/system-release", "Amazon Linux release 2 (Karoo)\n", "amzn 2"],
    ["etc/photon-release", "VMware Photon OS 3.0\nPHOTON_BUILD_NUMBER=26156e2\n", "photon 3.0"],
    ["etc/mariner-release", "CBL-Mariner 2.0.20220226\nMARINER_BUILD_NUMBER=5c5c2d1\n", "mariner 2.0"],
    ["etc/SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n", "sles 11.4"],
    ["etc/SuSE-release", "SUSE Linux Enterprise Server 12 (x86_64)\nVERSION = 12\nPATCHLEVEL = 0\n", "sles 12"],
    ["etc/SuSE-release", "openSUSE 13.1 (x86_64)\nVERSION = 13.1\nCODENAME = Bottle\n", "opensuse 13.1"],
    ["etc/redhat-release", "Mystery release 3\n", undefined],
    ["etc/redhat-release", "", undefined],
  ])("%s: %j", (path, content, found) => {
    const distribution = distributionIn(content, path);
    const { id, versionId, codename } = distribution ?? {};
    expect(distribution && `${id} ${versionId ?? codename}`).toBe(found);
  });

  it("count only where os-release does not name one, Ubuntu's own before Debian's", async () => {
    const debian = { path: "etc/debian_version", content: "bullseye/sid\n" };
    const lsb = { path: "etc/lsb-release", content: "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=20.04\n" };
    const own = { path: "etc/os-release", content: "ID=pop\nVERSION_ID=22.04\nID_LIKE=ubuntu\n" };
    expect((await inventoryOf([[debian]])).distribution).toMatchObject({ id: "debian", codename: "bullseye" });
    expect((await inventoryOf([[debian, lsb]])).distribution).toMatchObject({ id: "ubuntu", versionId: "20.04" });
    expect((await inventoryOf([[debian, lsb], [own]])).distribution).toMatchObject({ id: "pop", family: "debian" });
    const removed = [{ path: "etc/.wh.os-release" }];
    expect((await inventoryOf([[debian, own], removed])).distribution?.id).toBe("debian");
  });

  it("are followed where one is a link to another", async () => {
    const file = { path: "etc/centos-release", content: "CentOS release 6.10 (Final)\n" };
    const link = { path: "etc/redhat-release", linkTo: "centos-release" };
    const { distribution } = await inventoryOf([[file, link]]);
    expect(distribution).toMatchObject({ id: "centos", endOfLife: { standard: "2020-11-30" } });
  });

  it("garbage is no distribution and no error", () => {
    const content = fc.oneof(fc.string(), fc.constantFrom("release 1.2", "CentOS ", "VERSION = 1\n", "a/sid"));
    fc.assert(
      fc.property(fc.constantFrom(...releaseFiles, "etc/os-release"), fc.array(content), (path, pieces) => {
        const found = distributionIn(pieces.join(""), path);
        expect(found === undefined || found.id !== "").toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("pitfall 17: what distributions call themselves", () => {
  it.each<[what: string, content: string, found: Partial<Distribution>]>([
    [
      "Debian before a release has no VERSION_ID",
      'PRETTY_NAME="Debian GNU/Linux forky/sid"\nNAME="Debian GNU/Linux"\nVERSION_CODENAME=forky\nID=debian\n',
      { id: "debian", codename: "forky", family: "debian" },
    ],
    [
      "nor, in older ones, VERSION_CODENAME",
      'PRETTY_NAME="Debian GNU/Linux buster/sid"\nNAME="Debian GNU/Linux"\nID=debian\n',
      { id: "debian", codename: "buster" },
    ],
    [
      "CentOS Stream is CentOS by ID",
      'NAME="CentOS Stream"\nVERSION="9"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="9"\nPRETTY_NAME="CentOS Stream 9"\n',
      { id: "centos", versionId: "9", name: "CentOS Stream 9", family: "rhel" },
    ],
    [
      "Oracle Linux is `ol`",
      'NAME="Oracle Linux Server"\nID="ol"\nID_LIKE="fedora"\nVERSION_ID="8.9"\n',
      { id: "ol", family: "rhel" },
    ],
    [
      "Amazon Linux names others in ID_LIKE, but is its own",
      'NAME="Amazon Linux"\nVERSION="2"\nID="amzn"\nID_LIKE="centos rhel fedora"\nVERSION_ID="2"\n',
      { id: "amzn", versionId: "2", family: "amzn" },
    ],
    [
      "Amazon Linux 1 has a version of year and month",
      'NAME="Amazon Linux AMI"\nVERSION="2018.03"\nID="amzn"\nID_LIKE="rhel fedora"\nVERSION_ID="2018.03"\n',
      { id: "amzn", versionId: "2018.03", family: "amzn" },
    ],
    [
      "Mariner is what Azure Linux was",
      'NAME="Common Base Linux Mariner"\nID=mariner\nVERSION_ID="2.0"\n',
      { id: "mariner", family: "azurelinux" },
    ],
    ["openSUSE Leap", 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n', { family: "suse" }],
    ["openSUSE MicroOS", 'ID="opensuse-microos"\nID_LIKE="suse opensuse"\nVERSION_ID="20240101"\n', { family: "suse" }],
    ["Photon", "ID=photon\nVERSION_ID=5.0\n", { id: "photon", family: "photon" }],
    [
      "distroless is Debian",
      'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\nVERSION="Debian GNU/Linux 12 (bookworm)"\n',
      { codename: "bookworm" },
    ],
    ["an unknown one is of the family it names", 'ID=eurolinux2\nID_LIKE="rhel"\nVERSION_ID=9\n', { family: "rhel" }],
  ])("%s", (_what, content, found) => {
    expect(distributionIn(content)).toMatchObject(found);
  });

  it("an ID that nobody knows has no family", () => {
    expect(familyOf("mystery", ["other", "constructor"])).toBeUndefined();
  });

  it("images of apko without os-release are of the distribution whose repositories they have", async () => {
    const release = { path: "etc/os-release", content: "ID=unknown\nNAME=x\nVERSION_ID=unknown\n" };
    const repositories = (text: string): { path: string; content: string } => ({
      path: "etc/apk/repositories",
      content: text,
    });
    const database = { path: "lib/apk/db/installed", content: "P:glibc\nV:2.39-r1\nA:x86_64\n\n" };
    const wolfi = await inventoryOf([[release, repositories("https://packages.wolfi.dev/os\n"), database]]);
    expect(wolfi.packages[0]?.purl).toBe("pkg:apk/wolfi/glibc@2.39-r1?arch=x86_64&distro=wolfi");
    const mixed = "https://packages.wolfi.dev/os\nhttps://mirror.example/os\n";
    expect((await inventoryOf([[release, repositories(mixed)]])).distribution?.id).toBe("unknown");
  });
});
