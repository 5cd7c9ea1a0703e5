import { describe, expect, it } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/debian-advisories/feed.ts";
import { documentsBelow } from "../../../../shared/advisories/sources/files.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { advisoriesOf, readWith, told, withUpstream } from "./telling.ts";

const list = `[29 Mar 2023] DSA-5380-1 xorg-server - security update
	{CVE-2023-1393 CVE-2023-0001}
	NOTE: not fixed in testing at time of DSA
	[bullseye] - xorg-server 2:1.20.11-1+deb11u6
	[bookworm] - xorg-server <not-affected> (Vulnerable code not present)
	[buster] - xorg-server <end-of-life>
	[woody] - xfree86 4.1.0-16
[17 Mar 2023] DSA-5356-2 sox - regression update
	[bullseye] - sox 14.4.2+git20190427-2+deb11u2
[02 Jan 2010] DSA-2000-1 tool - several vulnerabilities
	[squeeze] - tool 1.0-1
[01 Aug 2002] DSA-139 super - format string vulnerability
	{CVE-2002-0817}
	[woody] - super 3.16.1-1.2
`;

describe("Debian's lists of advisories", () => {
  it("tell updates with what they fix; those that fix nothing, or nothing that images have, are left out", () => {
    const records = readWith(feed, list, "data/DSA/list");
    const [first, second] = advisoriesOf(records);
    expect(first?.advisory).toEqual({
      id: "DSA-5380-1",
      cves: ["CVE-2023-0001", "CVE-2023-1393"],
      bundle: true,
      database: "Debian",
      summary: "xorg-server - security update",
      url: "https://security-tracker.debian.org/tracker/DSA-5380-1",
      modified: "2023-03-29T00:00:00.000Z",
    });
    expect(first?.affected.map(told)).toEqual([
      "Debian:11 xorg-server: introduced 0, fixed 2:1.20.11-1+deb11u6",
      "Debian:12 xorg-server: (not-affected: Vulnerable code not present)",
      "Debian:10 xorg-server: introduced 0 (end-of-life)",
    ]);
    expect(second?.advisory).toMatchObject({ id: "DSA-2000-1", bundle: true });
    expect(records.filter(({ kind }) => kind === "ignored")).toEqual([
      { kind: "ignored", reason: "no-vulnerability" },
      { kind: "ignored", reason: "other-ecosystem" },
    ]);
  });

  it("are fetched one advisory a document", async () => {
    await withUpstream({ "DSA/list": list }, async (upstream) => {
      const { documents, cursors } = await upstream.fetch(feed, "DSA");
      expect(documents).toHaveLength(4);
      expect(documents.flatMap(({ bytes }) => readWith(feed, bytes.toString(), "DSA/list"))).toEqual(
        readWith(feed, list),
      );
      expect((await upstream.fetch(feed, "DSA", cursors)).unchanged).toBe(true);
    });
  });

  it("an entry that is none is malformed", () => {
    const read = () => readWith(feed, "[29 Mar 2023] DSA-1-1 x - security update\n[31 Foo 2023] DSA-1-2 y\n");
    expect(read).toThrow(expect.objectContaining({ code: "advisory-malformed" }));
  });

  it.skipIf(sharedData === undefined)(
    "are read whole, as they were in April 2023 (needs the shared data)",
    async () => {
      let [entries, advisories, harmless, earlier] = [0, 0, 0, 0];
      for await (const { bytes, entry, file } of documentsBelow(
        `${sharedData}advisories/debian/debian-security-tracker-lists-2023-04.tar.zst`,
        () => undefined,
      )) {
        if (!feed.recognises(bytes, entry ?? file)) continue;
        for (const record of feed.read(bytes, { wants: () => true })) {
          entries++;
          if (record.kind === "advisory") advisories++;
          else if (record.kind === "ignored" && record.reason === "no-vulnerability") harmless++;
          else earlier++;
        }
      }
      expect({ entries, advisories, harmless, earlier }).toEqual({
        entries: 8940,
        advisories: 6575,
        harmless: 273,
        earlier: 2092,
      });
    },
  );
});
