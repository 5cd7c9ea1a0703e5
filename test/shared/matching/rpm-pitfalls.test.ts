/** Pitfalls of rpm distributions: each is one test, from the publishers' own forms to findings. */
import { describe, expect, test } from "vitest";
import { type Advisories, openAdvisories } from "../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../shared/advisories/settings.ts";
import { updateAdvisories } from "../../../shared/advisories/update/update.ts";
import type { Distribution } from "../../../shared/inventory/types.ts";
import { matchInventory } from "../../../shared/matching/match.ts";
import type { Vulnerability } from "../../../shared/matching/types.ts";
import { inDirectory, ndjson, testPorts } from "../advisories/support.ts";
import { type Brief, inventoryOf } from "./inventory.ts";

const ecosystems = ["Red Hat", "Rocky Linux", "Oracle Linux", "Amazon Linux", "Azure Linux", "Photon OS", "Fedora"];

async function loaded(files: Readonly<Record<string, string>>): Promise<Advisories> {
  const ports = testPorts();
  const settings = advisorySettings.parse({ ecosystems });
  const result = await inDirectory(files, (directory) => updateAdvisories(ports, settings, directory));
  expect(result.quarantined.first).toEqual([]);
  return openAdvisories(ports.blobs);
}

/** `CVE-1 name: fixed 1-2`, one a line. */
async function found(
  advisories: Advisories,
  distribution: Partial<Distribution> & Pick<Distribution, "id">,
  packages: readonly Partial<Brief>[],
): Promise<readonly string[]> {
  const briefs = packages.map((brief): Brief => ({ type: "rpm", name: "a", version: "1-1", ...brief }));
  const { vulnerabilities } = await matchInventory(inventoryOf(briefs, distribution), advisories);
  return vulnerabilities.map(({ id, package: { name }, fix }: Vulnerability) => {
    const state = fix.state === "fixed" ? `fixed ${fix.version}` : fix.state;
    return `${id} ${name}: ${state}`;
  });
}

/** A record of Red Hat's Security Data API: builds (with `-<epoch>:`) that fix the CVE, and states of packages. */
const cve = (
  name: string,
  fixed: readonly string[],
  states: Readonly<Record<string, string>> = {},
  cpe = "cpe:/o:redhat:enterprise_linux:9",
) => ({
  name,
  public_date: "2026-01-01T00:00:00Z",
  bugzilla: { description: name },
  affected_release: fixed.map((build) => ({ package: build, cpe, advisory: "RHSA-2026:1" })),
  package_state: Object.entries(states).map(([text, state]) => ({ package_name: text, fix_state: state, cpe })),
});

/** An update that names binary packages. */
const rhsa = (
  id: string,
  cves: readonly string[],
  fixed: Readonly<Record<string, string>>,
  product = "enterprise_linux:9::baseos",
  summary = "Red Hat Security Advisory",
) => ({
  id,
  modified: "2026-01-01T00:00:00Z",
  related: cves,
  summary,
  affected: Object.entries(fixed).map(([name, version]) => ({
    package: { ecosystem: `Red Hat:${product}`, name },
    ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: version }] }],
  })),
});

const rhel9 = { id: "rhel", versionId: "9.5" };
const redHat = (...records: readonly unknown[]) => loaded({ "records.ndjson": ndjson(records) });

