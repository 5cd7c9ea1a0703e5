import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareVersions, type SchemeName, schemeNames, schemeOfEcosystem } from "../../../shared/versions/compare.ts";
import { versions } from "./generators.ts";

/** Each list ascends strictly, by the rules that the scheme's own documents state. */
const ascending: Readonly<Record<SchemeName, readonly (readonly string[])[]>> = {
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
  ["rpm", "0:1.0-1", "1.0-1"],
  ["rpm", "1.0.1", "1_0_1"],
  ["semver", "1.2", "v1.2.0+build5"],
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
  expect(schemeOfEcosystem("Maven")).toBeUndefined();
});

describe.each(schemeNames)("%s", (scheme) => {
  test("orders as its specification states", () => {
    for (const list of ascending[scheme]) {
      for (let i = 0; i < list.length; i++) {
        for (let j = 0; j < list.length; j++) {
          const [a, b] = [list[i] ?? "", list[j] ?? ""];
          expect(Math.sign(compareVersions(scheme, a, b)), `${a} against ${b}`).toBe(Math.sign(i - j));
        }
      }
    }
  });

  test("is antisymmetric and transitive, and equals are interchangeable", () => {
    fc.assert(
      fc.property(versions[scheme], versions[scheme], versions[scheme], (a, b, c) => {
        const compare = (x: string, y: string) => Math.sign(compareVersions(scheme, x, y));
        expect(compare(a, b)).toBe(-compare(b, a) + 0);
        expect(compare(a, a)).toBe(0);
        if (compare(a, b) <= 0 && compare(b, c) <= 0) {
          expect(compare(a, c)).toBe(compare(a, b) === 0 ? compare(b, c) : compare(b, c) === 0 ? compare(a, b) : -1);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("reads any text or refuses it by name, quickly", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 700 }), fc.string({ unit: "binary" })), (text) => {
        try {
          expect(compareVersions(scheme, text, text)).toBe(0);
        } catch (error) {
          expect(error).toMatchObject({ name: "PermanentError", code: "version-unparsable" });
        }
      }),
    );
    for (const piece of ["-", "_p", ".0", "~", "1-", "_alpha1", "-a", ".dev"]) {
      const long = `1${piece.repeat(600)}`.slice(0, 512);
      const started = performance.now();
      try {
        compareVersions(scheme, long, `${long.slice(0, -1)}x`);
      } catch (error) {
        expect(error).toMatchObject({ code: "version-unparsable" });
      }
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });
});

test.each(equal)("%s: %s equals %s", (scheme, a, b) => {
  expect(compareVersions(scheme, a, b)).toBe(0);
});

test.each(unreadable)("%s: %j is refused", (scheme, text) => {
  expect(() => compareVersions(scheme, text, "1")).toThrow(expect.objectContaining({ code: "version-unparsable" }));
});
