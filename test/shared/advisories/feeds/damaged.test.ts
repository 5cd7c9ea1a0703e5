import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { feed as alpine } from "../../../../shared/advisories/feeds/alpine/feed.ts";
import { feed as arch } from "../../../../shared/advisories/feeds/arch/feed.ts";
import { feed as chainguard } from "../../../../shared/advisories/feeds/chainguard/feed.ts";
import { feed as debianAdvisories } from "../../../../shared/advisories/feeds/debian-advisories/feed.ts";
import { feed as debianSupport } from "../../../../shared/advisories/feeds/debian-support/feed.ts";
import { feed as distroInfo } from "../../../../shared/advisories/feeds/distro-info/feed.ts";
import { feed as endOfLife } from "../../../../shared/advisories/feeds/endoflife/feed.ts";
import { feed as ubuntu } from "../../../../shared/advisories/feeds/ubuntu/feed.ts";
import { feed as wolfi } from "../../../../shared/advisories/feeds/wolfi/feed.ts";
import type { Feed } from "../../../../shared/advisories/types.ts";

const secfixes = { "0": ["CVE-2024-0001"], "1.2-r0": ["CVE-2024-0002 XSA-1", "CVE-2024-0003 (part)"] };
const secdb = (urlprefix: string) =>
  JSON.stringify({
    urlprefix,
    reponame: "main",
    distroversion: "v3.20",
    packages: [{ pkg: { name: "xen", secfixes } }],
  });

const samples: readonly (readonly [feed: Feed, document: string, file: string])[] = [
  [alpine, secdb("https://dl-cdn.alpinelinux.org/alpine"), "v3.20/main.json"],
  [wolfi, secdb("https://packages.wolfi.dev"), "security.json"],
  [chainguard, secdb("https://packages.cgr.dev"), "security.json"],
  [
    arch,
    '[{"name":"AVG-1","packages":["pam"],"affected":"1-1","fixed":null,"severity":"Low","status":"Vulnerable","type":"x","issues":["CVE-2024-0001"]}]',
    "all.json",
  ],
  [
    debianAdvisories,
    "[29 Mar 2023] DSA-1-1 x - security update\n\t{CVE-2024-0001}\n\t[bookworm] - x <unfixed> (why)\n",
    "DSA/list",
  ],
  [
    debianSupport,
    "# security support\nphp-horde.*\t0\t2025-03-22\twhy\nxen 1-1 2021-08-28\n",
    "security-support-ended.deb12",
  ],
  [
    distroInfo,
    "version,codename,series,created,release,eol,eol-lts\n12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30\n",
    "debian.csv",
  ],
  [
    endOfLife,
    '{"name":"python","releases":[{"name":"3.12","isEol":false,"eolFrom":"2028-10-01","eoesFrom":null}]}',
    "x",
  ],
  [
    ubuntu,
    '{"candidate":"CVE-2024-0001","priority":"low","cvss":{"nvd":"CVSS:3.1/AV:N"},"packages":{"jammy":{"x":{"status":"released","note":"1-1"}},"esm-apps/jammy":{"y":{"status":"needed","note":null}}}}',
    "CVE-2024-0001",
  ],
];

describe("damaged documents", () => {
  it.each(samples.map(([feed, document, file]) => [feed.name, feed, document, file] as const))(
    "%s reads them, or says that they are malformed",
    (_name, feed, document, file) => {
      const read = (text: string) => feed.read(Buffer.from(text), { wants: () => true }, file);
      expect(read(document).filter(({ kind }) => kind !== "ignored")).not.toEqual([]);
      const change = fc.tuple(
        fc.nat(document.length),
        fc.nat(8),
        fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('"', "{", "[", "]", "null", "__proto__", "\n", "\0")),
      );
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
          let damaged = document;
          for (const [at, cut, insert] of changes) damaged = damaged.slice(0, at) + insert + damaged.slice(at + cut);
          feed.recognises(Buffer.from(damaged), file);
          try {
            for (const record of read(damaged)) expect(record.kind).toMatch(/^(?:advisory|row|ignored)$/);
          } catch (error) {
            expect(error).toMatchObject({ code: "advisory-malformed" });
          }
        }),
        { numRuns: 250 },
      );
    },
  );
});
