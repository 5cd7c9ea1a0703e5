/**
 * The OSV record, as far as it is used: https://ossf.github.io/osv-schema/ (1.7). Unknown members are dropped;
 * publishers write `null` for what they lack.
 */
import * as z from "zod";

const text = z.string().max(100_000);
const name = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^\P{Cc}+$/u);
const many = <Schema extends z.ZodType>(schema: Schema, most: number) =>
  z
    .array(schema)
    .max(most)
    .nullish()
    .transform((values) => values ?? []);

const severity = many(z.object({ type: z.string().max(100), score: z.string().max(1000) }), 20);
const specific = z
  .object({
    urgency: z.unknown().optional(),
    severity: z.unknown().optional(),
    binaries: z.unknown().optional(),
    imports: z.unknown().optional(),
    informational: z.unknown().optional(),
    last_known_affected_version_range: z.unknown().optional(),
  })
  .nullish();

const event = z.object({
  introduced: z.string().max(512).nullish(),
  fixed: z.string().max(512).nullish(),
  last_affected: z.string().max(512).nullish(),
  limit: z.string().max(512).nullish(),
});

export const osvRecord = z.object({
  id: name.max(200),
  modified: z.iso.datetime({ offset: true }),
  withdrawn: z.string().max(100).nullish(),
  aliases: many(name, 1000),
  upstream: many(name, 10_000),
  related: many(name, 10_000),
  summary: text.nullish(),
  details: z.string().nullish(),
  severity,
  affected: many(
    z.object({
      // A record may be about a commit range of a repository alone.
      package: z.object({ ecosystem: name, name }).nullish(),
      severity,
      ranges: many(z.object({ type: z.string().max(100), events: many(event, 10_000) }), 10_000),
      versions: many(z.string().max(512), 200_000),
      ecosystem_specific: specific,
      database_specific: specific,
    }),
    100_000,
  ),
  references: many(z.object({ type: z.string().max(100).nullish(), url: z.string().max(4096) }), 10_000),
  database_specific: z.object({ severity: z.unknown().optional(), cwe_ids: z.unknown().optional() }).nullish(),
});

export type OsvRecord = z.infer<typeof osvRecord>;
export type OsvAffected = OsvRecord["affected"][number];
