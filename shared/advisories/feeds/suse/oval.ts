/**
 * SUSE's OVAL of class `vulnerability`, one definition for each CVE: https://www.suse.com/support/security/oval/. The
 * files whose names end in `-affected` also tell what has no fix yet.
 */
import * as z from "zod";
import { type Scorer, severityOfWord } from "../../reading/cvss.ts";
import { checked } from "../../reading/json-document.ts";
import { affectedOf, isDebugPackage, type Statement } from "../../reading/statements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { undated } from "../../reading/undated.ts";
import { child, descendants, parseXml, type XmlElement } from "../../sources/xml.ts";
import type { Advisory, FeedRecord } from "../../types.ts";
import { type Product, productOf, type Told, wordsThatCount } from "./products.ts";

const details = z.object({
  cve: z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/),
  updated: z.iso.date().optional(),
});

const commentsOf = (criteria: XmlElement) =>
  criteria.children.flatMap(({ name, attributes: { comment } }) =>
    name === "criterion" && comment !== undefined ? comment.trim() : [],
  );

const installed = /^((?:SUSE|openSUSE) [^:]{1,200}) is installed$/;

/** The products of criteria that name nothing else, the alternatives of which one has to be installed. */
function onlyProducts(criteria: XmlElement): readonly string[] | undefined {
  const comments = commentsOf(criteria);
  const names = comments.flatMap((comment) => installed.exec(comment)?.[1] ?? []);
  const isAll = names.length === comments.length && names.length > 0;
  return isAll && criteria.children.every(({ name }) => name !== "criteria") ? names : undefined;
}

/** `kernel-default-4.12.14-150.72.1 is installed` stands for an earlier build of it; the tests lie elsewhere. */
function saysOf(comment: string): { readonly name: string; readonly says: Statement["says"] } | undefined {
  const [, build, version] = /^([A-Za-z0-9][\w.+-]*)-([\w.+~^]+-[\w.+~^]+) is installed$/.exec(comment) ?? [];
  if (build !== undefined && version !== undefined) return { name: build, says: { fixed: version } };
  const [, name, denied] = /^([A-Za-z0-9][\w.+-]*) is (not )?affected$/.exec(comment) ?? [];
  if (name === undefined) return undefined;
  return denied === undefined
    ? { name, says: { state: "open", reason: "Affected" } }
    : { name, says: { state: "not-affected", reason: "Not affected" } };
}

/** Criteria that hold together (`AND`) name the products for what stands beside them. */
function* toldIn(criteria: XmlElement, outer: readonly Product[]): Generator<Told> {
  const inner = criteria.children.filter(({ name }) => name === "criteria");
  const comments = commentsOf(criteria);
  let products = outer;
  if (criteria.attributes["operator"] === "AND") {
    const names = [
      ...comments.flatMap((comment) => installed.exec(comment)?.[1] ?? []),
      ...inner.flatMap((group) => onlyProducts(group) ?? []),
    ];
    if (names.length > 0) products = names.flatMap((name) => productOf(name) ?? []);
  }
  for (const comment of comments) {
    const said = saysOf(comment);
    if (said === undefined || isDebugPackage(said.name)) continue;
    for (const product of products) yield { product, ...said };
  }
  for (const group of inner) if (onlyProducts(group) === undefined) yield* toldIn(group, products);
}

function advisoryOf(metadata: XmlElement | undefined, score: Scorer): Advisory {
  const advisory = child(metadata, "advisory");
  const { cve, updated } = checked(details, {
    cve: child(metadata, "title")?.text,
    updated: child(advisory, "updated")?.attributes["date"] ?? child(advisory, "issued")?.attributes["date"],
  });
  const severity = severityOfWord(child(advisory, "severity")?.text);
  // `7.0/CVSS:3.1/AV:L/...`
  const scored = /^[0-9.]+\/(CVSS:3.+)$/.exec(child(advisory, "cve")?.attributes["cvss3"] ?? "")?.[1];
  const cvss = scored === undefined ? undefined : score([{ type: "CVSS_V3", score: scored }]);
  const text = child(metadata, "description")?.text ?? "";
  const description = paragraph(text);
  return {
    id: cve,
    cves: [cve],
    database: "SUSE",
    summary: oneLine(text),
    ...(description.length > 200 && { description }),
    ...(severity !== undefined && { severity }),
    ...(cvss !== undefined && { cvss }),
    url: `https://www.suse.com/security/cve/${cve}`,
    modified: updated === undefined ? undated : `${updated}T00:00:00.000Z`,
  };
}

/** One definition; `scope` tells it from those of the same CVE in other files. */
export function readOval(
  document: Buffer,
  wants: (ecosystem: string) => boolean,
  score: Scorer,
  scope: string,
): FeedRecord {
  const definition = parseXml(document);
  // An update that fixes several vulnerabilities, each of which has a definition of its own.
  if (definition.attributes["class"] !== "vulnerability") return { kind: "ignored", reason: "update" };
  const advisory = advisoryOf(child(definition, "metadata"), score);
  const [criteria] = descendants(definition, "criteria");
  const told = criteria === undefined ? [] : [...toldIn(criteria, [])];
  const affected = affectedOf(wordsThatCount(told.filter(({ product }) => wants(product.ecosystem))));
  if (affected.length === 0) return { kind: "ignored", reason: "other-ecosystem" };
  return { kind: "advisory", advisory, affected, ...(scope !== "" && { scope }) };
}
