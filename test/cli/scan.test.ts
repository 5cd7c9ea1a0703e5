/** `portwarden scan` and its kin as people and pipelines run them: processes of their own, with no platform. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoAdvisories } from "../../local/demo/advisories.ts";
import { buildTar, indexOf } from "../../local/demo/build-image.ts";
import { productVersion } from "../../shared/platform/version.ts";
import { scanDocumentSchema } from "../../shared/scanning/document.ts";
import { npmImage } from "../shared/scanning/world.ts";
import { removeDirectory, temporaryDirectory } from "../support/host.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../support/registry.ts";
import { runCli } from "../support/running-platform.ts";
import { cycloneDxSchema, sarifSchema, unresolvedReferences } from "./documents.ts";

const folder = temporaryDirectory();
const data = join(folder, "data");
const records = join(folder, "records");
/** Of a fourth package, without a fix. */
const unfixed = {
  schema_version: "1.6.0",
  id: "GHSA-0000-0000-0000",
  aliases: ["CVE-2022-0000"],
  modified: new Date().toISOString(),
  summary: "An invented weakness of left-pad",
  affected: [
    { package: { ecosystem: "npm", name: "left-pad" }, ranges: [{ type: "SEMVER", events: [{ introduced: "0" }] }] },
  ],
  database_specific: { severity: "CRITICAL" },
};
const mine = arch() === "arm64" ? "arm64" : "amd64";
const other = mine === "arm64" ? "amd64" : "arm64";

let registry: FaultyRegistry;
let image: string;
let many: string;

beforeAll(async () => {
  mkdirSync(records);
  for (const [index, record] of [...demoAdvisories, unfixed].entries()) {
    writeFileSync(join(records, `${index}.json`), JSON.stringify(record));
  }
  registry = await startFaultyRegistry();
  image = `${registry.address}/team/shop:1.0`;
  many = `${registry.address}/team/many:1.0`;
  await registry.push(npmImage({ minimist: "0.0.8", ini: "1.3.5", "left-pad": "1.3.0" }), "team/shop", "1.0");
  const platforms = [mine, other].map((architecture) => ({ os: "linux", architecture }));
  const [first, second] = platforms.map((platform, index) =>
    npmImage(index === 0 ? { ini: "1.3.5" } : { y18n: "4.0.0" }, { platform }),
  );
  if (first === undefined || second === undefined) throw new Error("two platforms");
  await registry.push(indexOf([first, second]), "team/many", "1.0");
  const updated = await runCli("advisories", "update", "--from", records, "--data", data);
  expect(updated).toMatchObject({ code: 0, stderr: "" });
  expect(updated.stdout).toMatch(/^osv\/files\/npm +5 +updated$/m);
});
afterAll(async () => {
  await registry.close();
  removeDirectory(folder);
});

const scan = (...args: string[]) => runCli("scan", ...args, "--data", data);
/** Processes two at a time: as many as the smallest machine has cores. */
async function all<Input, Output>(inputs: readonly Input[], run: (input: Input) => Promise<Output>): Promise<Output[]> {
  const outputs: Output[] = [];
  for (let index = 0; index < inputs.length; index += 2) {
    outputs.push(...(await Promise.all(inputs.slice(index, index + 2).map(run))));
  }
  return outputs;
}

