import * as z from "zod";

export const advisorySettings = z.strictObject({
  /** Where `update` reads from: the base URL of an export laid out as OSV's, or a directory that has everything. */
  upstream: z.string().min(1).default("https://storage.googleapis.com/osv-vulnerabilities"),
  /** Of each feed by its name: whether it is fetched, and its base URL (a mirror). */
  feeds: z
    .record(z.string().max(100), z.strictObject({ enabled: z.boolean().optional(), url: z.url().optional() }))
    .default({}),
  /** OSV ecosystems to keep. Wolfi and Chainguard are not among the default: their licence is the user's to accept. */
  ecosystems: z
    .array(z.string().min(1))
    .min(1)
    .max(100)
    .default([
      "Debian",
      "Ubuntu",
      "Alpine",
      "Red Hat",
      "Rocky Linux",
      "AlmaLinux",
      "SUSE",
      "openSUSE",
      "Oracle Linux",
      "Amazon Linux",
      "Photon OS",
      "Azure Linux",
      "Fedora",
      "Arch",
      "Kubernetes",
      "npm",
      "PyPI",
      "Go",
      "crates.io",
      "Maven",
      "RubyGems",
      "NuGet",
      "Packagist",
      "Pub",
      "Hex",
      "CRAN",
      "SwiftURL",
      "ConanCenter",
      "Bitnami",
    ]),
  /** How often each source is asked for what is new, in hours. */
  everyHours: z.number().min(0.5).max(168).default(6),
  /** Scans warn when the store is older than this. */
  warnAfterDays: z.int().min(1).max(365).default(5),
});
export type AdvisorySettings = z.infer<typeof advisorySettings>;
