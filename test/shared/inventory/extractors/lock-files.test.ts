/** Lock files: what each format states, with its marks; what is broken, and what is left to others. */
import { describe, expect, it } from "vitest";
import type { Extractor, Facts } from "../../../../shared/inventory/extractor.ts";
import { purlOf } from "../../../../shared/inventory/purl.ts";
import { extractors } from "../../../../shared/inventory/registry.generated.ts";
import { compileMatcher } from "../../../../shared/inventory/wanted.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { readSharedImage } from "../images.ts";
import { expectBounded } from "./mutated.ts";

const lockExtractors = extractors.flatMap((one) => (one.mode === "buffer" && one.name.endsWith("-lock") ? [one] : []));
const matcher = compileMatcher(lockExtractors);

function extractorOf(path: string): Extractor {
  const [extractor, ...more] = matcher.match(path);
  if (extractor?.mode !== "buffer" || more.length > 0) throw new Error(`${path} is wanted by ${more.length} others`);
  return extractor;
}

function extract(path: string, content: string): Facts {
  const file = { path, content: Buffer.from(content), companions: new Map(), isLanguageEvidence: () => true };
  return extractorOf(path).extract(file);
}

/** `purl`, with `(development)` and `(optional)` behind it. */
function stated(facts: Facts): string[] {
  return (facts.packages ?? []).map((one) => {
    expect(one.evidence).toBe("lock-file");
    const marks = (["development", "optional"] as const).filter((mark) => one[mark]).map((mark) => ` (${mark})`);
    return purlOf(one, undefined).slice("pkg:".length) + marks.join("");
  });
}

/** Reasons, and in parentheses what they count. */
function problems(facts: Facts): string[] {
  return (facts.partial ?? []).map(({ reason, detail }) => `${reason}: ${detail}`);
}

interface Sample {
  readonly path: string;
  readonly content: string;
  readonly packages: readonly string[];
  readonly problems?: readonly string[];
}

const json = (value: unknown): string => JSON.stringify(value, undefined, 2);

