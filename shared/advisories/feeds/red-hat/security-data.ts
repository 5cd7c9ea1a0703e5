/** A CVE of Red Hat's Security Data API: builds that fix it, and the state of packages that have no fix. */

import { type Scorer, severityOfWord } from "../../reading/cvss.ts";
import { affectedOf, type Statement } from "../../reading/statements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import type { Advisory, FeedRecord } from "../../types.ts";
import { productOf } from "./products.ts";
import type { SecurityData } from "./schema.ts";
import { stateOf } from "./states.ts";

/** `python3-0:3.6.8-56.el8_9`; a module's (`httpd:2.4-8070020230131172653.bd1311ed`) tells no package's version. */
const build = /^([A-Za-z0-9][\w.+-]*)-([0-9]+:[\w.+~^]+-[\w.+~^]+)$/;
/** `httpd`, or `httpd:2.4/httpd` of a module. */
const packageName = /^(?:([A-Za-z0-9][\w.+-]*:[\w.+-]+)\/)?([A-Za-z0-9][\w.+-]*)$/;

function* statementsOf(record: SecurityData): Generator<Statement> {
  for (const { cpe, package: text } of record.affected_release) {
    const product = productOf(cpe);
    const [, name, fixed] = build.exec(text ?? "") ?? [];
    // A build of a module has the module's name in its release.
    if (product === undefined || name === undefined || fixed === undefined || fixed.includes(".module")) continue;
    yield { ...product, name, source: true, says: { fixed } };
  }
  for (const { cpe, package_name: text, fix_state: state } of record.package_state) {
    const product = productOf(cpe);
    const [, module, name] = packageName.exec(text) ?? [];
    if (product === undefined || name === undefined) continue;
    yield { ...product, name, source: true, ...(module !== undefined && { modules: [module] }), says: stateOf(state) };
  }
}

function utc(date: string): string {
  return new Date(/(?:Z|[+-][0-9]{2}:?[0-9]{2})$/.test(date) ? date : `${date}Z`).toISOString();
}

/** Of the API's records none tells when it was last changed: the newest date in it. */
function modifiedOf(record: SecurityData): string {
  const dates = [record.public_date, ...record.affected_release.flatMap(({ release_date: date }) => date ?? [])];
  return dates.map(utc).sort().at(-1) ?? utc(record.public_date);
}

function advisoryOf(record: SecurityData, score: Scorer): Advisory {
  const severity = severityOfWord(record.threat_severity);
  const cvss = score([
    { type: "CVSS_V3", score: record.cvss3?.cvss3_scoring_vector ?? "" },
    { type: "CVSS_V2", score: record.cvss?.cvss_scoring_vector ?? "" },
  ]);
  const cwes = [...new Set(record.cwe?.match(/CWE-[0-9]{1,6}/g) ?? [])].sort();
  const description = paragraph(record.details.join("\n\n"));
  return {
    id: record.name,
    cves: [record.name],
    database: "Red Hat",
    summary: oneLine(record.bugzilla?.description ?? record.details[0] ?? ""),
    ...(description !== "" && { description }),
    ...(severity !== undefined && { severity }),
    ...(cvss !== undefined && { cvss }),
    url: `https://access.redhat.com/security/cve/${record.name}`,
    modified: modifiedOf(record),
    ...(cwes.length > 0 && { cwes }),
  };
}

export function readSecurityData(
  record: SecurityData,
  wants: (ecosystem: string) => boolean,
  score: Scorer,
): FeedRecord {
  const affected = affectedOf([...statementsOf(record)].filter(({ ecosystem }) => wants(ecosystem)));
  if (affected.length === 0) return { kind: "ignored", reason: "no-package-of-enterprise-linux" };
  return { kind: "advisory", advisory: advisoryOf(record, score), affected, licence: "CC-BY-4.0" };
}
