/**
 * CSAF 2.0 documents of profile 5 (VEX), as far as publishers of packages use them:
 * https://docs.oasis-open.org/csaf/csaf/v2.0/. Unknown members are dropped; `null` stands for what is not there.
 */
import * as z from "zod";
import type { Advisory } from "../types.ts";
import { type Scorer, severityOfWord } from "./cvss.ts";
import { many } from "./json-document.ts";
import { oneLine, paragraph } from "./text.ts";
import { isoTime } from "./time.ts";
import { undated } from "./undated.ts";

const text = z.string().max(100_000);
const line = z.string().max(4096);
const cve = z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/);

const fullProduct = z.object({
  product_id: line,
  product_identification_helper: z.object({ cpe: line.nullish(), purl: line.nullish() }).nullish(),
});
export type FullProduct = z.infer<typeof fullProduct>;
const branch = z.object({
  product: fullProduct.nullish(),
  get branches(): z.ZodOptional<z.ZodNullable<z.ZodArray<typeof branch>>> {
    return z.array(branch).max(200_000).nullish();
  },
});
type Branch = z.infer<typeof branch>;

const ids = many(line, 1_000_000);
const note = z.object({ category: line, text: z.string().nullish() });

export const vexDocument = z.object({
  document: z.object({
    aggregate_severity: z.object({ text: line.nullish() }).nullish(),
    title: text.nullish(),
    notes: many(note, 1000),
    tracking: z.object({
      id: line,
      status: line.nullish(),
      current_release_date: z.iso.datetime({ offset: true }).nullish(),
    }),
  }),
  product_tree: z
    .object({
      branches: many(branch, 200_000),
      relationships: many(
        z.object({
          full_product_name: fullProduct,
          product_reference: line,
          relates_to_product_reference: line,
        }),
        1_000_000,
      ),
    })
    .nullish(),
  vulnerabilities: many(
    z.object({
      cve: cve.nullish(),
      cwe: z.object({ id: line }).nullish(),
      title: text.nullish(),
      notes: many(note, 1000),
      product_status: z
        .object({
          first_fixed: ids,
          fixed: ids,
          known_affected: ids,
          known_not_affected: ids,
          recommended: ids,
          under_investigation: ids,
        })
        .nullish(),
      remediations: many(z.object({ category: line, details: z.string().nullish(), product_ids: ids }), 10_000),
      scores: many(
        z.object({
          cvss_v2: z.object({ vectorString: line.nullish() }).nullish(),
          cvss_v3: z.object({ vectorString: line.nullish() }).nullish(),
        }),
        10_000,
      ),
      threats: many(z.object({ category: line, details: line.nullish() }), 10_000),
    }),
    100,
  ),
});
export type VexDocument = z.infer<typeof vexDocument>;
export type VexVulnerability = VexDocument["vulnerabilities"][number];

/** Whether a document is CSAF VEX of the publisher with that namespace: a cheap look at its bytes. */
export function isVexOf(document: Buffer, namespace: string): boolean {
  return (
    /"category"\s*:\s*"csaf_vex"/.test(document.toString("latin1", 0, 4096)) && document.indexOf(`"${namespace}"`) >= 0
  );
}

/** What product ids stand for. */
export interface ProductTree<Product, Build> {
  readonly products: ReadonlyMap<string, Product>;
  readonly builds: ReadonlyMap<string, Build>;
  /** `part` as a component of `whole`, by the id of both together. */
  readonly relationships: ReadonlyMap<string, { readonly part: string; readonly whole: string }>;
}

const deepest = 32;

/** The product tree; `productOf` and `buildOf` tell of a branch's product what it is, if it is of use. */
export function readTree<Product, Build>(
  document: VexDocument,
  productOf: (product: FullProduct) => Product | undefined,
  buildOf: (product: FullProduct) => Build | undefined,
): ProductTree<Product, Build> {
  const products = new Map<string, Product>();
  const builds = new Map<string, Build>();
  const walk = (branches: readonly Branch[], depth: number): void => {
    for (const { product, branches: inner } of branches) {
      if (product) {
        const known = productOf(product);
        const build = buildOf(product);
        if (known !== undefined) products.set(product.product_id, known);
        if (build !== undefined) builds.set(product.product_id, build);
      }
      if (inner && depth < deepest) walk(inner, depth + 1);
    }
  };
  walk(document.product_tree?.branches ?? [], 0);
  const relationships = new Map<string, { part: string; whole: string }>();
  for (const relation of document.product_tree?.relationships ?? []) {
    relationships.set(relation.full_product_name.product_id, {
      part: relation.product_reference,
      whole: relation.relates_to_product_reference,
    });
  }
  return { products, builds, relationships };
}

/** What is said of products without a fix (`no_fix_planned`, `none_available`), by product id. */
export function statesOf(
  vulnerability: VexVulnerability,
): ReadonlyMap<string, { readonly planned: boolean; readonly details: string }> {
  const states = new Map<string, { planned: boolean; details: string }>();
  for (const { category, details, product_ids: told } of vulnerability.remediations) {
    if (category !== "no_fix_planned" && category !== "none_available") continue;
    for (const id of told) states.set(id, { planned: category === "none_available", details: details ?? "" });
  }
  return states;
}

/** The publisher's description of a vulnerability; empty when there is none. */
export function descriptionOf({ document }: VexDocument, { notes }: VexVulnerability): string {
  const found = [...notes, ...document.notes].find(({ category }) => category === "description");
  return found?.text ?? "";
}

/** The record about one vulnerability of a document, under the name of its CVE. */
export function advisoryOf(
  document: VexDocument,
  vulnerability: VexVulnerability,
  score: Scorer,
  publisher: { readonly database: string; readonly url: (cve: string) => string },
): Advisory {
  const { title, tracking, aggregate_severity: aggregate } = document.document;
  const id = vulnerability.cve ?? tracking.id;
  const impact = vulnerability.threats.find(({ category }) => category === "impact")?.details;
  const severity = severityOfWord(aggregate?.text) ?? severityOfWord(impact);
  const cvss = score(
    vulnerability.scores.flatMap(({ cvss_v2: two, cvss_v3: three }) => [
      ...(three?.vectorString ? [{ type: "CVSS_V3", score: three.vectorString }] : []),
      ...(two?.vectorString ? [{ type: "CVSS_V2", score: two.vectorString }] : []),
    ]),
  );
  const description = paragraph(descriptionOf(document, vulnerability));
  return {
    id,
    cves: [id],
    database: publisher.database,
    summary: oneLine(vulnerability.title ?? title ?? ""),
    ...(description !== "" && { description }),
    ...(severity !== undefined && { severity }),
    ...(cvss !== undefined && { cvss }),
    url: publisher.url(id),
    modified: isoTime(tracking.current_release_date ?? undated),
    ...(vulnerability.cwe && { cwes: [vulnerability.cwe.id] }),
  };
}
