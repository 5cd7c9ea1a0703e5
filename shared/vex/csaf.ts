/**
 * CSAF 2.0 (OASIS), profile VEX (4.5) and security advisories: product status, flags, threats and remediations. What is
 * said of products in the same words is one statement.
 */
import * as z from "zod";
import { limits } from "../platform/limits.ts";
import { type CsafProducts, csafProducts, productTreeSchema } from "./csaf-products.ts";
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
import type { VexDocument, VexOrigin, VexProduct, VexReading, VexStatement, VexStatus } from "./types.ts";

const headSchema = z.object({
  document: z.object({
    category: z.string().regex(/^csaf_/, "no category of CSAF"),
    publisher: z.object({ name: prose.optional() }).optional().catch(undefined),
    references: z
      .array(z.object({ category: z.string().optional(), url: z.string().max(2048).optional() }))
      .max(10_000)
      .optional()
      .catch(undefined),
    tracking: z.object({ id: idText, version, current_release_date: time, initial_release_date: time }),
  }),
  product_tree: productTreeSchema.optional(),
  vulnerabilities: z.array(z.unknown()).max(limits.vexStatements).optional(),
});

/** Product status by CSAF's names; `recommended` says what to use, not what is affected. */
const statuses = {
  known_affected: "affected",
  first_affected: "affected",
  last_affected: "affected",
  under_investigation: "under_investigation",
  fixed: "fixed",
  first_fixed: "fixed",
  known_not_affected: "not_affected",
} as const satisfies Record<string, VexStatus>;
const statusNames = Object.keys(statuses) as (keyof typeof statuses)[];

const ids = z.array(idText).max(limits.vexProducts).optional();
const about = { product_ids: ids, group_ids: ids };
const vulnerabilitySchema = z.object({
  cve: idText.optional(),
  ids: z
    .array(z.object({ text: idText, system_name: z.string().optional() }))
    .max(1000)
    .optional(),
  product_status: z.object({
    known_affected: ids,
    first_affected: ids,
    last_affected: ids,
    under_investigation: ids,
    fixed: ids,
    first_fixed: ids,
    known_not_affected: ids,
  }),
  flags: z.array(z.object({ label: z.string().max(128), date: time, ...about })).optional(),
  threats: z.array(z.object({ category: z.string().max(64), details: prose, date: time, ...about })).optional(),
  remediations: z.array(z.object({ category: z.string().max(64), details: prose, date: time, ...about })).optional(),
});
type Vulnerability = z.infer<typeof vulnerabilitySchema>;
type About = { readonly product_ids?: string[] | undefined; readonly group_ids?: string[] | undefined };

/** @throws PermanentError `vex-malformed` when the document itself cannot be read */
export function readCsaf(value: unknown, origin: VexOrigin): VexReading {
  const head = documentHead(headSchema, value, origin.name);
  const { tracking, publisher, references } = head.document;
  const url = references?.find((one) => one.category === "self" && one.url !== undefined)?.url;
  const timestamp = tracking.current_release_date ?? tracking.initial_release_date;
  const document: VexDocument = {
    form: "csaf",
    id: tracking.id,
    ...(url !== undefined && URL.canParse(url) && { url }),
    ...(publisher?.name !== undefined && { author: publisher.name }),
    ...(tracking.version !== undefined && { version: tracking.version }),
    ...(timestamp !== undefined && { timestamp }),
    origin,
  };
  const spend = productBudget(origin.name);
  const products = csafProducts(head.product_tree, origin.name, spend);
  const problems = problemList();
  const statements: VexStatement[] = [];
  const unmatchable = new Set<string>();
  for (const [index, raw] of (head.vulnerabilities ?? []).entries()) {
    const parsed = vulnerabilitySchema.safeParse(raw);
    if (!parsed.success) {
      problems.add(issueOf(parsed.error), index);
      continue;
    }
    const names = namesOf(parsed.data);
    if (names.length === 0) {
      problems.add("no vulnerability is named", index);
      continue;
    }
    for (const group of grouped(parsed.data, products)) {
      const known = group.ids.flatMap((id) => products.product(id) ?? []);
      spend(known.length);
      for (const one of known) if (!isComparable(one)) unmatchable.add(one.id);
      if (known.length < group.ids.length) {
        problems.add(`${group.ids.length - known.length} products are not in the product tree`, index);
      }
      if (known.length > 0) statements.push(statementOf(group, known, names, document, index));
    }
  }
  return { document, statements, problems: problems.list(), unmatchable: unmatchable.size };
}

