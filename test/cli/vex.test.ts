/** VEX on the command line: what is believed, how it is told, and what it does to exit codes; acceptances written out. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoAdvisories } from "../../local/demo/advisories.ts";
import { listFindings } from "../../shared/findings/list.ts";
import { reconcile } from "../../shared/findings/reconcile.ts";
import { readVex } from "../../shared/vex/read.ts";
import { npmImage } from "../shared/scanning/world.ts";
import { notAffected, openVex } from "../shared/vex/samples.ts";
import { removeDirectory, startTestHost, type TestHost, temporaryDirectory } from "../support/host.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../support/registry.ts";
import { runCli } from "../support/running-platform.ts";

const folder = temporaryDirectory();
const records = join(folder, "records");
const vexFile = join(folder, "minimist.openvex.json");
let registry: FaultyRegistry;
let image: string;

beforeAll(async () => {
  mkdirSync(records);
  for (const [index, record] of demoAdvisories.entries()) {
    writeFileSync(join(records, `${index}.json`), JSON.stringify(record));
  }
  const about = (name: string, changes: object = {}) =>
    notAffected([{ "@id": "pkg:oci/shop", subcomponents: [{ "@id": "pkg:npm/minimist" }] }], {
      vulnerability: { name },
      ...changes,
    });
  const document = openVex([
    about("CVE-2021-44906", { impact_statement: "Arguments are ours." }),
    about("CVE-2020-7598", { status: "under_investigation", justification: undefined }),
    { status: "broken" },
  ]);
  writeFileSync(vexFile, JSON.stringify(document));
  registry = await startFaultyRegistry();
  image = `${registry.address}/team/shop:1.0`;
  await registry.push(npmImage({ minimist: "0.0.8" }), "team/shop", "1.0");
});
afterAll(async () => {
  await registry.close();
  removeDirectory(folder);
});

const scan = (...args: string[]) =>
  runCli("scan", image, "--data", join(folder, "data"), "--advisories", records, ...args);

describe("scan --vex", () => {
  it("marks what does not affect the image, which no longer counts", async () => {
    const { code, stdout } = await scan("--vex", vexFile, "--fail-on", "critical");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^critical +CVE-2021-44906 .*\[vex-not-affected, vulnerable_code_not_present\]/m);
    expect(stdout).toMatch(/^medium +CVE-2020-7598 .*\[vex-under-investigation\]/m);
    expect(stdout).toMatch(/^1 medium; 1 not affected or fixed \(VEX\), not counted$/m);
    expect(stdout).toMatch(/vex-statement-malformed: statement 2: /);
  });

  it("refuses a file that is no VEX", async () => {
    const { code, stderr } = await scan("--vex", vexFile, "--vex", join(records, "0.json"));
    expect([code, stderr]).toEqual([2, expect.stringContaining("(vex-malformed)") as string]);
  });
});

describe("findings vex", () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await startTestHost({ settings: { vex: { author: "Team" } } });
    await reconcile(host.platform, {
      resource: { type: "image", id: `registry.example/app@sha256:${"a".repeat(64)}` },
      kinds: ["vulnerability"],
      cause: { id: "scan", kind: "scan", time: "2026-03-01T00:00:00Z" },
      observations: ["CVE-1", "CVE-2"].map((rule) => ({
        kind: "vulnerability",
        rule,
        subject: "pkg:npm/a@1.0.0",
        title: rule,
        severity: "high",
        exploited: false,
        evidence: {},
        links: [],
      })),
    });
  });
  afterAll(async () => {
    await host.stop();
    removeDirectory(host.data);
  });

  it("writes what was accepted: a risk as affected, and not affected with why", async () => {
    const { findings } = await listFindings(host.platform.table, { state: "open" }, 10);
    const ask = (...args: string[]) => runCli("findings", ...args, "--data", host.data);
    for (const [index, { id }] of findings.toSorted((a, b) => (a.rule < b.rule ? -1 : 1)).entries()) {
      const why = index === 0 ? [] : ["--vex", "component_not_present"];
      const accepted = await ask("accept", id, "--reason", "because", "--until", "2999-01-01", ...why);
      expect(accepted).toMatchObject({ code: 0, stderr: "" });
    }
    const { code, stdout } = await ask("vex", "--repository", "registry.example/app");
    expect(code).toBe(0);
    const { document, statements } = readVex(JSON.parse(stdout), { source: "file", name: "stdout" });
    expect(document.author).toBe("Team");
    const said = statements.map(({ names, status, justification }) => [names[0], status, justification].join(" "));
    expect(said.sort()).toEqual(["CVE-1 affected ", "CVE-2 not_affected component_not_present"]);
  });
});
