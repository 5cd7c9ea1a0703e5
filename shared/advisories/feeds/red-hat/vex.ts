/** Red Hat's CSAF VEX documents, one for each CVE: https://docs.oasis-open.org/csaf/csaf/v2.0/ profile 5. */

import {
  advisoryOf,
  type ProductTree,
  readTree,
  statesOf,
  type VexDocument,
  type VexVulnerability,
} from "../../reading/csaf.ts";
import type { Scorer } from "../../reading/cvss.ts";
import { affectedOf, isDebugPackage, type Statement } from "../../reading/statements.ts";
import type { FeedRecord } from "../../types.ts";
import { type Build, buildOf, moduleOf, type Product, productOf } from "./products.ts";
import { stateOf } from "./states.ts";

type Says = Statement["says"];

/** A package of a product, as product ids name it. */
interface Component {
  readonly product: Product;
  readonly build: Build;
}

type Tree = ProductTree<Product, Build>;

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

function* statementsOf(tree: Tree, vulnerability: VexVulnerability): Generator<Statement> {
  const status = vulnerability.product_status;
  if (status === null || status === undefined) return;
  const states = statesOf(vulnerability);
  // Red Hat's details are its word for the state.
  const wordOf = (id: string) => {
    const state = states.get(id);
    return state?.details || (state?.planned === false ? "Will not fix" : "Affected");
  };
  const each = function* (ids: readonly string[], says: (id: string, build: Build) => Says | undefined) {
    for (const id of ids) {
      const component = componentOf(tree, id);
      if (component === undefined || isDebugPackage(component.build.name)) continue;
      const said = says(id, component.build);
      if (said !== undefined) yield statementOf(component, said);
    }
  };
  yield* each(status.fixed, (_id, { version }) => (version === undefined ? undefined : { fixed: version }));
  yield* each(status.known_affected, (id) => stateOf(wordOf(id)));
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

const publisher = { database: "Red Hat", url: (cve: string) => `https://access.redhat.com/security/cve/${cve}` };

export function readVex(
  document: VexDocument,
  wants: (ecosystem: string) => boolean,
  score: Scorer,
): readonly FeedRecord[] {
  if (document.document.tracking.status === "deleted")
    return [{ kind: "ignored", reason: "deleted", id: document.document.tracking.id }];
  const tree = readTree(
    document,
    ({ product_identification_helper: helper }) => (helper?.cpe ? productOf(helper.cpe) : undefined),
    ({ product_identification_helper: helper }) => (helper?.purl ? buildOf(helper.purl) : undefined),
  );
  return document.vulnerabilities.map((vulnerability): FeedRecord => {
    const said = [...statementsOf(tree, vulnerability)].filter(({ ecosystem }) => wants(ecosystem));
    const affected = affectedOf(withoutCoveredSources(said));
    if (affected.length === 0) {
      const id = vulnerability.cve ?? document.document.tracking.id;
      return { kind: "ignored", reason: "no-package-of-enterprise-linux", id };
    }
    const advisory = advisoryOf(document, vulnerability, score, publisher);
    return { kind: "advisory", advisory, affected, licence: "CC-BY-4.0" };
  });
}
