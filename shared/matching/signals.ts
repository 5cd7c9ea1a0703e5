/** What others say of a CVE, read only for those that matched. */
import * as z from "zod";
import type { Advisories } from "../advisories/set/store.ts";

const epssSchema = z.object({
  probability: z.number().min(0).max(1),
  percentile: z.number().min(0).max(1).optional(),
  date: z.string(),
});
const cvssSchema = z.object({
  cvss: z.object({ vector: z.string(), score: z.number() }).optional(),
  by: z.string(),
  exploitation: z.string().optional(),
});

export type Epss = z.infer<typeof epssSchema>;

export interface Signals {
  exploited(cve: string): boolean;
  epss(cve: string): Epss | undefined;
  /** A third party's score. */
  score(
    cve: string,
  ): { readonly cvss: { readonly vector: string; readonly score: number }; readonly by: string } | undefined;
}

/** The signals of these CVEs. Throws what reading the tables throws. */
export async function readSignals(advisories: Advisories, cves: Iterable<string>): Promise<Signals> {
  const keys = [...new Set(cves)];
  const [epss, cvss] = await Promise.all([advisories.rows("epss", keys), advisories.rows("cvss", keys)]);
  return {
    exploited: (cve) => advisories.exploited(cve) !== undefined,
    epss: (cve) => (epss.has(cve) ? epssSchema.safeParse(epss.get(cve)).data : undefined),
    score(cve) {
      const row = cvss.has(cve) ? cvssSchema.safeParse(cvss.get(cve)).data : undefined;
      return row?.cvss === undefined ? undefined : { cvss: row.cvss, by: row.by };
    },
  };
}
