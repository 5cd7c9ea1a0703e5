/** SUSE's CSAF VEX documents, one for each CVE: https://www.suse.com/support/security/csaf/ */
import {
  advisoryOf,
  descriptionOf,
  type FullProduct,
  type ProductTree,
  readTree,
  statesOf,
  type VexDocument,
  type VexVulnerability,
} from "../../reading/csaf.ts";
import type { Scorer } from "../../reading/cvss.ts";
import { affectedOf, type Statement } from "../../reading/statements.ts";
import { oneLine } from "../../reading/text.ts";
import type { FeedRecord } from "../../types.ts";
import { type Product, productOf, type Told, wordsThatCount } from "./products.ts";

interface Build {
  readonly name: string;
  readonly version?: string;
  /** The source package that it is built from. */
  readonly source?: { readonly name: string; readonly version?: string };
}
type Tree = ProductTree<Product, Build>;

const decoded = (text: string | undefined): string | undefined => {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** SUSE's releases have dots (`150600.5.15.1`), the ends of names that look like versions have none (`4_0-18`). */
const builtVersion = /^[0-9][\w.+~^]*-[\w+~^]+\.[\w.+~^]+$/;
const sourceBuild = /^(.+)-([0-9][\w.+~^]*-[\w+~^]+\.[\w.+~^]+)$/;

/** `openssl-3` of `openssl-3.src.rpm`, with the version of `openssl-3-3.1.4-150600.5.15.1.src.rpm`. */
function sourceOf(file: string): Build["source"] {
  const text = /^([A-Za-z0-9][\w.+~^-]*)\.(?:no)?src\.rpm$/.exec(file)?.[1];
  if (text === undefined) return undefined;
  const [, name, version] = sourceBuild.exec(text) ?? [];
  return name === undefined || version === undefined ? { name: text } : { name, version };
}

function buildOf({ product_id: id, product_identification_helper: helper }: FullProduct): Build | undefined {
  const found = /^pkg:rpm\/(?:suse|opensuse)\/([^@?#/]+)(?:@([^?#]*))?(?:\?([^#]*))?$/.exec(helper?.purl ?? "");
  const name = decoded(found?.[1]);
  if (name === undefined) return undefined;
  const version = decoded(found?.[2]) ?? "";
  const upstream = decoded(/(?:^|&)upstream=([^&]*)/.exec(found?.[3] ?? "")?.[1]);
  const source = upstream === undefined ? undefined : sourceOf(upstream);
  const isBuild = builtVersion.test(version);
  return {
    // Of products without a version, part of the name is taken for one.
    name: isBuild ? name : id,
    ...(isBuild && { version }),
    ...(source !== undefined && { source }),
  };
}

interface Component {
  readonly product: Product;
  readonly build: Build;
}

function componentsOf(tree: Tree, ids: readonly string[]): readonly (Component & { readonly id: string })[] {
  return ids.flatMap((id) => {
    const { part, whole } = tree.relationships.get(id) ?? splitId(id);
    const product = tree.products.get(whole) ?? productOf(whole);
    const build = tree.builds.get(part);
    return product === undefined || part === "" ? [] : { id, product, build: build ?? { name: part } };
  });
}

/** `SUSE Linux Enterprise Server 15 SP5:bash`. */
function splitId(id: string): { readonly part: string; readonly whole: string } {
  const at = id.indexOf(":");
  return { part: id.slice(at + 1), whole: id.slice(0, Math.max(at, 0)) };
}

/**
 * The build to update to is the one that is recommended; the first that is fixed is told too, and is often a later one.
 */
function* fixesIn(tree: Tree, status: NonNullable<VexVulnerability["product_status"]>): Generator<Told> {
  const told = new Set<string>();
  for (const ids of [status.recommended, status.first_fixed, status.fixed]) {
    const before = new Set(told);
    for (const { product, build } of componentsOf(tree, ids)) {
      const { name, version: fixed } = build.source?.version === undefined ? build : build.source;
      if (fixed === undefined) continue;
      const key = `${product.ecosystem}\t${product.longTerm}\t${name}`;
      if (before.has(key)) continue;
      told.add(key);
      yield { product, name, source: true, says: { fixed } };
    }
  }
}

function* statesIn(tree: Tree, vulnerability: VexVulnerability): Generator<Told> {
  const status = vulnerability.product_status;
  if (status === null || status === undefined) return;
  const sources = new Map<string, string>();
  for (const { name, source } of tree.builds.values()) if (source !== undefined) sources.set(name, source.name);
  const named = new Set(sources.values());
  const states = statesOf(vulnerability);
  const each = function* (ids: readonly string[], says: (id: string) => Statement["says"]): Generator<Told> {
    for (const { id, product, build } of componentsOf(tree, ids)) {
      const source = build.source?.name ?? sources.get(build.name);
      const told = { product, says: says(id) };
      yield { ...told, name: source ?? build.name, source: true };
      // Names of source packages and of binary ones stand side by side, and are not always told apart.
      if (source === undefined && !named.has(build.name)) yield { ...told, name: build.name };
    }
  };
  yield* each(status.known_affected, (id) => {
    const { planned = true, details = "" } = states.get(id) ?? {};
    if (planned) return { state: "open", reason: oneLine(details) || "Affected" };
    return { state: "will-not-fix", reason: oneLine(details) || "No fix planned" };
  });
  yield* each(status.under_investigation, () => ({ state: "under-investigation", reason: "Under investigation" }));
  yield* each(status.known_not_affected, () => ({ state: "not-affected", reason: "Not affected" }));
}

/** The CVE itself was taken back, which SUSE tells in the words of the CVE's own record. */
const rejected = /DO NOT USE THIS (?:CANDIDATE NUMBER|CVE RECORD)|has been rejected or withdrawn|\*\* REJECT \*\*/i;

const publisher = { database: "SUSE", url: (cve: string) => `https://www.suse.com/security/cve/${cve}` };

export function readVex(
  document: VexDocument,
  wants: (ecosystem: string) => boolean,
  score: Scorer,
): readonly FeedRecord[] {
  const tree = readTree(document, ({ product_id: name }) => productOf(name), buildOf);
  return document.vulnerabilities.map((vulnerability): FeedRecord => {
    if (rejected.test(descriptionOf(document, vulnerability))) return { kind: "ignored", reason: "rejected" };
    const { product_status: status } = vulnerability;
    const told = [...(status ? fixesIn(tree, status) : []), ...statesIn(tree, vulnerability)];
    const affected = affectedOf(wordsThatCount(told.filter(({ product }) => wants(product.ecosystem))));
    if (affected.length === 0) return { kind: "ignored", reason: "other-ecosystem" };
    return { kind: "advisory", advisory: advisoryOf(document, vulnerability, score, publisher), affected };
  });
}
