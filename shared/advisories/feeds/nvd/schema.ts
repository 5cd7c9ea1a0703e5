/** A CVE of the National Vulnerability Database, as far as it is used: https://csrc.nist.gov/schema/nvd/api/2.0/ */
import * as z from "zod";

const metrics = z
  .array(z.object({ source: z.string().max(256), cvssData: z.object({ vectorString: z.string().max(300) }) }))
  .max(100)
  .optional();

export const nvdCve = z.object({
  id: z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/),
  vulnStatus: z.string().max(100).optional(),
  metrics: z
    .object({
      cvssMetricV40: metrics,
      cvssMetricV31: metrics,
      cvssMetricV30: metrics,
      cvssMetricV2: metrics,
    })
    .optional(),
  weaknesses: z
    .array(z.object({ description: z.array(z.object({ value: z.string().max(1000) })).max(100) }))
    .max(100)
    .optional(),
});

export type NvdCve = z.infer<typeof nvdCve>;

/** One of the list `vulnerabilities`, and a page of them. */
export const nvdMember = z.object({ cve: nvdCve });
export const nvdPage = z.object({ vulnerabilities: z.array(z.unknown()).max(100_000) });
