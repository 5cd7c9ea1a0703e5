/** What others say of our findings: documents, attestations, and what they decide. */
import type { Vulnerability } from "../../shared/matching/types.ts";
import { parseJson } from "../../shared/platform/body.ts";
import { applyVex, type VexImage } from "../../shared/vex/apply.ts";
import { attestedVex } from "../../shared/vex/attestations.ts";
import { parseVexJson, readVex } from "../../shared/vex/read.ts";
import { mustHold } from "./must-hold.ts";
import type { Sample } from "./samples.ts";
import type { Target } from "./target.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const purl = "pkg:npm/a@1.0.0";

const image: VexImage = {
  digests: [digest],
  references: [{ registry: "registry.example", repository: "app", tag: "1" }],
  platform: { os: "linux", architecture: "amd64" },
  packages: [{ purl, locations: [{ path: "a", layer: digest }] }],
};

const found: Vulnerability = {
  id: "CVE-2026-0001",
  aliases: ["GHSA-aaaa-aaaa-aaaa"],
  sources: [{ id: "GHSA-aaaa-aaaa-aaaa", database: "GitHub" }],
  package: { purl, type: "npm", name: "a", version: "1.0.0" },
  fix: { state: "not-fixed" },
  severity: "high",
  severities: [],
  exploited: false,
  summary: "x",
  marks: [],
  evidence: { locations: [{ path: "a", layer: digest }], comparison: "x", shard: "x" },
};

export function vexTargets(vex: readonly Sample[]): Target[] {
  return [
    {
      name: "vex document",
      samples: vex,
      weight: 12,
      strict: true,
      run(bytes) {
        const { statements } = readVex(parseVexJson(bytes, "a.json"), { source: "file", name: "a.json" });
        // Whatever image they are about, they are also asked about this one's vulnerability.
        const also = statements
          .slice(0, 50)
          .map((statement) => ({ ...statement, names: [...statement.names, found.id] }));
        mustHold(applyVex([found], also, image).length === 1, "nothing is dropped");
      },
    },
    {
      name: "vex attestation",
      samples: vex,
      weight: 6,
      strict: true,
      run(bytes) {
        // Also as what a signed envelope carries, which no mutation of the envelope reaches.
        const payload = bytes.toString("base64");
        const envelope = { payloadType: "application/vnd.in-toto+json", payload, signatures: [{ sig: "AAAA" }] };
        for (const content of [bytes, Buffer.from(JSON.stringify(envelope))]) {
          const documents = [{ mediaType: "application/json", digest, bytes: content }];
          attestedVex({ documents, problems: [] }, [digest], { attestations: "any", keys: [] });
        }
        parseJson(bytes);
      },
    },
  ];
}
