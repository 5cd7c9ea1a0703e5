/** Feeds whose records people write in repositories: RustSec, RubySec, FriendsOfPHP, Kubernetes. */
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { feed as friendsOfPhp } from "../../../../shared/advisories/feeds/friendsofphp/feed.ts";
import { feed as kubernetes } from "../../../../shared/advisories/feeds/kubernetes/feed.ts";
import { feed as rubysec } from "../../../../shared/advisories/feeds/rubysec/feed.ts";
import { feed as rustsec } from "../../../../shared/advisories/feeds/rustsec/feed.ts";
import { documentsBelow } from "../../../../shared/advisories/sources/files.ts";
import type { Feed, FeedRecord } from "../../../../shared/advisories/types.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { tar } from "../archives.ts";
import { fetchPart, readAll, serving } from "./fetcher.ts";

const context = { wants: () => true };

const rust = (advisory: string, versions: string) =>
  `\`\`\`toml\n[advisory]\nid = "RUSTSEC-2024-0001"\npackage = "thing"\ndate = "2024-03-30"\n${advisory}\n[versions]\n${versions}\n\`\`\`\n\n# A fault in \`thing\`\n\nIt is faulty.\n`;
const ruby = (more: string) =>
  `---\ngem: thing\ncve: 2024-0001\nghsa: gc3j-vvwf-4rp8\nurl: https://example.com/\ntitle: A fault in\n  thing\ndate: 2024-03-30\ndescription: |\n  It is faulty.\ncvss_v3: 7.4\n${more}`;
const php = (more: string) =>
  `title:     A fault in thing\nlink:      https://example.com/fault\n${more}branches:\n    master:\n        time:     2015-04-01 18:08:35\n        versions: ['>=1.0', '<1.2.3']\n    "2.x":\n        time:     ~\n        versions: [<2.0.1]\nreference: composer://maker/thing\n`;
const k8s = (components: string) =>
  `cve: CVE-2024-0001\nissueUrl: https://github.com/kubernetes/kubernetes/issues/1\npublished: 2024-04-16T00:00Z\ndescription: It is faulty.\n${components}cvss:\n  kubernetes:\n    scoreV3: 2.7\n    vectorV3: CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:L/I:N/A:N\naffected:\n  - range: "<= 1.27.12"\n    fixedBy: "1.27.13"\n  - range: ">= 1.28, < 1.28.9"\n  - range: "1.30.0"\n    fixedBy: "1.30.1"\n`;

function only(feed: Feed, text: string, file: string): FeedRecord {
  const [record, ...others] = readAll(feed, [{ file, bytes: Buffer.from(text) }]);
  if (record === undefined || others.length > 0) throw new Error(`${others.length + 1} records`);
  return record;
}