const samples: Readonly<Record<string, Sample>> = {
  "npm, version 1": {
    path: "app/package-lock.json",
    content: json({
      lockfileVersion: 1,
      dependencies: {
        a: { version: "1.0.0", dependencies: { "@s/b": { version: "2.0.0", dev: true }, c: { version: "3.0.0" } } },
        c: { version: "3.0.0", dev: true, optional: true },
        d: { version: "4.0.0", optional: true },
        alias: { version: "npm:@s/real@5.0.0" },
        folder: { version: "file:../folder" },
        repository: { version: "git+ssh://git@example.com/x.git#0123" },
      },
    }),
    packages: [
      "npm/a@1.0.0",
      "npm/c@3.0.0",
      "npm/d@4.0.0 (optional)",
      "npm/%40s/real@5.0.0",
      "npm/%40s/b@2.0.0 (development)",
    ],
    problems: ["version-not-stated: 1 packages whose version is not in the file: repository"],
  },
  "npm, version 2: what it says twice counts once": {
    path: "app/npm-shrinkwrap.json",
    content: json({
      lockfileVersion: 2,
      packages: {
        "": { name: "app", version: "1.0.0" },
        "packages/member": { name: "member", version: "1.0.0" },
        "node_modules/member": { resolved: "packages/member", link: true },
        "node_modules/a": { version: "1.0.0", devOptional: true },
        "node_modules/a/node_modules/@s/b": { version: "2.0.0", dev: true },
        "node_modules/alias": { name: "real", version: "5.0.0", optional: true },
        "node_modules/private": { version: "" },
      },
      dependencies: { a: { version: "9.9.9" } },
    }),
    packages: ["npm/a@1.0.0", "npm/%40s/b@2.0.0 (development)", "npm/real@5.0.0 (optional)"],
    problems: ["broken-record: 1 records without a usable name or version"],
  },
  "Yarn, version 1": {
    path: "app/yarn.lock",
    content: [
      "# yarn lockfile v1",
      "",
      '"@s/a@^1.0.0", "@s/a@~1.2.0":',
      '  version "1.2.3"',
      '  resolved "https://example.com/a.tgz#0123"',
      "  dependencies:",
      '    version "^9.0.0"',
      "",
      "b@>=1, b@^2.0.0:",
      '  version "2.0.0"',
      '"alias@npm:real@^3.0.0":',
      '  version "3.0.1"',
      '"folder@link:../folder":',
      '  version "0.0.0"',
      "",
    ].join("\n"),
    packages: ["npm/%40s/a@1.2.3", "npm/b@2.0.0", "npm/real@3.0.1"],
  },
  "Yarn since version 2": {
    path: "app/yarn.lock",
    content: [
      "__metadata:",
      "  version: 8",
      '"@s/a@npm:^1.0.0, @s/a@npm:~1.2.0":',
      "  version: 1.2.3",
      '  resolution: "@s/a@npm:1.2.3"',
      "  linkType: hard",
      '"alias@npm:real@^3.0.0":',
      "  version: 3.0.1",
      '  resolution: "real@npm:3.0.1"',
      '"b@patch:b@npm%3A1.0.0#./b.patch":',
      "  version: 1.0.0",
      '  resolution: "b@patch:b@npm%3A1.0.0#./b.patch::version=1.0.0&hash=0"',
      '"app@workspace:.":',
      "  version: 0.0.0-use.local",
      '  resolution: "app@workspace:."',
      "  linkType: soft",
      "",
    ].join("\n"),
    packages: ["npm/%40s/a@1.2.3", "npm/real@3.0.1", "npm/b@1.0.0"],
  },
  "pnpm, version 5": {
    path: "app/pnpm-lock.yaml",
    content: [
      "lockfileVersion: 5.4",
      "packages:",
      "  /@s/a/1.0.0_b@2.0.0:",
      "    dev: false",
      "  /b/2.0.0-rc.1:",
      "    dev: true",
      "  /7z/1.0.0_@s+a@1.0.0:",
      "    optional: true",
      "  registry.example.com/c/3.0.0:",
      "    dev: false",
      "  github.com/x/d/0123abc:",
      "    name: d",
      "    version: 4.0.0",
      "  github.com/x/e/0123abc:",
      "    name: e",
      "  file:../f:",
      "    resolution: {directory: ../f, type: directory}",
      "    name: f",
      "    version: 1.0.0",
      "",
    ].join("\n"),
    packages: [
      "npm/%40s/a@1.0.0",
      "npm/b@2.0.0-rc.1 (development)",
      "npm/7z@1.0.0 (optional)",
      "npm/c@3.0.0",
      "npm/d@4.0.0",
    ],
    problems: ["version-not-stated: 1 packages whose version is not in the file: e"],
  },
  "pnpm, version 6": {
    path: "app/pnpm-lock.yaml",
    content: [
      "lockfileVersion: '6.0'",
      "packages:",
      "  /@s/a@1.0.0(b@2.0.0)(@t/c@3.0.0):",
      "    dev: false",
      "  /7z@2.0.0:",
      "    dev: true",
      "  '@github.com/x/d/0123abc':",
      "    name: d",
      "    version: 4.0.0",
      "",
    ].join("\n"),
    packages: ["npm/%40s/a@1.0.0", "npm/7z@2.0.0 (development)", "npm/d@4.0.0"],
  },
  "pnpm, version 9: who needs what is found out": {
    path: "app/pnpm-lock.yaml",
    content: [
      "---",
      "lockfileVersion: '9.0'",
      "importers:",
      "  .:",
      "    configDependencies: {}",
      "packages: {}",
      "---",
      "lockfileVersion: '9.0'",
      "importers:",
      "  .:",
      "    dependencies:",
      "      a: {specifier: ^1.0.0, version: 1.0.0(b@2.0.0)}",
      "      alias: {specifier: 'npm:real@5', version: real@5.0.0}",
      "      folder: {specifier: 'link:../folder', version: 'link:../folder'}",
      "    devDependencies:",
      "      d: {specifier: ^4.0.0, version: 4.0.0}",
      "    optionalDependencies:",
      "      o: {specifier: ^6.0.0, version: 6.0.0}",
      "packages:",
      "  a@1.0.0: {resolution: {integrity: x}}",
      "  '@s/b@2.0.0': {resolution: {integrity: x}}",
      "  d@4.0.0: {resolution: {integrity: x}}",
      "  e@4.1.0: {resolution: {integrity: x}}",
      "  real@5.0.0: {resolution: {integrity: x}}",
      "  o@6.0.0: {resolution: {integrity: x}}",
      "  g@https://example.com/g/tar.gz/1.2.3: {resolution: {tarball: x}, version: 7.0.0}",
      "  h@https://example.com/h/tar.gz/1.2.3: {resolution: {tarball: x}}",
      "snapshots:",
      "  a@1.0.0(b@2.0.0):",
      "    dependencies:",
      "      '@s/b': 2.0.0",
      "      g: https://example.com/g/tar.gz/1.2.3",
      "  '@s/b@2.0.0': {}",
      "  d@4.0.0:",
      "    dependencies:",
      "      e: 4.1.0",
      "      '@s/b': 2.0.0",
      "  e@4.1.0: {}",
      "  real@5.0.0: {}",
      "  o@6.0.0: {}",
      "  g@https://example.com/g/tar.gz/1.2.3: {}",
      "",
    ].join("\n"),
    packages: [
      "npm/a@1.0.0",
      "npm/%40s/b@2.0.0",
      "npm/d@4.0.0 (development)",
      "npm/e@4.1.0 (development)",
      "npm/real@5.0.0",
      "npm/o@6.0.0 (optional)",
      "npm/g@7.0.0",
    ],
    problems: ["version-not-stated: 1 packages whose version is not in the file: h"],
  },
  Bun: {
    path: "app/bun.lock",
    content: `{
      "lockfileVersion": 1, // a comment
      "workspaces": {
        "": { "name": "app", "dependencies": { "a": "^1.0.0", }, "devDependencies": { "d": "1" } },
      },
      "packages": {
        "a": ["a@1.0.0", "", { "dependencies": { "@s/b": "2" } }, "sha512-x"],
        "@s/b": ["@s/b@2.0.0", "", {}, "sha512-x"],
        "d": ["real-d@4.0.0", "", { "dependencies": { "@s/b": "3" } }, "sha512-x"],
        "d/@s/b": ["@s/b@3.0.0", "", {}, "sha512-x"],
        "member": ["member@workspace:packages/member"],
        "g": ["g@github:x/g#0123", {}, "x-g-0123"],
      },
    }`,
    packages: ["npm/a@1.0.0", "npm/%40s/b@2.0.0", "npm/real-d@4.0.0 (development)", "npm/%40s/b@3.0.0 (development)"],
    problems: ["version-not-stated: 1 packages whose version is not in the file: g"],
  },
  Poetry: {
    path: "app/poetry.lock",
    content: [
      "[[package]]\nname = 'A.b'\nversion = '1.0'\ncategory = 'main'\noptional = true\n",
      "[package.dependencies]\nname = '>=1'\n",
      '[[package]]\nname = "c"\nversion = "2.0"\ncategory = "dev"\n',
      '[[package]]\nname = "d"\nversion = "3.0"\ngroups = ["main", "dev"]\nfiles = [\n  {file = "d.whl", hash = "x"},\n]\n',
      '[[package]]\nname = "e"\nversion = "4.0"\ngroups = ["dev", "test"]\n',
      '[[package]]\nname = "f"\nversion = "5.0"\n[package.source]\ntype = "directory"\nurl = "../f"\n',
      '[metadata]\nlock-version = "2.1"\n',
    ].join("\n"),
    packages: ["pypi/a-b@1.0 (optional)", "pypi/c@2.0 (development)", "pypi/d@3.0", "pypi/e@4.0 (development)"],
  },
  "uv: who needs what is found out": {
    path: "app/uv.lock",
    content: [
      'version = 1\n[[package]]\nname = "app"\nversion = "0.1.0"\nsource = { editable = "." }\ndependencies = [{ name = "a" }]\n',
      '[package.optional-dependencies]\nextra = [{ name = "o" }]\n[package.dev-dependencies]\ndev = [{ name = "d" }]\n',
      '[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://example.com" }\ndependencies = [{ name = "b", marker = "x" }]\n',
      '[package.optional-dependencies]\nsocks = [{ name = "s" }]\n',
      '[[package]]\nname = "b"\nversion = "2.0"\n[[package]]\nname = "s"\nversion = "2.5"\n',
      '[[package]]\nname = "d"\nversion = "4.0"\n[[package]]\nname = "o"\nversion = "6.0"\n',
    ].join("\n"),
    packages: ["pypi/a@1.0", "pypi/b@2.0", "pypi/s@2.5", "pypi/d@4.0 (development)", "pypi/o@6.0 (optional)"],
  },
  PDM: {
    path: "app/pdm.lock",
    content: [
      '[metadata]\ngroups = ["default", "dev", "web"]\n',
      '[[package]]\nname = "a"\nversion = "1.0"\ngroups = ["default", "dev"]\n',
      '[[package]]\nname = "d"\nversion = "2.0"\ngroups = ["dev"]\n',
      '[[package]]\nname = "o"\nversion = "3.0"\ngroups = ["web"]\n',
      '[[package]]\nname = "f"\nversion = "3.0"\npath = "./f"\n',
    ].join("\n"),
    packages: ["pypi/a@1.0", "pypi/d@2.0 (development)", "pypi/o@3.0 (optional)"],
  },
  "the standard lock file of Python": {
    path: "app/pylock.web.toml",
    content:
      'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1.0"\n[[packages]]\nname = "b"\n[packages.vcs]\ntype = "git"\n[[packages]]\nname = "c"\ndirectory = { path = "." }\n',
    packages: ["pypi/a@1.0"],
    problems: ["version-not-stated: 1 packages whose version is not in the file: b"],
  },
  Pipenv: {
    path: "app/Pipfile.lock",
    content: json({
      _meta: {},
      default: {
        a: { version: "==1.0" },
        own: { editable: true, path: "." },
        g: { git: "https://example.com", ref: "0" },
      },
      develop: { d: { version: "==2.0" }, a: { version: "==1.0" } },
    }),
    packages: ["pypi/a@1.0", "pypi/d@2.0 (development)"],
    problems: ["version-not-stated: 1 packages whose version is not in the file: g"],
  },
  "requirements, the pinned ones": {
    path: "app/requirements.txt",
    content: [
      "-r other.txt",
      "Flask_Thing == 2.0.1 ; python_version > '3'  # why",
      "b[x,y]===1.0+local \\",
      "    --hash=sha256:0123",
      "c==3.0 --hash=sha256:0123",
      "d>=1",
      "e==1.*",
      "f==1,!=2",
      "g @ https://example.com/g.whl",
      "# h==1",
      "",
    ].join("\r\n"),
    packages: ["pypi/flask-thing@2.0.1", "pypi/b@1.0%2Blocal", "pypi/c@3.0"],
  },
  "requirements of development": {
    path: "app/requirements/dev.txt",
    content: "a==1.0\n",
    packages: ["pypi/a@1.0 (development)"],
  },
  Bundler: {
    path: "app/Gemfile.lock",
    content: [
      "PATH",
      "  remote: .",
      "  specs:",
      "    own (0.1.0)",
      "",
      "GIT",
      "  remote: https://example.com/x.git",
      "  revision: 0123",
      "  specs:",
      "    from-git (1.0.0)",
      "",
      "GEM",
      "  remote: https://example.com/",
      "  specs:",
      "    a (2.0.0)",
      "      b (>= 1.0)",
      "    b (1.1.0.pre-x86_64-linux)",
      "",
      "PLATFORMS",
      "  ruby",
      "",
      "DEPENDENCIES",
      "  a (= 2.0.0)",
      "",
      "BUNDLED WITH",
      "   2.3.16",
      "",
    ].join("\n"),
    packages: ["gem/from-git@1.0.0", "gem/a@2.0.0", "gem/b@1.1.0.pre?platform=x86_64-linux"],
  },
  Composer: {
    path: "app/composer.lock",
    content: json({
      packages: [
        { name: "V/A", version: "v1.0.0", license: ["MIT"] },
        { name: "v/own", version: "dev-main", dist: { type: "path", url: "../own" } },
      ],
      "packages-dev": [{ name: "v/d", version: "2.0.0" }, { name: "v/broken" }],
    }),
    packages: ["composer/v/a@v1.0.0", "composer/v/d@2.0.0 (development)"],
    problems: ["version-not-stated: 1 packages whose version is not in the file: v/broken"],
  },
  Cargo: {
    path: "app/Cargo.lock",
    content:
      'version = 4\n[[package]]\nname = "own"\nversion = "0.1.0"\ndependencies = [\n "a",\n]\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://example.com/index"\nchecksum = "x"\n',
    packages: ["cargo/a@1.0.0"],
  },
  Go: {
    path: "src/go.mod",
    content: [
      "module example.com/own // indirect",
      "go 1.22",
      "require example.com/a v1.0.0",
      "require (",
      "\texample.com/B/v2 v2.0.0 // indirect",
      '\t"example.com/c" v0.0.0-20200101000000-0123456789ab',
      "\texample.com/d v1.0.0",
      "\texample.com/e v1.0.0",
      "\texample.com/e2 v1.5.0+incompatible",
      ")",
      "replace example.com/d => ../d",
      "replace (",
      "\texample.com/e v1.0.0 => example.com/fork v1.1.0",
      "\texample.com/e2 v9.9.9 => example.com/other v1.1.0",
      ")",
      "exclude example.com/x v1.0.0",
      "",
    ].join("\n"),
    packages: [
      "golang/example.com/a@v1.0.0",
      "golang/example.com/B/v2@v2.0.0",
      "golang/example.com/c@v0.0.0-20200101000000-0123456789ab",
      "golang/example.com/fork@v1.1.0",
      "golang/example.com/e2@v1.5.0%2Bincompatible",
    ],
  },
  "Go's own modules": {
    path: "opt/go/src/go.mod",
    content: "module std\nrequire golang.org/x/net v0.1.0\n",
    packages: [],
  },
  Gradle: {
    path: "app/gradle.lockfile",
    content:
      "# This is a file\ng:a:1.0=compileClasspath,testCompileClasspath\ng:t:2.0=testCompileClasspath,testRuntimeClasspath\ng.h:i:3.0=integrationTestRuntime\nempty=annotationProcessor\n",
    packages: ["maven/g/a@1.0", "maven/g/t@2.0 (development)", "maven/g.h/i@3.0 (development)"],
  },
  Maven: {
    path: "app/pom.xml",
    content: `<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0">
      <parent><groupId>org.p</groupId><artifactId>parent</artifactId><version>9</version></parent>
      <artifactId>app</artifactId>
      <properties><a.version>1.0</a.version><b.version>\${a.version}.1</b.version><loop>\${loop}</loop></properties>
      <dependencyManagement><dependencies>
        <dependency><groupId>g</groupId><artifactId>managed</artifactId><version>5.0</version><scope>test</scope></dependency>
      </dependencies></dependencyManagement>
      <dependencies>
        <dependency><groupId>g</groupId><artifactId>a</artifactId><version>\${a.version}</version></dependency>
        <dependency><groupId>g</groupId><artifactId>b</artifactId><version>\${b.version}</version><optional>true</optional></dependency>
        <dependency><groupId>\${project.groupId}</groupId><artifactId>sibling</artifactId><version>\${project.version}</version></dependency>
        <dependency><groupId>g</groupId><artifactId>managed</artifactId></dependency>
        <dependency><groupId>g</groupId><artifactId>elsewhere</artifactId></dependency>
        <dependency><groupId>g</groupId><artifactId>range</artifactId><version>[1,2)</version></dependency>
        <dependency><groupId>g</groupId><artifactId>loop</artifactId><version>\${loop}</version></dependency>
      </dependencies></project>`,
    packages: [
      "maven/g/a@1.0",
      "maven/g/b@1.0.1 (optional)",
      "maven/org.p/sibling@9",
      "maven/g/managed@5.0 (development)",
    ],
    problems: ["version-not-stated: 3 packages whose version is not in the file: g:elsewhere, g:range, g:loop"],
  },
  NuGet: {
    path: "app/packages.lock.json",
    content: json({
      version: 1,
      dependencies: {
        "net8.0": { A: { type: "Direct", resolved: "1.0.0" }, own: { type: "Project" } },
        "net9.0": { A: { type: "Transitive", resolved: "1.0.0" }, B: { type: "CentralTransitive", resolved: "2.0.0" } },
      },
    }),
    packages: ["nuget/A@1.0.0", "nuget/B@2.0.0"],
  },
  Dart: {
    path: "app/pubspec.lock",
    content: [
      "packages:",
      "  args:",
      '    dependency: "direct main"',
      "    description:",
      "      name: args",
      "    source: hosted",
      '    version: "2.4.0"',
      "  lints:",
      '    dependency: "direct dev"',
      "    source: hosted",
      '    version: "1.10"',
      "  flutter:",
      "    source: sdk",
      '    version: "0.0.0"',
      "sdks:",
      '  dart: ">=3.0.0"',
      "",
    ].join("\n"),
    packages: ["pub/args@2.4.0", "pub/lints@1.10 (development)"],
  },
  Mix: {
    path: "app/mix.lock",
    content: [
      "%{",
      '  "phoenix": {:hex, :phoenix, "1.7.0", "0123", [:mix], [{:plug, "~> 1.10", [hex: :plug, repo: "hexpm"]}], "hexpm", "0123"},',
      '  "alias": {:hex, :real_name, "2.0.0", "0123", [:mix], [], "hexpm", "0123"},',
      '  "g": {:git, "https://example.com/g.git", "0123", []},',
      "}",
      "",
    ].join("\n"),
    packages: ["hex/phoenix@1.7.0", "hex/real_name@2.0.0"],
    problems: ["version-not-stated: 1 packages whose version is not in the file: g"],
  },
  "Conan 1": {
    path: "app/conan.lock",
    content: json({
      version: "0.4",
      graph_lock: {
        nodes: {
          0: { ref: "conanfile.py", requires: ["1"] },
          1: { ref: "zlib/1.2.11#0123", context: "host" },
          2: { ref: "cmake/3.22@user/channel#0123", context: "build" },
        },
      },
    }),
    packages: ["conan/zlib@1.2.11", "conan/cmake@3.22?channel=channel&user=user (development)"],
  },
  "Conan 2": {
    path: "app/conan.lock",
    content: json({
      version: "0.5",
      requires: ["zlib/1.2.13#0123%1.0"],
      build_requires: ["cmake/3.25"],
      python_requires: [],
    }),
    packages: ["conan/zlib@1.2.13", "conan/cmake@3.25 (development)"],
  },
  CocoaPods: {
    path: "ios/Podfile.lock",
    content: [
      "PODS:",
      "  - A/Core (4.0.1):",
      "    - B (~> 2.0)",
      "  - A/Net (4.0.1)",
      '  - "B+C (2.1)"',
      "  - Own (0.1)",
      "",
      "DEPENDENCIES:",
      "  - A (~> 4.0)",
      "EXTERNAL SOURCES:",
      "  Own:",
      '    :path: "../own"',
      "COCOAPODS: 1.15.2",
      "",
    ].join("\n"),
    packages: ["cocoapods/A@4.0.1", "cocoapods/B%2BC@2.1"],
  },
  "SwiftPM, version 1": {
    path: "app/Package.resolved",
    content: json({
      object: {
        pins: [
          { package: "A", repositoryURL: "https://GitHub.com/x/A.git", state: { revision: "0", version: "1.0.0" } },
          {
            package: "B",
            repositoryURL: "git@example.com:x/b.git",
            state: { branch: "main", revision: "0", version: null },
          },
        ],
      },
      version: 1,
    }),
    packages: ["swift/github.com/x/A@1.0.0"],
    problems: ["version-not-stated: 1 packages whose version is not in the file: example.com/x/b"],
  },
  "SwiftPM since version 2": {
    path: "app/Package.resolved",
    content: json({
      pins: [
        { identity: "a", kind: "remoteSourceControl", location: "https://github.com/x/a", state: { version: "2.0.0" } },
        { identity: "r", kind: "registry", state: { version: "3.0.0" } },
        { identity: "l", kind: "localSourceControl", location: "/src/l", state: { version: "1.0.0" } },
      ],
      version: 3,
    }),
    packages: ["swift/github.com/x/a@2.0.0", "swift/r@3.0.0"],
  },
};

