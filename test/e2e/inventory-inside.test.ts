/**
 * An image built on the spot by mmdebstrap, with packages that pip, npm and gem install inside it: the inventory is what
 * dpkg-query, pip list, npm ls and gem list say when they run in there.
 */
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Inventory } from "../../shared/inventory/types.ts";
import { missingTools } from "../support/docker-registry.ts";
import { runCli } from "../support/running-platform.ts";

const execute = promisify(execFile);
const missing = missingTools("mmdebstrap", "tar");
const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), "portwarden-inside-"));
const root = join(folder, "root");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const authorities = "/etc/ssl/certs/ca-certificates.crt";
const environment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LC_ALL: "C.UTF-8",
  PIP_BREAK_SYSTEM_PACKAGES: "1",
  PIP_CERT: authorities,
  NODE_EXTRA_CA_CERTS: authorities,
};

async function inside(script: string): Promise<string> {
  const options = { env: environment, maxBuffer: 64 * 1024 * 1024 };
  return (await execute("chroot", [root, "sh", "-euc", script], options)).stdout;
}

const gemspec = `Gem::Specification.new do |s|
  s.name = "harbour"
  s.version = "1.2.3"
  s.summary = "A gem of its own"
  s.authors = ["Somebody"]
end
`;

const sorted = (values: Iterable<string>) => [...new Set(values)].sort();

describe.skipIf(missing.length > 0 || !isRoot)("inside an image (needs root and mmdebstrap)", () => {
  let inventory: Inventory;
  const packagesOf = (type: string) => inventory.packages.filter((one) => one.type === type);
  const named = (type: string) => sorted(packagesOf(type).map(({ name, version }) => `${name} ${version}`));

  beforeAll(async () => {
    const sources = "awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources";
    const mirror = (await execute("sh", ["-c", sources]).catch(() => ({ stdout: "" }))).stdout.trim();
    const include = "--include=ca-certificates,python3-pip,ruby,npm";
    const build = ["--variant=minbase", "--format=directory", include, "bookworm", root];
    await execute("mmdebstrap", [...build, ...(mirror === "" ? [] : [mirror])], { maxBuffer: 1e8 });
    for (const file of ["/etc/resolv.conf", "/etc/hosts", authorities]) {
      if (existsSync(file)) copyFileSync(file, join(root, file));
    }
    await inside("pip install --quiet --no-input 'requests==2.31.0' 'Flask==2.2.5'");
    mkdirSync(join(root, "srv/app"), { recursive: true });
    writeFileSync(join(root, "srv/app/package.json"), '{"name":"app","version":"1.0.0"}');
    await inside(
      "cd /srv/app && npm install --silent --ignore-scripts --no-audit --no-fund express@4.17.1 minimist@0.0.8",
    );
    writeFileSync(join(root, "tmp/harbour.gemspec"), gemspec);
    await inside(
      "cd /tmp && gem build --silent harbour.gemspec && gem install --silent --local harbour-1.2.3.gem && rm harbour*",
    );
    const tar = join(folder, "image.tar");
    await execute("tar", ["-C", root, "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "-cf", tar, "."]);
    const result = await runCli("inventory", `rootfs:${tar}`, "--format", "json", "--data", join(folder, "data"));
    expect(result.code, result.stderr).toBe(0);
    inventory = JSON.parse(result.stdout) as Inventory;
  }, 600_000);

  it("dpkg-query", async () => {
    const format = ["$", "{Package} $", "{Version}\\n"].join("");
    const listed = (await inside(`dpkg-query -W -f '${format}'`)).trim().split("\n");
    expect(named("deb")).toEqual(sorted(listed));
  });

  it("pip list", async () => {
    const listed = JSON.parse(await inside("pip list --format json")) as { name: string; version: string }[];
    const normal = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, "-");
    const installed = packagesOf("pypi").filter(({ evidence = "installed" }) => evidence === "installed");
    const ours = sorted(installed.map(({ name, version }) => `${normal(name)} ${version}`));
    expect(ours).toEqual(sorted(listed.map(({ name, version }) => `${normal(name)} ${version}`)));
    expect(ours).toContain("requests 2.31.0");
  });

  it("npm ls", async () => {
    interface Tree {
      readonly version?: string;
      readonly dependencies?: Readonly<Record<string, Tree>>;
    }
    const found: string[] = [];
    const walk = (tree: Tree): void => {
      for (const [name, child] of Object.entries(tree.dependencies ?? {})) {
        if (child.version !== undefined) found.push(`${name} ${child.version}`);
        walk(child);
      }
    };
    walk(JSON.parse(await inside("cd /srv/app && npm ls --all --json")) as Tree);
    const ours = packagesOf("npm").filter(({ locations }) => locations.some(({ path }) => path.startsWith("srv/app/")));
    expect(sorted(ours.map(({ name, version }) => `${name} ${version}`))).toEqual(sorted(found));
  });

  it("gem list", async () => {
    const listed = (await inside("gem list --local")).trim().split("\n");
    const gems = listed.flatMap((line) => {
      const [, name = "", versions = ""] = /^(\S+) \((.+)\)$/.exec(line.trim()) ?? [];
      return versions.split(", ").map((version) => `${name} ${version.replace("default: ", "").split(" ")[0]}`);
    });
    expect(named("gem")).toEqual(sorted(gems));
    expect(named("gem")).toContain("harbour 1.2.3");
  });

  it("marks what Debian's packages brought, and only that", () => {
    const own = inventory.packages.filter(({ type, ownedBy }) => type !== "deb" && ownedBy === undefined);
    const names = sorted(own.map(({ name }) => name));
    expect(names).toContain("requests");
    expect(names).toContain("harbour");
    expect(names).toContain("minimist");
    expect(packagesOf("pypi").find(({ name }) => name === "wheel")?.ownedBy).toMatch(/^pkg:deb\/debian\//);
  });
});