describe("RustSec", () => {
  const file = "crates/thing/RUSTSEC-2024-0001.md";

  test("front matter and text; what is patched or unaffected ends the ranges", () => {
    const text = rust(
      'aliases = ["CVE-2024-0001", "GHSA-aaaa-bbbb-cccc"]\ncvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"\n\n[affected]\nos = ["windows"]\n',
      'patched = [">= 1.2.3"]\nunaffected = ["< 1.0"]',
    );
    expect(only(rustsec, text, file)).toEqual({
      kind: "advisory",
      advisory: {
        id: "RUSTSEC-2024-0001",
        aliases: ["CVE-2024-0001", "GHSA-aaaa-bbbb-cccc"],
        cves: ["CVE-2024-0001"],
        database: "RustSec",
        summary: "A fault in `thing`",
        description: "It is faulty.",
        cvss: { vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", score: 9.8 },
        url: "https://rustsec.org/advisories/RUSTSEC-2024-0001.html",
        modified: "2024-03-30T00:00:00.000Z",
      },
      affected: [
        {
          ecosystem: "crates.io",
          name: "thing",
          affected: {
            ranges: [
              [
                ["introduced", "1.0.0"],
                ["fixed", "1.2.3"],
              ],
            ],
            marks: ["only-windows"],
          },
        },
      ],
      licence: "CC0-1.0",
    });
  });

  test("what is no vulnerability is marked so; what was withdrawn is", () => {
    expect(only(rustsec, rust('informational = "unmaintained"', "patched = []"), file)).toMatchObject({
      affected: [
        {
          affected: {
            ranges: [[["introduced", "0"]]],
            severity: "negligible",
            marks: ["informational", "unmaintained"],
          },
        },
      ],
    });
    expect(only(rustsec, rust('withdrawn = "2024-04-01"', "patched = []"), file)).toEqual({
      kind: "withdrawn",
      id: "RUSTSEC-2024-0001",
    });
  });
});

test("RubySec: names, the severity of its score, one record for each gem of a CVE", () => {
  const text = ruby(
    'patched_versions:\n  - "~> 1.2.3"\n  - ">= 2.0.1"\nunaffected_versions:\n  - "< 1.0"\nplatform: jruby\n',
  );
  expect(only(rubysec, text, "gems/thing/CVE-2024-0001.yml")).toEqual({
    kind: "advisory",
    scope: "thing",
    advisory: {
      id: "CVE-2024-0001",
      aliases: ["GHSA-gc3j-vvwf-4rp8"],
      cves: ["CVE-2024-0001"],
      database: "RubySec",
      summary: "A fault in thing",
      description: "It is faulty.",
      severity: "high",
      url: "https://rubysec.com/advisories/CVE-2024-0001/",
      modified: "2024-03-30T00:00:00.000Z",
    },
    affected: [
      {
        ecosystem: "RubyGems",
        name: "thing",
        affected: {
          ranges: [
            [
              ["introduced", "1.0"],
              ["fixed", "1.2.3"],
              ["introduced", "1.3.A"],
              ["fixed", "2.0.1"],
            ],
          ],
          marks: ["only-jruby"],
        },
      },
    ],
  });
});

test("FriendsOfPHP: named by its place, each branch a range, dated by its newest fix", () => {
  const record = only(
    friendsOfPhp,
    php("cve:       CVE-2024-0001\n"),
    "security-advisories-master/maker/thing/2015-04-01.yaml",
  );
  expect(record).toEqual({
    kind: "advisory",
    advisory: {
      id: "maker/thing/2015-04-01",
      cves: ["CVE-2024-0001"],
      database: "FriendsOfPHP",
      summary: "A fault in thing",
      url: "https://example.com/fault",
      modified: "2015-04-01T18:08:35.000Z",
    },
    affected: [
      {
        ecosystem: "Packagist",
        name: "maker/thing",
        affected: {
          ranges: [
            [
              ["introduced", "1.0"],
              ["fixed", "1.2.3"],
            ],
            [
              ["introduced", "0"],
              ["fixed", "2.0.1"],
            ],
          ],
        },
      },
    ],
    licence: "Unlicense",
  });
  expect(only(friendsOfPhp, php("cve: ~\n"), "maker/thing/2015-04-01.yaml")).not.toHaveProperty("advisory.cves");
});

test("Kubernetes: components by their modules' names, all of them where none is told; the fix ends a range", () => {
  const ranges = [
    [
      ["introduced", "0"],
      ["fixed", "1.27.13"],
    ],
    [
      ["introduced", "1.28.0"],
      ["fixed", "1.28.9"],
    ],
    [
      ["introduced", "1.30.0"],
      ["fixed", "1.30.1"],
    ],
  ];
  const one = only(kubernetes, k8s("components:\n  - kube-apiserver\n"), "cves/CVE-2024-0001.yaml");
  expect(one).toMatchObject({
    advisory: {
      id: "CVE-2024-0001",
      database: "Kubernetes",
      cvss: { score: 2.7 },
      modified: "2024-04-16T00:00:00.000Z",
    },
    affected: [{ ecosystem: "Kubernetes", name: "k8s.io/apiserver", affected: { ranges, source: true } }],
  });
  const all = only(kubernetes, k8s(""), "cves/CVE-2024-0001.yaml");
  expect(all.kind === "advisory" && all.affected.map(({ name }) => name)).toContain("k8s.io/kubelet");
});

const samples: readonly (readonly [feed: Feed, file: string, text: string])[] = [
  [rustsec, "RUSTSEC-2024-0001.md", rust("", 'patched = [">= 1.2.3"]')],
  [rubysec, "gems/thing/CVE-2024-0001.yml", ruby('patched_versions: [">= 1"]\n')],
  [friendsOfPhp, "maker/thing/CVE-2024-0001.yaml", php("")],
  [kubernetes, "cves/CVE-2024-0001.yaml", k8s("")],
];

test.each(samples.map(([feed, file, text]) => [feed.name, feed, file, text] as const))(
  "%s: a repository's archive is fetched when it changed",
  async (_name, feed, file, text) => {
    const branch = ["rubysec", "friendsofphp"].includes(feed.name) ? "master" : "main";
    const place = feed.name === "rustsec" ? `crates/thing/${file}` : file;
    const archive = gzipSync(tar({ "repository-1/README.md": "# About", [`repository-1/${place}`]: text }));
    await serving({ [branch]: archive }, async (upstream) => {
      const first = await fetchPart(feed, "", upstream);
      if (first.unchanged) throw new Error("nothing was fetched");
      expect(readAll(feed, first.documents)).toMatchObject([{ kind: "advisory" }]);
      expect(await fetchPart(feed, "", upstream, { remembered: first.remembered })).toMatchObject({ unchanged: true });
    });
  },
);

test.each(samples.map(([feed, file, text]) => [feed.name, feed, file, text] as const))(
  "%s: a changed document is read, or refused as malformed",
  (_name, feed, file, text) => {
    const bytes = Buffer.from(text);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(20));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let changed = bytes;
        for (const [at, byte, cut] of changes) {
          changed = Buffer.concat([changed.subarray(0, at), Buffer.from([byte]), changed.subarray(at + cut)]);
        }
        feed.recognises(changed, file);
        try {
          for (const record of feed.read(changed, context, file)) expect(record.kind).toBeTypeOf("string");
        } catch (error) {
          expect(error).toMatchObject({ code: "advisory-malformed" });
        }
      }),
      { numRuns: 150 },
    );
  },
);

