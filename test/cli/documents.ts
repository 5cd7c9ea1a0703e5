/** The documents that other tools read, as far as their schemas require: unknown fields are refused, as theirs do. */
import * as z from "zod";

const severityLevel = z.enum(["none", "note", "warning", "error"]);
const message = z.strictObject({ text: z.string().min(1) });
const position = z.int().min(1);

/** SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json */
export const sarifSchema = z.strictObject({
  $schema: z.url(),
  version: z.literal("2.1.0"),
  runs: z
    .array(
      z.strictObject({
        tool: z.strictObject({
          driver: z.strictObject({
            name: z.string().min(1),
            version: z.string(),
            semanticVersion: z.string().regex(/^\d+\.\d+\.\d+/),
            rules: z.array(
              z.strictObject({
                id: z.string().min(1),
                name: z.string(),
                shortDescription: message,
                fullDescription: message,
                helpUri: z.url().optional(),
                help: message,
                defaultConfiguration: z.strictObject({ level: severityLevel }),
                properties: z.object({
                  tags: z.array(z.string()),
                  "security-severity": z.string().regex(/^\d+(\.\d+)?$/),
                  precision: z.enum(["very-high", "high", "medium", "low"]),
                }),
              }),
            ),
          }),
        }),
        invocations: z.array(
          z.strictObject({
            executionSuccessful: z.boolean(),
            endTimeUtc: z.iso.datetime(),
            toolExecutionNotifications: z.array(z.strictObject({ level: severityLevel, message })),
          }),
        ),
        properties: z.record(z.string(), z.unknown()),
        columnKind: z.enum(["utf16CodeUnits", "unicodeCodePoints"]),
        results: z.array(
          z.strictObject({
            ruleId: z.string(),
            ruleIndex: z.int().min(0),
            level: severityLevel,
            message,
            locations: z
              .array(
                z.strictObject({
                  physicalLocation: z.strictObject({
                    artifactLocation: z.strictObject({ uri: z.string().regex(/^([\w.!~*'()/-]|%[0-9A-F]{2})+$/) }),
                    region: z.strictObject({
                      startLine: position,
                      startColumn: position,
                      endLine: position,
                      endColumn: position,
                    }),
                  }),
                  message,
                }),
              )
              .min(1),
            suppressions: z
              .array(
                z.strictObject({
                  kind: z.enum(["inSource", "external"]),
                  status: z.enum(["accepted", "underReview", "rejected"]),
                  justification: z.string().min(1),
                  properties: z.record(z.string(), z.unknown()),
                }),
              )
              .optional(),
            partialFingerprints: z.record(z.string(), z.string()),
            properties: z.record(z.string(), z.unknown()),
          }),
        ),
      }),
    )
    .length(1),
});

const property = z.strictObject({ name: z.string(), value: z.string() });
const license = z.union([
  z.strictObject({ license: z.strictObject({ name: z.string() }) }),
  z.strictObject({ license: z.strictObject({ id: z.string() }) }),
  z.strictObject({ expression: z.string() }),
]);
const component = z.strictObject({
  type: z.enum([
    "application",
    "framework",
    "library",
    "container",
    "platform",
    "operating-system",
    "file",
    "firmware",
  ]),
  "bom-ref": z.string().min(1).optional(),
  publisher: z.string().optional(),
  group: z.string().optional(),
  name: z.string().min(1),
  version: z.string().optional(),
  description: z.string().optional(),
  licenses: z.array(license).optional(),
  hashes: z.array(z.strictObject({ alg: z.string(), content: z.string() })).optional(),
  cpe: z.string().optional(),
  purl: z.string().startsWith("pkg:").optional(),
  evidence: z
    .strictObject({
      occurrences: z.array(z.object({ location: z.string() })).optional(),
      identity: z.unknown().optional(),
    })
    .optional(),
  externalReferences: z.array(z.object({ type: z.string(), url: z.string() })).optional(),
  properties: z.array(property).optional(),
  scope: z.enum(["required", "optional", "excluded"]).optional(),
  supplier: z.object({ name: z.string() }).optional(),
  author: z.string().optional(),
  copyright: z.string().optional(),
  components: z.array(z.unknown()).optional(),
});

/** CycloneDX 1.6: https://cyclonedx.org/schema/bom-1.6.schema.json */
export const cycloneDxSchema = z.strictObject({
  $schema: z.literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.literal("1.6"),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.int().min(1),
  metadata: z.strictObject({
    timestamp: z.iso.datetime().optional(),
    lifecycles: z
      .array(z.strictObject({ phase: z.enum(["design", "pre-build", "build", "post-build", "operations"]) }))
      .optional(),
    tools: z.strictObject({ components: z.array(component) }),
    component,
    properties: z.array(property).optional(),
  }),
  components: z.array(component),
  dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()).optional() })).optional(),
  compositions: z.array(
    z.strictObject({
      aggregate: z.enum(["complete", "incomplete", "unknown", "not_specified"]),
      assemblies: z.array(z.string()).optional(),
    }),
  ),
  vulnerabilities: z
    .array(
      z.strictObject({
        "bom-ref": z.string().optional(),
        id: z.string(),
        source: z.strictObject({ name: z.string(), url: z.url().optional() }),
        references: z.array(z.strictObject({ id: z.string(), source: z.strictObject({ name: z.string() }) })),
        ratings: z.array(
          z.strictObject({
            severity: z.enum(["critical", "high", "medium", "low", "info", "none", "unknown"]),
            score: z.number().optional(),
            vector: z.string().optional(),
            method: z.string().optional(),
          }),
        ),
        description: z.string(),
        analysis: z
          .strictObject({
            state: z.enum(["resolved", "exploitable", "in_triage", "not_affected"]),
            justification: z
              .enum([
                "code_not_present",
                "code_not_reachable",
                "requires_configuration",
                "requires_dependency",
                "requires_environment",
                "protected_by_mitigating_control",
              ])
              .optional(),
            detail: z.string(),
          })
          .optional(),
        recommendation: z.string().optional(),
        affects: z
          .array(
            z.strictObject({
              ref: z.string(),
              versions: z.array(
                z.strictObject({ version: z.string(), status: z.enum(["affected", "unaffected", "unknown"]) }),
              ),
            }),
          )
          .min(1),
      }),
    )
    .optional(),
  properties: z.array(property).optional(),
});

/** Every reference of a CycloneDX document leads to one component. */
export function unresolvedReferences(bom: z.infer<typeof cycloneDxSchema>): string[] {
  const references = [bom.metadata.component, ...bom.components].flatMap((one) => one["bom-ref"] ?? []);
  if (new Set(references).size < references.length) throw new Error("a bom-ref stands twice");
  const used = [
    ...bom.compositions.flatMap(({ assemblies = [] }) => assemblies),
    ...(bom.vulnerabilities ?? []).flatMap(({ affects }) => affects.map(({ ref }) => ref)),
  ];
  return used.filter((reference) => !references.includes(reference));
}
