/**
 * Our version order against the tools that define it, where this machine has them: dpkg, rpm (its Lua), Python's
 * `packaging`, npm's `semver`, and the apk of a real Alpine root filesystem.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareVersions, type SchemeName } from "../../shared/versions/compare.ts";
import { versions } from "../shared/versions/generators.ts";
import { sharedData } from "../support/shared-data.ts";

type Pair = readonly [string, string];

function pairs(scheme: SchemeName, count: number): readonly Pair[] {
  return fc.sample(fc.tuple(versions[scheme], versions[scheme]), { numRuns: count, seed: 20261122 });
}

function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** The reference's verdicts (`<`, `=`, `>`), one per line, against ours. */
function disagreements(scheme: SchemeName, asked: readonly Pair[], verdicts: string): readonly string[] {
  const lines = verdicts.trimEnd().split("\n");
  expect(lines).toHaveLength(asked.length);
  return asked.flatMap(([a, b], index) => {
    const order = compareVersions(scheme, a, b);
    const ours = order < 0 ? "<" : order > 0 ? ">" : "=";
    return lines[index] === ours ? [] : [`${a} ${lines[index]} ${b}, we say ${ours}`];
  });
}

function run(command: string, args: readonly string[], input: string): string {
  return execFileSync(command, args, { input, encoding: "utf8", maxBuffer: 1 << 28 });
}

const lines = (asked: readonly Pair[]) => `${asked.map(([a, b]) => `${a}\t${b}`).join("\n")}\n`;

describe.skipIf(!works("dpkg", ["--version"]))("deb, against dpkg (skipped where there is no dpkg)", () => {
  test("no disagreement", () => {
    const asked = pairs("deb", 20_000);
    const loop = `while IFS=$'\\t' read -r a b; do
      if dpkg --compare-versions "$a" lt "$b"; then echo "<"
      elif dpkg --compare-versions "$a" eq "$b"; then echo "="; else echo ">"; fi
    done`;
    expect(disagreements("deb", asked, run("bash", ["-c", loop], lines(asked)))).toEqual([]);
  });
});

describe.skipIf(!works("rpm", ["--eval", "%{lua:print(rpm.vercmp('1','1'))}"]))(
  "rpm, against rpm's own Lua (skipped where there is no rpm)",
  () => {
    test("no disagreement", () => {
      const asked = pairs("rpm", 100_000);
      const script = `local m = {[-1]='<',[0]='=',[1]='>'}
      for l in io.lines() do
        local a, b = l:match('^(.-)\\t(.*)$')
        local x, y = rpm.ver(a), rpm.ver(b)
        io.write(m[x < y and -1 or x == y and 0 or 1] .. '\\n')
      end`;
      expect(disagreements("rpm", asked, run("rpm", ["--eval", `%{lua:${script}}`], lines(asked)))).toEqual([]);
    });
  },
);

describe.skipIf(!works("python3", ["-c", "import packaging.version"]))(
  "pep440, against packaging (skipped where Python lacks it)",
  () => {
    test("no disagreement", () => {
      const asked = pairs("pep440", 100_000);
      const script = `import sys
from packaging.version import Version as V
for line in sys.stdin:
    a, b = map(V, line.rstrip("\\n").split("\\t"))
    print("<" if a < b else "=" if a == b else ">")`;
      expect(disagreements("pep440", asked, run("python3", ["-c", script], lines(asked)))).toEqual([]);
    });
  },
);

interface SemverModule {
  compare(a: string, b: string): number;
}

function npmSemver(): SemverModule | undefined {
  const npm = (process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, "npm"));
  const path = npm
    .filter((command) => existsSync(command))
    .map((command) => join(dirname(realpathSync(command)), "..", "node_modules", "semver", "index.js"))
    .find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : (createRequire(import.meta.url)(path) as SemverModule);
}
const semver = npmSemver();

describe.skipIf(semver === undefined)("semver, against the npm that is installed (skipped without one)", () => {
  test("no disagreement", () => {
    // npm refuses numbers beyond 2^53.
    const asked = pairs("semver", 100_000).filter(([a, b]) => !`${a}${b}`.includes("99999999999999999999"));
    const verdicts = asked.map(([a, b]) => ["<", "=", ">"][(semver?.compare(a, b) ?? 0) + 1]);
    expect(disagreements("semver", asked, verdicts.join("\n"))).toEqual([]);
  });
});

const alpine = sharedData === undefined ? "" : join(sharedData, "images/alpine/alpine-minirootfs-3.20.3-x86_64.tar.gz");
const root = process.getuid?.() === 0 && process.arch === "x64" && existsSync(alpine);

describe.skipIf(!root)("apk, against Alpine's own (skipped unless root, on x86-64, with the shared data)", () => {
  test("no disagreement", () => {
    const directory = mkdtempSync(join(tmpdir(), "apk-versions-"));
    try {
      execFileSync("tar", ["-xzf", alpine, "-C", directory]);
      const asked = pairs("apk", 5_000);
      const loop = `while read -r a b; do apk version -t "$a" "$b"; done`;
      const out = run("chroot", [directory, "/bin/sh", "-c", loop], lines(asked));
      expect(disagreements("apk", asked, out)).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