describe("formats", () => {
  it.each(Object.entries(samples))("%s", (_name, { path, content, packages, problems: told = [] }) => {
    const facts = extract(path, content);
    expect(stated(facts)).toEqual(packages);
    expect(problems(facts)).toEqual(told);
    if (packages.length > 0) expect(facts.lockOf).toBe(facts.packages?.[0]?.type);
  });

  it.each(Object.entries(samples))("%s: with the line ends of Windows", (_name, { path, content, packages }) => {
    expect(stated(extract(path, content.replace(/\r?\n/g, "\r\n")))).toEqual(packages);
  });

  const paths = [...new Set(Object.values(samples).map(({ path }) => path))];

  it.each(paths.filter((path) => !path.includes("requirements")))("%s: anything else is told of", (path) => {
    for (const content of ["", "{}", "[]", "\0\u0001", "some text\nand more\n", "a: b\n", "\ud800"]) {
      expect(problems(extract(path, content)).join(), content).toMatch(/^(broken-lock-file|version-not-stated)/);
    }
  });

  it("every mutation ends in honest packages, a reason, or nothing", () => {
    for (const { path, content } of Object.values(samples)) expectBounded(extractorOf(path), path, content, 60);
  });

  it("Bun's binary form is told of", () => {
    expect(problems(extract("app/bun.lockb", "#!/usr/bin/env bun\nbun-lockfile-format-v0\n"))).toEqual([
      "unsupported-format: the binary form of Bun's lock file is not read: `bun install --save-text-lockfile` writes bun.lock, which is",
    ]);
  });
});

