/** Severity and CVSS of an OSV record: the publisher's own word first, a score when it gives none. */
import calculator from "ae-cvss-calculator";
import type { Severity } from "../../../findings/types.ts";

/** The words of GitHub, Red Hat, Ubuntu and SUSE for the same five. */
const words: Readonly<Record<string, Severity>> = {
  critical: "critical",
  important: "high",
  high: "high",
  moderate: "medium",
  medium: "medium",
  low: "low",
  negligible: "negligible",
  unimportant: "negligible",
  none: "negligible",
};

export function severityOfWord(word: unknown): Severity | undefined {
  return typeof word === "string" ? words[word.trim().toLowerCase()] : undefined;
}

/** The qualitative rating scale, CVSS 3.1 section 5 and 4.0 section 6. */
export function severityOfScore(score: number): Severity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 ? "low" : "negligible";
}

export interface Cvss {
  readonly vector: string;
  readonly score: number;
}

interface Scored {
  isBaseFullyDefined(): boolean;
  calculateScores(): { readonly overall: number };
}

const versions: readonly (readonly [prefix: string, make: (vector: string) => Scored])[] = [
  ["CVSS:4.0/", (vector) => new calculator.Cvss4P0(vector)],
  ["CVSS:3.1/", (vector) => new calculator.Cvss3P1(vector)],
  ["CVSS:3.0/", (vector) => new calculator.Cvss3P0(vector)],
  ["AV:", (vector) => new calculator.Cvss2(vector)],
];

function score(vector: string): number | undefined {
  if (vector.length > 300 || !/^[A-Za-z0-9:./()]+$/.test(vector)) return undefined;
  try {
    const scored = versions.find(([prefix]) => vector.startsWith(prefix))?.[1](vector);
    if (scored?.isBaseFullyDefined() !== true) return undefined;
    const { overall } = scored.calculateScores();
    return Number.isFinite(overall) && overall >= 0 && overall <= 10 ? overall : undefined;
  } catch {
    // Not a vector: the record is without score.
    return undefined;
  }
}

export type Scorer = (severities: readonly { readonly type: string; readonly score: string }[]) => Cvss | undefined;

/** Scores vectors, remembering (a few thousand vectors are shared by all records). The newest version counts. */
export function cvssScorer(): Scorer {
  const known = new Map<string, number | undefined>();
  const scoreOnce = (vector: string): number | undefined => {
    if (known.has(vector)) return known.get(vector);
    if (known.size > 50_000) known.clear();
    const value = score(vector);
    known.set(vector, value);
    return value;
  };
  return (severities) => {
    for (const type of ["CVSS_V4", "CVSS_V3", "CVSS_V2"]) {
      for (const entry of severities) {
        if (entry.type !== type) continue;
        const value = scoreOnce(entry.score);
        if (value !== undefined) return { vector: entry.score, score: value };
      }
    }
    return undefined;
  };
}