describe("a scan", () => {
  it("prints a table without colour where nobody looks, and is done", async () => {
    const { code, stdout, stderr } = await scan(image);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toContain(`${image}  linux/amd64, 3 packages`);
    expect(stdout).toMatch(/^critical +CVE-2021-44906 +minimist +0\.0\.8 +0\.2\.4 +Prototype pollution/m);
    expect(stdout).toMatch(/^critical +CVE-2022-0000 +left-pad +1\.3\.0 +(not-fixed|unknown) /m);
    expect(stdout).toMatch(/^2 critical, 1 high, 1 medium$/m);
    expect(stdout).toMatch(/^advisories of .*, stored /m);
  });

  it("gives a document that says which questions it answers", async () => {
    const [everything, severe, fixable, unlisted] = await all(
      [
        [image],
        [image, "--severity", "high"],
        [image, "--ignore-unfixed", "--fail-on", "critical"],
        [many, "--severity", "critical", "--fail-on", "high"],
      ],
      (args) => scan("--format", "json", ...args),
    );
    const parse = (output: typeof everything) => scanDocumentSchema.parse(JSON.parse(output?.stdout ?? ""));
    const document = parse(everything);
    expect(everything?.code).toBe(0);
    expect(document).toMatchObject({
      schema: "portwarden.scan/1",
      tool: { name: "portwarden", version: productVersion },
      image: { name: image, kind: "image" },
      status: "complete",
      warnings: [],
      filtered: 0,
      summary: { critical: 2, high: 1, medium: 1 },
    });
    const found = document.images.flatMap(({ vulnerabilities }) => vulnerabilities);
    expect(found.map(({ severity }) => severity)).toEqual(["critical", "critical", "high", "medium"]);
    expect(found[1]).toMatchObject({
      id: "CVE-2021-44906",
      aliases: ["GHSA-xvch-5gv4-984h"],
      package: { purl: "pkg:npm/minimist@0.0.8" },
      fix: { state: "fixed", version: "0.2.4" },
      evidence: { locations: [{ path: "app/node_modules/minimist/package.json", step: "RUN npm ci" }] },
    });
    expect(severe?.code).toBe(0);
    expect(parse(severe)).toMatchObject({ filtered: 1, summary: { critical: 2, high: 1, medium: 0 } });
    expect(fixable?.code).toBe(1);
    expect(parse(fixable)).toMatchObject({ filtered: 1, summary: { critical: 1, high: 1, medium: 1 } });
    // Only what is listed can fail a pipeline.
    expect(unlisted?.code).toBe(0);
    expect(parse(unlisted)).toMatchObject({ filtered: 1, summary: { critical: 0, high: 0 } });
  });

  it("writes SARIF that code hosts take", async () => {
    const file = join(folder, "app.sarif");
    const { code, stdout } = await scan(
      many,
      "--platform",
      "all",
      "--format",
      "sarif",
      "--output",
      file,
      "--fail-on",
      "high",
    );
    expect([code, stdout]).toEqual([1, ""]);
    const [run] = sarifSchema.parse(JSON.parse(readFileSync(file, "utf8"))).runs;
    const rules = run?.tool.driver.rules.map(({ id }) => id) ?? [];
    expect(rules.sort()).toEqual(["CVE-2020-7774", "CVE-2020-7788"]);
    for (const result of run?.results ?? []) {
      expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
      expect(result.locations[0]?.physicalLocation.artifactLocation.uri).toMatch(
        /^app\/node_modules\/\w+\/package\.json$/,
      );
    }
    expect(run?.results).toHaveLength(2);
    expect(run?.invocations[0]?.executionSuccessful).toBe(true);
  });

  it("writes CycloneDX whose references lead somewhere", async () => {
    const { code, stdout } = await scan(image, "--format", "cyclonedx");
    expect(code).toBe(0);
    const bom = cycloneDxSchema.parse(JSON.parse(stdout));
    expect(unresolvedReferences(bom)).toEqual([]);
    expect(bom.components.map(({ purl }) => purl)).toEqual([
      "pkg:npm/ini@1.3.5",
      "pkg:npm/left-pad@1.3.0",
      "pkg:npm/minimist@0.0.8",
    ]);
    expect(bom.vulnerabilities?.map(({ id }) => id).sort()).toEqual([
      "CVE-2020-7598",
      "CVE-2020-7788",
      "CVE-2021-44906",
      "CVE-2022-0000",
    ]);
  });

  it("of an index takes this machine's image, the named one, or all", async () => {
    const [own, named, every, none] = await all(
      [[], ["--platform", `linux/${other}`], ["--platform", "all"], ["--platform", "linux/s390x"]],
      (args) => scan(many, "--format", "json", ...args),
    );
    const platforms = (output: typeof own) =>
      scanDocumentSchema.parse(JSON.parse(output?.stdout ?? "")).images.map(({ platform }) => platform);
    expect(platforms(own)).toEqual([`linux/${mine}`]);
    expect(platforms(named)).toEqual([`linux/${other}`]);
    expect(platforms(every)).toEqual([`linux/${mine}`, `linux/${other}`]);
    expect(none).toMatchObject({ code: 2, stdout: "" });
    expect(none?.stderr).toMatch(/^portwarden: none of the wanted platforms; it is for .*\(no-such-platform\)\n$/);
  });

  it("reads directories, root filesystems, and advisories of elsewhere, which it keeps", async () => {
    const manifest = JSON.stringify({ name: "ini", version: "1.3.5" });
    const directory = join(folder, "app");
    mkdirSync(join(directory, "node_modules/ini"), { recursive: true });
    writeFileSync(join(directory, "node_modules/ini/package.json"), manifest);
    const tar = join(folder, "rootfs.tar");
    writeFileSync(tar, buildTar([{ path: "srv/node_modules/ini/package.json", content: manifest }]));
    const elsewhere = join(folder, "elsewhere");
    const run = (name: string) =>
      runCli("scan", name, "--format", "json", "--fail-on", "high", "--advisories", records, "--data", elsewhere);
    for (const name of [`dir:${directory}`, `rootfs:${tar}`]) {
      const { code, stdout, stderr } = await run(name);
      expect([code, stderr], name).toEqual([1, ""]);
      const document = scanDocumentSchema.parse(JSON.parse(stdout));
      expect(document.images[0]?.vulnerabilities.map(({ id }) => id)).toEqual(["CVE-2020-7788"]);
    }
    expect(existsSync(join(elsewhere, "advisories-from"))).toBe(true);
  });

  it("without advisories, or of something in which nothing can be judged, could not complete", async () => {
    const empty = join(folder, "nothing in it");
    mkdirSync(empty);
    const [unadvised, unjudged] = await all(
      [
        [image, "--data", join(folder, "unadvised"), "--fail-on", "negligible"],
        [`dir:${empty}`, "--data", data],
      ],
      (args) => runCli("scan", ...args),
    );
    expect(unadvised?.code).toBe(3);
    expect(unadvised?.stdout).toMatch(/^warning: there are no advisories in the store/m);
    expect(unadvised?.stdout).toMatch(/no-advisories-for npm: 3 packages not judged/);
    expect(unjudged?.code).toBe(3);
    expect(unjudged?.stdout).toMatch(/no-packages: no package was found/);
  });

  it("prints nothing that an image could talk to a terminal with", async () => {
    const hostile = npmImage(
      { ini: "1.3.5" },
      { platform: { os: `li\u001b[2Jnux`, architecture: "a\u009bm\u202ed64" } },
    );
    await registry.push(hostile, "team/hostile", "1.0");
    await registry.push(indexOf([hostile]), "team/hostile", "index");
    const name = `${registry.address}/team/hostile`;
    const outputs = await all(
      [
        ["scan", `${name}:1.0`],
        ["inventory", `${name}:1.0`],
        ["scan", `${name}:index`, "--platform", "linux/amd64"],
      ],
      (args) => runCli(...args, "--data", data),
    );
    for (const { stdout, stderr } of outputs) {
      expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(stdout + stderr).toContain("li");
    }
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 2]);
  });
});

