/** Where matching packages of Debian, Ubuntu, Alpine and Arch goes wrong, told by the distributions' own documents. */
import { describe, expect, it } from "vitest";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import type { Distribution } from "../../../shared/inventory/types.ts";
import { matchInventory } from "../../../shared/matching/match.ts";
import { load } from "../advisories/support.ts";
import { type Brief, inventoryOf } from "./inventory.ts";

const ecosystems = [...new Set([...advisorySettings.parse({}).ecosystems, "Arch"])];

/** `CVE package: fixed version [marks]` of everything that is found. */
async function found(
  documents: readonly unknown[],
  distribution: Partial<Distribution> & Pick<Distribution, "id">,
  packages: readonly Brief[],
): Promise<readonly string[]> {
  const { advisories, result } = await load(documents, { ecosystems });
  expect(result.quarantined.first).toEqual([]);
  const { vulnerabilities } = await matchInventory(inventoryOf(packages, distribution), advisories);
  return vulnerabilities.map(({ id, package: { name }, fix, marks }) => {
    const fixed = fix.state === "fixed" ? fix.version : "no fix";
    return `${id} ${name}: ${fixed}${marks.length === 0 ? "" : ` [${marks.join(", ")}]`}`;
  });
}

const bookworm = { id: "debian", versionId: "12", codename: "bookworm" };
const resolved = (version: string) => ({ status: "resolved", fixed_version: version, urgency: "not yet assigned" });
const deb = (name: string, version: string, source?: string, sourceVersion = version): Brief => ({
  type: "deb",
  name,
  version,
  ...(source !== undefined && { source: { name: source, version: sourceVersion } }),
});

describe("pitfall 1: source and binary package names", () => {
  const documents = [
    { gcc: { "CVE-2024-0001": { releases: { bookworm: resolved("12.2.0-15") } } } },
    { libmount1: { "CVE-2024-0002": { releases: { bookworm: resolved("99") } } } },
  ];

  it("Debian: the source package's name and version count, not the binary's", async () => {
    const packages = [deb("libgcc-s1", "1:12.2.0-14", "gcc", "12.2.0-14"), deb("libmount1", "2.38.1-5", "util-linux")];
    expect(await found(documents, bookworm, packages)).toEqual(["CVE-2024-0001 libgcc-s1: 12.2.0-15"]);
    const later = [deb("libgcc-s1", "1:12.2.0-14", "gcc", "12.2.0-15")];
    expect(await found(documents, bookworm, later)).toEqual([]);
  });

  it("Arch: the names of the packages themselves count", async () => {
    const group = { name: "AVG-1", packages: ["openssl"], affected: "3.0-1", fixed: "3.1-1", severity: "High" };
    const document = { ...group, status: "Fixed", type: "multiple issues", issues: ["CVE-2024-0001"], advisories: [] };
    const packages: Brief[] = [
      { type: "alpm", name: "openssl", version: "3.0-2" },
      { type: "alpm", name: "lib32-openssl", version: "3.0-2", source: { name: "openssl", version: "3.0-2" } },
    ];
    expect(await found([document], { id: "arch" }, packages)).toEqual(["CVE-2024-0001 openssl: 3.1-1"]);
  });
});

