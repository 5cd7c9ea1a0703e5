/** Statements x vulnerabilities: what is said of each, by whom, and who says otherwise. Marks, never drops. Pure. */
import type { Vulnerability } from "../matching/types.ts";
import { type ProductMatcher, productMatcher, type VexImage } from "./product-match.ts";
import {
  type VexContradiction,
  type VexStatement,
  type VexStatus,
  type VexVerdict,
  vexMarks,
  vexSources,
  vexStatuses,
} from "./types.ts";

export type { VexImage } from "./product-match.ts";

const contradictionsShown = 10;

/**
 * The same vulnerabilities, each with what VEX says of it: of the most trusted source (the user's file, the image's
 * attestations, vendors' feeds) the newest statement. One that is not affected or fixed is marked and stays.
 */
export function applyVex(
  vulnerabilities: readonly Vulnerability[],
  statements: readonly VexStatement[],
  image: VexImage,
): readonly Vulnerability[] {
  if (statements.length === 0 || vulnerabilities.length === 0) return vulnerabilities;
  const byName = new Map<string, VexStatement[]>();
  for (const statement of statements) {
    for (const name of statement.names) {
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [statement]);
      else known.push(statement);
    }
  }
  const matches = productMatcher(image);
  return vulnerabilities.map((found) => {
    const vex = verdictOn(found, byName, matches);
    if (vex === undefined) return found;
    const mark = vex.status === "affected" ? [] : [vexMarks[vex.status]];
    return { ...found, marks: [...new Set([...found.marks, ...mark])].sort(), vex };
  });
}

/**
 * A vulnerability known by several CVEs (an update's) is decided by statements about each of them, and by the least
 * favourable; one that is named itself is decided by that.
 */
function verdictOn(
  found: Vulnerability,
  byName: ReadonlyMap<string, readonly VexStatement[]>,
  matches: ProductMatcher,
): VexVerdict | undefined {
  const fitting = (names: readonly string[]) => [
    ...new Set(
      names
        .flatMap((name) => byName.get(name.toUpperCase()) ?? [])
        .filter(({ products }) => products.some((product) => matches(product, found))),
    ),
  ];
  const all = [found.id, ...found.aliases];
  const cves = [...new Set(all.filter((name) => /^CVE-/i.test(name)))];
  if (cves.length <= 1) return decide(fitting(all));
  const own = decide(fitting([found.id]));
  if (own !== undefined) return own;
  const verdicts = cves.map((cve) => decide(fitting([cve])));
  if (verdicts.some((verdict) => verdict === undefined)) return undefined;
  return verdicts
    .filter((verdict) => verdict !== undefined)
    .sort((a, b) => severityOf(a.status) - severityOf(b.status))[0];
}

function decide(statements: readonly VexStatement[]): VexVerdict | undefined {
  const [first, ...others] = statements.toSorted(byTrust);
  return first === undefined ? undefined : verdictOf(first, others);
}

/** Most trusted first: source, verified before not, newest, and of equal ones the least favourable. */
function byTrust(a: VexStatement, b: VexStatement): number {
  return (
    vexSources.indexOf(a.document.origin.source) - vexSources.indexOf(b.document.origin.source) ||
    Number(b.document.origin.verifiedBy !== undefined) - Number(a.document.origin.verifiedBy !== undefined) ||
    compareText(b.timestamp ?? "", a.timestamp ?? "") ||
    severityOf(a.status) - severityOf(b.status) ||
    compareText(a.document.id, b.document.id) ||
    a.index - b.index
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Least favourable first. */
function severityOf(status: VexStatus): number {
  return vexStatuses.indexOf(status);
}

function verdictOf(statement: VexStatement, others: readonly VexStatement[]): VexVerdict {
  const { document, status, justification, impact, action, timestamp } = statement;
  const contradictions = contradictionsOf(statement, others);
  return {
    status,
    ...(justification !== undefined && { justification }),
    ...(impact !== undefined && { impact }),
    ...(action !== undefined && { action }),
    document: document.id,
    ...(document.url !== undefined && { url: document.url }),
    ...(document.author !== undefined && { author: document.author }),
    ...(timestamp !== undefined && { timestamp }),
    source: document.origin.source,
    origin: document.origin.name,
    ...(document.origin.verifiedBy !== undefined && { verifiedBy: document.origin.verifiedBy }),
    ...(contradictions.length > 0 && { contradictions }),
  };
}

/** What a document said before and says otherwise now is no contradiction; another document is one, once. */
function contradictionsOf({ document, status }: VexStatement, others: readonly VexStatement[]): VexContradiction[] {
  const heard = new Set([documentKey(document)]);
  const found: VexContradiction[] = [];
  for (const other of others) {
    const key = documentKey(other.document);
    if (heard.has(key)) continue;
    heard.add(key);
    if (other.status === status) continue;
    const { id, author, origin } = other.document;
    found.push({
      status: other.status,
      document: id,
      ...(author !== undefined && { author }),
      source: origin.source,
      ...(other.timestamp !== undefined && { timestamp: other.timestamp }),
    });
    if (found.length === contradictionsShown) break;
  }
  return found;
}

function documentKey({ id, origin }: VexStatement["document"]): string {
  return JSON.stringify([id, origin.source, origin.name]);
}
