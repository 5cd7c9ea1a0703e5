/** The Ruby Advisory Database's own files: https://github.com/rubysec/ruby-advisory-db#schema */
import * as z from "zod";
import { severityOfScore } from "../../reading/cvss.ts";
import { rangeOutside } from "../../reading/intervals.ts";
import { checked } from "../../reading/json-document.ts";
import { repositoryUpstream } from "../../reading/repository.ts";
import { gemRequirements } from "../../reading/requirements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { isoTime } from "../../reading/time.ts";
import { parseYaml } from "../../reading/yaml-document.ts";
import type { Feed, FeedContext, FeedRecord } from "../../types.ts";

const ecosystem = "RubyGems";

const requirements = z
  .array(z.union([z.string().max(500), z.number().transform(String)]))
  .max(200)
  .nullish();
const score = z.number().min(0).max(10).nullish();
const schema = z.object({
  gem: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,200}$/)
    .optional(),
  /** Where it is about an implementation of the language. */
  engine: z.string().max(100).optional(),
  platform: z
    .string()
    .regex(/^[\w-]{1,40}$/)
    .nullish(),
  cve: z
    .string()
    .regex(/^[0-9]{4}-[0-9]{4,19}$/)
    .nullish(),
  ghsa: z
    .string()
    .regex(/^[0-9a-z]{4}(?:-[0-9a-z]{4}){2}$/)
    .nullish(),
  osvdb: z.number().int().min(0).nullish(),
  title: z.string().max(10_000),
  description: z.string().max(200_000).nullish(),
  date: z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/),
  cvss_v2: score,
  cvss_v3: score,
  cvss_v4: score,
  patched_versions: requirements,
  unaffected_versions: requirements,
});

function read(document: Buffer, { wants }: FeedContext): FeedRecord {
  const record = checked(schema, parseYaml(document));
  const { gem, cve, ghsa, osvdb, platform, date } = record;
  const names = [
    ...(typeof cve === "string" ? [`CVE-${cve}`] : []),
    ...(typeof ghsa === "string" ? [`GHSA-${ghsa}`] : []),
    ...(typeof osvdb === "number" ? [`OSVDB-${osvdb}`] : []),
  ];
  const [id, ...aliases] = names;
  if (gem === undefined || id === undefined) return { kind: "ignored", reason: "no-package" };
  if (!wants(ecosystem)) return { kind: "ignored", reason: "other-ecosystem" };
  const told = [...(record.patched_versions ?? []), ...(record.unaffected_versions ?? [])];
  const intervals = told.map((text) => gemRequirements.interval([text]));
  const value = record.cvss_v4 ?? record.cvss_v3 ?? record.cvss_v2;
  const description = paragraph(record.description ?? "");
  return {
    kind: "advisory",
    // A CVE has one file for each gem that it is about.
    scope: gem,
    advisory: {
      id,
      ...(aliases.length > 0 && { aliases: aliases.sort() }),
      ...(typeof cve === "string" && { cves: [id] }),
      database: "RubySec",
      summary: oneLine(record.title),
      ...(description !== "" && { description }),
      // It keeps scores without their vectors.
      ...(typeof value === "number" && { severity: severityOfScore(value) }),
      url: `https://rubysec.com/advisories/${id}/`,
      modified: isoTime(date),
    },
    affected: [
      {
        ecosystem,
        name: gem,
        affected: {
          ranges: [rangeOutside(gemRequirements.line, intervals)],
          ...(typeof platform === "string" && { marks: [`only-${platform}`] }),
        },
      },
    ],
  };
}

export const feed: Feed = {
  name: "rubysec",
  recognises(document, file) {
    if (!/\.ya?ml$/.test(file)) return false;
    const head = document.toString("latin1", 0, 200);
    return /^(?:gem|engine): /m.test(head) && /^date: /m.test(document.toString("latin1"));
  },
  read: (document, context) => [read(document, context)],
  upstream: repositoryUpstream(
    { name: "rubysec/ruby-advisory-db", branch: "master", files: /\/gems\/[^/]+\/[\w.-]+\.yml$/ },
    {
      // OSV carries most of its records, by way of GitHub's.
      enabled: false,
      attribution: "Ruby Advisory Database, https://rubysec.com",
      redistributable: true,
      staleAfterHours: 14 * 24,
      parts: (wants) => (wants(ecosystem) ? [""] : []),
    },
  ),
};
