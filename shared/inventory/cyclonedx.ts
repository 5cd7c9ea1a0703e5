/** CycloneDX 1.6 JSON: https://cyclonedx.org/docs/1.6/json/ */
import { createHash } from "node:crypto";
import type { Inventory, Location, Package } from "./types.ts";

interface Property {
  readonly name: string;
  readonly value: string;
}

/**
 * The inventory as a CycloneDX document. The same inventory gives the same document: its serial number comes from the
 * image digest and the extractors, and it carries no time.
 */
export function toCycloneDx(inventory: Inventory, toolVersion: string): object {
  const { digest, platform, extractors } = inventory;
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(`${digest} ${extractors}`)}`,
    version: 1,
    metadata: {
      tools: { components: [{ type: "application", name: "portwarden", version: toolVersion }] },
      component: {
        type: "container",
        "bom-ref": digest,
        name: digest,
        version: digest,
        properties: properties({
          "portwarden:platform": [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/"),
          "portwarden:extractors": extractors,
        }),
      },
    },
    components: [...distributionComponent(inventory), ...packageComponents(inventory.packages)],
    compositions: [
      {
        aggregate: inventory.partial.length === 0 ? "complete" : "incomplete",
        assemblies: [digest],
      },
    ],
    properties: inventory.partial.map(({ reason, path, layer, detail }) => ({
      name: `portwarden:partial:${reason}`,
      value: [path, layer, detail].filter(Boolean).join(" "),
    })),
  };
}

function distributionComponent({ distribution }: Inventory): object[] {
  if (distribution === undefined) return [];
  const { id, versionId, codename, name, cpe } = distribution;
  return [
    {
      type: "operating-system",
      "bom-ref": `os:${id}@${versionId ?? codename ?? ""}`,
      name: id,
      ...(versionId !== undefined && { version: versionId }),
      ...(name !== undefined && { description: name }),
      ...(cpe !== undefined && { cpe }),
    },
  ];
}

/** Two packages may have one purl (different owners): the reference is made unique. */
function packageComponents(packages: readonly Package[]): object[] {
  const seen = new Map<string, number>();
  return packages.map((one) => {
    const times = seen.get(one.purl) ?? 0;
    seen.set(one.purl, times + 1);
    return packageComponent(one, times === 0 ? one.purl : `${one.purl}#${times}`);
  });
}

function packageComponent(one: Package, reference: string): object {
  const scope = one.type === "npm" && one.name.startsWith("@") ? one.name.indexOf("/") : -1;
  return {
    type: "library",
    "bom-ref": reference,
    ...(one.vendor !== undefined && { publisher: one.vendor }),
    ...(scope > 0 && { group: one.name.slice(0, scope) }),
    name: one.name.slice(scope + 1),
    version: one.version,
    ...(one.licenses && { licenses: one.licenses.map((name) => ({ license: { name } })) }),
    purl: one.purl,
    evidence: { occurrences: one.locations.map(({ path }) => ({ location: path })) },
    properties: properties({
      "portwarden:source": one.source && `${one.source.name}@${one.source.version}`,
      "portwarden:modularity": one.modularity,
      "portwarden:owned-by": one.ownedBy,
      ...layersOf(one.locations),
    }),
  };
}

function layersOf(locations: readonly Location[]): Record<string, string> {
  const layers = [...new Set(locations.map(({ layer }) => layer))];
  return Object.fromEntries(layers.map((layer, index) => [`portwarden:layer${index === 0 ? "" : `:${index}`}`, layer]));
}

function properties(values: Readonly<Record<string, string | undefined>>): Property[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/** A name-based UUID in the form of RFC 9562, version 8. */
function uuidOf(name: string): string {
  const bytes = createHash("sha256").update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
