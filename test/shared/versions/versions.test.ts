import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  compareVersions,
  type SchemeName,
  schemeNames,
  schemeOfEcosystem,
  versionScheme,
} from "../../../shared/versions/compare.ts";

/** Each list ascends strictly, by the rules that the scheme's own documents state. (Others: schemes/*.test.ts.) */
const ascending: Partial<Readonly<Record<SchemeName, readonly (readonly string[])[]>>> = {
  deb: [
    ["1.0~~", "1.0~~a", "1.0~", "1.0", "1.0a", "1.0+b1", "1.0.1", "1.1"],
    ["5.2.37-2~bpo12+1", "5.2.37-2", "5.2.37-2+b10", "5.2.37-2+deb13u1", "5.2.37-3"],
    ["9.9.9", "1:0.1", "2:0"],
    ["1.0-1", "1.0-1.1", "1.0-10", "1.0-11a"],
    ["2.36-9+deb12u3", "2.36-9+deb12u9", "2.36-9+deb12u10"],
  ],
  rpm: [
    ["1.0~rc1-1", "1.0-1", "1.0^git1-1", "1.0.1-1"],
    ["1.0-1.el9", "1.0-1.el9_2", "1.0-1.el9_2.1", "1.0-2.el9"],
    ["5:1.0-1.el8", "6:0.1-1.el8"],
    ["1.1a", "1.1.1", "1.10"],
  ],
  apk: [
    [
      "1.2_alpha",
      "1.2_alpha1",
      "1.2_beta",
      "1.2_pre",
      "1.2_rc1",
      "1.2",
      "1.2-r1",
      "1.2_git20200101",
      "1.2_p1",
      "1.2a",
      "1.2.1",
    ],
    ["3.0.9-r0", "3.0.9-r2", "3.0.10-r0"],
    ["1.01", "1.1"],
    ["1.2-r0", "1.2-r1", "1.2~0abc", "1.2~1abc", "1.2.0"],
    ["1.2_alpha1", "1.2_alpha2_rc1", "1.2_alpha2", "1.2_alpha2_p1", "1.2_alpha10", "1.2_alpha_p1"],
    ["1.1.002", "1.1.015", "1.1.1", "1.1.2", "1.1.15"],
  ],
  semver: [
    [
      "1.0.0-alpha",
      "1.0.0-alpha.1",
      "1.0.0-alpha.beta",
      "1.0.0-beta",
      "1.0.0-beta.2",
      "1.0.0-beta.11",
      "1.0.0-rc.1",
      "1.0.0",
    ],
    ["4.17.15", "4.17.21", "5"],
  ],
  swift: [["1.2.0-beta.2", "1.2.0-beta.10", "1.2.0", "v1.2.1", "2"]],
  hex: [["1.0.0-alpha-2", "1.0.0-dev", "1.0.0-rc.0", "1.0.0", "1.0.1-dev", "1.10.0"]],
  // No Dart among the tools that the tests can run: by the documents of pub_semver alone.
  pub: [
    [
      "1.0.0--1",
      "1.0.0-0",
      "1.0.0-0x1f",
      "1.0.0-32",
      "1.0.0-dev.2",
      "1.0.0-dev.10",
      "1.0.0-dev.10.1",
      "1.0.0-nullsafety",
    ],
    ["1.0.0-rc", "1.0.0-rc+1", "1.0.0", "1.0.0+1", "1.0.0+1.0", "1.0.0+2", "1.0.0+10", "1.0.0+hotfix", "1.0.1-0"],
    // Beyond 64 bits a number is a word.
    ["1.0.0-9223372036854775807", "1.0.0-10000000000000000000", "1.0.0-9223372036854775808"],
    ["1.0.0-0xFFFFFFFFFFFFFFFF", "1.0.0-0"],
  ],
  cran: [
    ["0.9", "1", "1.0", "1.0.0", "1.0-1", "1.0-1.1", "1.0.2", "1.0-10", "1.20240107"],
    ["4.2.2147483646", "4.2.2147483647"],
  ],
  pacman: [
    ["1.0a", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0", "1.0.a", "1.0.1"],
    ["1.5-1", "1.5-2", "1.5-2.1", "1.5-10", "1.5.1-1"],
    ["9.9-9", "1:0.1-1", "2:0.1-1"],
    ["2.34.0-1", "2.36.0+2+ga7c869a-1", "2.36.0+10+g0000000-1", "2.36.1-1"],
    ["1.0", "1..0"],
  ],
  bitnami: [
    ["15.4.0", "15.4.0-0", "15.4.0-2", "15.4.0-10", "15.4.0-10.1", "15.4.0-debian-11-r2", "15.4.1"],
    ["v1.2.3", "1.2.3-r1", "1.2.3-r2", "1.2.4"],
  ],
  conan: [
    ["1.0-alpha", "1.0-beta.2", "1.0-beta.10", "1.0", "1.0+1", "1.0+2", "1.0.1"],
    ["1.1.1a", "1.1.1b", "1.1.1w"],
    ["cci.20200101", "cci.20210101"],
    ["2.9", "2.10", "system"],
  ],
  go: [
    ["v0.0.0-20180404174102-ef8a98b0bbce", "v0.0.0-20191109021931-daa7c04131f5", "v0.0.1", "v1.2.3-pre", "v1.2.3"],
    ["v1.2.3", "v1.2.4-0.20191109021931-daa7c04131f5", "v1.2.4-rc.1", "v1.2.4", "2.0.0+incompatible", "v2.0.1"],
    // Advisories about the standard library, and the toolchains that they are about.
    ["1.20.14", "go1.21", "go1.21beta1", "1.21rc2", "1.21.0-rc.3", "go1.21.0", "1.21.1", "go1.21.10"],
    ["go1.19rc1", "go1.19", "go1.19.1"],
    ["go1", "go1.1", "go1.9", "go1.10", "go1.22.3-custom", "go1.22.4", "go2"],
  ],
  pep440: [
    [
      "1.dev0",
      "1.0.dev456",
      "1.0a1",
      "1.0a2.dev456",
      "1.0a12.dev456",
      "1.0a12",
      "1.0b1.dev456",
      "1.0b2",
      "1.0b2.post345.dev456",
      "1.0b2.post345",
      "1.0rc1.dev456",
      "1.0rc1",
      "1.0",
      "1.0+abc.5",
      "1.0+abc.7",
      "1.0+5",
      "1.0.post456.dev34",
      "1.0.post456",
      "1.1.dev1",
    ],
    ["2024.1", "1!0.1"],
  ],
};

const equal: readonly (readonly [SchemeName, string, string])[] = [
  ["deb", "0:1.0-0", "1.0"],
  ["deb", "1.01", "1.1"],
  ["deb", "000000000001:1", "1:1"],
  ["rpm", "0:1.0-1", "1.0-1"],
  ["rpm", "1.0.1", "1_0_1"],
  ["semver", "1.2", "v1.2.0+build5"],
  ["swift", "v1.2.0", "1.2"],
  ["hex", "1.0.0+a", "1.0.0+b"],
  ["pub", "01.2.3-dev.01", "1.2.3-dev.1"],
  ["cran", "1.2-3", "1.02.3"],
  ["pacman", "1.5", "1.5-1"],
  ["pacman", "0:1.05", "1.5"],
  ["bitnami", "1.2.3", "v1.2.3+build"],
  ["conan", "1.0.0", "1"],
  ["conan", "1_0.0", "10"],
  ["go", "v1.2.3+incompatible", "1.2.3"],
  ["go", "go1.20", "1.20.0"],
  ["go", "go1.21rc2", "1.21.0-rc.2"],
  ["go", "go1.21.3-custom", "1.21.3"],
  ["go", "go1.21", "1.21.0-0"],
  ["pep440", "1.0.0", "1"],
  ["pep440", "1.0-1", "1.0.post1"],
  ["pep440", "1.0RC1", "v1.0-pre-1"],
];

const unreadable: readonly (readonly [SchemeName, string])[] = [
  ["deb", ""],
  ["deb", "1.0_1"],
  ["deb", "1.0-"],
  ["deb", "a:1.0"],
  ["deb", "1.0 "],
  ["deb", "-1"],
  ["deb", "10:-0a"],
  ["deb", "2147483648:1"],
  ["deb", "2:1.0-1:2"],
  ["swift", "1.2.3.4"],
  ["hex", "1.2"],
  ["hex", "v1.2.3"],
  ["hex", "01.2.3"],
  ["hex", "1.2.3-01"],
  ["pub", "1.2"],
  ["pub", "1.2.3-"],
  ["cran", "1.2."],
  ["cran", "1.2a"],
  ["cran", "1.2147483648"],
  ["pacman", "1.0-1-1"],
  ["pacman", "1.0-a"],
  ["pacman", "a:1.0"],
  ["pacman", "1/0"],
  ["bitnami", "1.2.3.4"],
  ["conan", "-1"],
  ["conan", "[>1.0]"],
  ["go", "(devel)"],
  ["go", "go1.18.10b7"],
  ["go", "go1.21.0rc1"],
  ["go", "go01.2"],
  ["go", "devel go1.22-abcdef"],
  ["rpm", "1.0-1-1"],
  ["rpm", "(none)"],
  ["apk", "1.0-rc1"],
  ["apk", "1.0_foo1"],
  ["apk", "1.0-r"],
  ["semver", "1.2.3.4"],
  ["semver", "latest"],
  ["semver", "^1.2.3"],
  ["pep440", "1.0-SNAPSHOT"],
  ["pep440", "unknown"],
  ["pep440", "1".repeat(600)],
];

test("every module of the folder is a scheme of the generated list", () => {
  const files = readdirSync(new URL("../../../shared/versions/schemes/", import.meta.url));
  expect([...schemeNames].sort()).toEqual(files.map((file) => file.replace(/\.ts$/, "")).sort());
});

test("an OSV ecosystem with or without release finds its scheme", () => {
  expect(schemeOfEcosystem("Debian:12")?.name).toBe("deb");
  expect(schemeOfEcosystem("Red Hat:enterprise_linux:9::baseos")?.name).toBe("rpm");
  expect(schemeOfEcosystem("npm")?.name).toBe("semver");
  expect(schemeOfEcosystem("SwiftURL")?.name).toBe("swift");
  expect(schemeOfEcosystem("Bioconductor")?.name).toBe("cran");
  expect(schemeOfEcosystem("Hackage")).toBeUndefined();
});

describe.each(Object.entries(ascending))("%s", (scheme, lists) => {
  test("orders as its specification states", () => {
    for (const list of lists) {
      for (let i = 0; i < list.length; i++) {
        for (let j = 0; j < list.length; j++) {
          const [a, b] = [list[i] ?? "", list[j] ?? ""];
          expect(Math.sign(compareVersions(scheme, a, b)), `${a} against ${b}`).toBe(Math.sign(i - j));
        }
      }
    }
  });
});

test.each(Object.keys(ascending))("%s: what is not ASCII is refused", (scheme) => {
  for (const text of ["1.0\u0000.0", "１.０.０", "1.0.०", "1.0\u202e.0", "1.0.\ud800", "1.0.é"]) {
    expect(versionScheme(scheme).parse(text), JSON.stringify(text)).toBeUndefined();
  }
});

test.each(equal)("%s: %s equals %s", (scheme, a, b) => {
  expect(compareVersions(scheme, a, b)).toBe(0);
});

test.each(unreadable)("%s: %j is refused", (scheme, text) => {
  expect(() => compareVersions(scheme, text, "1")).toThrow(expect.objectContaining({ code: "version-unparsable" }));
});
