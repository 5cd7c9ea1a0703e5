/**
 * The lists of Debian's advisories, `data/DSA/list` and `data/DLA/list` of the security tracker:
 *
 *     [29 Mar 2023] DSA-5380-1 xorg-server - security update
 *     	{CVE-2023-1393}
 *     	[bullseye] - xorg-server 2:1.20.11-1+deb11u6
 *
 * https://security-team.debian.org/security_tracker.html#issuing-dsas
 */
import { debianRelease } from "../../reading/debian-releases.ts";
import { oneLine } from "../../reading/text.ts";
import type { Affected, AffectedPackage, FeedContext, FeedRecord } from "../../types.ts";

const heading = /^\[(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})\] (D[SL]A-\d{1,6}(?:-\d{1,4})?)(?: +(.*))?$/;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** It mends an earlier update, or brings or tells something else, and fixes no vulnerability. */
const harmless = /regression|new upstream|end[- ]of[- ]life|key change|functional|time ?zone/i;

/** The texts of the advisories, each from its heading to the next. */
export function advisoriesIn(list: string): readonly string[] {
  return list.split(/^(?=\[\d)/m).filter((text) => text.startsWith("["));
}

function isoDate(day: string, month: string, year: string): string | undefined {
  const at = Date.UTC(Number(year), months.indexOf(month), Number(day));
  return Number.isNaN(at) || !months.includes(month) ? undefined : new Date(at).toISOString();
}

/** `<not-affected> (Vulnerable code not present)`, `<unfixed>`, `<end-of-life>`, or the fixed version. */
function affectedOf(said: string): Affected | undefined {
  const [, word, reason] = /^<([a-z-]+)>(?: *\((.*)\))?/.exec(said) ?? [];
  const told = reason === undefined ? {} : { reason: oneLine(reason) };
  if (word === "not-affected") return { state: "not-affected", ...told };
  if (word === "end-of-life") return { ranges: [[["introduced", "0"]]], state: "end-of-life", ...told };
  if (word === "unfixed") return { ranges: [[["introduced", "0"]]] };
  const [version] = said.split(/\s/, 1);
  if (word !== undefined || version === undefined || version === "") return undefined;
  return {
    ranges: [
      [
        ["introduced", "0"],
        ["fixed", version],
      ],
    ],
  };
}

function packagesOf(lines: readonly string[], wants: FeedContext["wants"]): readonly AffectedPackage[] {
  return lines.flatMap((line) => {
    const [, codename = "", name, said = ""] = /^\s*\[([a-z]+)\] +- +([a-z0-9][a-z0-9+.-]*) +(\S.*)$/.exec(line) ?? [];
    const release = debianRelease(codename);
    const affected = affectedOf(said);
    if (name === undefined || affected === undefined || release === undefined || !wants(`Debian:${release}`)) return [];
    return [{ ecosystem: `Debian:${release}`, name, affected }];
  });
}

/** One advisory of the lists; `undefined` when the text does not begin as one. */
export function readAdvisory(text: string, { wants }: FeedContext): FeedRecord | undefined {
  const [first = "", ...lines] = text.split("\n");
  const [, day = "", month = "", year = "", id, title = ""] = heading.exec(first.trimEnd()) ?? [];
  const modified = isoDate(day, month, year);
  if (id === undefined || modified === undefined) return undefined;
  const affected = packagesOf(lines, wants);
  const named = lines.flatMap((line) => /^\s*\{([^}]*)\}/.exec(line)?.[1]?.split(/\s+/) ?? []);
  const cves = [...new Set(named.filter((name) => /^CVE-\d{4}-\d{4,19}$/.test(name)))].sort();
  if (cves.length === 0 && harmless.test(title)) return { kind: "ignored", reason: "no-vulnerability" };
  if (affected.length === 0) return { kind: "ignored", reason: "other-ecosystem" };
  return {
    kind: "advisory",
    advisory: {
      id,
      ...(cves.length > 0 && { cves }),
      bundle: true,
      database: "Debian",
      summary: oneLine(title),
      url: `https://security-tracker.debian.org/tracker/${id}`,
      modified,
    },
    affected,
  };
}
