/** Red Hat's documents, as far as they are used. Unknown members are dropped; `null` stands for what is not there. */
import * as z from "zod";
import { many } from "../../reading/json-document.ts";

const text = z.string().max(100_000);
const line = z.string().max(4096);
const cve = z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/);
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

/** https://security.access.redhat.com/data/meta/v1/repository-to-cpe.json */
export const repositories = z.object({
  data: z.record(line.min(1), z.object({ cpes: many(line, 1000) })),
});
