/**
 * VEX in CycloneDX 1.4 to 1.6 (JSON): `vulnerabilities[].analysis`, about components of the document itself, of another
 * one (BOM-Link), or named by purl. Vulnerabilities without an analysis are a list, not a statement.
 */
import * as z from "zod";
import { limits } from "../platform/limits.ts";
import { type Bom, bomOf, productFor } from "./cyclonedx-components.ts";
import {
  documentHead,
  idText,
  issueOf,
  problemList,
  productBudget,
  prose,
  time,
  version,
  vulnerabilityNames,
} from "./fields.ts";
import type {
  VexDocument,
  VexIdentity,
  VexJustification,
  VexOrigin,
  VexProduct,
  VexReading,
  VexStatement,
  VexStatus,
} from "./types.ts";

const states: Readonly<Record<string, VexStatus>> = {
  resolved: "fixed",
  resolved_with_pedigree: "fixed",
  exploitable: "affected",
  in_triage: "under_investigation",
  false_positive: "not_affected",
  not_affected: "not_affected",
};

/** Where CycloneDX has a word that says the same; its others are kept as they are. */
const justifications: Readonly<Record<string, VexJustification>> = {
  code_not_present: "vulnerable_code_not_present",
  code_not_reachable: "vulnerable_code_not_in_execute_path",
  protected_by_compiler: "inline_mitigations_already_exist",
  protected_at_runtime: "inline_mitigations_already_exist",
  protected_at_perimeter: "inline_mitigations_already_exist",
  protected_by_mitigating_control: "inline_mitigations_already_exist",
};

const headSchema = z.object({
  serialNumber: idText.optional().catch(undefined),
  version,
  metadata: z
    .object({
      timestamp: time,
      component: z.unknown().optional(),
      authors: z
        .array(z.object({ name: prose.optional(), email: prose.optional() }))
        .nullish()
        .catch(undefined),
      manufacturer: z.object({ name: prose.optional() }).nullish().catch(undefined),
      manufacture: z.object({ name: prose.optional() }).nullish().catch(undefined),
      supplier: z.object({ name: prose.optional() }).nullish().catch(undefined),
    })
    .nullish(),
  components: z.array(z.unknown()).max(limits.vexProducts).nullish(),
  vulnerabilities: z.array(z.unknown()).max(limits.vexStatements).nullish(),
});
type Head = z.infer<typeof headSchema>;