describe("Red Hat", () => {
  test("pitfall 1: records about source packages hold for all that is built from them, and only for that", async () => {
    const advisories = await redHat(cve("CVE-2026-0001", ["openssl-1:3.0.7-5.el9"]));
    const source = { name: "openssl", version: "3.0.7-4.el9" };
    expect(
      await found(advisories, rhel9, [
        { name: "openssl-libs", version: "1:3.0.7-4.el9", source },
        // A binary package of the name, built from something else.
        { name: "openssl", version: "1:1.0-1.el9", source: { name: "compat", version: "1.0-1.el9" } },
        { name: "openssl-devel", version: "1:3.0.7-5.el9", source: { name: "openssl", version: "3.0.7-5.el9" } },
      ]),
    ).toEqual(["CVE-2026-0001 openssl-libs: fixed 1:3.0.7-5.el9"]);
  });

  test("pitfall 2: a source package's epoch is not the binary package's, and where it is not told it does not count", async () => {
    const advisories = await redHat(cve("CVE-2026-0002", ["perl-4:5.32.1-481.el9"]));
    const perl = (version: string, source: string) => ({
      name: "perl-Errno",
      version,
      source: { name: "perl", version: source },
    });
    expect(await found(advisories, rhel9, [perl("1.30-480.el9", "5.32.1-480.el9")])).toEqual([
      "CVE-2026-0002 perl-Errno: fixed 5.32.1-481.el9",
    ]);
    expect(await found(advisories, rhel9, [perl("1.30-481.el9", "5.32.1-481.el9")])).toEqual([]);
    // Without an epoch of its own the package has epoch 0, which is before 4.
    expect(await found(advisories, rhel9, [{ name: "perl", version: "5.32.1-481.el9" }])).toHaveLength(1);
  });

  test("pitfall 2: a binary package with an older release than its source has the source's fixes", async () => {
    const advisories = await redHat(
      cve("CVE-2026-0003", ["emacs-1:27.2-8.el9_2.1"]),
      rhsa("RHSA-2026:2", ["CVE-2026-0003"], { "emacs-filesystem": "1:27.2-8.el9_2.1" }),
    );
    const source = { name: "emacs", version: "27.2-8.el9_2.1" };
    expect(await found(advisories, rhel9, [{ name: "emacs-filesystem", version: "1:27.2-8.el9", source }])).toEqual([]);
  });

  test("pitfall 3: a module's state is for its stream alone; other builds keep the package's own", async () => {
    const advisories = await redHat(
      cve("CVE-2026-0004", [], {
        "nodejs:18/nodejs": "Will not fix",
        "nodejs:20/nodejs": "Not affected",
        nodejs: "Affected",
      }),
    );
    const nodejs = (modularity?: string) => ({
      name: "nodejs",
      version: modularity === undefined ? "16.1-1.el9" : "18.1-1.module+el9.2.0+1+2",
      ...(modularity !== undefined && { modularity }),
    });
    expect(await found(advisories, rhel9, [nodejs("nodejs:18:90020")])).toEqual(["CVE-2026-0004 nodejs: will-not-fix"]);
    expect(await found(advisories, rhel9, [nodejs("nodejs:20:90020")])).toEqual([]);
    expect(await found(advisories, rhel9, [nodejs("nodejs:22:90020")])).toEqual([]);
    expect(await found(advisories, rhel9, [nodejs()])).toEqual(["CVE-2026-0004 nodejs: not-fixed"]);
  });

  test("pitfall 3: what a record says of one stream does not clear another of what an update says", async () => {
    const advisories = await redHat(
      cve("CVE-2026-0005", [], { "nodejs:20/nodejs": "Not affected", nodejs: "Not affected" }),
      rhsa(
        "RHSA-2026:3",
        ["CVE-2026-0005"],
        { nodejs: "1:18.2-1.module+el9.2.0+1+2" },
        "enterprise_linux:9::appstream",
        "RHSA: nodejs:18 security update",
      ),
    );
    const version = "1:18.1-1.module+el9.2.0+1+2";
    expect(await found(advisories, rhel9, [{ name: "nodejs", version, modularity: "nodejs:18:90020" }])).toEqual([
      "CVE-2026-0005 nodejs: fixed 1:18.2-1.module+el9.2.0+1+2",
    ]);
    expect(await found(advisories, rhel9, [{ name: "nodejs", version, modularity: "nodejs:20:90020" }])).toEqual([]);
  });

  test("pitfall 4: of fixes in two minor releases the one of the build's own release counts", async () => {
    const fixes = ["kernel-0:5.14.0-70.30.1.el9_0", "kernel-0:5.14.0-162.12.1.el9_1"] as const;
    const advisories = await redHat(
      cve("CVE-2026-0006", fixes),
      rhsa("RHSA-2026:4", ["CVE-2026-0006"], { kernel: "0:5.14.0-70.30.1.el9_0" }),
      rhsa("RHSA-2026:5", ["CVE-2026-0006"], { kernel: "0:5.14.0-162.12.1.el9_1" }),
    );
    const kernel = (version: string) => found(advisories, rhel9, [{ name: "kernel", version }]);
    expect(await kernel("5.14.0-70.26.1.el9_0")).toEqual(["CVE-2026-0006 kernel: fixed 0:5.14.0-70.30.1.el9_0"]);
    expect(await kernel("5.14.0-70.30.1.el9_0")).toEqual([]);
    // 9.1 began without the fix that 9.0 had got meanwhile.
    expect(await kernel("5.14.0-162.6.1.el9_1")).toEqual(["CVE-2026-0006 kernel: fixed 0:5.14.0-162.12.1.el9_1"]);
    expect(await kernel("5.14.0-284.1.1.el9_2")).toEqual([]);
  });

  test("pitfall 4: Fast Datapath has an order of builds of its own", async () => {
    const fastDatapath = "cpe:/o:redhat:enterprise_linux:9::fastdatapath";
    const advisories = await redHat(
      cve("CVE-2026-0007", [], { tuned: "Not affected" }),
      cve("CVE-2026-0008", ["tuned-0:2.24.0-2.el9fdp"], {}, fastDatapath),
    );
    expect(await found(advisories, rhel9, [{ name: "tuned", version: "2.20.0-1.el9" }])).toEqual([]);
    expect(await found(advisories, rhel9, [{ name: "tuned", version: "2.24.0-1.el9fdp" }])).toEqual([
      "CVE-2026-0008 tuned: fixed 0:2.24.0-2.el9fdp",
    ]);
  });

  test("pitfall 4: Extended Life Cycle Support fixes what the release itself leaves; its builds have those fixes", async () => {
    const advisories = await redHat(
      cve("CVE-2026-0013", [], { a: "Out of support scope" }, "cpe:/o:redhat:enterprise_linux:7"),
      rhsa("RHSA-2026:8", ["CVE-2026-0013"], { a: "0:1-2.el7_9" }, "rhel_els:7"),
    );
    const rhel7 = { id: "rhel", versionId: "7.9" };
    expect(await found(advisories, rhel7, [{ version: "1-2.el7_9" }])).toEqual([]);
    expect(await found(advisories, rhel7, [{ version: "1-1.el7" }])).toEqual(["CVE-2026-0013 a: end-of-life"]);
    const { vulnerabilities } = await matchInventory(
      inventoryOf([{ type: "rpm", name: "a", version: "1-1.el7" }], { idLike: [], ...rhel7 }),
      advisories,
    );
    expect(vulnerabilities[0]?.marks).toContain("fixed-in-red-hat-els");
  });

  test("pitfall 5: each state without a fix is told as itself, and a package that is not affected is cleared", async () => {
    const states = {
      a: "Affected",
      b: "Will not fix",
      c: "Fix deferred",
      d: "Out of support scope",
      e: "Under investigation",
      f: "Not affected",
    };
    const advisories = await redHat(
      cve("CVE-2026-0009", [], states),
      // An update rebuilt them all; it says nothing of which of its CVEs each of them had.
      rhsa("RHSA-2026:6", ["CVE-2026-0009", "CVE-2026-0010"], { f: "0:2-1.el9" }),
    );
    const packages = Object.keys(states).map((name) => ({ name, version: "1-1.el9" }));
    expect(await found(advisories, rhel9, packages)).toEqual([
      "CVE-2026-0009 a: not-fixed",
      "CVE-2026-0009 b: will-not-fix",
      "CVE-2026-0009 c: deferred",
      "CVE-2026-0009 d: end-of-life",
      "CVE-2026-0009 e: under-investigation",
      "CVE-2026-0010 f: fixed 0:2-1.el9",
    ]);
  });

  test("pitfall 17: CentOS is matched as RHEL of its release, and release 10 by whichever minor release OSV names", async () => {
    const advisories = await redHat(
      cve("CVE-2026-0011", [], { a: "Affected" }),
      rhsa("RHSA-2026:7", ["CVE-2026-0012"], { a: "0:2-1.el10_1" }, "enterprise_linux:10.1"),
    );
    expect(await found(advisories, { id: "centos", versionId: "9" }, [{}])).toEqual(["CVE-2026-0011 a: not-fixed"]);
    expect(await found(advisories, { id: "rhel", versionId: "10.0" }, [{}])).toEqual([
      "CVE-2026-0012 a: fixed 0:2-1.el10_1",
    ]);
  });
});

