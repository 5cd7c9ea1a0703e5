/**
 * The tools that define the orders of versions, each asked about many pairs at once: `<`, `=`, `>`, or `?` for a pair
 * with a version that it refuses. `.ci/install-version-references.sh` installs what a machine lacks.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SchemeName } from "../../shared/versions/compare.ts";
import { readStrict } from "../../shared/versions/semantic.ts";
import { sharedData } from "./shared-data.ts";

export type Pair = readonly [string, string];

export interface Reference {
  readonly scheme: SchemeName;
  readonly name: string;
  /** Whether this machine has it. */
  readonly present: boolean;
  /** How many pairs it is asked, where that is not the usual number. */
  readonly pairs?: number;
  /** It refuses exactly what the scheme refuses. */
  readonly refusesTheSame?: true;
  /** It is asked about these versions only. */
  readonly reads?: (version: string) => boolean;
  readonly verdicts: (pairs: readonly Pair[]) => readonly string[];
}

const scripts = fileURLToPath(new URL("./version-references/", import.meta.url));
const cache =
  process.env["PORTWARDEN_CI_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "portwarden-ci");
const installed = join(cache, "version-references");

function works(command: string, args: readonly string[], input = "1\t2\n"): boolean {
  return spawnSync(command, args, { input, stdio: ["pipe", "ignore", "ignore"] }).status === 0;
}

/** A command that reads pairs and writes verdicts, a line each. */
function asking(command: string, args: readonly string[]): Pick<Reference, "present" | "verdicts"> {
  return {
    present: works(command, args),
    verdicts: (pairs) => {
      const input = `${pairs.map(([a, b]) => `${a}\t${b}`).join("\n")}\n`;
      const output = execFileSync(command, args, { input, encoding: "utf8", maxBuffer: 1 << 28 });
      return output.trimEnd().split("\n");
    },
  };
}

interface SemverModule {
  valid(version: string): string | null;
  compare(a: string, b: string): number;
}

/** The `semver` that npm brings with it. */
function npmSemver(): Pick<Reference, "present" | "verdicts"> {
  const path = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((directory) => join(directory, "npm"))
    .filter((command) => existsSync(command))
    .map((command) => join(dirname(realpathSync(command)), "..", "node_modules", "semver", "index.js"))
    .find((candidate) => existsSync(candidate));
  const semver = path === undefined ? undefined : (createRequire(import.meta.url)(path) as SemverModule);
  const verdict = (a: string, b: string) =>
    semver?.valid(a) && semver.valid(b) ? (["<", "=", ">"][semver.compare(a, b) + 1] ?? "?") : "?";
  return { present: semver !== undefined, verdicts: (pairs) => pairs.map(([a, b]) => verdict(a, b)) };
}

const alpine = sharedData === undefined ? "" : join(sharedData, "images/alpine/alpine-minirootfs-3.20.3-x86_64.tar.gz");

/** The library of Alpine's own apk, run on its own C library: both lie in its root filesystem. */
function apkOf(archive: string): Pick<Reference, "present" | "verdicts"> {
  return {
    present: process.arch === "x64" && existsSync(archive) && works("gcc", ["--version"]),
    verdicts: (pairs) => {
      const root = mkdtempSync(join(tmpdir(), "apk-versions-"));
      try {
        execFileSync("tar", ["-xzf", archive, "-C", root, "./lib"]);
        const libraries = ["libapk.so.2.14.0", "ld-musl-x86_64.so.1"].map((name) => join(root, "lib", name));
        const options = ["-nostdlib", "-fno-stack-protector", "-fno-builtin", "-Wl,--unresolved-symbols=ignore-all"];
        const program = join(root, "compare");
        execFileSync("gcc", [...options, "-o", program, join(scripts, "apk.c"), ...libraries]);
        return asking(libraries[1] ?? "", ["--library-path", join(root, "lib"), program]).verdicts(pairs);
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    },
  };
}

const python = (...args: readonly string[]) => asking("python3", [join(scripts, "compare.py"), ...args]);
const go = (order: string) => asking(join(installed, "go-versions"), [order]);

const dpkgLoop = `while IFS=$'\\t' read -r a b; do
  if dpkg --compare-versions "$a" lt "$b"; then echo "<"; continue; fi
  dpkg --compare-versions "$a" eq "$b"
  case $? in 0) echo "=" ;; 1) echo ">" ;; *) echo "?" ;; esac
done 2> /dev/null`;

/** To the letter of SemVer (the others, which we read too, these refuse), with numbers that they can hold. */
const isSemantic = (version: string) => readStrict(version) !== undefined && !/[1-9][0-9]{15}/.test(version);
const isModuleVersion = (version: string) => /^v(?=[0-9])/.test(version) && readStrict(version.slice(1)) !== undefined;

/** This apk is version 2: without commit hashes, with 17 digits at most, and `010` otherwise than for apk 3 and us. */
const sameForApk2 = (version: string) => !/~|[0-9]{18}|\.0[0-9]{2}|\.00/.test(version);

export const references: readonly Reference[] = [
  // A hyphen in front would be an option.
  {
    scheme: "deb",
    name: "dpkg",
    pairs: 1000,
    reads: (version) => !version.startsWith("-"),
    ...asking("bash", ["-c", dpkgLoop]),
  },
  { scheme: "deb", name: "dpkg's library", ...asking(join(installed, "deb-versions"), []) },
  { scheme: "rpm", name: "rpm", ...asking("bash", ["-c", `rpm --eval "%{lua:$(cat '${scripts}rpm.lua')}"`]) },
  { scheme: "apk", name: "Alpine's apk", reads: sameForApk2, ...apkOf(alpine) },
  { scheme: "pep440", name: "packaging", refusesTheSame: true, ...python("packaging") },
  { scheme: "semver", name: "npm's semver", reads: isSemantic, ...npmSemver() },
  { scheme: "swift", name: "npm's semver", reads: isSemantic, ...npmSemver() },
  { scheme: "go", name: "golang.org/x/mod/semver", reads: isModuleVersion, ...go("module") },
  { scheme: "go", name: "Go's go/version", reads: (version) => version.startsWith("go"), ...go("toolchain") },
  {
    scheme: "bitnami",
    name: "github.com/bitnami/go-version",
    // It takes an identifier `x` for anything.
    reads: (version) => isSemantic(version) && !/[-.][xX](?:[.+]|$)/.test(version),
    ...go("bitnami"),
  },
  { scheme: "hex", name: "Elixir's Version", refusesTheSame: true, ...asking("elixir", [join(scripts, "hex.exs")]) },
  { scheme: "cran", name: "R", refusesTheSame: true, ...asking("Rscript", [join(scripts, "cran.R")]) },
  { scheme: "pacman", name: "pacman's library", ...python("alpm") },
  { scheme: "conan", name: "Conan", ...python("conan", join(installed, "conan")) },
];
