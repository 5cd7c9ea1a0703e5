/** Rocky Linux' errata as its own API gives them (OSV has them too): https://errata.rockylinux.org */
import * as z from "zod";
import { cvssScorer, severityOfWord } from "../../reading/cvss.ts";
import { checked, many, parseJson } from "../../reading/json-document.ts";
import { streamsIn } from "../../reading/module-streams.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import type { AffectedPackage, Feed, FeedContext, FeedRecord } from "../../types.ts";
import { upstream } from "./upstream.ts";

const score = cvssScorer();

const schema = z.object({
  name: z.string().regex(/^R[LX][SBE]A-[0-9]{4}:[0-9]{1,10}$/),
  publishedAt: z.iso.datetime({ offset: true }),
  synopsis: z.string().max(10_000),
  description: z.string().max(200_000).nullish(),
  /** `SEVERITY_MODERATE` */
  severity: z.string().max(100),
  cves: z
    .array(z.object({ name: z.string().max(100), cvss3ScoringVector: z.string().max(300).nullish() }))
    .max(10_000)
    .nullish(),
  /** By product: `Rocky Linux 8`. */
  rpms: z.record(z.string().max(200), z.object({ nvras: z.array(z.string().max(512)).max(100_000) })).nullish(),
});
type Erratum = z.infer<typeof schema>;

/** The same as the API's third version has it. */
const third = z
  .object({
    name: z.string().max(100),
    published_at: z.string().max(100),
    updated_at: z.string().max(100).nullish(),
    synopsis: z.string().max(10_000),
    description: z.string().max(200_000).nullish(),
    severity: z.string().max(100),
    cves: many(z.object({ cve: z.string().max(100), cvss3_scoring_vector: z.string().max(300).nullish() }), 10_000),
    packages: many(z.object({ nevra: z.string().max(512), product_name: z.string().max(200) }), 100_000),
  })
  .transform(({ name, published_at, updated_at, synopsis, description, severity, cves, packages }) => {
    const rpms: Record<string, { nvras: string[] }> = {};
    for (const { nevra, product_name } of packages) {
      // `Rocky Linux 9 x86_64`
      const product = product_name.replace(/ (?:x86_64|aarch64|ppc64le|s390x|riscv64|i686|src)$/, "");
      rpms[product] ??= { nvras: [] };
      rpms[product].nvras.push(nevra);
    }
    return {
      name,
      publishedAt: updated_at ?? published_at,
      synopsis,
      description,
      severity,
      cves: cves.map(({ cve, cvss3_scoring_vector: vector }) => ({ name: cve, cvss3ScoringVector: vector })),
      rpms,
    };
  });

/** `python-jinja2-0:2.10.1-2.el8_0.src.rpm`: updates are told by source package, as OSV's are. */
const source = /^([A-Za-z0-9][\w.+-]*)-([0-9]+:[^-]+-[^-]+)\.src(?:\.rpm)?$/;

function affectedIn({ rpms, synopsis }: Erratum, { wants }: FeedContext): readonly AffectedPackage[] {
  return Object.entries(rpms ?? {}).flatMap(([product, { nvras }]) => {
    // Products of special interest groups are repositories of their own.
    const release = /^Rocky Linux ([0-9]{1,3})$/.exec(product)?.[1];
    const ecosystem = `Rocky Linux:${release ?? ""}`;
    if (release === undefined || !wants(ecosystem)) return [];
    return [...new Set(nvras)].flatMap((nvra): readonly AffectedPackage[] => {
      const [, name, fixed] = source.exec(nvra) ?? [];
      if (name === undefined || fixed === undefined) return [];
      const isModular = fixed.includes(".module");
      const ranges = [[["introduced", "0"] as const, ["fixed", fixed] as const]];
      return [{ ecosystem, name, affected: { ranges, ...(isModular && { modules: streamsIn(synopsis) }) } }];
    });
  });
}

const isThird = (document: Buffer) => document.includes('"affected_products"') && document.includes('"nevra"');

function read(document: Buffer, context: FeedContext): FeedRecord {
  const value = parseJson(document);
  const erratum = checked(schema, isThird(document) ? checked(third, value) : value);
  const affected = affectedIn(erratum, context);
  if (affected.length === 0) return { kind: "ignored", reason: "other-ecosystem" };
  const { name: id, synopsis, description, publishedAt } = erratum;
  const told = erratum.cves ?? [];
  const cves = [
    ...new Set(told.map(({ name }) => name).filter((name) => /^CVE-[0-9]{4}-[0-9]{4,19}$/.test(name))),
  ].sort();
  if (cves.length === 0) return { kind: "ignored", reason: "no-vulnerability" };
  const severity = severityOfWord(erratum.severity.replace(/^SEVERITY_/, ""));
  // The score of one of several vulnerabilities is not the update's.
  const [only, ...others] = told;
  const cvss = others.length > 0 ? undefined : score([{ type: "CVSS_V3", score: only?.cvss3ScoringVector ?? "" }]);
  const text = paragraph(description ?? "");
  return {
    kind: "advisory",
    advisory: {
      id,
      cves,
      bundle: true,
      database: "Rocky Linux",
      summary: oneLine(synopsis),
      ...(text !== "" && { description: text }),
      ...(severity !== undefined && { severity }),
      ...(cvss !== undefined && { cvss }),
      url: `https://errata.rockylinux.org/${id}`,
      modified: new Date(publishedAt).toISOString(),
    },
    affected,
  };
}

export const feed: Feed = {
  name: "rocky",
  recognises: (document) =>
    document.includes('"synopsis"') &&
    (isThird(document) || (document.includes('"nvras"') && document.includes('"affectedProducts"'))),
  read: (document, context) => [read(document, context)],
  upstream,
};
