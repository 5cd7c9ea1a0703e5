/** SPDX 2.3 JSON: https://spdx.github.io/spdx-spec/v2.3/ */
import { createHash } from "node:crypto";
import { byOwner, documentUuid, platformText, withReferences } from "./document.ts";
import { distributionNotes, imageNotes, type Note, packageNotes } from "./document-notes.ts";
import { combinedExpression, licenceOf } from "./licences.ts";
import type { Distribution, Inventory, Package } from "./types.ts";

const image = "SPDXRef-Image";
const system = "SPDXRef-OperatingSystem";
const base = "SPDXRef-BaseImage";

interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: string;
  readonly relatedSpdxElement: string;
}

/**
 * The inventory as an SPDX document. The same inventory gives the same document: as its time of creation, which the
 * format requires, stands the image's own (the epoch where the image has none). Files are not elements of it, because
 * the format wants a checksum of each: where a package was found stands in `sourceInfo`, its layers in an annotation.
 */
export function toSpdx(inventory: Inventory, toolVersion: string): object {
  const created = timeOf(inventory.facts?.created);
  const tool = `Tool: portwarden-${toolVersion}`;
  const references = withReferences(inventory.packages);
  const identifiers = new Map(references.map(([reference, item]) => [reference, identifierOf(reference, item)]));
  const licences = new Map<string, string>();
  const annotation = { annotationDate: created, annotationType: "OTHER", annotator: tool };
  const annotated = (noted: readonly Note[]) =>
    noted.length > 0 && {
      annotations: noted.map(({ name, value }) => ({ ...annotation, comment: `${name} ${value}` })),
    };
  const packages = references.map(([reference, item]) => ({
    SPDXID: identifiers.get(reference),
    ...packageElement(item, licences),
    ...annotated([...layerNotes(item), ...packageNotes(item)]),
  }));
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: inventory.digest,
    documentNamespace: `https://spdx.org/spdxdocs/portwarden-${documentUuid(inventory, " spdx")}`,
    creationInfo: { created, creators: [tool] },
    ...(inventory.partial.length > 0 && { comment: partialText(inventory) }),
    packages: [
      { ...imageElement(inventory), ...annotated(imageNotes(inventory)) },
      ...systemElement(inventory.distribution).map((one) => ({
        ...one,
        ...annotated(inventory.distribution === undefined ? [] : distributionNotes(inventory.distribution)),
      })),
      ...baseElement(inventory),
      ...packages,
    ],
    hasExtractedLicensingInfos: [...licences]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([licenseId, text]) => ({ licenseId, name: text, extractedText: text })),
    relationships: relationshipsOf(inventory, references, identifiers),
  };
}

/** To the second, in UTC, as the format wants it. */
function timeOf(created: string | undefined): string {
  const time = created === undefined ? Number.NaN : Date.parse(created);
  const date = new Date(Number.isNaN(time) ? 0 : time);
  const text = date.toISOString();
  // Years beyond 9999 are written with a sign.
  return /^\d{4}-/.test(text) ? `${text.slice(0, 19)}Z` : "1970-01-01T00:00:00Z";
}

/** Letters, digits, dots and dashes: readable, and unique by a hash of the reference. */
function identifierOf(reference: string, { type, name }: Package): string {
  const readable = name.replaceAll(/[^A-Za-z0-9.]+/g, "-").slice(0, 60);
  const hash = createHash("sha256").update(reference).digest("hex").slice(0, 16);
  return `SPDXRef-Package-${type}-${readable}-${hash}`;
}

const unknown = "NOASSERTION";
const unanalysed = {
  downloadLocation: unknown,
  filesAnalyzed: false,
  licenseConcluded: unknown,
  copyrightText: unknown,
};

function imageElement(inventory: Inventory): object {
  const { digest, layers } = inventory;
  return {
    SPDXID: image,
    name: digest,
    versionInfo: digest,
    ...unanalysed,
    licenseDeclared: unknown,
    primaryPackagePurpose: "CONTAINER",
    ...checksumOf(digest),
    comment: [
      `platform ${platformText(inventory)}`,
      ...layers.map(({ diffId, createdBy }, index) => `layer ${index + 1}: ${diffId} ${createdBy ?? ""}`.trim()),
    ].join("\n"),
  };
}

function checksumOf(digest: string): object {
  const [, algorithm, checksumValue] = /^(sha256|sha512):([a-f0-9]+)$/.exec(digest) ?? [];
  return algorithm === undefined ? {} : { checksums: [{ algorithm: algorithm.toUpperCase(), checksumValue }] };
}

function systemElement(distribution: Distribution | undefined): object[] {
  if (distribution === undefined) return [];
  const { id, versionId, name, cpe, endOfLife } = distribution;
  const references = cpeReferences(cpe);
  return [
    {
      SPDXID: system,
      name: id,
      ...(versionId !== undefined && { versionInfo: versionId }),
      ...(name !== undefined && { summary: name }),
      ...unanalysed,
      licenseDeclared: unknown,
      // The end of the supplier's support (section 7.27).
      ...(endOfLife && { validUntilDate: `${endOfLife.standard}T23:59:59Z` }),
      // Without `primaryPackagePurpose`: editions of the schema differ in how they write that of operating systems.
      ...(references.length > 0 && { externalRefs: references }),
    },
  ];
}

