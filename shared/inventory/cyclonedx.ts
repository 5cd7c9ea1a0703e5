/** CycloneDX 1.6 JSON: https://cyclonedx.org/docs/1.6/json/ */
import { byOwner, documentUuid, platformText, withReferences } from "./document.ts";
import { distributionNotes, imageNotes, type Note, notes, packageNotes } from "./document-notes.ts";
import { type Licence, licenceOf } from "./licences.ts";
import type { BaseImage, Inventory, InventoryLayer, Location, Package } from "./types.ts";

/**
 * The inventory as a CycloneDX document. The same inventory gives the same document: its serial number comes from the
 * image digest and the extractors, and it carries no time. Each package refers to its owner as a dependency of it.
 */
export function toCycloneDx(inventory: Inventory, toolVersion: string): object {
  const { digest, extractors, baseImage, layers } = inventory;
  const references = withReferences(inventory.packages);
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${documentUuid(inventory, "")}`,
    version: 1,
    metadata: {
      lifecycles: [{ phase: "post-build" }],
      tools: { components: [{ type: "application", name: "portwarden", version: toolVersion }] },
      component: {
        type: "container",
        "bom-ref": digest,
        name: digest,
        version: digest,
        ...(baseImage && isNamed(baseImage) && { pedigree: { ancestors: [baseComponent(baseImage)] } }),
        properties: [
          ...notes({
            "portwarden:platform": platformText(inventory),
            "portwarden:extractors": extractors,
            "portwarden:base-image:layers": baseImage?.layers?.toString(),
            "portwarden:base-image:evidence": baseImage?.evidence.join(" "),
          }),
          ...layers.flatMap(layerProperties),
          ...imageNotes(inventory),
        ],
      },
    },
    components: [
      ...distributionComponent(inventory),
      ...references.map(([reference, item]) => packageComponent(reference, item)),
    ],
    dependencies: dependenciesOf(inventory, references),
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

function isNamed({ name, digest }: BaseImage): boolean {
  return name !== undefined || digest !== undefined;
}

function baseComponent({ name, digest }: BaseImage): object {
  return { type: "container", name: name ?? digest, ...(digest !== undefined && { version: digest }) };
}

/** `portwarden:layer:<position>` tells order, diffID, and the step that made the layer. */
function layerProperties({ diffId, createdBy }: InventoryLayer, index: number): readonly Note[] {
  return notes({
    [`portwarden:layer:${index + 1}`]: diffId,
    [`portwarden:layer:${index + 1}:created-by`]: createdBy,
  });
}

function distributionReference({ distribution }: Inventory): string | undefined {
  return distribution && `os:${distribution.id}@${distribution.versionId ?? distribution.codename ?? ""}`;
}

function distributionComponent(inventory: Inventory): object[] {
  const { distribution } = inventory;
  if (distribution === undefined) return [];
  const { id, versionId, name, cpe } = distribution;
  const noted = distributionNotes(distribution);
  return [
    {
      type: "operating-system",
      "bom-ref": distributionReference(inventory),
      name: id,
      ...(versionId !== undefined && { version: versionId }),
      ...(name !== undefined && { description: name }),
      ...(cpe !== undefined && isCpe(cpe) && { cpe }),
      ...(noted.length > 0 && { properties: noted }),
    },
  ];
}

/** The schema takes CPE 2.2 and 2.3; distributions write what they like. */
function isCpe(text: string): boolean {
  return (
    /^cpe:\/[hoa](?::[A-Za-z0-9._~%-]*){0,6}$/i.test(text) ||
    /^cpe:2\.3:[aho*-](?::(?:[?*]+|-|[A-Za-z0-9._\-~\\!"#$%&'()+,/:;<=>@[\]^`{|}]+)){10}$/.test(text)
  );
}

/** The image depends on what nobody owns in it, an OS package on the language packages that it installed. */
function dependenciesOf(
  inventory: Inventory,
  references: readonly (readonly [reference: string, item: Package])[],
): object[] {
  const groups = byOwner(references);
  const system = distributionReference(inventory);
  const direct = [...(system === undefined ? [] : [system]), ...(groups.get(undefined) ?? [])];
  return [
    { ref: inventory.digest, dependsOn: direct },
    ...[...groups].flatMap(([ref, dependsOn]) => (ref === undefined ? [] : [{ ref, dependsOn }])),
  ];
}

function packageComponent(reference: string, one: Package): object {
  const [group, name] = groupAndName(one);
  const licences = (one.licenses ?? []).flatMap((text) => licenceOf(text) ?? []);
  const sha1 = new Set(one.locations.map((location) => location.sha1));
  const [hash] = sha1;
  return {
    type: one.type === "generic" ? "application" : "library",
    "bom-ref": reference,
    ...(one.vendor !== undefined && { supplier: { name: one.vendor }, publisher: one.vendor }),
    ...(group !== undefined && { group }),
    name,
    version: one.version,
    ...(one.development || one.optional ? { scope: one.development ? "excluded" : "optional" } : {}),
    ...(sha1.size === 1 && hash !== undefined && { hashes: [{ alg: "SHA-1", content: hash }] }),
    ...(licences.length > 0 && { licenses: licenceChoice(licences) }),
    ...(one.cpe !== undefined && isCpe(one.cpe) && { cpe: one.cpe }),
    purl: one.purl,
    evidence: { occurrences: one.locations.map(occurrenceOf) },
    properties: [...packageNotes(one), ...notes(layersOf(one.locations))],
  };
}

/** `additionalContext`: which layer brought it, and the archive's SHA-1, which the copies of a package may differ in. */
function occurrenceOf({ path, layer, sha1 }: Location): object {
  return { location: path, additionalContext: `layer ${layer}${sha1 === undefined ? "" : ` SHA-1 ${sha1}`}` };
}

/** The purl's namespace as the group, where it is part of the ecosystem's own name. */
function groupAndName({ type, name }: Package): [group: string | undefined, name: string] {
  const separator =
    type === "maven" ? name.indexOf(":") : type === "npm" || type === "composer" ? name.indexOf("/") : -1;
  return separator > 0 ? [name.slice(0, separator), name.slice(separator + 1)] : [undefined, name];
}

/** Either one expression, or a list of single licences; an expression among others is told by its text. */
function licenceChoice(licences: readonly Licence[]): object[] {
  const [only] = licences;
  if (licences.length === 1 && only?.kind === "expression") {
    return [{ expression: only.expression, acknowledgement: "declared" }];
  }
  return licences.map((one) => {
    const named = one.kind === "id" ? { id: one.id } : { name: one.kind === "name" ? one.name : one.expression };
    return { license: { ...named, acknowledgement: "declared" } };
  });
}

function layersOf(locations: readonly Location[]): Record<string, string> {
  const layers = [...new Set(locations.map(({ layer }) => layer))];
  return Object.fromEntries(layers.map((layer, index) => [`portwarden:layer${index === 0 ? "" : `:${index}`}`, layer]));
}
