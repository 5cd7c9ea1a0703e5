import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/debian-tracker/feed.ts";
import { advisoriesOf, readWith, told, withUpstream } from "./telling.ts";

const open = { status: "open", repositories: { bookworm: "1.0-1" }, urgency: "not yet assigned" };

const tracker = {
  tar: {
    "CVE-2024-0001": {
      description: "A heap overflow",
      scope: "remote",
      releases: {
        bullseye: { status: "resolved", fixed_version: "1.34+dfsg-1+deb11u1", urgency: "medium" },
        bookworm: { ...open, nodsa: "Minor issue", nodsa_reason: "" },
        trixie: { status: "resolved", fixed_version: "0", urgency: "unimportant" },
        forky: { ...open, urgency: "high**" },
        sid: open,
        potato: open,
      },
    },
    "CVE-2024-0002": {
      releases: {
        bullseye: { ...open, urgency: "end-of-life" },
        bookworm: { ...open, nodsa: "Revisit once upstream has a fix", nodsa_reason: "postponed" },
        trixie: { ...open, nodsa: "Too intrusive", nodsa_reason: "ignored" },
        forky: { ...open, urgency: "unimportant" },
        sid: { status: "undetermined", repositories: {}, urgency: "not yet assigned" },
      },
    },
    "TEMP-0000000-A1B2C3": { releases: { bookworm: { status: "resolved", urgency: "low" } } },
  },
  bsdtar: { "CVE-2024-0001": { releases: { bookworm: open } } },
};

describe("the Debian security tracker", () => {
  it("tells each CVE once, about all source packages and releases; unfixed states are kept apart from fixes", () => {
    const records = advisoriesOf(readWith(feed, tracker));
    expect(records.map(({ advisory }) => advisory.id)).toEqual([
      "CVE-2024-0001",
      "CVE-2024-0002",
      "TEMP-0000000-A1B2C3",
    ]);
    expect(records[0]?.affected.map(told)).toEqual([
      "Debian:11 tar: introduced 0, fixed 1.34+dfsg-1+deb11u1 medium",
      "Debian:12 tar: introduced 0 (deferred: Minor issue)",
      "Debian:13 tar: (not-affected)",
      "Debian:14 tar: introduced 0 high",
      "Debian:sid tar: introduced 0",
      "Debian:12 bsdtar: introduced 0",
    ]);
    expect(records[1]?.affected.map(told)).toEqual([
      "Debian:11 tar: introduced 0 (end-of-life) [end-of-life]",
      "Debian:12 tar: introduced 0 (deferred: Revisit once upstream has a fix)",
      "Debian:13 tar: introduced 0 (will-not-fix: Too intrusive)",
      "Debian:14 tar: introduced 0 negligible [unimportant]",
      "Debian:sid tar: introduced 0 (under-investigation)",
    ]);
    expect(records[2]?.affected.map(told)).toEqual(["Debian:12 tar: introduced 0 low"]);
    expect(records[0]?.advisory).toMatchObject({
      cves: ["CVE-2024-0001"],
      database: "Debian",
      summary: "A heap overflow",
      url: "https://security-tracker.debian.org/tracker/CVE-2024-0001",
    });
    expect(records[2]?.advisory.cves).toBeUndefined();
  });

  it("is fetched as a whole, one document for each CVE, and only when it changed", async () => {
    const text = JSON.stringify(tracker, undefined, 1);
    await withUpstream({ "tracker/data/json": text }, async (upstream) => {
      const first = await upstream.fetch(feed, "");
      expect(first.extent).toBe("whole");
      expect(first.documents.map(({ entry }) => entry)).toEqual([
        "CVE-2024-0001",
        "CVE-2024-0002",
        "TEMP-0000000-A1B2C3",
      ]);
      const read = first.documents.flatMap(({ bytes }) => readWith(feed, bytes.toString()));
      expect(read).toEqual(readWith(feed, tracker));
      expect((await upstream.fetch(feed, "", first.cursors)).unchanged).toBe(true);
    });
  });

  it("is refused when it is cut off, and one malformed CVE spoils no other", async () => {
    const text = JSON.stringify({
      ...tracker,
      zip: { "CVE-2024-0009": { releases: { bookworm: { status: "new" } } } },
    });
    await withUpstream({ "tracker/data/json": text }, async (upstream) => {
      const { documents } = await upstream.fetch(feed, "");
      const outcomes = documents.map(({ bytes }) => {
        try {
          return readWith(feed, bytes.toString()).length;
        } catch (error) {
          return error;
        }
      });
      expect(outcomes).toEqual([1, 1, 1, expect.objectContaining({ code: "advisory-malformed" })]);
      upstream.files.set("tracker/data/json", text.slice(0, -40));
      await expect(upstream.fetch(feed, "")).rejects.toMatchObject({ code: "advisory-file-broken" });
    });
  });

  it("reads any damaged document, or says that it is malformed", () => {
    const text = JSON.stringify(tracker);
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

  it("is read at more than 15,000 CVEs a second", () => {
    const documents = Array.from({ length: 3000 }, (_, index) =>
      Buffer.from(JSON.stringify({ tar: { [`CVE-2024-${10000 + index}`]: tracker.tar["CVE-2024-0001"] } })),
    );
    // The processor's time: other work on the machine is none of the feed's.
    const spent = () => process.cpuUsage().user / 1000;
    const rate = () => {
      const start = spent();
      for (const document of documents) feed.read(document, { wants: () => true });
      return (documents.length / (spent() - start)) * 1000;
    };
    expect(Math.max(rate(), rate(), rate())).toBeGreaterThan(15_000);
  });
});