describe("Oracle Linux", () => {
  const elsa = (id: string, number: string, cveId: string, fixed: Readonly<Record<string, string>>) =>
    `<definition id="oval:com.oracle.elsa:def:${number}" class="patch"><metadata><title>${id}: x</title>
    <reference source="elsa" ref_id="${id}"/><reference source="CVE" ref_id="${cveId}"/>
    <advisory><severity>LOW</severity><issued date="2026-01-02"/></advisory></metadata>
    <criteria operator="AND"><criterion comment="Oracle Linux 8 is installed"/>
    ${Object.entries(fixed)
      .map(([name, version]) => `<criterion comment="${name} is earlier than ${version}"/>`)
      .join("")}</criteria></definition>`;

  test("pitfall 7: builds for FIPS and for Ksplice are not fixed by the usual ones, nor those by them", async () => {
    const advisories = await loaded({
      "oracle.xml": `<oval_definitions><definitions>
        ${elsa("ELSA-2026-0001", "20260001", "CVE-2026-0001", { gnutls: "0:3.6.16-4.0.1.el8" })}
        ${elsa("ELSA-2026-0002", "20260002", "CVE-2026-0002", { gnutls: "10:3.6.16-4.0.1.el8_fips" })}
        ${elsa("ELSA-2026-0003", "20260003", "CVE-2026-0003", { gnutls: "2:3.6.16-5.ksplice1.el8" })}
        </definitions></oval_definitions>`,
    });
    const gnutls = (version: string) =>
      found(advisories, { id: "ol", versionId: "8.9" }, [{ name: "gnutls", version }]);
    expect(await gnutls("3.6.16-4.el8")).toEqual(["CVE-2026-0001 gnutls: fixed 0:3.6.16-4.0.1.el8"]);
    expect(await gnutls("3.6.16-4.0.1.el8")).toEqual([]);
    expect(await gnutls("10:3.6.14-1.el8_fips")).toEqual(["CVE-2026-0002 gnutls: fixed 10:3.6.16-4.0.1.el8_fips"]);
    expect(await gnutls("2:3.6.16-4.ksplice1.el8")).toEqual(["CVE-2026-0003 gnutls: fixed 2:3.6.16-5.ksplice1.el8"]);
  });

  test("pitfall 7: architectures that were rebuilt apart are compared apart", async () => {
    const rebuilt = (arch: string, version: string) =>
      `<criteria operator="AND"><criterion comment="Oracle Linux arch is ${arch}"/><criterion comment="a is earlier than ${version}"/></criteria>`;
    const definition = elsa("ELSA-2026-0004", "20260004", "CVE-2026-0004", {}).replace(
      /<\/criteria><\/definition>$/,
      `<criteria operator="OR">${rebuilt("aarch64", "0:1-4.el8")}${rebuilt("x86_64", "0:1-2.el8")}</criteria></criteria></definition>`,
    );
    const advisories = await loaded({ "oracle.xml": `<oval_definitions>${definition}</oval_definitions>` });
    const on = (architecture: string) =>
      found(advisories, { id: "ol", versionId: "8.9" }, [{ version: "1-3.el8", architecture }]);
    expect(await on("aarch64")).toEqual(["CVE-2026-0004 a: fixed 0:1-4.el8"]);
    expect(await on("x86_64")).toEqual([]);
    // Not told, or of all architectures: any of the builds may be meant.
    expect(await on("noarch")).toEqual(["CVE-2026-0004 a: fixed 0:1-4.el8"]);
  });
});