describe("pitfall 5: states without a fix", () => {
  it("Debian: shown, never as fixable; cleared where no version ever had it", async () => {
    const open = { status: "open", urgency: "not yet assigned" };
    const documents = [
      { tar: { "CVE-2024-0001": { releases: { bookworm: { ...open, nodsa: "Minor issue", nodsa_reason: "" } } } } },
      { tar: { "CVE-2024-0002": { releases: { bookworm: { ...open, nodsa: "No", nodsa_reason: "ignored" } } } } },
      { tar: { "CVE-2024-0003": { releases: { bookworm: { ...open, nodsa: "Later", nodsa_reason: "postponed" } } } } },
      { tar: { "CVE-2024-0004": { releases: { bookworm: { ...open, urgency: "unimportant" } } } } },
      { tar: { "CVE-2024-0005": { releases: { bookworm: { ...open, urgency: "end-of-life" } } } } },
      { tar: { "CVE-2024-0006": { releases: { bookworm: resolved("0") } } } },
    ];
    const told = await found(documents, bookworm, [deb("tar", "1.34-1")]);
    expect(told.map((text) => text.replace(/ \[.*/, ""))).toEqual(
      [1, 2, 3, 4, 5].map((number) => `CVE-2024-000${number} tar: no fix`),
    );
    expect(told[3]).toContain("unimportant");
    expect(told[4]).toContain("end-of-life");
  });
});

describe("pitfall 6: Ubuntu's long support", () => {
  const jammy = { id: "ubuntu", versionId: "22.04", codename: "jammy" };
  const record = {
    candidate: "CVE-2024-0001",
    priority: "medium",
    packages: {
      jammy: { jinja2: { status: "needed" }, openssl: { status: "released", note: "3.0.2-0ubuntu1.15" } },
      "esm-apps/jammy": { jinja2: { status: "released", note: "3.0.3-1ubuntu0.1~esm1" } },
      "fips-updates/jammy": { openssl: { status: "released", note: "3.0.2-0ubuntu1.12+Fips1" } },
    },
  };
  const matched = (name: string, version: string) => found([record], jammy, [deb(name, version)]);

  it("the release discloses, Ubuntu Pro fixes, and a build of Pro has the fix", async () => {
    expect(await matched("jinja2", "3.0.3-1")).toEqual(["CVE-2024-0001 jinja2: no fix [fixed-in-ubuntu-pro]"]);
    expect(await matched("jinja2", "3.0.3-1ubuntu0.1~esm1")).toEqual([]);
  });

  it("a validated module is older than the release's fix and has its own", async () => {
    expect(await matched("openssl", "3.0.2-0ubuntu1.12")).toEqual(["CVE-2024-0001 openssl: 3.0.2-0ubuntu1.15"]);
    expect(await matched("openssl", "3.0.2-0ubuntu1.12+Fips1")).toEqual([]);
  });
});

describe("pitfall 15: Alpine", () => {
  const secdb = (distroversion: string, secfixes: Record<string, string[]>) => ({
    reponame: "main",
    urlprefix: "https://dl-cdn.alpinelinux.org/alpine",
    distroversion,
    packages: [{ pkg: { name: "openssl", secfixes } }],
  });
  const documents = [
    secdb("v3.20", { "1.2_p1-r1": ["CVE-2024-0001"], "1.2_git20240101-r0": ["CVE-2024-0002"], "0": ["CVE-2024-0003"] }),
    secdb("edge", { "1.3a-r0": ["CVE-2024-0004"] }),
  ];
  const apk = (version: string): Brief => ({
    type: "apk",
    name: "libssl3",
    version,
    source: { name: "openssl", version },
  });

  it("suffixes order as apk orders them, and a fix of 0 is not affected", async () => {
    const alpine = { id: "alpine", versionId: "3.20.3" };
    const both = ["CVE-2024-0001 libssl3: 1.2_p1-r1", "CVE-2024-0002 libssl3: 1.2_git20240101-r0"];
    expect(await found(documents, alpine, [apk("1.2-r9")])).toEqual(both);
    expect(await found(documents, alpine, [apk("1.2_git20240101-r0")])).toEqual(both.slice(0, 1));
    expect(await found(documents, alpine, [apk("1.2_p1-r1")])).toEqual([]);
  });

  it("a CVE of two repositories of one release counts in both", async () => {
    const main = secdb("v3.20", { "1.2-r1": ["CVE-2024-0001"] });
    const community = {
      ...main,
      reponame: "community",
      packages: [{ pkg: { name: "nodejs", secfixes: { "20-r0": ["CVE-2024-0001"] } } }],
    };
    const nodejs: Brief = { type: "apk", name: "nodejs", version: "18-r0" };
    for (const both of [
      [main, community],
      [community, main],
    ]) {
      expect(await found(both, { id: "alpine", versionId: "3.20.3" }, [apk("1.2-r0"), nodejs])).toEqual([
        "CVE-2024-0001 libssl3: 1.2-r1",
        "CVE-2024-0001 nodejs: 20-r0",
      ]);
    }
  });

  it("edge has its own list, release candidates have their branch's", async () => {
    const edge = { id: "alpine", versionId: "3.21_alpha20240807" };
    expect(await found(documents, edge, [apk("1.3-r0")])).toEqual(["CVE-2024-0004 libssl3: 1.3a-r0"]);
    expect(await found(documents, { id: "alpine", versionId: "3.20.0_rc1" }, [apk("1.1-r0")])).toHaveLength(2);
  });
});

describe("pitfall 16: Debian's versions", () => {
  it("tildes, rebuilds, backports and +deb12u1 compare as dpkg does, by the source's version", async () => {
    const documents = [{ vim: { "CVE-2024-0001": { releases: { bookworm: resolved("2:9.0-2+deb12u1") } } } }];
    const affected = ["2:9.0-2", "2:9.0-2~bpo11+1", "2:9.0-2+deb12u1~1", "1:10.0-1"];
    const fixed = ["2:9.0-2+deb12u1", "2:9.0-2+deb12u1+b1", "2:9.1-1~deb12u1"];
    for (const version of [...affected, ...fixed]) {
      const told = await found(documents, bookworm, [deb("vim", version)]);
      expect([version, told.length]).toEqual([version, affected.includes(version) ? 1 : 0]);
    }
    // A rebuild of the binary alone: its source is still the one without the fix.
    expect(await found(documents, bookworm, [deb("vim", "2:9.0-2+b1", "vim", "2:9.0-2")])).toHaveLength(1);
  });

  it("pitfall 17: testing and unstable are told by their names", async () => {
    const documents = [{ vim: { "CVE-2024-0001": { releases: { forky: resolved("3"), sid: resolved("4") } } } }];
    expect(await found(documents, { id: "debian", codename: "forky" }, [deb("vim", "3")])).toEqual([]);
    expect(await found(documents, { id: "debian", codename: "sid" }, [deb("vim", "3")])).toHaveLength(1);
  });
});
