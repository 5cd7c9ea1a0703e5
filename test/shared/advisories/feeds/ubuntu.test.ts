import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/ubuntu/feed.ts";
import { documentsBelow } from "../../../../shared/advisories/sources/files.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { tar } from "../archives.ts";
import { advisoriesOf, readWith, told, withUpstream } from "./telling.ts";

const row = (status: string, note?: string) => ({ name: "x", status, ...(note !== undefined && { note }) });

const record = {
  candidate: "CVE-2024-0001",
  description: "A heap overflow",
  priority: "medium",
  public_date: "2024-10-23 18:15:00 UTC",
  cvss: { nvd: " CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H [9.8 CRITICAL]" },
  packages: {
    upstream: { openssl: row("released", "3.2.1") },
    bionic: { openssl: row("ignored", "end of standard support, was needed"), gone: row("DNE") },
    "esm-infra/bionic": { openssl: row("released", "1.1.1-1ubuntu2.1~18.04.23+esm4"), gone: row("needed") },
    jammy: {
      openssl: { ...row("released", "3.0.2-0ubuntu1.12"), priority: "low" },
      nodejs: row("needed"),
      edk2: row("needs-triage"),
      wolfssl: row("deferred", "2024-01-08"),
      old: row("ignored", "will not be fixed upstream"),
      "linux-aws-5.19": row("ignored", "superseded by linux-aws-6.2, was needs-triage"),
      made: row("pending", "1.2-3ubuntu4"),
      clear: row("not-affected", "code not present"),
      vague: row("released", "see the notes"),
      odd: row("released", " (1.58.1+dfsg1~ubuntu1-0ubuntu1"),
    },
    "esm-apps/jammy": { nodejs: row("released", "12.22.9~dfsg-1ubuntu3.6+esm1"), wolfssl: row("needed") },
    "fips-updates/jammy": { openssl: row("released", "3.0.2-0ubuntu1.12+Fips1"), nodejs: row("needed") },
    "trusty/esm": { openssl: row("needed") },
    mantic: { openssl: row("needed") },
  },
};

const expected = [
  "Ubuntu:18.04:LTS openssl: introduced 0 (end-of-life: end of standard support, was needed)",
  "Ubuntu:Pro:18.04:LTS openssl: introduced 0, fixed 1.1.1-1ubuntu2.1~18.04.23+esm4",
  "Ubuntu:22.04:LTS openssl: introduced 0, fixed 3.0.2-0ubuntu1.12 low",
  "Ubuntu:22.04:LTS nodejs: introduced 0",
  "Ubuntu:22.04:LTS edk2: introduced 0 (under-investigation)",
  "Ubuntu:22.04:LTS wolfssl: introduced 0 (deferred: 2024-01-08)",
  "Ubuntu:22.04:LTS old: introduced 0 (will-not-fix: will not be fixed upstream)",
  "Ubuntu:22.04:LTS linux-aws-5.19: introduced 0 (end-of-life: superseded by linux-aws-6.2, was needs-triage)",
  "Ubuntu:22.04:LTS made: introduced 0 (pending 1.2-3ubuntu4)",
  "Ubuntu:22.04:LTS clear: (not-affected: code not present)",
  "Ubuntu:22.04:LTS vague: introduced 0 (under-investigation: released see the notes)",
  "Ubuntu:22.04:LTS odd: introduced 0, fixed 1.58.1+dfsg1~ubuntu1-0ubuntu1",
  "Ubuntu:Pro:22.04:LTS nodejs: introduced 0, fixed 12.22.9~dfsg-1ubuntu3.6+esm1",
  "Ubuntu:Pro:FIPS-updates:22.04:LTS openssl: introduced 0, fixed 3.0.2-0ubuntu1.12+Fips1",
  "Ubuntu:23.10 openssl: introduced 0",
  // Only Expanded Security Maintenance speaks of them: the release has given them up.
  "Ubuntu:18.04:LTS gone: introduced 0 (end-of-life)",
  "Ubuntu:14.04:LTS openssl: introduced 0 (end-of-life)",
];

const text = `# a remark
PublicDateAtUSN: 2024-10-23 18:15:00 UTC
Candidate: CVE-2024-0002
PublicDate: 2024-10-23
References:
 https://ubuntu.com/security/notices/USN-7000-1
Description:
 A heap overflow
 in two lines: this one too
Priority: high
 Somebody said so: today
CVSS:
 nvd: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H [9.8 CRITICAL]

Patches_openssl:
 upstream: https://example.org/fix
Priority_openssl: low
Priority_openssl_jammy: negligible
upstream_openssl: released (3.2.1)
focal_openssl: released (1.1.1f-1ubuntu2.20)
jammy_openssl: needed
noble_openssl: DNE
esm-infra/focal_openssl: released (1.1.1f-1ubuntu2.20+esm1)
esm-apps/jammy_python3.10: ignored (end of life (2024))
`;

