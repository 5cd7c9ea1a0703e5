import { describe, expect, it } from "vitest";
import { acceptFinding } from "../../../shared/findings/accept.ts";
import { reconcile } from "../../../shared/findings/reconcile.ts";
import { applyVex } from "../../../shared/vex/apply.ts";
import { readVex } from "../../../shared/vex/read.ts";
import { openVexSchema, writeVex } from "../../../shared/vex/write.ts";
import { memoryTable } from "../../support/memory-table.ts";
import { codeOf, silentLog } from "../../support/registry.ts";
import { digest, file, imageOf, vulnerability } from "./samples.ts";

const clock = { now: () => Date.parse("2026-05-01T12:00:00Z") };
const resource = { type: "image" as const, id: `registry.example:5000/team/app@${digest}` };
const purl = "pkg:npm/minimist@0.0.8";

async function platformWith(rules: readonly string[]) {
  const platform = { table: memoryTable(clock), clock, log: silentLog };
  const { open } = await reconcile(platform, {
    resource,
    kinds: ["vulnerability"],
    cause: { id: "scan", kind: "scan", time: "2026-05-01T00:00:00Z" },
    observations: rules.map((rule) => ({
      kind: "vulnerability",
      rule,
      subject: purl,
      title: rule,
      severity: "high",
      exploited: false,
      evidence: { package: { purl, name: "minimist", version: "0.0.8" }, aliases: ["GHSA-xvch-5gv4-984h"] },
      links: [],
    })),
  });
  return { platform, idOf: (rule: string) => open.find((finding) => finding.rule === rule)?.id ?? "" };
}

const accept = { by: "ana", until: "2027-01-01T00:00:00Z" };
const options = { author: "Team", version: "1.0.0" };

describe("acceptances as OpenVEX", () => {
  it("say not_affected only where a person said why, and come back as the same statements", async () => {
    const { platform, idOf } = await platformWith(["CVE-1", "CVE-2", "CVE-3"]);
    await acceptFinding(platform, { ...accept, id: idOf("CVE-1"), reason: "waits for the next release" });
    const vex = "vulnerable_code_not_in_execute_path";
    await acceptFinding(platform, { ...accept, id: idOf("CVE-2"), reason: "never parses arguments", vex });
    const document = await writeVex(platform, options);
    expect(openVexSchema.parse(document)).toEqual(document);
    const { statements, problems, unmatchable } = readVex(JSON.parse(JSON.stringify(document)), file);
    expect([problems, unmatchable]).toEqual([[], 0]);
    const image = `pkg:oci/app@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent("registry.example:5000/team/app")}`;
    const products = [
      { id: image, purls: [image], digests: [], components: [{ id: purl, purls: [purl], digests: [] }] },
    ];
    const at = "2026-05-01T12:00:00.000Z";
    expect(statements.toSorted((a, b) => (a.names.join() < b.names.join() ? -1 : 1))).toMatchObject([
      {
        names: ["CVE-1", "GHSA-XVCH-5GV4-984H"],
        status: "affected",
        action: "Risk accepted by ana until 2027-01-01T00:00:00.000Z: waits for the next release",
        products,
        timestamp: at,
        document: { author: "Team", id: document["@id"] },
      },
      {
        names: ["CVE-2", "GHSA-XVCH-5GV4-984H"],
        status: "not_affected",
        justification: vex,
        impact: "never parses arguments",
        products,
      },
    ]);
    const found = vulnerability(purl, { id: "CVE-2" });
    expect(applyVex([found], statements, imageOf())[0]?.marks).toEqual(["vex-not-affected"]);
    expect(applyVex([found], statements, imageOf({ digests: [] }))[0]?.marks).toEqual([]);
    expect((await writeVex(platform, options))["@id"]).toBe(document["@id"]);
  });

  it("are of one repository or image when asked so, and of what is accepted now", async () => {
    const { platform, idOf } = await platformWith(["CVE-1"]);
    const count = async (filter: object) => (await writeVex(platform, { ...options, ...filter })).statements.length;
    expect(await count({})).toBe(0);
    await acceptFinding(platform, { ...accept, id: idOf("CVE-1"), reason: "x" });
    expect(await count({ repository: "registry.example:5000/team/app" })).toBe(1);
    expect(await count({ repository: "registry.example:5000/team" })).toBe(0);
    expect(await count({ image: resource.id })).toBe(1);
    expect(await count({ image: `${resource.id.slice(0, -1)}0` })).toBe(0);
  });

  it("are too many for one document over a limit", async () => {
    const { platform, idOf } = await platformWith(["CVE-1"]);
    await acceptFinding(platform, { ...accept, id: idOf("CVE-1"), reason: "x" });
    expect(await codeOf(writeVex(platform, { ...options, most: 1 }))).toBe("no error");
    expect(await codeOf(writeVex(platform, { ...options, most: 0 }))).toBe("vex-too-large");
  });
});
