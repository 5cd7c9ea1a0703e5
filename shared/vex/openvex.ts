/** OpenVEX: https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md, 0.2.0 and what 0.0.1 wrote differently. */
import * as z from "zod";
import { limits } from "../platform/limits.ts";
import {
  digestOf,
  documentHead,
  identityOf,
  idText,
  issueOf,
  problemList,
  productBudget,
  prose,
  time,
  version,
  vulnerabilityNames,
} from "./fields.ts";
import {
  type VexDocument,
  type VexIdentity,
  type VexOrigin,
  type VexProduct,
  type VexReading,
  type VexStatement,
  vexJustifications,
  vexStatuses,
} from "./types.ts";

const headSchema = z.object({
  "@id": idText,
  author: prose.optional(),
  timestamp: time,
  last_updated: time,
  version,
  statements: z.array(z.unknown()).max(limits.vexStatements).nullish(),
});

const identitySchema = z.object({
  "@id": idText.optional(),
  identifiers: z.object({ purl: idText.optional() }).nullish(),
  hashes: z.record(z.string().max(64), z.string().max(256)).nullish(),
});
const componentSchema = z.union([
  idText.transform((id): z.infer<typeof identitySchema> => ({ "@id": id })),
  identitySchema,
]);
const productSchema = z.union([
  idText.transform((id): z.infer<typeof productObject> => ({ "@id": id })),
  z.lazy(() => productObject),
]);
const productObject = identitySchema.extend({ subcomponents: z.array(componentSchema).nullish() });

const statementSchema = z.object({
  vulnerability: z.union([
    idText.transform((name) => ({ name, "@id": undefined, aliases: undefined })),
    z.object({
      name: idText.optional(),
      "@id": idText.optional(),
      aliases: z.array(idText).max(1000).nullish(),
    }),
  ]),
  timestamp: time,
  last_updated: time,
  products: z.array(productSchema).nullish(),
  /** 0.0.1: of all products. */
  subcomponents: z.array(componentSchema).nullish(),
  status: z.enum(vexStatuses),
  status_notes: prose.nullish(),
  justification: z
    .enum(vexJustifications)
    .nullish()
    .or(z.literal("").transform(() => undefined)),
  impact_statement: prose.nullish(),
  action_statement: prose.nullish(),
});

/**
 * Reads a document.
 * @param subject what statements without products are about: the subject of an attestation
 * @throws PermanentError `vex-malformed` when the document itself cannot be read; a statement that cannot is a problem
 */
export function readOpenVex(value: unknown, origin: VexOrigin, subject: readonly VexIdentity[] = []): VexReading {
  const head = documentHead(headSchema, value, origin.name);
  const timestamp = latest(head.last_updated, head.timestamp);
  const document: VexDocument = {
    form: "openvex",
    id: head["@id"],
    ...(URL.canParse(head["@id"]) && { url: head["@id"] }),
    ...(head.author !== undefined && { author: head.author }),
    ...(head.version !== undefined && { version: head.version }),
    ...(timestamp !== undefined && { timestamp }),
    origin,
  };
  const problems = problemList();
  const spend = productBudget(origin.name);
  const statements: VexStatement[] = [];
  let unmatchable = 0;
  for (const [index, raw] of (head.statements ?? []).entries()) {
    const parsed = statementSchema.safeParse(raw);
    if (!parsed.success) {
      problems.add(issueOf(parsed.error), index);
      continue;
    }
    const statement = statementOf(parsed.data, document, index, subject);
    if (typeof statement === "string") {
      problems.add(statement, index);
      continue;
    }
    for (const { components } of statement.products) spend(1 + components.length);
    unmatchable += statement.products.filter(({ purls, digests, id }) => !isComparable(id, purls, digests)).length;
    statements.push(statement);
  }
  return { document, statements, problems: problems.list(), unmatchable };
}

/** A statement, or why it is none. */
function statementOf(
  raw: z.infer<typeof statementSchema>,
  document: VexDocument,
  index: number,
  subject: readonly VexIdentity[],
): VexStatement | string {
  const { vulnerability, status } = raw;
  const names = vulnerabilityNames([vulnerability.name, vulnerability["@id"], ...(vulnerability.aliases ?? [])]);
  if (names.length === 0) return "no vulnerability is named";
  const justification = raw.justification ?? undefined;
  const impact = raw.impact_statement ?? raw.status_notes ?? undefined;
  if (status === "not_affected" && justification === undefined && impact === undefined) {
    return "not_affected without a justification or an impact statement";
  }
  const shared = raw.subcomponents ?? [];
  const stated = (raw.products ?? []).map((product) => productOf(product, shared));
  const products = stated.length > 0 ? stated : subject.map((one) => ({ ...one, components: shared.map(componentOf) }));
  if (products.length === 0) return "no product is named";
  const timestamp = latest(raw.last_updated, raw.timestamp) ?? document.timestamp;
  return {
    document,
    index,
    names,
    products,
    status,
    ...(justification !== undefined && { justification }),
    ...(impact !== undefined && { impact }),
    ...(raw.action_statement ? { action: raw.action_statement } : {}),
    ...(timestamp !== undefined && { timestamp }),
  };
}

type RawComponent = z.infer<typeof componentSchema>;

function productOf(raw: z.infer<typeof productObject>, shared: readonly RawComponent[]): VexProduct {
  return { ...componentOf(raw), components: [...(raw.subcomponents ?? []), ...shared].map(componentOf) };
}

function componentOf(raw: RawComponent): VexIdentity {
  const digests = Object.entries(raw.hashes ?? {}).flatMap(([name, hash]) => digestOf(name, hash) ?? []);
  const purl = raw.identifiers?.purl;
  return identityOf(raw["@id"] ?? purl ?? digests[0] ?? "", [purl], digests);
}

/** A name of an image says as much as a purl. */
function isComparable(id: string, purls: readonly string[], digests: readonly string[]): boolean {
  return purls.length > 0 || digests.length > 0 || /^[^:/]+(?::\d+)?\/[^:]+[:@][^/]+$/.test(id);
}

function latest(...times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((one) => one !== undefined)
    .sort()
    .at(-1);
}