describe("the command line", () => {
  it("explains itself", async () => {
    const [help, version, nothing] = await all([["--help"], ["--version"], []], (args) => runCli(...args));
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const command of ["start", "scan", "inventory", "advisories", "findings", "images", "deliveries", "queues"]) {
      expect(help?.stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    }
    expect(help?.stdout).toContain("0 done, 1 --fail-on reached, 2 bad usage or input, 3 could not complete");
    expect(version).toEqual({ code: 0, stdout: `${productVersion}\n`, stderr: "" });
    expect(nothing?.code).toBe(2);
  });

  it.concurrent.each([
    ["an unknown option", ["scan", "a", "--fial-on", "high"], /unknown option '--fial-on'/],
    ["a name of no image", ["scan", "registry.example/UPPER"], /bad-reference/],
    ["a file that is not there", ["scan", "oci-archive:/nowhere/app.tar"], /there is no \/nowhere\/app\.tar/],
    ["a platform that is none", ["scan", "a", "--platform", "linux"], /--platform linux is not of the form/],
    [
      "advisories that are not there",
      ["scan", "a", "--advisories", "/nowhere"],
      /--advisories \/nowhere does not exist/,
    ],
    ["an acceptance until no date", ["findings", "accept", "a", "--reason", "r", "--until", "soon"], /not a date/],
  ] satisfies [string, string[], RegExp][])(
    "refuses %s with 2 and a line that says so",
    async (_what, args, reason) => {
      const { code, stdout, stderr } = await runCli(...args, ...(args[0] === "scan" ? ["--data", data] : []));
      expect(stderr).toMatch(reason);
      expect([code, stdout]).toEqual([2, ""]);
    },
  );

  it("refuses to write where it cannot, and fails where it could not complete", async () => {
    registry.fail({ when: ({ path }) => path.includes("/team/secret/"), act: { status: 403 }, times: 10 });
    const [scanned, listed, forbidden, unreachable] = await all(
      [
        ["scan", image, "--output", join(folder, "no/such/folder/file"), "--data", data],
        ["inventory", image, "--output", join(folder, "no/such/folder/file"), "--data", data],
        ["scan", `${registry.address}/team/secret:1.0`, "--data", data],
        ["advisories", "update", "--from", "/nowhere", "--data", data],
      ],
      (args) => runCli(...args),
    );
    expect(scanned).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot write ") });
    expect(listed).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot write ") });
    expect(forbidden).toMatchObject({ code: 3, stderr: expect.stringContaining("registry-forbidden") });
    expect(unreachable?.code).toBeGreaterThanOrEqual(2);
    expect(unreachable?.stderr).toContain("/nowhere");
    const status = await runCli("advisories", "status", "--data", data);
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/^npm +4 +5 +[0-9]+$/m);
  });
});
