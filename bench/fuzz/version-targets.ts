/** Orders of versions, and the ranges that are judged by them. */
import { judgeRange, sortEvents } from "../../shared/advisories/ranges.ts";
import type { RangeEvent } from "../../shared/advisories/types.ts";
import { schemeNames, versionScheme } from "../../shared/versions/compare.ts";
import { longestVersion } from "../../shared/versions/types.ts";
import { mustHold } from "./must-hold.ts";
import type { Sample } from "./samples.ts";
import type { Target } from "./target.ts";

/** Pairs of neighbours, one version a line; each scheme is given all of them. */
const pairs: readonly Sample[] = [
  ["1:1.2-3~deb12u1+b2", "1.2-3"],
  ["0:1.2.3-4.el9_2.1", "1.2.3^git20240101-4.module+el8.9.0+1+abc"],
  ["1.2.3a_alpha1_p2-r4", "1.2.3_git20240101-r10"],
  ["1.0.0-rc.1+build.5", "1.0.0-rc.1.x-y"],
  ["v0.0.0-20240102030405-abcdef123456", "v1.2.3+incompatible"],
  ["1.0-alpha-2-SNAPSHOT", "1.0.0.Final-redhat-00001"],
  ["1!2.0.post1.dev3+local.5", "2.0rc1"],
  ["1.0.0.pre.beta2", "1.0.a10z"],
  ["1.0.0.0-Beta", "1.0.00"],
  ["dev-master", "1.0.x-dev"],
  ["1.2.3-4-5", "1.2_3"],
  ["system", "cci.20240101"],
].map((two) => ({ path: "pair", content: Buffer.from(two.join("\n")) }));

const linesOf = (bytes: Buffer) =>
  bytes
    .toString("utf8")
    .split("\n")
    .map((line) => line.slice(0, longestVersion + 1));

export function versionTargets(): Target[] {
  return [
    ...schemeNames.map((name): Target => {
      const scheme = versionScheme(name);
      return {
        name: `versions ${name}`,
        samples: pairs,
        weight: 3,
        strict: true,
        run(bytes) {
          const [one, other] = linesOf(bytes).map((text) => scheme.parse(text));
          if (one !== undefined) mustHold(scheme.compare(one, one) === 0, "a version is equal to itself");
          if (one === undefined || other === undefined) return;
          const there = Math.sign(scheme.compare(one, other));
          // NaN is not equal to itself. Of -0 and 0 nobody asks.
          mustHold(there + Math.sign(scheme.compare(other, one)) === 0, "the order is the same from either side");
        },
      };
    }),
    { name: "ranges", samples: rangeSamples(), weight: 5, strict: true, run: judge },
  ];
}

/** A version, then events: `introduced 0`. */
function rangeSamples(): Sample[] {
  return pairs.map(({ content }) => {
    const [one = "", other = ""] = linesOf(content);
    return {
      path: "range",
      content: Buffer.from(`${one}\nintroduced 0\nfixed ${other}\nintroduced ${one}\nlast_affected ${other}\nlimit *`),
    };
  });
}

const kinds = ["introduced", "fixed", "last_affected", "limit"] as const;

function judge(bytes: Buffer): void {
  const [text = "", ...lines] = linesOf(bytes);
  const events = lines.flatMap((line): readonly RangeEvent[] => {
    const kind = kinds.find((known) => line.startsWith(`${known} `));
    return kind === undefined ? [] : [[kind, line.slice(kind.length + 1)]];
  });
  for (const name of schemeNames) {
    const scheme = versionScheme(name);
    const sorted = sortEvents(scheme, events);
    mustHold(sorted.length === events.length, "sorting loses no event");
    const version = scheme.parse(text);
    if (version !== undefined) judgeRange(scheme, sorted, version);
  }
}
