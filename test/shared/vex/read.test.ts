import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { parseVexJson, readVex, vexFormOf } from "../../../shared/vex/read.ts";
import { sharedData } from "../../support/shared-data.ts";
import { csaf, cycloneDx, digest, file, notAffected, openVex } from "./samples.ts";

const product = { "@id": "pkg:apk/alpine/busybox" };

describe("OpenVEX", () => {
  it("gives names, products, why, by whom and when", () => {
    const statement = notAffected(
      [{ "@id": "pkg:oci/app", hashes: { "sha-256": "ab".repeat(32) }, subcomponents: [product] }],
      {
        vulnerability: {
          "@id": "https://nvd.nist.gov/vuln/detail/CVE-2026-0001",
          name: "cve-2026-0001",
          aliases: ["GHSA-x"],
        },
        impact_statement: "Removed.",
        timestamp: "2026-01-02T03:04:05.678901+02:00",
      },
    );
    const { document, statements, problems } = readVex(openVex([statement]), file);
    expect(document).toEqual({
      form: "openvex",
      id: "https://example.com/vex/1",
      url: "https://example.com/vex/1",
      author: "Ana",
      version: "1",
      timestamp: "2026-01-01T00:00:00.000Z",
      origin: file,
    });
    expect(statements).toEqual([
      {
        document,
        index: 0,
        names: ["CVE-2026-0001", "GHSA-X"],
        products: [
          {
            id: "pkg:oci/app",
            purls: ["pkg:oci/app"],
            digests: [digest],
            components: [{ id: product["@id"], purls: [product["@id"]], digests: [] }],
          },
        ],
        status: "not_affected",
        justification: "vulnerable_code_not_present",
        impact: "Removed.",
        timestamp: "2026-01-02T01:04:05.678Z",
      },
    ]);
    expect(problems).toEqual([]);
  });

  it("reads what 0.0.1 wrote: names as texts, components beside the products", () => {
    const { statements } = readVex(
      openVex([{ ...notAffected(["pkg:oci/app"]), vulnerability: "CVE-2026-0001", subcomponents: ["pkg:npm/a@1"] }], {
        "@context": "https://openvex.dev/ns",
      }),
      file,
    );
    expect(statements[0]).toMatchObject({
      names: ["CVE-2026-0001"],
      products: [{ purls: ["pkg:oci/app"], components: [{ purls: ["pkg:npm/a@1"] }] }],
    });
  });

  it("tells which statement cannot be used, and uses the others", () => {
    const broken: readonly [unknown, RegExp][] = [
      [{ ...notAffected([product]), status: "fine" }, /status/],
      [{ ...notAffected([product]), justification: "because" }, /justification|Invalid/],
      [{ ...notAffected([product]), justification: undefined }, /without a justification/],
      [notAffected([]), /no product/],
      [{ ...notAffected([product]), vulnerability: {} }, /no vulnerability/],
      [17, /./],
    ];
    const { statements, problems } = readVex(openVex([...broken.map(([one]) => one), notAffected([product])]), file);
    expect(statements.map(({ index }) => index)).toEqual([broken.length]);
    expect(problems.map(({ index }) => index)).toEqual(broken.map((_, index) => index));
    for (const [index, [, pattern]] of broken.entries()) expect(problems[index]?.detail).toMatch(pattern);
  });

  it("bounds what it tells of broken statements", () => {
    const { problems } = readVex(openVex(Array.from({ length: 1000 }, () => 0)), file);
    expect(problems).toHaveLength(limits.vexProblems + 1);
    expect(problems.at(-1)?.detail).toContain(`${1000 - limits.vexProblems} more`);
  });
});

