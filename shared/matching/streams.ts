/** What streams with longer support add to the main one: fixes that a build has, and fixes that it could have. */
import { type Claim, cvesOf } from "./claims.ts";
import type { Candidate } from "./evaluate.ts";
import { judge, type Met } from "./meet.ts";
import { isOffered, type OpenStream } from "./open.ts";

export type Offer = Claim & { readonly fixed: string };

export interface StreamVerdicts {
  /** CVEs that this build has a fix for. */
  readonly fixed: ReadonlySet<string>;
  /** CVEs that have a fix in a stream: its mark. */
  readonly fixable: ReadonlyMap<string, string>;
  /** What streams say whose repositories the package is from: their fixes are the ones that it gets. */
  readonly offered: ReadonlyMap<string, readonly [Offer, ...Offer[]]>;
}

export function judgeStreams(
  candidate: Candidate,
  streams: readonly OpenStream[],
  products: readonly string[],
  entriesIn: (shard: OpenStream["opened"][number]) => readonly Met[],
): StreamVerdicts {
  const fixed = new Set<string>();
  const fixable = new Map<string, string>();
  const offered = new Map<string, [Offer, ...Offer[]]>();
  for (const stream of streams) {
    const offers = isOffered(stream, products);
    const ours = offers || stream.builtFor(candidate.subject.version);
    for (const shard of stream.opened) {
      for (const met of entriesIn(shard)) {
        const { advisory, affected, number } = met.entry;
        const { verdict } = judge(met);
        for (const cve of cvesOf(advisory)) {
          if (ours && verdict.kind === "unaffected" && verdict.fixedAt !== undefined) fixed.add(cve);
          if (verdict.kind !== "affected" || verdict.fixed === undefined) continue;
          if (stream.mark !== undefined) fixable.set(cve, stream.mark);
          if (!offers) continue;
          const { comparison, fixed: version } = verdict;
          const claim: Offer = { advisory, affected, number, comparison, fixed: version, shard, names: [cve] };
          const others = offered.get(cve);
          if (others === undefined) offered.set(cve, [claim]);
          else others.push(claim);
        }
      }
    }
  }
  return { fixed, fixable, offered };
}
