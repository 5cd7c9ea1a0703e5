import { type Severity, severities } from "../findings/types.ts";

/**
 * Controls, line and paragraph separators, and format characters (zero-width, bidirectional, tags): what lets a
 * hostile name hide, reorder or break the text around it. https://www.unicode.org/reports/tr36/
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** One printable line of at most `maximum` UTF-16 units, cut with `…` between characters. */
export function plain(text: string, maximum: number): string {
  // Cut early too: cleaning is linear, but hostile texts may be megabytes long.
  const line = printable(text.slice(0, maximum * 8))
    .replace(/ {2,}/g, " ")
    .trim();
  if (line.length <= maximum) return line;
  const cut = line.slice(0, maximum - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}

/** The text with a space for every run of characters that are not for showing. */
export function printable(text: string): string {
  return text.toWellFormed().replace(unprintable, " ");
}

/** A link that is safe to offer to people: http(s), no credentials, at most 1,000 characters; else nothing. */
export function safeLink(link: string | undefined): string | undefined {
  if (link === undefined || link.length > 1000) return undefined;
  const url = URL.parse(link);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
  if (url.username !== "" || url.password !== "" || url.href.length > 1000) return undefined;
  return url.href;
}

/** `a, b and 3 more`. */
export function namesOf(names: readonly string[], maximum: number): string {
  const shown = names.slice(0, maximum).join(", ");
  return names.length > maximum ? `${shown} and ${names.length - maximum} more` : shown;
}

/** `1 image`, `2 images`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export type SeverityCounts = { readonly [severity in Severity]?: number };

/** `1 critical, 2 high`, worst first, without zeros; empty when there is none. */
export function severitiesOf(counts: SeverityCounts): string {
  return severities
    .filter((severity) => (counts[severity] ?? 0) > 0)
    .map((severity) => `${counts[severity]} ${severity}`)
    .join(", ");
}

/** How many there are of each severity. */
export function countSeverities(findings: Iterable<{ readonly severity: Severity }>): SeverityCounts {
  const counts: { [severity in Severity]?: number } = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

/** The sums by severity, without zeros. */
export function sumCounts(all: Iterable<SeverityCounts>): SeverityCounts {
  const sums: { [severity in Severity]?: number } = {};
  for (const counts of all) {
    for (const severity of severities) {
      const sum = (sums[severity] ?? 0) + (counts[severity] ?? 0);
      if (sum > 0) sums[severity] = sum;
    }
  }
  return sums;
}

/** How many there are together. */
export function totalOf(counts: SeverityCounts): number {
  return severities.reduce((sum, severity) => sum + (counts[severity] ?? 0), 0);
}

/** The worst of them. */
export function worst(all: Iterable<Severity>): Severity | undefined {
  const present = new Set(all);
  return severities.find((severity) => present.has(severity));
}