describe("CycloneDX", () => {
  it("finds components by reference, inside others and by BOM-Link, in the context of what is described", () => {
    const { document, statements, problems } = readVex(cycloneDx, file);
    expect(document).toMatchObject({ form: "cyclonedx", id: cycloneDx.serialNumber, author: "Ben", version: "3" });
    const root = { id: "root", purls: [cycloneDx.metadata.component.purl], digests: [] };
    expect(statements).toMatchObject([
      {
        names: ["CVE-2026-0001", "GHSA-AAAA-BBBB-CCCC"],
        status: "not_affected",
        justification: "vulnerable_code_not_in_execute_path",
        impact: "No shell is started.",
        products: [
          { ...root, components: [{ purls: ["pkg:apk/alpine/busybox"] }] },
          { ...root, components: [{ purls: ["pkg:npm/inner@1.0.0"] }] },
        ],
      },
      { names: ["CVE-2026-0002"], status: "affected", action: "update", products: [{ ...root, components: [] }] },
      {
        names: ["CVE-2026-0004"],
        status: "fixed",
        products: [{ components: [{ purls: ["pkg:apk/alpine/busybox@1.36.1-r2"] }] }],
      },
    ]);
    expect(problems).toEqual([{ index: 3, detail: expect.stringContaining("1 ranges of versions") as string }]);
  });

  it("clears only the versions that are said to be unaffected, where any are", () => {
    const purls = (state: string) => {
      const versions = [{ version: "1", status: "affected" }, { version: "2", status: "unaffected" }, { version: "3" }];
      const affects = [{ ref: "pkg:npm/a", versions }];
      const { statements } = readVex(
        { ...cycloneDx, vulnerabilities: [{ id: "CVE-1", analysis: { state }, affects }] },
        file,
      );
      return statements[0]?.products.map(({ purls: [purl] }) => purl);
    };
    expect(["resolved", "not_affected", "exploitable"].map(purls)).toEqual([
      ["pkg:npm/a@2"],
      ["pkg:npm/a@2"],
      ["pkg:npm/a@1", "pkg:npm/a@3"],
    ]);
  });

  it("keeps reasons that have no other word, and refuses states that it does not know", () => {
    const changed = (analysis: object) => ({
      ...cycloneDx,
      vulnerabilities: [{ id: "CVE-2026-0001", analysis, affects: [{ ref: "bb" }] }],
    });
    const kept = readVex(changed({ state: "not_affected", justification: "requires_environment" }), file);
    expect(kept.statements[0]?.justification).toBe("requires_environment");
    const refused = readVex(changed({ state: "constructor" }), file);
    expect([refused.statements.length, refused.problems.length]).toEqual([0, 1]);
  });
});

describe("CSAF", () => {
  it("follows the product tree, and joins what is said in flags, threats and remediations", () => {
    const { document, statements, problems } = readVex(csaf, file);
    expect(document).toMatchObject({
      form: "csaf",
      id: "V-2026-1",
      url: "https://vendor.example/vex/1.json",
      author: "Vendor",
      version: "2",
    });
    expect(statements).toMatchObject([
      {
        names: ["CVE-2026-0001"],
        status: "not_affected",
        justification: "component_not_present",
        impact: "Never built in.",
        products: [
          {
            id: "os9:bash",
            purls: [],
            cpe: "cpe:/o:redhat:enterprise_linux:9",
            components: [{ id: "bash", purls: ["pkg:rpm/redhat/bash?arch=src"] }],
          },
        ],
      },
      {
        names: ["CVE-2026-0002"],
        status: "affected",
        action: "Turn it off.",
        products: [{ id: "bash", components: [] }],
      },
    ]);
    expect(problems).toEqual([{ index: 0, detail: expect.stringContaining("1 products are not in") as string }]);
  });

  it("ends where relationships lead in a circle", () => {
    const relationship = (id: string, what: string, of: string) => ({
      full_product_name: { product_id: id },
      product_reference: what,
      relates_to_product_reference: of,
    });
    const circle = {
      ...csaf,
      product_tree: { relationships: [relationship("a", "b", "b"), relationship("b", "a", "a")] },
      vulnerabilities: [{ cve: "CVE-2026-0001", product_status: { fixed: ["a"] } }],
    };
    expect(readVex(circle, file)).toMatchObject({ unmatchable: 1, statements: [{ status: "fixed" }] });
  });
});