describe("Amazon Linux", () => {
  const alas = (id: string, cveId: string, name: string, version: string) => ({
    ID: id,
    Title: "x",
    Issued: { Date: "2026-01-02 00:00:00" },
    Severity: "low",
    References: { Reference: [{ ID: cveId, Type: "cve" }] },
    Pkglist: {
      Collection: { Package: [{ Name: name, Epoch: "0", Version: version, Release: "1.amzn2", Arch: "x86_64" }] },
    },
  });

  test("pitfall 17: releases 1, 2 and 2023 keep to themselves; release 1 counts by years", async () => {
    const advisories = await loaded({
      "alas.ndjson": ndjson([
        alas("ALAS-2026-1", "CVE-2026-0001", "a", "2"),
        alas("ALAS2-2026-1", "CVE-2026-0002", "a", "2"),
        alas("ALAS2023-2026-1", "CVE-2026-0003", "a", "2"),
      ]),
    });
    const on = (versionId: string) => found(advisories, { id: "amzn", versionId }, [{}]);
    expect(await on("2018.03")).toEqual(["CVE-2026-0001 a: fixed 0:2-1.amzn2"]);
    expect(await on("2")).toEqual(["CVE-2026-0002 a: fixed 0:2-1.amzn2"]);
    expect(await on("2023")).toEqual(["CVE-2026-0003 a: fixed 0:2-1.amzn2"]);
  });

  test("pitfall 7: a repository beside the core says nothing of the core's builds", async () => {
    const advisories = await loaded({
      "alas.ndjson": ndjson([
        alas("ALAS2KERNEL-5.10-2026-1", "CVE-2026-0004", "kernel", "5.10.9"),
        alas("ALAS2PHP8.0-2026-1", "CVE-2026-0005", "php-cli", "8.0.9"),
        alas("ALAS2DOCKER-2026-1", "CVE-2026-0006", "docker", "25"),
      ]),
    });
    const on = (item: Partial<Brief>) => found(advisories, { id: "amzn", versionId: "2" }, [item]);
    expect(await on({ name: "kernel", version: "4.14.1-1.amzn2" })).toEqual([]);
    expect(await on({ name: "kernel", version: "5.10.1-1.amzn2" })).toHaveLength(1);
    expect(await on({ name: "php-cli", version: "5.4.16-1.amzn2" })).toEqual([]);
    expect(await on({ name: "php-cli", version: "8.0.1-1.amzn2" })).toHaveLength(1);
    expect(await on({ name: "docker", version: "20-1.amzn2" })).toHaveLength(1);
    expect(await on({ name: "docker", version: "20-1.amzn2", repository: "amzn2-core" })).toEqual([]);
    expect(await on({ name: "docker", version: "20-1.amzn2", repository: "amzn2extra-docker" })).toHaveLength(1);
  });
});

