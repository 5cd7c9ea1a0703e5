import { describe, expect, it } from "vitest";
import { feed as alpine } from "../../../../shared/advisories/feeds/alpine/feed.ts";
import { feed as chainguard } from "../../../../shared/advisories/feeds/chainguard/feed.ts";
import { feed as wolfi } from "../../../../shared/advisories/feeds/wolfi/feed.ts";
import { documentsBelow } from "../../../../shared/advisories/sources/files.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { advisoriesOf, readWith, told, withUpstream } from "./telling.ts";

const secdb = (distroversion: string, reponame: string, packages: Record<string, Record<string, string[]>>) => ({
  apkurl: "{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk",
  archs: ["x86_64"],
  reponame,
  urlprefix: "https://dl-cdn.alpinelinux.org/alpine",
  distroversion,
  packages: Object.entries(packages).map(([name, secfixes]) => ({ pkg: { name, secfixes } })),
});

const main = secdb("v3.20", "main", {
  openssl: { "3.0.1-r0": ["CVE-2024-0001"], "3.0.2-r0": ["CVE-2024-0002", "CVE-2024-0001"] },
  xen: { "4.18-r1": ["CVE-2020-25600 XSA-342", "CVE-2019-17349 CVE-2019-17350 XSA-295", "XSA-248", "(no name)"] },
  curl: { "0": ["CVE-2024-0001", "CVE-2024-0003"], "8.0-r0": ["CVE-2024-0003"] },
});
const community = secdb("v3.20", "community", { nodejs: { "20.1.0-r0": ["CVE-2024-0001"] } });

describe("secdb", () => {
  it("Alpine: one record for each vulnerability of a repository; a version of 0 clears the package", () => {
    const records = advisoriesOf(readWith(alpine, main));
    const byId = Object.fromEntries(records.map(({ advisory, affected }) => [advisory.id, affected.map(told)]));
    expect(byId).toEqual({
      // The later of two fixes: only after it, nothing of the vulnerability is left.
      "CVE-2024-0001": ["Alpine:v3.20 openssl: introduced 0, fixed 3.0.2-r0", "Alpine:v3.20 curl: (not-affected)"],
      "CVE-2024-0002": ["Alpine:v3.20 openssl: introduced 0, fixed 3.0.2-r0"],
      "CVE-2020-25600": ["Alpine:v3.20 xen: introduced 0, fixed 4.18-r1"],
      "CVE-2019-17349": ["Alpine:v3.20 xen: introduced 0, fixed 4.18-r1"],
      "CVE-2019-17350": ["Alpine:v3.20 xen: introduced 0, fixed 4.18-r1"],
      "XSA-248": ["Alpine:v3.20 xen: introduced 0, fixed 4.18-r1"],
      "CVE-2024-0003": ["Alpine:v3.20 curl: introduced 0, fixed 8.0-r0"],
    });
    const names = Object.fromEntries(records.map(({ advisory }) => [advisory.id, advisory.aliases]));
    expect(names).toMatchObject({ "CVE-2020-25600": ["XSA-342"], "CVE-2019-17349": undefined, "XSA-248": undefined });
    expect(new Set(records.map(({ scope, licence }) => `${scope} ${licence}`))).toEqual(
      new Set(["v3.20/main CC-BY-SA-4.0"]),
    );
    expect(advisoriesOf(readWith(alpine, community))[0]?.scope).toBe("v3.20/community");
  });

  it("Alpine is fetched by the releases that are listed, and as a whole when one of them changed", async () => {
    const index = '<a href="../">..</a><a href="edge/">edge/</a><a href="v3.20/">v3.20/</a><a href="last-update">x</a>';
    const files = {
      "": index,
      "edge/": '<a href="main.json">main.json</a>',
      "v3.20/": '<a href="community.json">c</a><a href="main.json">m</a><a href="main.yaml">y</a>',
      "edge/main.json": JSON.stringify(secdb("edge", "main", {})),
      "v3.20/main.json": JSON.stringify(main),
      "v3.20/community.json": JSON.stringify(community),
    };
    await withUpstream(files, async (upstream) => {
      const first = await upstream.fetch(alpine, "");
      expect(first.documents.map(({ file }) => file).sort()).toEqual([
        "edge/main.json",
        "v3.20/community.json",
        "v3.20/main.json",
      ]);
      expect((await upstream.fetch(alpine, "", first.cursors)).unchanged).toBe(true);
      upstream.files.set(
        "edge/main.json",
        JSON.stringify(secdb("edge", "main", { zlib: { "1.3-r0": ["CVE-2024-0004"] } })),
      );
      const second = await upstream.fetch(alpine, "", first.cursors);
      expect(second.extent).toBe("whole");
      expect(second.documents).toHaveLength(3);
      upstream.files.set("", "<html>maintenance</html>");
      await expect(upstream.fetch(alpine, "")).rejects.toMatchObject({ code: "advisories-refused" });
    });
  });

  it("Wolfi and Chainguard: off unless they are turned on, and never passed on", async () => {
    for (const [feed, urlprefix, path, name] of [
      [wolfi, "https://packages.wolfi.dev", "os/security.json", "Wolfi"],
      [chainguard, "https://libraries.cgr.dev", "chainguard/security.json", "Chainguard"],
    ] as const) {
      expect(feed.upstream).toMatchObject({ enabled: false, redistributable: false });
      const { distroversion: _, ...rest } = main;
      const document = { ...rest, urlprefix, reponame: "os" };
      expect(advisoriesOf(readWith(feed, document))[1]?.affected.map(told)).toEqual([
        `${name} openssl: introduced 0, fixed 3.0.2-r0`,
      ]);
      for (const other of [alpine, wolfi, chainguard]) {
        expect(other.recognises(Buffer.from(JSON.stringify(document)), path)).toBe(other === feed);
      }
      await withUpstream({ [path]: JSON.stringify(document) }, async (upstream) => {
        expect((await upstream.fetch(feed, "")).documents).toHaveLength(1);
      });
    }
  });

  it("is malformed where packages are none", () => {
    const broken = { ...main, packages: [{ pkg: { name: 1, secfixes: {} } }] };
    const escaping = { ...main, distroversion: "v3.20/../../x" };
    for (const document of [broken, escaping]) {
      expect(() => readWith(alpine, document)).toThrow(expect.objectContaining({ code: "advisory-malformed" }));
    }
  });

  it.skipIf(sharedData === undefined)("every release of Alpine is read (needs the shared data)", async () => {
    const records = new Map<string, number>();
    const path = `${sharedData}advisories/alpine/alpine-secdb-3.10-3.21-edge.ndjson.zst`;
    for await (const { bytes } of documentsBelow(path, () => undefined)) {
      for (const record of advisoriesOf(readWith(alpine, bytes.toString()))) {
        records.set(record.scope ?? "", (records.get(record.scope ?? "") ?? 0) + 1);
      }
    }
    expect(records.size).toBe(26);
    expect(records.get("v3.19/main")).toBeGreaterThan(1500);
  });
});
