/** `portwarden inventory` as people and pipelines run it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildTar, type LayerFile } from "../../local/demo/build-image.ts";
import { removeDirectory, temporaryDirectory } from "../support/host.ts";
import { runCli } from "../support/running-platform.ts";
import { spdxDocument } from "../support/spdx-document.ts";

const folder = temporaryDirectory();
const data = join(folder, "data");

function rootfs(name: string, files: readonly LayerFile[]): string {
  const path = join(folder, `${name}.tar`);
  writeFileSync(path, buildTar(files));
  return `rootfs:${path}`;
}
const npm = (name: string, version: string): LayerFile => ({
  path: `app/node_modules/${name}/package.json`,
  content: JSON.stringify({ name, version, license: "MIT" }),
});

let before: string;
let after: string;
let broken: string;
const password = "T7vq-2mPz!x";

beforeAll(() => {
  const system = { path: "etc/os-release", content: "ID=alpine\nVERSION_ID=3.20.3\n" };
  before = rootfs("before", [system, npm("a", "1.9.0"), npm("b", "1.0.0")]);
  after = rootfs("after", [system, npm("a", "1.10.0"), { path: "app/.env", content: `DB_PASSWORD=${password}\n` }]);
  broken = rootfs("broken", [{ path: "app/node_modules/a/package.json", content: "{" }]);
});
afterAll(() => removeDirectory(folder));

const run = (...parts: readonly string[]) => runCli("inventory", ...parts, "--data", data);

describe("inventory", () => {
  it("as a table: packages, and secrets without their values", async () => {
    const { code, stdout } = await run(after);
    expect(code).toBe(0);
    expect(stdout).toMatch(/alpine 3\.20\.3, 1 layers, 1 packages, 1 secrets/);
    expect(stdout).toMatch(/^npm +a +1\.10\.0 +1 +app\/node_modules\/a\/package\.json$/m);
    expect(stdout).toMatch(/^assigned-secret +Password or key in a setting +app\/\.env:1, layer 1$/m);
    expect(stdout).not.toContain(password);
  });

  it("as JSON, CycloneDX and SPDX, to a file too", async () => {
    const json = await run(before, "--format", "json");
    expect(JSON.parse(json.stdout)).toMatchObject({ schema: "portwarden.inventory/1", secrets: [] });
    const cycloneDx = await run(before, "--format=cyclonedx");
    expect(JSON.parse(cycloneDx.stdout)).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6" });
    const file = join(folder, "a.spdx.json");
    const spdx = await run("--format", "spdx", before, "--output", file);
    expect(spdx).toMatchObject({ code: 0, stdout: "" });
    const { packages } = spdxDocument.parse(JSON.parse(readFileSync(file, "utf8")));
    expect(packages.map(({ name }) => name).slice(1)).toEqual(["alpine", "a", "b"]);
  });

  it("ends with 3 when something could not be read, and with 2 when it was called wrongly", async () => {
    expect((await run(broken)).code).toBe(3);
    expect((await run(before, "--format", "xml")).code).toBe(2);
    expect((await run("nothing:here:at:all")).code).toBe(2);
  });
});

describe("inventory diff", () => {
  it("as a table and as JSON, and ends with 0 whether or not they differ", async () => {
    const { code, stdout } = await run("diff", before, after);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^- +npm +b +1\.0\.0 +1 +-$/m);
    expect(stdout).toMatch(/^~ +npm +a +1\.9\.0 -> 1\.10\.0 +1 +-$/m);
    expect(stdout).toContain("0 added, 1 removed, 1 changed; 0 layers shared");
    const json = await run("diff", "--format", "json", after, before);
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: "portwarden.inventory-diff/1",
      added: [{ name: "b" }],
      changed: [{ name: "a", direction: "down" }],
    });
    const same = await run("diff", before, before);
    expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining("no package differs") });
  });

  it("ends with 3 when one side is partial, and with 2 without the other side", async () => {
    const partial = await run("diff", before, broken);
    expect(partial.code).toBe(3);
    expect(partial.stdout).toContain("Not everything could be read");
    expect((await run("diff", before)).code).toBe(2);
    expect((await run("diff", before, after, "--format", "spdx")).code).toBe(2);
  });
});