test("pitfall 17: Azure Linux was CBL-Mariner; Photon and Fedora by their releases", async () => {
  const definition = (kind: string, cveId: string) =>
    `<x><definition class="vulnerability" id="oval:com.microsoft.${kind}:def:1"><metadata><reference ref_id="${cveId}" source="CVE"/></metadata>
     <criteria><criterion comment="Package a is earlier than 2-1, affected by ${cveId}"/></criteria></definition></x>`;
  const advisories = await loaded({
    "cbl-mariner-2.0-oval.xml": definition("cbl-mariner", "CVE-2026-0001"),
    "azurelinux-3.0-oval.xml": definition("azurelinux", "CVE-2026-0002"),
    "cve_data_photon4.0.json": JSON.stringify([
      { cve_id: "CVE-2026-0003", pkg: "a", res_ver: "2-1.ph4", status: "Fixed" },
    ]),
    "fedora.json": JSON.stringify({
      alias: "FEDORA-2026-1",
      title: "CVE-2026-0004",
      type: "security",
      release: { version: "40", id_prefix: "FEDORA" },
      builds: [{ nvr: "a-2-1.fc40", epoch: 0 }],
    }),
  });
  // Azure Linux and Photon leave epochs out of their advisories.
  const item = { version: "1:1-1", name: "a-libs", source: { name: "a", version: "1-1" } };
  const on = (id: string, versionId: string) => found(advisories, { id, versionId }, [item]);
  expect(await on("mariner", "2.0.20240101")).toEqual(["CVE-2026-0001 a-libs: fixed 1:2-1"]);
  expect(await on("azurelinux", "3.0.20240101")).toEqual(["CVE-2026-0002 a-libs: fixed 1:2-1"]);
  expect(await on("photon", "4.0")).toEqual(["CVE-2026-0003 a-libs: fixed 1:2-1.ph4"]);
  expect(await found(advisories, { id: "fedora", versionId: "40" }, [{ version: "1-1" }])).toEqual([
    "CVE-2026-0004 a: fixed 0:2-1.fc40",
  ]);
});
