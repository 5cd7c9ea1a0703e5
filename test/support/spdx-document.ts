/**
 * What SPDX 2.3 asks of a JSON document, as far as documents of packages go: every field it allows there and none
 * else, its identifiers, its dates and its closed lists. Written from the specification's text, as an independent
 * second opinion on the writer: https://spdx.github.io/spdx-spec/v2.3/
 */
import * as z from "zod";

const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const identifier = z.string().regex(/^SPDXRef-[A-Za-z0-9.-]+$/);
const agent = z.string().regex(/^(?:NOASSERTION|(?:Person|Organization): [^()]+(?: \([^()\s]+\))?)$/);
const creator = z.string().regex(/^(?:Tool: \S+-\S+|(?:Person|Organization): .+)$/);
const annotation = z.strictObject({
  annotationDate: time,
  annotationType: z.enum(["OTHER", "REVIEW"]),
  annotator: creator,
  comment: z.string(),
});
const checksum = z.strictObject({
  algorithm: z.enum(["SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "MD5"]),
  checksumValue: z.string().regex(/^[0-9a-f]{32,128}$/),
});
const reference = z.discriminatedUnion("referenceType", [
  z.strictObject({
    referenceCategory: z.literal("PACKAGE-MANAGER"),
    referenceType: z.literal("purl"),
    referenceLocator: z.string().regex(/^pkg:[a-z]+\/\S+$/),
  }),
  z.strictObject({
    referenceCategory: z.literal("SECURITY"),
    referenceType: z.enum(["cpe22Type", "cpe23Type"]),
    referenceLocator: z.string().regex(/^cpe:\S+$/),
  }),
]);
const element = z.strictObject({
  SPDXID: identifier,
  name: z.string().min(1),
  versionInfo: z.string().optional(),
  summary: z.string().optional(),
  comment: z.string().optional(),
  sourceInfo: z.string().optional(),
  supplier: agent.optional(),
  downloadLocation: z.literal("NOASSERTION"),
  filesAnalyzed: z.literal(false),
  licenseConcluded: z.string(),
  licenseDeclared: z.string(),
  copyrightText: z.string(),
  primaryPackagePurpose: z.enum(["APPLICATION", "LIBRARY", "CONTAINER"]).optional(),
  checksums: z.array(checksum).optional(),
  externalRefs: z.array(reference).optional(),
  annotations: z.array(annotation).optional(),
  validUntilDate: time.optional(),
});

export const spdxDocument = z
  .strictObject({
    spdxVersion: z.literal("SPDX-2.3"),
    dataLicense: z.literal("CC0-1.0"),
    SPDXID: z.literal("SPDXRef-DOCUMENT"),
    name: z.string().min(1),
    documentNamespace: z.url().refine((address) => !address.includes("#")),
    comment: z.string().optional(),
    creationInfo: z.strictObject({ created: time, creators: z.array(creator).min(1) }),
    packages: z.array(element),
    hasExtractedLicensingInfos: z.array(
      z.strictObject({
        licenseId: z.string().regex(/^LicenseRef-[A-Za-z0-9.-]+$/),
        name: z.string(),
        extractedText: z.string().min(1),
      }),
    ),
    relationships: z.array(
      z.strictObject({
        spdxElementId: identifier,
        relationshipType: z.enum([
          "DESCRIBES",
          "CONTAINS",
          "DESCENDANT_OF",
          "DEV_DEPENDENCY_OF",
          "OPTIONAL_DEPENDENCY_OF",
        ]),
        relatedSpdxElement: identifier,
      }),
    ),
  })
  .superRefine(({ packages, relationships, hasExtractedLicensingInfos }, context) => {
    const known = new Set(["SPDXRef-DOCUMENT", ...packages.map(({ SPDXID }) => SPDXID)]);
    if (known.size !== packages.length + 1) context.addIssue("identifiers are not unique");
    const related = relationships.flatMap((one) => [one.spdxElementId, one.relatedSpdxElement]);
    for (const one of related) if (!known.has(one)) context.addIssue(`nothing is called ${one}`);
    const contained = new Set(relationships.map(({ relatedSpdxElement }) => relatedSpdxElement));
    for (const { SPDXID } of packages) if (!contained.has(SPDXID)) context.addIssue(`${SPDXID} belongs to nothing`);
    const defined = new Set(hasExtractedLicensingInfos.map(({ licenseId }) => licenseId));
    for (const { licenseDeclared } of packages) {
      for (const [one] of licenseDeclared.matchAll(/LicenseRef-[A-Za-z0-9.-]+/g)) {
        if (!defined.has(one)) context.addIssue(`${one} is not defined`);
      }
    }
  });
