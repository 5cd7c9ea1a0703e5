/** Go programs compiled on the spot, for several systems and ways of linking, against what `go version -m` says. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Package } from "../../shared/inventory/types.ts";
import { inventoryOf } from "../shared/inventory/images.ts";

function find(): string | undefined {
  try {
    return execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

const goRoot = find();

/** A module with a vendored dependency, one that is replaced by another, and one replaced by a directory. */
const source: Readonly<Record<string, string>> = {
  "go.mod": `module example.test/app

go 1.20

require (
	example.test/plain v1.2.3
	example.test/replaced v0.9.0
	example.test/here v1.0.0
)

replace example.test/replaced => example.test/Fork v0.9.1

replace example.test/here => ./here
`,
  "main.go": `package main

import (
	"example.test/here"
	"example.test/plain"
	"example.test/replaced"
)

var version = "unset"

func main() { println(version, here.Name, plain.Name, replaced.Name) }
`,
  "here/go.mod": "module example.test/here\n\ngo 1.20\n",
  "here/here.go": 'package here\n\nconst Name = "here"\n',
  "vendor/example.test/here/here.go": 'package here\n\nconst Name = "here"\n',
  "vendor/example.test/plain/plain.go": 'package plain\n\nconst Name = "plain"\n',
  "vendor/example.test/replaced/replaced.go": 'package replaced\n\nconst Name = "replaced"\n',
  "vendor/modules.txt": `# example.test/here v1.0.0 => ./here
## explicit; go 1.20
example.test/here
# example.test/plain v1.2.3
## explicit; go 1.20
example.test/plain
# example.test/replaced v0.9.0 => example.test/Fork v0.9.1
## explicit; go 1.20
example.test/replaced
# example.test/replaced => example.test/Fork v0.9.1
# example.test/here => ./here
`,
};

interface Build {
  readonly name: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

const builds: readonly Build[] = [
  { name: "plain" },
  { name: "stripped", flags: ["-ldflags=-s -w -X main.version=v3.2.1"] },
  { name: "trimmed", flags: ["-trimpath"] },
  { name: "position-independent", flags: ["-buildmode=pie"] },
  { name: "windows.exe", environment: { GOOS: "windows" } },
  { name: "darwin", environment: { GOOS: "darwin", GOARCH: "arm64" } },
  { name: "i386", environment: { GOARCH: "386" } },
  { name: "big-endian", environment: { GOARCH: "s390x" } },
];

/** `name version` of each module, as `go version -m` prints it: what is replaced by its replacement. */
function truthOf(path: string): { modules: string[]; settings: Map<string, string> } {
  const [first = "", ...lines] = execFileSync("go", ["version", "-m", path], { encoding: "utf8" }).trim().split("\n");
  const modules = [`stdlib ${/: go([\d.]+)/.exec(first)?.[1]}`];
  const settings = new Map<string, string>();
  for (const line of lines) {
    const [keyword, name = "", version = ""] = line.trim().split("\t");
    if (keyword === "mod" || keyword === "dep") modules.push(`${name} ${version === "(devel)" ? "" : version}`);
    // A directory has no version of its own: the module keeps its name.
    else if (keyword === "=>" && version === "(devel)") modules.push(`${modules.pop()?.split(" ")[0]} `);
    else if (keyword === "=>") {
      modules.pop();
      modules.push(`${name} ${version}`);
    } else if (keyword === "build") settings.set(name.split("=")[0] ?? "", name.slice(name.indexOf("=") + 1));
  }
  return { modules: modules.sort(), settings };
}

function modulesIn(packages: readonly Package[]): string[] {
  return packages
    .filter(({ type }) => type === "golang")
    .map(({ name, version }) => `${name} ${version}`)
    .sort();
}

describe.skipIf(goRoot === undefined)("Go programs (needs the Go toolchain)", () => {
  const folder = mkdtempSync(join(tmpdir(), "inventory-go-"));
  const git = (...args: readonly string[]): Buffer =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.test", ...args], { cwd: folder });

  beforeAll(() => {
    for (const [path, content] of Object.entries(source)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    writeFileSync(join(folder, ".gitignore"), "bin/\n");
    git("init", "--quiet");
    git("add", ".");
    git("commit", "--quiet", "--message", "one");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function compile({ name, environment = {}, flags = [] }: Build): string {
    const path = join(folder, "bin", name);
    execFileSync("go", ["build", "-mod=vendor", "-buildvcs=true", ...flags, "-o", path, "."], {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOPROXY: "off", GOTOOLCHAIN: "local", ...environment },
    });
    return path;
  }

  async function packagesOf(path: string): Promise<readonly Package[]> {
    const { packages, partial } = await inventoryOf([
      [{ path: "usr/local/bin/app", content: readFileSync(path), mode: 0o755 }],
    ]);
    expect(partial).toEqual([]);
    return packages;
  }

  it.each(builds)("$name", async (build) => {
    const path = compile(build);
    const truth = truthOf(path);
    expect(truth.modules.length).toBe(5);
    const packages = await packagesOf(path);
    const linked = build.name === "stripped" ? "v3.2.1" : undefined;
    const main = packages.find(({ name }) => name === "example.test/app");
    const isDevelopment = truth.modules.includes("example.test/app ");
    const expected = truth.modules.map((one) =>
      one === "example.test/app " && linked !== undefined ? `${one}${linked}` : one,
    );
    expect(modulesIn(packages)).toEqual(expected);
    for (const name of ["GOOS", "GOARCH", "CGO_ENABLED", "vcs.revision", "vcs.modified"]) {
      expect(main?.build?.[name]).toBe(truth.settings.get(name));
    }
    expect(main?.build?.["vcs.revision"]).toMatch(/^[0-9a-f]{40}$/);
    if (!isDevelopment) expect(main?.version).toMatch(/^v0\.0\.0-\d{14}-[0-9a-f]{12}$/);
    if (linked !== undefined) expect(main?.build?.["-X main.version"]).toBe(linked);
  });

  it("linked by the system's linker, with C code", async () => {
    writeFileSync(
      join(folder, "c.go"),
      'package main\n\n// int two(void) { return 2; }\nimport "C"\n\nfunc init() { println(C.two()) }\n',
    );
    try {
      const path = compile({ name: "cgo", environment: { CGO_ENABLED: "1" }, flags: ["-ldflags=-linkmode=external"] });
      const truth = truthOf(path);
      const packages = await packagesOf(path);
      expect(modulesIn(packages)).toEqual(truth.modules);
      expect(packages.find(({ name }) => name === "example.test/app")?.build?.["CGO_ENABLED"]).toBe("1");
    } finally {
      rmSync(join(folder, "c.go"));
    }
  });

  it("the toolchain's own programs, which speak of the block in their data", async () => {
    const bin = join(goRoot ?? "", "bin");
    for (const name of readdirSync(bin)) {
      const path = join(bin, name);
      expect(modulesIn(await packagesOf(path))).toEqual(truthOf(path).modules);
    }
  });
});