describe("where lock files stand", () => {
  it.each([
    "package-lock.json",
    "requirements.txt",
    "app/dev-requirements.txt",
    "app/requirements_test.txt",
    "app/requirements/base.txt",
    "app/pylock.toml",
    "go/src/app/go.mod",
    "app/buildscript-gradle.lockfile",
  ])("%s", (path) => {
    expect(matcher.match(path)).toHaveLength(1);
  });

  it.each([
    "app/node_modules/a/package-lock.json",
    "app/node_modules/.package-lock.json",
    "usr/lib/python3/dist-packages/a/requirements.txt",
    "usr/local/bundle/gems/a-1.0/Gemfile.lock",
    "app/vendor/a/b/composer.lock",
    "go/pkg/mod/example.com/a@v1.0.0/go.mod",
    "usr/local/go/src/cmd/go.mod",
    "usr/lib/go-1.22/src/go.mod",
    "app/_tools/go.mod",
    "root/.cargo/registry/src/x/a-1.0/Cargo.lock",
    "usr/share/doc/a/examples/yarn.lock",
    "app/META-INF/maven/g/a/pom.xml",
    "app/src/test/fixtures/package-lock.json",
    "app/requirements.md",
    "app/notes.txt",
    "app/pyproject.toml",
    "app/go.sum",
  ])("not %s", (path) => {
    expect(matcher.match(path)).toEqual([]);
  });
});