function cpeReferences(cpe: string | undefined): readonly object[] {
  const kind = cpe === undefined ? undefined : cpeKind(cpe);
  return kind === undefined ? [] : [{ referenceCategory: "SECURITY", referenceType: kind, referenceLocator: cpe }];
}

/** Annex F of the specification gives both forms. */
function cpeKind(cpe: string): "cpe22Type" | "cpe23Type" | undefined {
  if (/^cpe:\/[AHOaho]?(?::[A-Za-z0-9._~%-]*){0,6}$/.test(cpe)) return "cpe22Type";
  return /^cpe:2\.3:[aho*-](?::(?:[?*]+|-|[A-Za-z0-9._\-~\\!"#$%&'()+,/:;<=>@[\]^`{|}]+)){10}$/.test(cpe)
    ? "cpe23Type"
    : undefined;
}

function baseElement({ baseImage }: Inventory): object[] {
  const { name, digest } = baseImage ?? {};
  const called = name ?? digest;
  if (called === undefined) return [];
  return [
    {
      SPDXID: base,
      name: called,
      ...(digest !== undefined && { versionInfo: digest, ...checksumOf(digest) }),
      ...unanalysed,
      licenseDeclared: unknown,
      primaryPackagePurpose: "CONTAINER",
    },
  ];
}

/** Adds the licences that only have a name to `licences`, by their reference. */
function packageElement(one: Package, licences: Map<string, string>): object {
  const declared = combinedExpression((one.licenses ?? []).flatMap((text) => licenceOf(text) ?? []));
  for (const [reference, text] of declared?.references ?? []) licences.set(reference, text);
  const sha1 = new Set(one.locations.map((location) => location.sha1));
  const [hash] = sha1;
  return {
    name: one.name,
    versionInfo: one.version,
    supplier: supplierOf(one.vendor),
    ...unanalysed,
    licenseDeclared: declared?.expression ?? unknown,
    ...(sha1.size === 1 && hash !== undefined && { checksums: [{ algorithm: "SHA1", checksumValue: hash }] }),
    primaryPackagePurpose: one.type === "generic" ? "APPLICATION" : "LIBRARY",
    sourceInfo: `found in ${one.locations.map(({ path }) => path).join(", ")}`,
    externalRefs: [
      { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: one.purl },
      ...cpeReferences(one.cpe),
    ],
  };
}

/** `Name <address>` as `Organization: Name (address)`; the format keeps parentheses for the address. */
function supplierOf(vendor: string | undefined): string {
  if (vendor === undefined) return unknown;
  const [, before = vendor, address] = /^([^<]*)<([^<>()\s]+)>/.exec(vendor) ?? [];
  const name = before
    .replaceAll(/[()<>"]/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  if (name === "") return unknown;
  return `Organization: ${name}${address === undefined ? "" : ` (${address})`}`;
}

/** Which layer brought what: of each place where they differ. */
function layerNotes({ locations }: Package): readonly Note[] {
  const layers = [...new Set(locations.map(({ layer }) => layer))];
  const isOne = layers.length === 1 && new Set(locations.map(({ sha1 }) => sha1)).size === 1;
  const places = locations.map(({ path, layer, sha1 }) => ({
    name: "portwarden:location",
    value: [path, layer, sha1].filter(Boolean).join(" "),
  }));
  return [{ name: "portwarden:layers", value: layers.join(" ") }, ...(isOne ? [] : places)];
}

function partialText({ partial }: Inventory): string {
  const lines = partial.map(({ reason, path, layer, detail }) =>
    [reason, path, layer, detail].filter(Boolean).join(" "),
  );
  return `This document is incomplete:\n${lines.join("\n")}`;
}

function relationshipsOf(
  { distribution, baseImage }: Inventory,
  references: readonly (readonly [reference: string, item: Package])[],
  identifiers: ReadonlyMap<string, string>,
): readonly Relationship[] {
  const relate = (spdxElementId: string, relationshipType: string, relatedSpdxElement: string): Relationship => ({
    spdxElementId,
    relationshipType,
    relatedSpdxElement,
  });
  const hasBase = baseImage?.name !== undefined || baseImage?.digest !== undefined;
  return [
    relate("SPDXRef-DOCUMENT", "DESCRIBES", image),
    ...(distribution ? [relate(image, "CONTAINS", system)] : []),
    ...(hasBase ? [relate(image, "DESCENDANT_OF", base)] : []),
    ...[...byOwner(references)].flatMap(([owner, owned]) => {
      const container = owner === undefined ? image : (identifiers.get(owner) ?? image);
      return owned.map((one) => relate(container, "CONTAINS", identifiers.get(one) ?? one));
    }),
    ...references.flatMap(([reference, { development, optional }]) => {
      const kind = development ? "DEV_DEPENDENCY_OF" : optional ? "OPTIONAL_DEPENDENCY_OF" : undefined;
      return kind === undefined ? [] : [relate(identifiers.get(reference) ?? reference, kind, image)];
    }),
  ];
}
