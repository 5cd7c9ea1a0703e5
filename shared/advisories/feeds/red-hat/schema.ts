/** Red Hat's documents, as far as they are used. Unknown members are dropped; `null` stands for what is not there. */
import * as z from "zod";

const text = z.string().max(100_000);
const line = z.string().max(4096);
const cve = z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/);
const many = <Schema extends z.ZodType>(schema: Schema, most: number) =>
  z
    .array(schema)
    .max(most)
    .nullish()
    .transform((values) => values ?? []);

/** https://docs.redhat.com/en/documentation/red_hat_security_data_api/ */
export const securityData = z.object({
  name: cve,
  threat_severity: line.nullish(),
  public_date: z.iso.datetime({ offset: true, local: true }),
  bugzilla: z.object({ description: text.nullish() }).nullish(),
  cvss3: z.object({ cvss3_scoring_vector: line.nullish() }).nullish(),
  cvss: z.object({ cvss_scoring_vector: line.nullish() }).nullish(),
  cwe: line.nullish(),
  details: many(text, 100),
  affected_release: many(
    z.object({
      package: line.nullish(),
      cpe: line,
      advisory: line.nullish(),
      release_date: z.iso.datetime({ offset: true, local: true }).nullish(),
      impact: line.nullish(),
    }),
    20_000,
  ),
  package_state: many(z.object({ cpe: line, fix_state: line, package_name: line }), 20_000),
});
export type SecurityData = z.infer<typeof securityData>;

const fullProduct = z.object({
  product_id: line,
  product_identification_helper: z.object({ cpe: line.nullish(), purl: line.nullish() }).nullish(),
});
const branch = z.object({
  product: fullProduct.nullish(),
  get branches(): z.ZodOptional<z.ZodNullable<z.ZodArray<typeof branch>>> {
    return z.array(branch).max(200_000).nullish();
  },
});
export type Branch = z.infer<typeof branch>;

const ids = many(line, 1_000_000);

/** CSAF 2.0, profile 5 (VEX): https://docs.oasis-open.org/csaf/csaf/v2.0/ */
export const vexDocument = z.object({
  document: z.object({
    aggregate_severity: z.object({ text: line.nullish() }).nullish(),
    title: text.nullish(),
    tracking: z.object({
      id: line,
      status: line.nullish(),
      current_release_date: z.iso.datetime({ offset: true }).nullish(),
    }),
  }),
  product_tree: z
    .object({
      branches: many(branch, 200_000),
      relationships: many(
        z.object({
          full_product_name: fullProduct,
          product_reference: line,
          relates_to_product_reference: line,
        }),
        1_000_000,
      ),
    })
    .nullish(),
  vulnerabilities: many(
    z.object({
      cve: cve.nullish(),
      cwe: z.object({ id: line }).nullish(),
      title: text.nullish(),
      notes: many(z.object({ category: line, text: z.string().nullish() }), 1000),
      product_status: z
        .object({ fixed: ids, known_affected: ids, known_not_affected: ids, under_investigation: ids })
        .nullish(),
      remediations: many(z.object({ category: line, details: z.string().nullish(), product_ids: ids }), 10_000),
      scores: many(
        z.object({
          cvss_v2: z.object({ vectorString: line.nullish() }).nullish(),
          cvss_v3: z.object({ vectorString: line.nullish() }).nullish(),
        }),
        10_000,
      ),
      threats: many(z.object({ category: line, details: line.nullish() }), 10_000),
    }),
    100,
  ),
});
export type VexDocument = z.infer<typeof vexDocument>;
export type VexVulnerability = VexDocument["vulnerabilities"][number];

/** https://security.access.redhat.com/data/meta/v1/repository-to-cpe.json */
export const repositories = z.object({
  data: z.record(line.min(1), z.object({ cpes: many(line, 1000) })),
});
