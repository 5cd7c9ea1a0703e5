/** Red Hat's CSAF VEX documents, one for each CVE: https://docs.oasis-open.org/csaf/csaf/v2.0/ profile 5. */

import { type Scorer, severityOfWord } from "../../cvss.ts";
import { affectedOf, isDebugPackage, type Statement } from "../../statements.ts";
import { oneLine, paragraph } from "../../text.ts";
import type { Advisory, FeedRecord } from "../../types.ts";
import { undated } from "../../undated.ts";
import { type Build, buildOf, moduleOf, type Product, productOf } from "./products.ts";
import type { Branch, VexDocument, VexVulnerability } from "./schema.ts";
import { stateOf } from "./states.ts";

type Says = Statement["says"];

/** A package of a product, as product ids name it. */
interface Component {
  readonly product: Product;
  readonly build: Build;
}

/** What product ids stand for. */
interface Tree {
  readonly products: ReadonlyMap<string, Product>;
  readonly builds: ReadonlyMap<string, Build>;
  readonly relationships: ReadonlyMap<string, { readonly part: string; readonly whole: string }>;
}

const deepest = 32;

function readTree(document: VexDocument): Tree {
  const products = new Map<string, Product>();
  const builds = new Map<string, Build>();
  const walk = (branches: readonly Branch[], depth: number): void => {
    for (const { product, branches: inner } of branches) {
      const { cpe, purl } = product?.product_identification_helper ?? {};
      const known = cpe ? productOf(cpe) : undefined;
      const build = purl ? buildOf(purl) : undefined;
      if (product && known !== undefined) products.set(product.product_id, known);
      if (product && build !== undefined) builds.set(product.product_id, build);
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

/** A package of a product, or of a module of a product; `undefined` when one of them is of no use here. */
function componentOf(tree: Tree, id: string): Component | undefined {
  const relation = tree.relationships.get(id);
  const build = relation && tree.builds.get(relation.part);
  if (relation === undefined || build === undefined) return undefined;
  const product = tree.products.get(relation.whole);
  if (product !== undefined) return { product, build };
  const module = tree.relationships.get(relation.whole);
  const around = module && tree.products.get(module.whole);
  const stream = module && moduleOf(module.part);
  if (around === undefined || stream === undefined) return undefined;
  return { product: around, build: { ...build, modules: build.modules ?? [stream] } };
}

function statementOf({ product, build }: Component, says: Says): Statement {
  const { name, arch, modules } = build;
  return {
    ...product,
    name,
    ...(arch === "src" && { source: true as const }),
    ...(modules !== undefined && { modules }),
    ...(arch !== undefined && arch !== "src" && { arch }),
    says,
  };
}

/** What is said of products without a fix: `no_fix_planned` and `none_available`, with Red Hat's words for the state. */
function stateWords(vulnerability: VexVulnerability): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const { category, details, product_ids: ids } of vulnerability.remediations) {
    if (category !== "no_fix_planned" && category !== "none_available") continue;
    const text = details || (category === "no_fix_planned" ? "Will not fix" : "Affected");
    for (const id of ids) words.set(id, text);
  }
  return words;
}

function* statementsOf(tree: Tree, vulnerability: VexVulnerability): Generator<Statement> {
  const status = vulnerability.product_status;
  if (status === null || status === undefined) return;
  const words = stateWords(vulnerability);
  const each = function* (ids: readonly string[], says: (id: string, build: Build) => Says | undefined) {
    for (const id of ids) {
      const component = componentOf(tree, id);
      if (component === undefined || isDebugPackage(component.build.name)) continue;
      const said = says(id, component.build);
      if (said !== undefined) yield statementOf(component, said);
    }
  };
  yield* each(status.fixed, (_id, { version }) => (version === undefined ? undefined : { fixed: version }));
  yield* each(status.known_affected, (id) => stateOf(words.get(id) ?? "Affected"));
  yield* each(status.under_investigation, () => ({ state: "under-investigation", reason: "Under investigation" }));
  yield* each(status.known_not_affected, () => ({ state: "not-affected", reason: "Not affected" }));
}

/**
 * Source packages stand beside the binary ones that are built from them: then the binary ones are what is affected,
 * and their siblings are not. Where only the source package is named, all that is built from it is.
 */
function withoutCoveredSources(statements: readonly Statement[]): readonly Statement[] {
  const place = ({ ecosystem, modules = [] }: Statement, rest: string) => `${ecosystem}\t${modules.join()}\t${rest}`;
  const covered = new Set<string>();
  for (const statement of statements) {
    if (statement.source === true) continue;
    if ("fixed" in statement.says) covered.add(place(statement, `=${withoutEpoch(statement.says.fixed)}`));
    // `openssl` is covered by `openssl`, `openssl-libs` and `libopenssl-devel`.
    const words = statement.name.split("-");
    for (let length = 1; length <= words.length; length++) {
      const name = words.slice(0, length).join("-");
      covered.add(place(statement, name));
      if (name.startsWith("lib")) covered.add(place(statement, name.slice("lib".length)));
    }
  }
  return statements.filter((statement) => {
    if (statement.source !== true) return true;
    if (covered.has(place(statement, statement.name))) return false;
    return !("fixed" in statement.says && covered.has(place(statement, `=${withoutEpoch(statement.says.fixed)}`)));
  });
}

function withoutEpoch(version: string): string {
  return version.replace(/^[0-9]+:/, "");
}

function advisoryOf(document: VexDocument, vulnerability: VexVulnerability, id: string, score: Scorer): Advisory {
  const { title, tracking, aggregate_severity: aggregate } = document.document;
  const impact = vulnerability.threats.find(({ category }) => category === "impact")?.details;
  const severity = severityOfWord(aggregate?.text) ?? severityOfWord(impact);
  const cvss = score(
    vulnerability.scores.flatMap(({ cvss_v2: two, cvss_v3: three }) => [
      ...(three?.vectorString ? [{ type: "CVSS_V3", score: three.vectorString }] : []),
      ...(two?.vectorString ? [{ type: "CVSS_V2", score: two.vectorString }] : []),
    ]),
  );
  const description = paragraph(vulnerability.notes.find(({ category }) => category === "description")?.text ?? "");
  return {
    id,
    cves: [id],
    database: "Red Hat",
    summary: oneLine(vulnerability.title ?? title ?? ""),
    ...(description !== "" && { description }),
    ...(severity !== undefined && { severity }),
    ...(cvss !== undefined && { cvss }),
    url: `https://access.redhat.com/security/cve/${id}`,
    modified: new Date(tracking.current_release_date ?? undated).toISOString(),
    ...(vulnerability.cwe && { cwes: [vulnerability.cwe.id] }),
  };
}

export function readVex(
  document: VexDocument,
  wants: (ecosystem: string) => boolean,
  score: Scorer,
): readonly FeedRecord[] {
  if (document.document.tracking.status === "deleted") return [{ kind: "ignored", reason: "deleted" }];
  const tree = readTree(document);
  return document.vulnerabilities.map((vulnerability): FeedRecord => {
    const id = vulnerability.cve ?? document.document.tracking.id;
    const said = [...statementsOf(tree, vulnerability)].filter(({ ecosystem }) => wants(ecosystem));
    const affected = affectedOf(withoutCoveredSources(said));
    if (affected.length === 0) return { kind: "ignored", reason: "no-package-of-enterprise-linux" };
    const advisory = advisoryOf(document, vulnerability, id, score);
    return { kind: "advisory", advisory, affected, licence: "CC-BY-4.0" };
  });
}