test("YAML that refers to itself, or is enormous, is malformed", () => {
  const bomb = `gem: &a thing\ndate: 2024-01-01\ntitle: [${"*a, ".repeat(50)}]\n`;
  expect(() => rubysec.read(Buffer.from(bomb), context)).toThrow(
    expect.objectContaining({ code: "advisory-malformed" }),
  );
  const large = Buffer.from(`gem: thing\ndate: 2024-01-01\ntitle: ${"x".repeat(300_000)}\n`);
  expect(() => rubysec.read(large, context)).toThrow("bytes of YAML");
});

describe.skipIf(sharedData === undefined)("real repositories (needs the shared data)", () => {
  test.each([
    ["rustsec", rustsec, { advisory: 705, withdrawn: 9, ignored: 20 }],
    ["rubysec", rubysec, { advisory: 1234, ignored: 147 }],
    ["friendsofphp", friendsOfPhp, { advisory: 1592 }],
    ["k8s/stackrox-k8s-cves.tar.zst", kubernetes, { advisory: 62 }],
  ] as const)("every record of %s is read", async (place, feed, expected) => {
    const counts: Record<string, number> = {};
    for await (const document of documentsBelow(`${sharedData}advisories/${place}`, () => undefined)) {
      if (document.entry === "composer.json") continue;
      for (const { kind } of readAll(feed, [document])) counts[kind] = (counts[kind] ?? 0) + 1;
    }
    expect(counts).toEqual(expected);
  });
});
