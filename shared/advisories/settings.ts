import * as z from "zod";

export const advisorySettings = z.strictObject({
  /** Where `update` reads from: an `https:` base URL laid out as the public OSV export, or a directory. */
  upstream: z.string().min(1).default("https://storage.googleapis.com/osv-vulnerabilities"),
  /** The known-exploited catalogue; empty: none. */
  kevUrl: z.string().default("https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
  /** OSV ecosystems to keep. Wolfi and Chainguard are not among the default: their licence is the user's to accept. */
  ecosystems: z
    .array(z.string().min(1))
    .min(1)
    .max(60)
    .default([
      "Debian",
      "Ubuntu",
      "Alpine",
      "Red Hat",
      "Rocky Linux",
      "AlmaLinux",
      "SUSE",
      "openSUSE",
      "npm",
      "PyPI",
      "Go",
      "crates.io",
    ]),
  /** Scans warn when the store is older than this. */
  warnAfterDays: z.int().min(1).max(365).default(5),
});
export type AdvisorySettings = z.infer<typeof advisorySettings>;
