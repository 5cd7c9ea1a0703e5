import * as z from "zod";
import { severityOfWord } from "../../reading/cvss.ts";
import { checked, parseJson } from "../../reading/json-document.ts";
import { oneLine } from "../../reading/text.ts";
import { undated } from "../../reading/undated.ts";
import { fetchWhole, memberDocuments } from "../../sources/whole-file.ts";
import type { Affected, Feed, FeedContext, FeedRecord } from "../../types.ts";

const path = "issues/all.json";
const ecosystem = "Arch";

/** One vulnerability group of the Arch security tracker: https://wiki.archlinux.org/title/Arch_Security_Team */
const group = z.object({
  name: z
    .string()
    .max(100)
    .regex(/^AVG-\d+$/),
  packages: z
    .array(
      z
        .string()
        .min(1)
        .max(200)
        .regex(/^\P{Cc}+$/u),
    )
    .max(1000),
  status: z.string().max(100),
  severity: z.string().max(100),
  type: z.string().max(1000),
  affected: z.string().max(512),
  fixed: z.string().max(512).nullish(),
  issues: z.array(z.string().max(100)).max(10_000),
});

/** `affected` is the version that was looked at; earlier ones had it too. */
function affectedOf({ status, fixed, severity }: z.infer<typeof group>): Affected {
  if (status === "Not affected") return { state: "not-affected" };
  const stated = severityOfWord(severity);
  return {
    ranges: [[["introduced", "0"], ...(fixed === null || fixed === undefined ? [] : [["fixed", fixed] as const])]],
    ...(status === "Unknown" && { state: "under-investigation" }),
    ...(stated !== undefined && { severity: stated }),
  };
}

function readGroup(value: unknown, { wants }: FeedContext): FeedRecord {
  if (!wants(ecosystem)) return { kind: "ignored", reason: "other-ecosystem" };
  const told = checked(group, value);
  const cves = [...new Set(told.issues.filter((issue) => /^CVE-\d{4}-\d{4,19}$/.test(issue)))].sort();
  const affected = affectedOf(told);
  return {
    kind: "advisory",
    advisory: {
      id: told.name,
      ...(cves.length > 0 && { cves }),
      bundle: true,
      database: "Arch Linux",
      summary: oneLine(told.type),
      url: `https://security.archlinux.org/${told.name}`,
      modified: undated,
    },
    affected: told.packages.map((name) => ({ ecosystem, name, affected })),
  };
}

/** Arch Linux: groups of vulnerabilities of one version, alone or as the list of all. */
export const feed: Feed = {
  name: "arch",
  recognises(document) {
    const head = document.toString("latin1", 0, 16_384);
    return /^\s*(?:\[\s*)?\{/.test(head) && /"name"\s*:\s*"AVG-\d/.test(head);
  },
  read(document, context) {
    const value = parseJson(document);
    return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((item) => readGroup(item, context));
  },
  upstream: {
    url: "https://security.archlinux.org",
    enabled: true,
    attribution: "Arch Linux security tracker, https://security.archlinux.org",
    redistributable: true,
    staleAfterHours: 96,
    parts: (wants) => (wants(ecosystem) ? [""] : []),
    fetch: (_part, fetcher) => fetchWhole(fetcher, path, (stored) => memberDocuments(stored, path)),
  },
};