/** `ids` also lists bugs and tickets, which name no vulnerability. */
function namesOf({ cve, ids: others }: Vulnerability): readonly string[] {
  const known = (others ?? [])
    .map(({ text }) => text)
    .filter((text) => /^(?:CVE-\d|GHSA-|[A-Z]+-\d{4}-\d)/i.test(text));
  const all = cve === undefined && known.length === 0 ? (others ?? []).map(({ text }) => text) : [cve, ...known];
  return vulnerabilityNames(all);
}

function isComparable({ purls, digests, cpe, components }: VexProduct): boolean {
  if (components.length === 0) return purls.length + digests.length > 0;
  return (
    (purls.length + digests.length > 0 || cpe !== undefined) &&
    components.some((component) => component.purls.length + component.digests.length > 0)
  );
}

interface Group {
  readonly status: VexStatus;
  readonly justification: string | undefined;
  readonly impact: string | undefined;
  readonly action: string | undefined;
  readonly date: string | undefined;
  readonly ids: string[];
}

/** Products of which the same is said, together. */
function grouped(raw: Vulnerability, products: CsafProducts): readonly Group[] {
  const flags = byProduct(raw.flags ?? [], products, ({ label, date }) => ({ text: label, date }));
  const impacts = (raw.threats ?? []).filter(({ category }) => category === "impact");
  const threats = byProduct(impacts, products, ({ details, date }) => ({ text: details, date }));
  const remedies = byProduct(raw.remediations ?? [], products, ({ details, date }) => ({ text: details, date }));
  const groups = new Map<string, Group>();
  for (const name of statusNames) {
    const status = statuses[name];
    for (const id of raw.product_status[name] ?? []) {
      const flag = status === "not_affected" ? flags(id) : undefined;
      const threat = status === "not_affected" ? threats(id) : undefined;
      const remedy = status === "affected" ? remedies(id) : undefined;
      const date = [flag?.date, threat?.date, remedy?.date]
        .filter((one) => one !== undefined)
        .sort()
        .at(-1);
      const key = JSON.stringify([status, flag?.text, threat?.text, remedy?.text, date]);
      const group = groups.get(key);
      if (group !== undefined) group.ids.push(id);
      else
        groups.set(key, {
          status,
          justification: flag?.text,
          impact: threat?.text,
          action: remedy?.text,
          date,
          ids: [id],
        });
    }
  }
  return [...groups.values()];
}

interface Said {
  readonly text: string | undefined;
  readonly date: string | undefined;
}

/** What is said of a product: of itself, or of everything where no product is named. */
function byProduct<Entry extends About>(
  entries: readonly Entry[],
  products: CsafProducts,
  said: (entry: Entry) => Said,
): (id: string) => Said | undefined {
  const known = new Map<string, Said>();
  let everywhere: Said | undefined;
  for (const entry of entries) {
    const what = said(entry);
    const named = [...(entry.product_ids ?? []), ...(entry.group_ids ?? []).flatMap((id) => products.group(id))];
    for (const id of named) if (!known.has(id)) known.set(id, what);
    if (entry.product_ids === undefined && entry.group_ids === undefined) everywhere ??= what;
  }
  return (id) => known.get(id) ?? everywhere;
}

function statementOf(
  { status, justification, impact, action, date }: Group,
  products: readonly VexProduct[],
  names: readonly string[],
  document: VexDocument,
  index: number,
): VexStatement {
  const timestamp = [date, document.timestamp]
    .filter((one) => one !== undefined)
    .sort()
    .at(-1);
  return {
    document,
    index,
    names,
    products,
    status,
    ...(justification !== undefined && { justification }),
    ...(impact !== undefined && { impact }),
    ...(action !== undefined && { action }),
    ...(timestamp !== undefined && { timestamp }),
  };
}
