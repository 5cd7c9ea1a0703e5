import * as fc from "fast-check";
import { PackageURL } from "packageurl-js";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { toCycloneDx } from "../../../shared/inventory/cyclonedx.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import { toSpdx } from "../../../shared/inventory/spdx.ts";
import type { Inventory, Package } from "../../../shared/inventory/types.ts";
import { openImageSource } from "../../../shared/registry/open-source.ts";
import { cycloneDxSchema } from "../../support/cyclonedx-schema.ts";
import { sharedData } from "../../support/shared-data.ts";
import { spdxDocument } from "../../support/spdx-document.ts";

const schema = cycloneDxSchema();
const layers = ["a", "b"].map((letter) => ({
  digest: `sha256:${letter.repeat(64)}`,
  diffId: `sha256:${letter.repeat(63)}0`,
  size: 1,
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  createdBy: `RUN ${letter} \u001b # buildkit`,
}));
const [first, second] = layers.map(({ diffId }) => diffId);

function packageOf(brief: Pick<Package, "type" | "name" | "version" | "purl"> & Partial<Package>): Package {
  return { locations: [{ path: "a/b", layer: first ?? "" }], ...brief };
}

const python = "pkg:deb/debian/python3-requests@2.28.1?arch=all&distro=debian-12";
const inventory: Inventory = {
  schema: "portwarden.inventory/1",
  digest: `sha256:${"c".repeat(64)}`,
  platform: { os: "linux", architecture: "arm64", variant: "v8" },
  distribution: { id: "debian", versionId: "12", idLike: [], name: "Debian", cpe: "cpe:/o:debian:debian_linux:12" },
  layers,
  packages: [
    packageOf({
      type: "deb",
      name: "python3-requests",
      version: "2.28.1",
      purl: python,
      vendor: "Debian Python Team <team@example.org>",
      licenses: ["GPLv2+ and MIT"],
      source: { name: "requests", version: "2.28.1" },
      origin: "base",
    }),
    packageOf({
      type: "npm",
      name: "@s/a",
      version: "1.0.0",
      purl: "pkg:npm/%40s/a@1.0.0",
      licenses: ["MIT", "Own (c)"],
    }),
    packageOf({ type: "maven", name: "g:a", version: "1", purl: "pkg:maven/g/a@1", licenses: ["Apache-2.0"] }),
    packageOf({
      type: "pypi",
      name: "requests",
      version: "2.28.1",
      purl: "pkg:pypi/requests@2.28.1",
      ownedBy: python,
      locations: [
        { path: "x/y", layer: first ?? "", sha1: "d".repeat(40) },
        { path: "x/z", layer: second ?? "", sha1: "d".repeat(40) },
      ],
    }),
    // The same purl again, of nobody: a reference of its own.
    packageOf({
      type: "pypi",
      name: "requests",
      version: "2.28.1",
      purl: "pkg:pypi/requests@2.28.1",
      development: true,
    }),
    packageOf({ type: "generic", name: "redis", version: "7.2.4", purl: "pkg:generic/redis@7.2.4", vendor: "<>" }),
  ],
  partial: [{ reason: "fileBytes", path: "x", layer: first ?? "", detail: "too large" }],
  baseImage: { name: "debian:12", digest: `sha256:${"e".repeat(64)}`, layers: 1, evidence: ["annotation"] },
  extractors: "a@1",
};

const bom = z.object({
  metadata: z.object({
    component: z.object({ "bom-ref": z.string(), pedigree: z.unknown().optional() }),
  }),
  components: z.array(z.looseObject({ "bom-ref": z.string(), name: z.string(), group: z.string().optional() })),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
  compositions: z.array(z.object({ aggregate: z.string() })),
});
const readBom = (from: Inventory) => bom.parse(JSON.parse(JSON.stringify(toCycloneDx(from, "0.1.0"))));
const readSpdx = (from: Inventory) => spdxDocument.parse(JSON.parse(JSON.stringify(toSpdx(from, "0.1.0"))));