describe("a document", () => {
  it("is recognised by its content", () => {
    const forms = [
      openVex([]),
      cycloneDx,
      csaf,
      { spdxVersion: "SPDX-2.3" },
      { document: { title: "x" } },
      [],
      null,
      "x",
    ];
    expect(forms.map(vexFormOf)).toEqual([
      "openvex",
      "cyclonedx",
      "csaf",
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([
    ["not JSON", "{"],
    ["nested too deeply", `${'{"a":'.repeat(200)}1${"}".repeat(200)}`],
    ["of no form", "{}"],
    ["OpenVEX without an id", JSON.stringify({ "@context": "https://openvex.dev/ns/v0.2.0", statements: [] })],
    ["OpenVEX whose statements are none", JSON.stringify({ ...openVex([]), statements: {} })],
    ["CSAF of another category", JSON.stringify({ document: { ...csaf.document, category: "invalid" } })],
  ])("%s is refused with the place", (_, text) => {
    const read = () => readVex(parseVexJson(Buffer.from(text), "a.json"), file);
    expect(read).toThrow(PermanentError);
    expect(read).toThrow(/^a\.json is no VEX document that can be read: ./);
  });

  it("over the limit is not parsed", () => {
    expect(() => parseVexJson(Buffer.alloc(limits.vexDocumentBytes + 1), "a.json")).toThrow(/over \d+ bytes/);
  });

  it("with anything in it ends in statements or in a typed error", () => {
    const samples = [openVex([notAffected([product])]), cycloneDx, csaf].map((one) => JSON.stringify(one));
    const json = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(), json, fc.boolean(), (sample, at, value, cut) => {
        const keys = [...sample.matchAll(/(?<=[:,[])("[^"]*"|\d+)(?=[,}\]])/g)];
        const chosen = keys[at % keys.length];
        const start = chosen?.index ?? 0;
        const text = cut
          ? sample.slice(0, at % sample.length)
          : sample.slice(0, start) + JSON.stringify(value) + sample.slice(start + (chosen?.[0].length ?? 0));
        try {
          const { statements } = readVex(parseVexJson(Buffer.from(text), "fuzz"), file);
          for (const { names, products } of statements) expect([names.length, products.length]).not.toContain(0);
        } catch (error) {
          if (!(error instanceof PermanentError) || error.code !== "vex-malformed") throw error;
        }
      }),
      { numRuns: 600 },
    );
  });
});

describe.skipIf(sharedData === undefined)("real documents (need the shared data)", () => {
  const folder = mkdtempSync(join(tmpdir(), "portwarden-vex-"));
  beforeAll(() => {
    for (const archive of [
      "openvex-docker-hardened",
      "openvex-go-vex-vexctl-testdata",
      "openvex-vexctl-testdata",
      "openvex-vexhub-aquasecurity",
      "vex-csaf-redhat-sample",
      "cyclonedx-bom-examples",
      "claircore-feed-and-rpm-fixtures",
    ]) {
      execFileSync("sh", [
        "-c",
        'mkdir "$2" && zstd -dc "$1" | tar -x -C "$2"',
        "sh",
        `${sharedData}feed-samples/${archive}.tar.zst`,
        join(folder, archive),
      ]);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const counted = (archive: string) => {
    const count = { documents: 0, statements: 0, problems: 0, products: 0, refused: [] as string[] };
    for (const name of readdirSync(join(folder, archive), { recursive: true, encoding: "utf8" })) {
      const path = join(folder, archive, name);
      if (!name.endsWith(".json") || !statSync(path).isFile()) continue;
      const value = parseVexJson(readFileSync(path), name);
      if (vexFormOf(value) === undefined) continue;
      try {
        const { statements, problems } = readVex(value, { source: "file", name });
        count.documents++;
        count.statements += statements.length;
        count.problems += problems.length;
        for (const { products } of statements) count.products += products.length;
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        count.refused.push(name.slice(name.lastIndexOf("/") + 1));
      }
    }
    return count;
  };

  it.each([
    // Two statements of a template have no product, and one product is not in its document's tree.
    ["openvex-docker-hardened", { documents: 107, statements: 6705, problems: 0, products: 66_474, refused: [] }],
    ["openvex-go-vex-vexctl-testdata", { documents: 11, statements: 17, problems: 2, products: 1492, refused: [] }],
    ["openvex-vexctl-testdata", { documents: 19, statements: 25, problems: 2, products: 26, refused: [] }],
    ["openvex-vexhub-aquasecurity", { documents: 59, statements: 15_304, problems: 0, products: 15_350, refused: [] }],
    [
      "vex-csaf-redhat-sample",
      { documents: 6, statements: 3, problems: 0, products: 2782, refused: ["invalid-category.json"] },
    ],
    ["claircore-feed-and-rpm-fixtures", { documents: 7, statements: 13, problems: 0, products: 3323, refused: [] }],
    // Ranges of versions are told, not compared.
    ["cyclonedx-bom-examples", { documents: 65, statements: 105, problems: 17, products: 170, refused: [] }],
  ])("%s are read whole", (archive, expected) => {
    expect(counted(archive)).toEqual(expected);
  });
});
