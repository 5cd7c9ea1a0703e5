/** What streams with longer support add to the main one: fixes that a build has, and fixes that it could have. */
import type { Candidate } from "./evaluate.ts";
import { judge, type Met } from "./meet.ts";
import type { OpenStream } from "./open.ts";

export interface StreamVerdicts {
  /** CVEs that this build has a fix for. */
  readonly fixed: ReadonlySet<string>;
  /** CVEs that have a fix in a stream: its mark. */
  readonly fixable: ReadonlyMap<string, string>;
}

export function judgeStreams(
  candidate: Candidate,
  streams: readonly OpenStream[],
  entriesIn: (shard: OpenStream["opened"][number]) => readonly Met[],
): StreamVerdicts {
  const fixed = new Set<string>();
  const fixable = new Map<string, string>();
  for (const stream of streams) {
    const ours = stream.builtFor(candidate.subject.version);
    for (const met of stream.opened.flatMap(entriesIn)) {
      const { advisory } = met.entry;
      const { verdict } = judge(met);
      for (const cve of advisory.cves ?? []) {
        if (ours && verdict.kind === "unaffected" && verdict.fixedAt !== undefined) fixed.add(cve);
        if (stream.mark !== undefined && verdict.kind === "affected" && verdict.fixed !== undefined) {
          fixable.set(cve, stream.mark);
        }
      }
    }
  }
  return { fixed, fixable };
}
