import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { vexFromFiles, vexFromSettings } from "../../../shared/vex/files.ts";
import { codeOf } from "../../support/registry.ts";
import { memoryBlobs } from "../advisories/support.ts";
import { csaf, cycloneDx, notAffected, openVex } from "./samples.ts";

const folder = mkdtempSync(join(tmpdir(), "portwarden-vex-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, value: unknown) => {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
};
const vex = openVex([notAffected(["pkg:npm/a"])]);

describe("VEX files", () => {
  it("are read from a directory and all below it, by what is in them", async () => {
    put("many/a.json", vex);
    put("many/deep/er/b.cdx.json", cycloneDx);
    put("many/c.json", csaf);
    put("many/index.json", { packages: [] });
    put("many/broken.json", "{");
    put("many/readme.md", "nothing");
    const { statements, remarks } = await vexFromFiles([join(folder, "many")], memoryBlobs());
    expect(new Set(statements.map(({ document }) => document.form))).toEqual(new Set(["openvex", "cyclonedx", "csaf"]));
    expect(remarks.map(({ reason }) => reason).sort()).toEqual([
      "vex-malformed",
      "vex-not-vex",
      "vex-statement-malformed",
      "vex-statement-malformed",
    ]);
    expect(remarks.every(({ source }) => source === "file")).toBe(true);
  });

  it("that are named must be there and be VEX; those of the settings are told instead", async () => {
    const other = put("other.json", { packages: [] });
    const missing = join(folder, "nowhere.json");
    const blobs = memoryBlobs();
    blobs.content.set("vex/a.json", Buffer.from(JSON.stringify(vex)));
    expect(await codeOf(vexFromFiles([other], blobs))).toBe("vex-malformed");
    expect(await codeOf(vexFromFiles([missing], blobs))).toBe("vex-missing");
    expect(await codeOf(vexFromFiles(["blob:vex/b.json"], blobs))).toBe("vex-missing");
    const { statements, remarks } = await vexFromSettings([other, missing, "blob:vex/a.json"], blobs);
    expect(statements).toHaveLength(1);
    expect(remarks.map(({ reason, subject }) => [reason, subject])).toEqual([
      ["vex-malformed", other],
      ["vex-missing", missing],
    ]);
  });
});
