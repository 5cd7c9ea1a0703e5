/** Every form of document is for exactly one feed: all feeds are asked in turn for every document of a directory. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { feeds } from "../../../../shared/advisories/registry.generated.ts";
import { documentsBelow } from "../../../../shared/advisories/sources/files.ts";
import type { Feed } from "../../../../shared/advisories/types.ts";
import { sharedData } from "../../../support/shared-data.ts";

const allFeeds: readonly Feed[] = feeds;

/** The feeds that recognise them, of the first documents of every file (of archives, all: they hold many forms). */
async function recognised(folder: string, most: number): Promise<ReadonlyMap<string, readonly string[]>> {
  const answers = new Map<string, readonly string[]>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => isDataFile(name))) {
    let count = 0;
    for await (const { bytes, entry } of documentsBelow(`${folder}${file}`, () => undefined)) {
      const names = allFeeds.filter((feed) => feed.recognises(bytes, entry ?? file)).map(({ name }) => name);
      answers.set(`${file}${entry === undefined ? "" : `:${entry}`}#${count++}`, names);
      if (count === most) break;
    }
  }
  return answers;
}

const isDataFile = (name: string) => name.includes("/") && !name.endsWith(".md");

/** Beginnings of file names -> the feed whose documents they hold; other files may hold documents of no feed. */
const expected: readonly (readonly [beginning: string, feed: string])[] = [
  ["alma/", "osv"],
  ["alpine/alpine-osv", "osv"],
  ["alpine/alpine-secdb", "alpine"],
  ["amazon/", "amazon"],
  ["arch/", "arch"],
  ["bitnami/", "osv"],
  ["debian/debian-osv", "osv"],
  ["debian/debian-security-tracker-lists-2023-04.tar.zst:data/DSA/list", "debian-advisories"],
  ["debian/debian-security-tracker-lists-2023-04.tar.zst:data/DLA/list", "debian-advisories"],
  ["eol/debian.csv", "distro-info"],
  ["eol/ubuntu.csv", "distro-info"],
  ["eol/security-support-ended", "debian-support"],
  ["epss/epss-full", "epss"],
  ["friendsofphp/", "friendsofphp"],
  ["ghsa/npm", "osv"],
  ["ghsa/withdrawn-ids.txt", "withdrawn"],
  ["go/", "osv"],
  ["k8s/stackrox", "kubernetes"],
  ["malicious/", "osv"],
  ["nvd/", "vulnrichment"],
  ["pypi-osv/", "osv"],
  ["redhat/redhat-cve-api", "red-hat"],
  ["redhat/redhat-osv", "osv"],
  ["redhat/repository-to-cpe", "red-hat"],
  ["rocky/rocky-errata", "rocky"],
  ["rocky/rocky-osv", "osv"],
  ["rubysec/", "rubysec"],
  ["rustsec/", "rustsec"],
  ["suse/", "osv"],
  ["ubuntu/", "ubuntu"],
];

describe("documents and feeds", () => {
  it("an empty document, and one of no known form, is nobody's", () => {
    for (const text of ["", "{}", "[]", "\0", "<xml/>", '{"id":1}', "name,version\n"]) {
      expect(allFeeds.filter((feed) => feed.recognises(Buffer.from(text), "x.json"))).toEqual([]);
    }
  });

  it.skipIf(sharedData === undefined)("real documents have one feed each (needs the shared data)", async () => {
    const answers = await recognised(`${sharedData}advisories/`, 5);
    const shared = [...answers].filter(([, names]) => names.length > 1);
    expect(shared).toEqual([]);
    for (const [beginning, feed] of expected) {
      const names = [...answers].filter(([file]) => file.startsWith(beginning)).map(([, found]) => found);
      expect([beginning, new Set(names.flat())]).toEqual([beginning, new Set([feed])]);
      expect(names.every((found) => found.length === 1)).toBe(true);
    }
  });
});
