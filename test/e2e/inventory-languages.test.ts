/**
 * What package managers say they installed, against what the inventory finds on the disk. Python, Node.js and Java
 * install from the registries that this machine is set up for, the others what they have or what is made here. Where a
 * tool is missing, its part is skipped.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { normalisedPythonName } from "../../shared/inventory/purl.ts";
import { readImage } from "../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../shared/inventory/record.ts";
import type { Inventory, Package, PackageType } from "../../shared/inventory/types.ts";
import { openImageSource } from "../../shared/registry/open-source.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "portwarden-languages-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function has(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

function run(command: string, args: readonly string[], directory: string, environment = {}): string {
  return execFileSync(command, args, {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
}

function freshDirectory(name: string): string {
  const directory = join(root, name);
  mkdirSync(directory);
  return directory;
}

/** The directory as the only layer of an image. */
async function inventoryOf(directory: string): Promise<Inventory> {
  const archive = `${directory}.tar`;
  run("tar", ["--create", "--file", archive, "--directory", directory, "."], root);
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const settings = { allow: [], insecure: [], allowPrivate: [] };
  const source = await openImageSource(`rootfs:${archive}`, { settings, credentials: async () => undefined, log });
  try {
    const [first] = (await source.resolve("all")).images;
    if (first === undefined) throw new Error("no image");
    return await readImage(await first.open(), { records: layerRecordsInMemory() });
  } finally {
    await source.close();
  }
}

function listed(inventory: Inventory, type: PackageType, counts: (one: Package) => boolean = () => true): string[] {
  return inventory.packages
    .filter((one) => one.type === type && counts(one))
    .map(({ name, version }) => `${type === "pypi" ? normalisedPythonName(name) : name} ${version}`)
    .sort();
}

function distinct(lines: readonly string[]): string[] {
  return [...new Set(lines)].sort();
}

interface Named {
  readonly name: string;
  readonly version: string;
}

const python = ["python3", "python"].find(has);

describe.skipIf(python === undefined)("Python (skipped without python3)", () => {
  test("as pip list says", async () => {
    const directory = freshDirectory("python");
    run(python ?? "", ["-m", "venv", "venv"], directory);
    const pip = ["-m", "pip", "--disable-pip-version-check"];
    const interpreter = join(directory, "venv/bin/python");
    run(interpreter, [...pip, "install", "--quiet", "flask==3.0.3", "PyYAML==6.0.2", "zope.interface==7.0"], directory);
    const truth: Named[] = JSON.parse(run(interpreter, [...pip, "list", "--format", "json"], directory));
    const inventory = await inventoryOf(directory);
    // Copies that pip carries inside of itself are packages too, but none that it lists.
    const installed = ({ locations }: Package): boolean =>
      locations.some(({ path }) => /\.(dist|egg)-info\/[^/]+$/.test(path) && !path.includes("/_vendor/"));
    expect(listed(inventory, "pypi", installed)).toEqual(
      truth.map(({ name, version }) => `${normalisedPythonName(name)} ${version}`).sort(),
    );
    expect(inventory.partial).toEqual([]);
  });
});

/** `name (2.0, 1.0 x86_64-linux, default: 0.9)`, as `name version` each. */
function gemList(output: string): string[] {
  return output.split("\n").flatMap((line) => {
    const [, name, versions = ""] = /^(\S+) \((.*)\)$/.exec(line) ?? [];
    const each = versions.split(", ").map((one) => one.replace("default: ", "").split(" ")[0]);
    return name === undefined ? [] : each.map((version) => `${name} ${version}`);
  });
}

describe.skipIf(!has("gem"))("Ruby (skipped without gem)", () => {
  test("as gem list says, of the gems that come with Ruby", async () => {
    const print = "puts Gem::Specification.dirs, Gem.default_specifications_dir";
    const directories = distinct(run("ruby", ["-e", print], root).trim().split("\n")).filter((one) => existsSync(one));
    const directory = freshDirectory("ruby");
    const archive = join(root, "gems.tar");
    const specifications = directories.flatMap((one) => globSync(`${one}/*.gemspec`));
    run("tar", ["--create", "--dereference", "--absolute-names", "--file", archive, ...specifications], root);
    run("tar", ["--extract", "--file", archive, "--directory", directory], root);
    const inventory = await inventoryOf(directory);
    expect(listed(inventory, "gem")).toEqual(distinct(gemList(run("gem", ["list", "--local"], root))));
    expect(inventory.partial).toEqual([]);
  });

  test("as gem list says, of gems that were installed", async () => {
    const directory = freshDirectory("ruby-installed");
    const sources = freshDirectory("ruby-sources");
    const gems = [
      ["alpha", "1.0.0", "ruby"],
      ["alpha", "2.0.0.rc1", "ruby"],
      ["be-ta_2", "0.1", process.platform === "linux" ? "x86_64-linux" : "ruby"],
    ];
    for (const [name, version, platform] of gems) {
      const specification = `Gem::Specification.new { |s| s.name = "${name}"; s.version = "${version}"; s.platform = "${platform}"; s.summary = s.author = "x"; s.licenses = ["MIT", "Ruby"]; s.files = [] }`;
      writeFileSync(join(sources, "x.gemspec"), specification);
      run("gem", ["build", "--quiet", "--force", "x.gemspec", "--output", `${name}-${version}.gem`], sources);
    }
    const home = { GEM_HOME: directory, GEM_PATH: directory };
    const files = gems.map(([name, version]) => `${name}-${version}.gem`);
    run("gem", ["install", "--local", "--force", "--no-document", "--quiet", ...files], sources, home);
    const inventory = await inventoryOf(directory);
    const installed = gemList(run("gem", ["list", "--local"], directory, home)).filter((one) =>
      /^(alpha|be-ta_2) /.test(one),
    );
    expect(installed).toHaveLength(3);
    expect(listed(inventory, "gem")).toEqual(installed.sort());
    expect(inventory.packages.every(({ licenses }) => licenses?.join() === "MIT,Ruby")).toBe(true);
  });
});

