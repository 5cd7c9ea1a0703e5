/** Severity and CVSS of records: the publisher's own word first, a score when it gives none. */
import calculator from "ae-cvss-calculator";
import type { Severity } from "../../findings/types.ts";

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

/** Of each version the metrics with their values, as its specification's section on vector strings lists them. */
const grammars = {
  "4.0":
    "AV:[NALP] AC:[LH] AT:[NP] PR:[NLH] UI:[NPA] [VS][CIA]:[HLN] E:[XAPU] [CIA]R:[XHML] MAV:[XNALP] MAC:[XLH] MAT:[XNP] MPR:[XNLH] MUI:[XNPA] MV[CIA]:[XHLN] MSC:[XHLN] MS[IA]:[XSHLN] S:[XNP] AU:[XNY] R:[XAUI] V:[XDC] RE:[XLMH] U:(?:X|Clear|Green|Amber|Red)",
  "3": "AV:[NALP] AC:[LH] PR:[NLH] UI:[NR] S:[UC] [CIA]:[NLH] E:[XUPFH] RL:[XOTWU] RC:[XURC] [CIA]R:[XLMH] MAV:[XNALP] MAC:[XLH] MPR:[XNLH] MUI:[XNR] MS:[XUC] M[CIA]:[XNLH]",
  "2": "AV:[LAN] AC:[HML] Au:[MSN] [CIA]:[NPC] E:(?:U|POC|F|H|ND) RL:(?:OF|TF|W|U|ND) RC:(?:UC|UR|C|ND) CDP:(?:N|L|LM|MH|H|ND) TD:(?:N|L|M|H|ND) [CIA]R:(?:L|M|H|ND)",
} as const;

/** The library logs what it does not know, so that is kept from it. */
function grammar(prefix: string, version: keyof typeof grammars): RegExp {
  return new RegExp(`^${prefix}(?:(?:${grammars[version].replaceAll(" ", "|")})(?:/|$))+$`);
}

const versions: readonly (readonly [shape: RegExp, make: (vector: string) => Scored])[] = [
  [grammar("CVSS:4\\.0/", "4.0"), (vector) => new calculator.Cvss4P0(vector)],
  [grammar("CVSS:3\\.1/", "3"), (vector) => new calculator.Cvss3P1(vector)],
  [grammar("CVSS:3\\.0/", "3"), (vector) => new calculator.Cvss3P0(vector)],
  [grammar("", "2"), (vector) => new calculator.Cvss2(vector)],
];

function score(vector: string): number | undefined {
  if (vector.length > 300) return undefined;
  const scored = versions.find(([shape]) => shape.test(vector))?.[1](vector);
  if (scored?.isBaseFullyDefined() !== true) return undefined;
  const { overall } = scored.calculateScores();
  return Number.isFinite(overall) && overall >= 0 && overall <= 10 ? overall : undefined;
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
