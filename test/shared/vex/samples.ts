/** Documents for the tests of the readers, one of each form, and the vulnerabilities and images they are about. */
import type { Vulnerability } from "../../../shared/matching/types.ts";
import type { VexImage } from "../../../shared/vex/apply.ts";
import { readVex } from "../../../shared/vex/read.ts";
import type { VexOrigin, VexStatement } from "../../../shared/vex/types.ts";

export const digest = `sha256:${"ab".repeat(32)}`;
export const busybox = "pkg:apk/alpine/busybox@1.36.1-r2?arch=x86_64&distro=alpine-3.20.3";
export const file: VexOrigin = { source: "file", name: "a.json" };

export function openVex(statements: readonly unknown[], changes: object = {}): Record<string, unknown> {
  return {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://example.com/vex/1",
    author: "Ana",
    timestamp: "2026-01-01T00:00:00Z",
    version: 1,
    statements,
    ...changes,
  };
}

export const notAffected = (products: readonly unknown[], changes: object = {}) => ({
  vulnerability: { name: "CVE-2026-0001" },
  products,
  status: "not_affected",
  justification: "vulnerable_code_not_present",
  ...changes,
});

export const cycloneDx = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  serialNumber: "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
  version: 3,
  metadata: {
    timestamp: "2026-02-01T00:00:00Z",
    authors: [{ name: "Ben" }],
    component: { type: "container", name: "app", "bom-ref": "root", purl: `pkg:oci/app@${encodeURIComponent(digest)}` },
  },
  components: [
    { type: "library", name: "busybox", version: "1.36.1-r2", "bom-ref": "bb", purl: "pkg:apk/alpine/busybox" },
    {
      type: "library",
      name: "outer",
      "bom-ref": "o",
      components: [{ "bom-ref": "inner", purl: "pkg:npm/inner@1.0.0" }],
    },
  ],
  vulnerabilities: [
    {
      id: "CVE-2026-0001",
      references: [{ id: "GHSA-aaaa-bbbb-cccc", source: { name: "GitHub" } }],
      analysis: { state: "not_affected", justification: "code_not_reachable", detail: "No shell is started." },
      affects: [{ ref: "bb" }, { ref: "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/3#inner" }],
    },
    { id: "CVE-2026-0002", analysis: { state: "exploitable", response: ["update"] }, affects: [{ ref: "root" }] },
    { id: "CVE-2026-0003", affects: [{ ref: "bb" }] },
    {
      id: "CVE-2026-0004",
      analysis: { state: "resolved" },
      affects: [{ ref: "bb", versions: [{ version: "1.36.1-r2" }, { range: "vers:apk/<1", status: "affected" }] }],
    },
  ],
};

export const csaf = {
  document: {
    category: "csaf_vex",
    publisher: { category: "vendor", name: "Vendor", namespace: "https://vendor.example" },
    references: [{ category: "self", url: "https://vendor.example/vex/1.json" }],
    tracking: { id: "V-2026-1", version: "2", current_release_date: "2026-03-01T00:00:00Z" },
  },
  product_tree: {
    branches: [
      {
        category: "vendor",
        name: "Vendor",
        branches: [
          {
            category: "product_name",
            name: "OS 9",
            product: { product_id: "os9", product_identification_helper: { cpe: "cpe:/o:redhat:enterprise_linux:9" } },
          },
          {
            category: "product_version",
            name: "bash",
            product: { product_id: "bash", product_identification_helper: { purl: "pkg:rpm/redhat/bash?arch=src" } },
          },
        ],
      },
    ],
    relationships: [
      {
        category: "default_component_of",
        full_product_name: { name: "bash in OS 9", product_id: "os9:bash" },
        product_reference: "bash",
        relates_to_product_reference: "os9",
      },
    ],
    product_groups: [{ group_id: "all", product_ids: ["os9:bash"] }],
  },
  vulnerabilities: [
    {
      cve: "CVE-2026-0001",
      product_status: { known_not_affected: ["os9:bash", "nobody"] },
      flags: [{ label: "component_not_present", group_ids: ["all"] }],
      threats: [{ category: "impact", details: "Never built in.", product_ids: ["os9:bash"] }],
    },
    {
      cve: "CVE-2026-0002",
      product_status: { known_affected: ["bash"] },
      remediations: [{ category: "workaround", details: "Turn it off." }],
    },
  ],
};

export function statementsOf(document: unknown, origin: VexOrigin = file): readonly VexStatement[] {
  return readVex(document, origin).statements;
}

export function vulnerability(purl: string, changes: Partial<Vulnerability> = {}): Vulnerability {
  const [, type = "", name = "", version = ""] = /^pkg:([a-z]+)\/([^@]+)@([^?]+)/.exec(purl) ?? [];
  return {
    id: "CVE-2026-0001",
    aliases: [],
    sources: [],
    package: { purl, type, name, version },
    fix: { state: "not-fixed" },
    severity: "high",
    severities: [],
    exploited: false,
    summary: "",
    marks: [],
    evidence: { locations: [{ path: "lib/apk/db/installed", layer: digest }], comparison: "", shard: "" },
    ...changes,
  };
}

export function imageOf(changes: Partial<VexImage> = {}): VexImage {
  return {
    digests: [digest],
    references: [{ registry: "registry.example", repository: "team/app", tag: "1.0" }],
    platform: { os: "linux", architecture: "amd64" },
    distribution: { id: "alpine", versionId: "3.20.3", idLike: [] },
    packages: [],
    ...changes,
  };
}