describe("CycloneDX", () => {
  it("relates image, distribution, owners and what they brought", () => {
    const { components, dependencies, metadata, compositions } = readBom(inventory);
    const references = components.map((one) => one["bom-ref"]);
    expect(new Set(references).size).toBe(references.length);
    expect(dependencies).toEqual([
      {
        ref: inventory.digest,
        dependsOn: [
          "os:debian@12",
          python,
          "pkg:npm/%40s/a@1.0.0",
          "pkg:maven/g/a@1",
          "pkg:pypi/requests@2.28.1#1",
          "pkg:generic/redis@7.2.4",
        ],
      },
      { ref: python, dependsOn: ["pkg:pypi/requests@2.28.1"] },
    ]);
    expect(metadata.component.pedigree).toEqual({
      ancestors: [{ type: "container", name: "debian:12", version: `sha256:${"e".repeat(64)}` }],
    });
    expect(compositions).toEqual([expect.objectContaining({ aggregate: "incomplete" })]);
  });

  it("states licences as expression, identifier or name", () => {
    const licences = readBom(inventory).components.map((one) => one["licenses"]);
    const declared = { acknowledgement: "declared" };
    expect(licences).toEqual([
      undefined,
      [{ expression: "GPL-2.0-or-later AND MIT", ...declared }],
      [{ license: { id: "MIT", ...declared } }, { license: { name: "Own (c)", ...declared } }],
      [{ license: { id: "Apache-2.0", ...declared } }],
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("tells groups, scope, hashes, layers and origin", () => {
    const { components } = readBom(inventory);
    expect(components.slice(1).map(({ group, name }) => [group, name])).toEqual([
      [undefined, "python3-requests"],
      ["@s", "a"],
      ["g", "a"],
      [undefined, "requests"],
      [undefined, "requests"],
      [undefined, "redis"],
    ]);
    expect(components[4]).toMatchObject({
      hashes: [{ alg: "SHA-1", content: "d".repeat(40) }],
      evidence: {
        occurrences: [
          { location: "x/y", additionalContext: `layer ${first} SHA-1 ${"d".repeat(40)}` },
          { location: "x/z", additionalContext: `layer ${second} SHA-1 ${"d".repeat(40)}` },
        ],
      },
      properties: [
        { name: "portwarden:owned-by", value: python },
        { name: "portwarden:layer", value: first },
        { name: "portwarden:layer:1", value: second },
      ],
    });
    expect(components[5]).toMatchObject({ scope: "excluded" });
    expect(components[1]?.["properties"]).toContainEqual({ name: "portwarden:origin", value: "base" });
  });

  it.skipIf(schema === undefined)("is valid by the official schema (needs the package that ships it)", () => {
    expect(schema?.(JSON.parse(JSON.stringify(toCycloneDx(inventory, "0.1.0"))))).toEqual([]);
    expect(schema?.({ bomFormat: "CycloneDX", specVersion: "1.6", components: [{}] })).not.toEqual([]);
  });
});

describe("SPDX", () => {
  it("relates document, image, base image, distribution, owners and what they brought", () => {
    const { packages, relationships } = readSpdx(inventory);
    const names = new Map(packages.map((one) => [one.SPDXID, `${one.name}@${one.versionInfo ?? ""}`]));
    const told = relationships.map((one) =>
      [names.get(one.spdxElementId), one.relationshipType, names.get(one.relatedSpdxElement)].join(" "),
    );
    const image = `${inventory.digest}@${inventory.digest}`;
    expect(told).toEqual([
      ` DESCRIBES ${image}`,
      `${image} CONTAINS debian@12`,
      `${image} DESCENDANT_OF debian:12@sha256:${"e".repeat(64)}`,
      `${image} CONTAINS python3-requests@2.28.1`,
      `${image} CONTAINS @s/a@1.0.0`,
      `${image} CONTAINS g:a@1`,
      `${image} CONTAINS requests@2.28.1`,
      `${image} CONTAINS redis@7.2.4`,
      "python3-requests@2.28.1 CONTAINS requests@2.28.1",
      `requests@2.28.1 DEV_DEPENDENCY_OF ${image}`,
    ]);
  });

  it("declares licences, and defines those that only have a name", () => {
    const { packages, hasExtractedLicensingInfos } = readSpdx(inventory);
    const declared = packages.slice(3).map(({ licenseDeclared }) => licenseDeclared);
    expect(declared).toEqual([
      "GPL-2.0-or-later AND MIT",
      expect.stringMatching(/^MIT AND LicenseRef-Own-c-[0-9a-f]{8}$/),
      "Apache-2.0",
      "NOASSERTION",
      "NOASSERTION",
      "NOASSERTION",
    ]);
    expect(hasExtractedLicensingInfos.map(({ extractedText }) => extractedText)).toEqual(["Own (c)"]);
  });

  it("tells suppliers, places, layers and what could not be read", () => {
    const { packages, comment, creationInfo } = readSpdx(inventory);
    const [, , , deb, , , pypi, , redis] = packages;
    expect(deb?.supplier).toBe("Organization: Debian Python Team (team@example.org)");
    expect(redis?.supplier).toBe("NOASSERTION");
    expect(pypi?.sourceInfo).toBe("found in x/y, x/z");
    expect(pypi?.annotations?.[0]?.comment).toBe(`portwarden:layers ${first} ${second}`);
    expect(comment).toContain("fileBytes x");
    expect(creationInfo.created).toBe("1970-01-01T00:00:00Z");
    const { facts } = { facts: { created: "2024-05-06T07:08:09.123+02:00" } };
    const dated = toSpdx({ ...inventory, facts: { ...emptyFacts, ...facts } }, "0.1.0");
    expect(dated).toMatchObject({ creationInfo: { created: "2024-05-06T05:08:09Z" } });
  });
});

const emptyFacts = {
  environment: [],
  labels: {},
  exposedPorts: [],
  volumes: [],
  historySteps: 0,
  steps: [],
  privilegedFiles: { count: 0, files: [] },
};

describe("both", () => {
  const place = { path: "etc/x", layer: first ?? "" };
  const told: Inventory = {
    ...inventory,
    distribution: {
      id: "debian",
      versionId: "12",
      codename: "bookworm",
      family: "debian",
      idLike: [],
      endOfLife: { standard: "2026-07-11", extended: "2028-06-30" },
    },
    packages: [
      packageOf({
        type: "generic",
        name: "redis",
        version: "7.2.4",
        purl: "pkg:generic/redis@7.2.4",
        cpe: "cpe:2.3:a:redis:redis:7.2.4:*:*:*:*:*:*:*",
        vendor: "Redis",
        installer: "make",
        build: { GOOS: "linux" },
        describedBy: ["opt/a.cdx.json", "opt/b.cdx.json"],
      }),
    ],
    repositories: [
      { type: "apk", url: "https://a.example/alpine", release: "edge", component: "main", tag: "e", location: place },
    ],
    contentSets: [{ names: ["rhel-9-baseos", "rhel-9-appstream"], location: place }],
    products: [{ component: "ubi9-container", version: "9.4", location: place }, { name: "ubi9" }],
    remarks: [{ reason: "superseded-database", path: "var/lib/rpm/Packages", detail: "left" }],
  };
  const imageNotes = [
    ["portwarden:repository", `apk https://a.example/alpine edge main @e (etc/x ${first})`],
    ["portwarden:content-set", `rhel-9-baseos (etc/x ${first})`],
    ["portwarden:content-set", `rhel-9-appstream (etc/x ${first})`],
    ["portwarden:product", `component=ubi9-container version=9.4 (etc/x ${first})`],
    ["portwarden:product", "name=ubi9 (configuration)"],
    ["portwarden:remark:superseded-database", "var/lib/rpm/Packages left"],
  ];
  const systemNotes = [
    ["portwarden:family", "debian"],
    ["portwarden:codename", "bookworm"],
    ["portwarden:end-of-life:standard", "2026-07-11"],
    ["portwarden:end-of-life:extended", "2028-06-30"],
  ];
  const packageNotes = [
    ["portwarden:installer", "make"],
    ["portwarden:described-by", "opt/a.cdx.json opt/b.cdx.json"],
    ["portwarden:build:GOOS", "linux"],
  ];

  it("carry all that the inventory tells of image, distribution and packages", () => {
    const written: unknown = JSON.parse(JSON.stringify(toCycloneDx(told, "0.1.0")));
    const asProperties = (notes: readonly (readonly string[])[]): object => ({
      properties: expect.arrayContaining(notes.map(([name, value]) => ({ name, value }))),
    });
    expect(written).toMatchObject({
      metadata: { component: asProperties(imageNotes) },
      components: [
        { name: "debian", ...asProperties(systemNotes) },
        { name: "redis", supplier: { name: "Redis" }, cpe: told.packages[0]?.cpe, ...asProperties(packageNotes) },
      ],
    });
    if (schema !== undefined) expect(schema(Object(written))).toEqual([]);

    const [image, system, , redis] = readSpdx(told).packages;
    const comments = (one: typeof image): unknown => one?.annotations?.map(({ comment }) => comment);
    const asComments = (notes: readonly (readonly string[])[]): string[] => notes.map((note) => note.join(" "));
    expect(comments(image)).toEqual(asComments(imageNotes));
    expect(comments(system)).toEqual(asComments(systemNotes));
    expect(system?.validUntilDate).toBe("2026-07-11T23:59:59Z");
    expect(comments(redis)).toEqual([`portwarden:layers ${first}`, ...asComments(packageNotes)]);
    expect(redis?.externalRefs?.[1]).toMatchObject({ referenceType: "cpe23Type" });
  });

  it("are the same for the same inventory, and different for another image", () => {
    const other = { ...inventory, digest: `sha256:${"f".repeat(64)}` };
    for (const write of [toCycloneDx, toSpdx]) {
      const text = JSON.stringify(write(inventory, "0.1.0"));
      expect(JSON.stringify(write(structuredClone(inventory), "0.1.0"))).toBe(text);
      expect(JSON.stringify(write(other, "0.1.0"))).not.toBe(text);
    }
  });

  it("are valid whatever packages say of themselves", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
    const item = fc.record({
      type: fc.constantFrom("deb" as const, "npm" as const, "maven" as const, "generic" as const),
      name: text,
      version: text,
      purl: fc.constantFrom("pkg:deb/debian/a@1", "pkg:npm/b@2", "pkg:cocoapods/c@1#d"),
      vendor: text,
      licenses: fc.array(fc.oneof(text, fc.constantFrom("MIT", "GPLv2+ or MIT", "LicenseRef-x")), { maxLength: 3 }),
      ownedBy: fc.constantFrom("pkg:deb/debian/a@1", "pkg:npm/none@1"),
    });
    const distribution = fc.record({ id: text, idLike: fc.constant([]), cpe: text, versionId: text });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), distribution, text, (items, system, created) => {
        const hostile: Inventory = {
          ...inventory,
          distribution: system,
          packages: items.map(packageOf),
          facts: { ...emptyFacts, created },
        };
        readSpdx(hostile);
        const { components, dependencies } = readBom(hostile);
        const references = new Set(components.map((one) => one["bom-ref"]).concat(hostile.digest));
        expect(references.size).toBe(components.length + 1);
        for (const { ref, dependsOn } of dependencies) {
          expect([ref, ...dependsOn].filter((one) => !references.has(one))).toEqual([]);
        }
        if (schema !== undefined) expect(schema(JSON.parse(JSON.stringify(toCycloneDx(hostile, "0.1.0"))))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe.skipIf(sharedData === undefined)("of real images (needs the shared data beside the checkout)", () => {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const settings = { allow: [], insecure: [], allowPrivate: [] };

  it.each([
    "oci-archive:built/alma9-micro-2022.oci.tar",
    "oci-archive:built/alpine-3.12.oci.tar",
    "oci-archive:built/distroless-debian12.oci.tar",
    "oci-archive:built/langbin.oci.tar",
    "docker-archive:docker-archives/dockergoof.tar",
    "docker-archive:docker-archives/pnpmlockv9.tar",
    "docker-archive:docker-archives/poetry.tar",
  ])("%s: valid, every purl readable, no secret seen where there is none", async (name) => {
    const source = await openImageSource(name.replace(":", `:${sharedData}images/`), {
      settings,
      credentials: async () => undefined,
      log,
    });
    try {
      const [image] = (await source.resolve("all")).images;
      if (image === undefined) throw new Error("no image");
      const read = await readImage(await image.open(), { records: layerRecordsInMemory() });
      expect(readSpdx(read).packages.length).toBeGreaterThan(read.packages.length);
      expect(readBom(read).components.length).toBeGreaterThanOrEqual(read.packages.length);
      if (schema !== undefined) expect(schema(JSON.parse(JSON.stringify(toCycloneDx(read, "0.1.0"))))).toEqual([]);
      for (const { purl, type } of read.packages) {
        const parsed = PackageURL.fromString(purl).type;
        expect([type, "generic"], purl).toContain(parsed);
      }
      expect(read.secrets).toEqual([]);
    } finally {
      await source.close();
    }
  });
});