describe("the Ubuntu CVE tracker", () => {
  it("tells the release's own word, and beside it what only Ubuntu Pro fixes", () => {
    const [read] = advisoriesOf(readWith(feed, record));
    expect(read?.affected.map(told)).toEqual(expected);
    expect(read?.advisory).toEqual({
      id: "CVE-2024-0001",
      cves: ["CVE-2024-0001"],
      database: "Ubuntu",
      summary: "A heap overflow",
      severity: "medium",
      cvss: { vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", score: 9.8 },
      url: "https://ubuntu.com/security/CVE-2024-0001",
      modified: "2024-10-23T18:15:00.000Z",
    });
  });

  it("is read in the text of its own files too", () => {
    const [read] = advisoriesOf(readWith(feed, text, "active/CVE-2024-0002"));
    expect(read?.advisory).toMatchObject({
      id: "CVE-2024-0002",
      summary: "A heap overflow in two lines: this one too",
      severity: "high",
      cvss: { score: 9.8 },
      modified: "2024-10-23T00:00:00.000Z",
    });
    expect(read?.affected.map(told)).toEqual([
      "Ubuntu:20.04:LTS openssl: introduced 0, fixed 1.1.1f-1ubuntu2.20 low",
      "Ubuntu:22.04:LTS openssl: introduced 0 negligible",
      "Ubuntu:Pro:20.04:LTS openssl: introduced 0, fixed 1.1.1f-1ubuntu2.20+esm1 low",
    ]);
  });

  it("is malformed where a row or a status is none", () => {
    for (const packages of [
      { jammy: { openssl: 1 } },
      { jammy: 1 },
      { jammy: { openssl: row("solved") } },
      { jammy: { "a\tb": row("needed") } },
    ]) {
      expect(() => readWith(feed, { ...record, packages })).toThrow(
        expect.objectContaining({ code: "advisory-malformed" }),
      );
    }
  });

  it("reads any damaged text, or says that it is malformed", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(text.length), fc.string({ maxLength: 3 })), { maxLength: 4 }), (changes) => {
        let damaged = text;
        for (const [at, insert] of changes) damaged = damaged.slice(0, at) + insert + damaged.slice(at + insert.length);
        try {
          feed.read(Buffer.from(damaged), { wants: () => true });
        } catch (error) {
          expect(error).toMatchObject({ code: "advisory-malformed" });
        }
      }),
      { numRuns: 300 },
    );
  });

  it("comes from Canonical as one archive of OSV records, for the feed that reads those", async () => {
    const osv = { id: "UBUNTU-CVE-2024-0001", modified: "2024-01-01T00:00:00Z", schema_version: "1.7.0", affected: [] };
    const archive = tar({ "osv/cve/2024/UBUNTU-CVE-2024-0001.json": JSON.stringify(osv), "osv/README.md": "no" });
    await withUpstream({ "osv/osv-all.tar.xz": archive }, async (upstream) => {
      const { documents, cursors } = await upstream.fetch(feed, "");
      expect(documents.map(({ entry }) => entry)).toEqual(["osv/cve/2024/UBUNTU-CVE-2024-0001.json"]);
      expect((await upstream.fetch(feed, "", cursors)).unchanged).toBe(true);
    });
  });

  it.skipIf(sharedData === undefined)("every record of 2024 is read (needs the shared data)", async () => {
    const count = { records: 0, other: 0, fixed: 0, pro: 0, open: 0 };
    const path = `${sharedData}advisories/ubuntu/ubuntu-cve-tracker-focal-jammy-noble.ndjson.zst`;
    for await (const { bytes } of documentsBelow(path, () => undefined)) {
      for (const read of feed.read(bytes, { wants: (ecosystem) => ecosystem === "Ubuntu:22.04:LTS" })) {
        if (read.kind !== "advisory") {
          count.other++;
          continue;
        }
        count.records++;
        for (const { ecosystem, affected } of read.affected) {
          if (ecosystem.startsWith("Ubuntu:Pro")) count.pro++;
          else if (affected.ranges?.[0]?.[1] !== undefined) count.fixed++;
          else if (affected.state !== "not-affected") count.open++;
        }
      }
    }
    expect(count.records + count.other).toBe(24_793);
    expect(count).toMatchObject({ pro: 219, fixed: 22_349, open: 484 + 77_464 + 17_005 + 8696 + 2747 });
  });
});