const vulnerabilitySchema = z.object({
  id: idText,
  references: z
    .array(z.object({ id: idText.optional() }))
    .max(1000)
    .nullish(),
  updated: time,
  published: time,
  recommendation: prose.nullish(),
  analysis: z
    .object({
      state: z.string().max(64).optional(),
      justification: z.string().max(64).optional(),
      response: z.array(z.string().max(64)).max(20).nullish(),
      detail: prose.nullish(),
      firstIssued: time,
      lastUpdated: time,
    })
    .nullish(),
  affects: z
    .array(
      z.object({
        ref: idText,
        versions: z
          .array(
            z.object({
              version: z.string().max(1024).optional(),
              range: z.string().max(1024).optional(),
              status: z.enum(["affected", "unaffected", "unknown"]).optional(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});
type Vulnerability = z.infer<typeof vulnerabilitySchema>;

/** @throws PermanentError `vex-malformed` when the document itself cannot be read */
export function readCycloneDx(value: unknown, origin: VexOrigin): VexReading {
  const head = documentHead(headSchema, value, origin.name);
  const document = documentOf(head, origin);
  const spend = productBudget(origin.name);
  const bom = bomOf(head, spend);
  const problems = problemList();
  const statements: VexStatement[] = [];
  let unmatchable = 0;
  for (const [index, raw] of (head.vulnerabilities ?? []).entries()) {
    const parsed = vulnerabilitySchema.safeParse(raw);
    if (!parsed.success) {
      problems.add(issueOf(parsed.error), index);
      continue;
    }
    const { analysis } = parsed.data;
    if (!analysis) continue;
    const status = Object.hasOwn(states, analysis.state ?? "") ? states[analysis.state ?? ""] : undefined;
    if (status === undefined) {
      problems.add("an analysis without a state that CycloneDX knows", index);
      continue;
    }
    const { products, ranges } = productsOf(parsed.data, status, bom);
    if (ranges > 0) problems.add(`${ranges} ranges of versions are not compared, only single versions are`, index);
    if (products.length === 0) {
      if (ranges === 0) problems.add("no product is named", index);
      continue;
    }
    for (const { components } of products) spend(1 + components.length);
    unmatchable += products.filter((one) => one.purls.length + one.digests.length === 0).length;
    statements.push(statementOf(parsed.data, status, products, document, index));
  }
  return { document, statements, problems: problems.list(), unmatchable };
}

function documentOf(head: Head, origin: VexOrigin): VexDocument {
  const { metadata } = head;
  const author =
    metadata?.authors?.map(({ name, email }) => name ?? email).find((one) => one !== undefined) ??
    metadata?.manufacturer?.name ??
    metadata?.manufacture?.name ??
    metadata?.supplier?.name;
  return {
    form: "cyclonedx",
    id: head.serialNumber ?? origin.name,
    ...(author !== undefined && { author }),
    ...(head.version !== undefined && { version: head.version }),
    ...(metadata?.timestamp !== undefined && { timestamp: metadata.timestamp }),
    origin,
  };
}

function statementOf(
  raw: Vulnerability,
  status: VexStatus,
  products: readonly VexProduct[],
  document: VexDocument,
  index: number,
): VexStatement {
  const { analysis } = raw;
  const word = analysis?.justification ?? (analysis?.state === "false_positive" ? "false_positive" : undefined);
  const justification = word !== undefined && Object.hasOwn(justifications, word) ? justifications[word] : word;
  const detail = analysis?.detail ?? undefined;
  const responses = (analysis?.response ?? []).join(", ");
  const action = raw.recommendation ?? (responses === "" ? undefined : responses);
  const timestamp =
    analysis?.lastUpdated ?? analysis?.firstIssued ?? document.timestamp ?? raw.updated ?? raw.published;
  return {
    document,
    index,
    names: vulnerabilityNames([raw.id, ...(raw.references ?? []).map(({ id }) => id)]),
    products,
    status,
    ...(justification !== undefined && { justification }),
    ...(detail !== undefined && { impact: detail }),
    ...(action !== undefined && { action }),
    ...(timestamp !== undefined && { timestamp }),
  };
}

function productsOf(raw: Vulnerability, status: VexStatus, bom: Bom): { products: VexProduct[]; ranges: number } {
  const products: VexProduct[] = [];
  let ranges = 0;
  for (const { ref, versions } of raw.affects ?? []) {
    const product = productFor(ref, bom);
    const listed = covered(versions ?? [], status);
    ranges += listed.filter((one) => one.version === undefined && one.range !== undefined).length;
    if (!versions || versions.length === 0) products.push(product);
    for (const one of listed) if (one.version !== undefined) products.push(ofVersion(product, one.version));
  }
  return { products, ranges };
}

/**
 * The versions that an analysis is about. One that clears is about those that are said to be unaffected, where any are;
 * one that does not is about the others.
 */
function covered<Entry extends { readonly status?: string | undefined }>(
  versions: readonly Entry[],
  status: VexStatus,
): readonly Entry[] {
  const unaffected = versions.filter((one) => one.status === "unaffected");
  if (status === "not_affected" || status === "fixed") return unaffected.length > 0 ? unaffected : versions;
  return versions.filter((one) => one.status !== "unaffected");
}

/** The version is that of what the statement names: the component, where there is one. */
function ofVersion(product: VexProduct, stated: string): VexProduct {
  const [component] = product.components;
  if (component !== undefined) return { ...product, components: [withVersion(component, stated)] };
  return { ...withVersion(product, stated), components: [] };
}

function withVersion(about: VexIdentity, stated: string): VexIdentity {
  return {
    ...about,
    purls: about.purls.map((purl) => {
      const [, path = purl, rest = ""] = /^([^?#]*)(.*)$/s.exec(purl) ?? [];
      return path.lastIndexOf("@") > path.lastIndexOf("/") + 1 ? purl : `${path}@${encodeURIComponent(stated)}${rest}`;
    }),
  };
}
