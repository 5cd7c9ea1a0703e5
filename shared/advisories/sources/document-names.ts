/** Names of the files, on their own or in archives, that are documents for the feeds. */
const names: readonly RegExp[] = [
  /\.json$/,
  /(?:^|\/)withdrawn-ids\.txt$/,
  // The Debian security tracker's lists, and when packages and releases are given up.
  /(?:^|\/)D[SL]A\/list$/,
  /(?:^|\/)security-support-ended(?:\.deb\d{1,3})?$/,
  /(?:^|\/)(?:debian|ubuntu)\.csv$/,
  // The Ubuntu CVE tracker's own files.
  /(?:^|\/)CVE-\d{4}-[0-9A-Z]{4,19}$/,
  // Advisories that people write: RustSec's, and YAML of Ruby's, PHP's and Kubernetes'.
  /(?:^|\/)(?:RUSTSEC|CVE)-[0-9-]+\.md$/,
  /\.ya?ml$/,
  /(?:^|\/)epss_scores[\w.-]*\.csv$/,
];

/** Whether a file of that name (below its source, `/` between folders) is a document. */
export function isDocument(name: string): boolean {
  return names.some((pattern) => pattern.test(name));
}
