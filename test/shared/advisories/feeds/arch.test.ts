import { describe, expect, it } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/arch/feed.ts";
import { advisoriesOf, readWith, told, withUpstream } from "./telling.ts";

const group = {
  name: "AVG-10",
  packages: ["glibc", "lib32-glibc"],
  affected: "2.38-1",
  fixed: "2.38-2",
  severity: "High",
  status: "Fixed",
  type: "arbitrary code execution",
  ticket: null,
  issues: ["CVE-2023-4911", "CVE-2023-0001"],
  advisories: ["ASA-202310-1"],
};
const all = [
  group,
  { ...group, name: "AVG-11", packages: ["pam"], fixed: null, status: "Vulnerable", severity: "Medium" },
  { ...group, name: "AVG-12", packages: ["pam"], fixed: null, status: "Not affected", severity: "Unknown" },
  { ...group, name: "AVG-13", packages: ["pam"], fixed: null, status: "Unknown", severity: "Unknown", issues: [] },
];

describe("Arch's vulnerability groups", () => {
  it("tell of each package the fix, or why there is none", () => {
    const records = advisoriesOf(readWith(feed, all));
    expect(records.flatMap(({ affected }) => affected.map(told))).toEqual([
      "Arch glibc: introduced 0, fixed 2.38-2 high",
      "Arch lib32-glibc: introduced 0, fixed 2.38-2 high",
      "Arch pam: introduced 0 medium",
      "Arch pam: (not-affected)",
      "Arch pam: introduced 0 (under-investigation)",
    ]);
    expect(records[0]?.advisory).toMatchObject({
      id: "AVG-10",
      cves: ["CVE-2023-0001", "CVE-2023-4911"],
      bundle: true,
      url: "https://security.archlinux.org/AVG-10",
    });
    expect(advisoriesOf(readWith(feed, group))).toEqual(records.slice(0, 1));
  });

  it("are fetched one a document; a malformed one spoils no other", async () => {
    await withUpstream(
      { "issues/all.json": JSON.stringify([...all, { ...group, packages: "glibc" }]) },
      async (upstream) => {
        const { documents } = await upstream.fetch(feed, "");
        const read = (bytes: Buffer) => readWith(feed, bytes.toString());
        expect(documents.slice(0, 4).flatMap(({ bytes }) => read(bytes))).toEqual(readWith(feed, all));
        expect(() => read(documents[4]?.bytes ?? Buffer.alloc(0))).toThrow(
          expect.objectContaining({ code: "advisory-malformed" }),
        );
      },
    );
  });
});