describe.skipIf(!has("composer"))("PHP (skipped without composer)", () => {
  test("as composer show says", async () => {
    const directory = freshDirectory("php");
    const sources = freshDirectory("php-sources");
    const packages = { "acme/alpha": "1.2.3", "acme/be-ta": "v2.0.0-RC1", "acme/gamma": "dev-main" };
    for (const [name, version] of Object.entries(packages)) {
      const source = join(sources, name.replace("/", "-"));
      mkdirSync(source);
      writeFileSync(join(source, "composer.json"), JSON.stringify({ name, version, license: "MIT" }));
    }
    const repositories = [
      { type: "path", url: `${sources}/*`, options: { symlink: false } },
      { "packagist.org": false },
    ];
    const own = { name: "own/own", "minimum-stability": "dev", repositories, require: packages };
    writeFileSync(join(directory, "composer.json"), JSON.stringify(own));
    const quiet = { COMPOSER_ALLOW_SUPERUSER: "1", COMPOSER_HOME: join(root, "composer") };
    run("composer", ["update", "--no-interaction", "--quiet"], directory, quiet);
    const shown: { installed: Named[] } = JSON.parse(run("composer", ["show", "--format=json"], directory, quiet));
    const inventory = await inventoryOf(directory);
    expect(shown.installed).toHaveLength(3);
    expect(listed(inventory, "composer")).toEqual(
      shown.installed.map(({ name, version }) => `${name} ${version}`).sort(),
    );
  });
});

describe.skipIf(!has("Rscript"))("R (skipped without Rscript)", () => {
  test("as installed.packages() says", async () => {
    const print = "cat(.Library, installed.packages(.Library)[, c('Package', 'Version')], sep = '\\n')";
    const [library = "", ...columns] = run("Rscript", ["-e", print], root).trim().split("\n");
    const names = columns.slice(0, columns.length / 2);
    const truth = names.map((name, index) => `${name} ${columns[names.length + index]}`);
    const directory = freshDirectory("r");
    run("cp", ["--recursive", "--dereference", library, join(directory, "library")], root);
    expect(listed(await inventoryOf(directory), "cran")).toEqual(truth.sort());
  });
});

describe.skipIf(!has("npm"))("Node.js (skipped without npm)", () => {
  test("as npm ls says", async () => {
    const directory = freshDirectory("node");
    writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "app", version: "1.0.0", private: true }));
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
    run("npm", ["install", ...quiet, "express@4.21.1", "lodash4@npm:lodash@4.17.21"], directory);
    const truth = run("npm", ["ls", "--all", "--long", "--parseable"], directory)
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => {
        // `path:name@version`, of an alias `path:alias@npm:name@version`.
        const [, name, version] = /^[^:]+:(?:@?[^@]+@npm:)?(@?[^@]+)@([^:]+)/.exec(line) ?? [];
        return `${name} ${version}`;
      });
    expect(listed(await inventoryOf(directory), "npm")).toEqual(distinct(truth));
  });
});

const project = (dependencies: readonly string[]): string => {
  const listing = dependencies.map((one) => {
    const [group, artifact, version] = one.split(":");
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project><modelVersion>4.0.0</modelVersion><groupId>own</groupId><artifactId>own</artifactId><version>1</version><dependencies>${listing.join("")}</dependencies></project>`;
};

describe.skipIf(!has("mvn"))("Java (skipped without mvn)", () => {
  test("as mvn dependency:list says, whether or not the archives were built by Maven", async () => {
    const directory = freshDirectory("java");
    const build = freshDirectory("java-build");
    const dependencies = [
      "org.springframework:spring-webmvc:5.3.20",
      "org.springframework.security:spring-security-web:5.7.1",
      "org.apache.tomcat.embed:tomcat-embed-websocket:9.0.63",
      "org.apache.kafka:kafka-clients:3.4.0",
      "org.apache.poi:poi-scratchpad:5.2.2",
      "org.apache.logging.log4j:log4j-1.2-api:2.17.1",
      "org.bouncycastle:bcprov-jdk15on:1.70",
      "io.projectreactor:reactor-core:3.5.0",
      "io.netty:netty-handler:4.1.77.Final",
      "com.google.guava:guava:31.1-jre",
      "com.mysql:mysql-connector-j:8.0.31",
    ];
    writeFileSync(join(build, "pom.xml"), project(dependencies));
    const maven = ["--quiet", "--batch-mode"];
    run("mvn", [...maven, "dependency:copy-dependencies", `-DoutputDirectory=${directory}`], build);
    const listing = run("mvn", ["--batch-mode", "dependency:list"], build);
    const truth = [
      ...listing.matchAll(/^\[INFO\] {4}([^:\s]+):([^:\s]+):jar:(?:[^:\s]+:)?([^:\s]+):(?:compile|runtime)/gm),
    ];
    const inventory = await inventoryOf(directory);
    // What is shaded into an archive is listed too; Maven lists the archives.
    const archive = ({ locations }: Package): boolean => locations.some(({ sha1 }) => sha1 !== undefined);
    const found = inventory.packages.filter((one) => archive(one)).map(({ name, version }) => `${name} ${version}`);
    expect(truth.length).toBeGreaterThan(dependencies.length);
    expect(distinct(found)).toEqual(
      distinct(truth.map(([, group, artifact, version]) => `${group}:${artifact} ${version}`)),
    );
    expect(inventory.partial).toEqual([]);
  });
});