describe("cost", () => {
  const size = 1_000_000;
  const reference = "$" + "{a}";
  const dependency = `<dependency><version>${reference}</version></dependency>`;
  const growingProject = `<project><properties><a>${reference.repeat(size / 4)}</a></properties><dependencies>${dependency.repeat(100)}</dependencies></project>`;
  const hostile: readonly (readonly [path: string, content: string])[] = [
    ["requirements.txt", "a".repeat(size)],
    ["requirements.txt", `${"a-".repeat(2000)}\n`.repeat(size / 4000)],
    ["requirements.txt", `a==1${" ".repeat(4000)}x\n`.repeat(size / 4000)],
    ["yarn.lock", `"a${"@".repeat(size)}":\n  version "1"\n`],
    ["Gemfile.lock", `GEM\n${`    a (${"1-".repeat(500)})\n`.repeat(size / 1000)}`],
    ["mix.lock", `%{\n${'"a": {:hex, '.repeat(size / 12)}`],
    ["go.mod", `module a\nrequire ${"a ".repeat(size / 2)}`],
    ["Package.resolved", json({ pins: [{ location: `https://${"a/".repeat(size / 2)}`, state: { version: "1" } }] })],
    [
      "bun.lock",
      json({ lockfileVersion: 1, packages: { ["a/".repeat(size / 2)]: ["b@1", "", { dependencies: { c: "1" } }] } }),
    ],
    ["pom.xml", growingProject],
    [
      "pom.xml",
      growingProject
        .replace(/<a>.*<\/a>/, `<a>${reference.repeat(32)}</a>`)
        .replace(dependency, dependency.repeat(size / 40)),
    ],
    [
      "pnpm-lock.yaml",
      `lockfileVersion: '9.0'\nsnapshots: {}\npackages:\n${Array.from({ length: size / 20 }, (_, at) => `  p${at}@1.0.0: {}\n`).join("")}`,
    ],
    ["gradle.lockfile", `g:a:1=${"test,".repeat(size / 5)}\n`],
  ];

  it.each(hostile.map(([path, content], index) => ({ path, content, index })))("$index: $path", ({ path, content }) => {
    const started = performance.now();
    extract(path, content);
    expect(performance.now() - started).toBeLessThan(1500);
  });
});

describe.skipIf(sharedData === undefined)("real images (needs the shared data)", () => {
  it.each<[archive: string, type: string, count: number, some: readonly string[]]>([
    ["pnpmlockv9", "npm", 2, ["pkg:npm/debug@4.3.4", "pkg:npm/ms@2.1.2"]],
    ["poetry", "pypi", 13, ["pkg:pypi/flask@2.2.0", "pkg:pypi/typing-extensions@3.10.0.2"]],
    ["gemfile", "gem", 246, ["pkg:gem/addressable@2.8.0", "pkg:gem/atomic@1.1.101?platform=java"]],
  ])("%s", async (archive, type, count, some) => {
    const inventory = await readSharedImage(`docker-archive:${sharedData}images/docker-archives/${archive}.tar`);
    const locked = inventory.packages.filter((one) => one.type === type && one.evidence === "lock-file");
    expect(locked).toHaveLength(count);
    expect(locked.map(({ purl }) => purl)).toEqual(expect.arrayContaining([...some]));
    expect(inventory.partial).toEqual([]);
  });
});
