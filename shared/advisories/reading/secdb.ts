/**
 * "secdb", the form in which Alpine, Wolfi and Chainguard publish which build of a source package fixed what:
 * https://secdb.alpinelinux.org. It tells of fixes alone: what has none is not in it.
 */
import * as z from "zod";
import { versionScheme } from "../../versions/compare.ts";
import type { Affected, AffectedPackage, FeedRecord } from "../types.ts";
import { checked, parseJson } from "./json-document.ts";
import { undated } from "./undated.ts";

const name = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^\P{Cc}+$/u);

/** Releases and repositories: they become part of names. */
const word = z
  .string()
  .max(50)
  .regex(/^[A-Za-z0-9][\w.-]*$/);

const secdbDocument = z.object({
  urlprefix: z.string().max(1000).nullish(),
  reponame: word,
  /** Absent where there is only one release. */
  distroversion: word.nullish(),
  packages: z
    .array(
      z.object({
        pkg: z.object({
          name,
          secfixes: z.record(z.string().max(512), z.array(z.string().max(1000)).nullish()).nullish(),
        }),
      }),
    )
    .max(100_000),
});

interface SecdbPublisher {
  /** Whose word it is. */
  readonly database: string;
  readonly licence?: string;
  readonly url: (id: string) => string;
  readonly ecosystem: string;
  readonly scope?: string;
}

/** Whether a document has this form; of which publisher is for its feed to say. */
export function isSecdb(document: Buffer): boolean {
  return (
    /^\s*\{/.test(document.toString("latin1", 0, 64)) &&
    document.includes('"secfixes"') &&
    document.includes('"reponame"')
  );
}

/** Throws `PermanentError("advisory-malformed")`. */
export function parseSecdb(document: Buffer): z.infer<typeof secdbDocument> {
  return checked(secdbDocument, parseJson(document));
}

/** The names in an entry: `CVE-2020-25600 XSA-342` are two of one; remarks in between are not names. */
function namesIn(entry: string): readonly string[] {
  return entry.split(/[\s,;()]+/).filter((word) => /^[A-Z][A-Z0-9]*-[A-Za-z0-9][\w.:-]{1,190}$/.test(word));
}

/** The later of two builds that are said to fix the same: only after it, nothing of it is left. */
function later(a: string, b: string): string {
  const scheme = versionScheme("apk");
  const [readA, readB] = [scheme.parse(a), scheme.parse(b)];
  if (readA === undefined || readB === undefined) return readB === undefined ? a : b;
  return scheme.compare(readA, readB) < 0 ? b : a;
}

/** `0` stands for a package that never had it. */
const never = "0";

function affectedOf(fixed: string): Affected {
  if (fixed === never) return { state: "not-affected" };
  return {
    ranges: [
      [
        ["introduced", "0"],
        ["fixed", fixed],
      ],
    ],
  };
}

interface Issue {
  readonly aliases: Set<string>;
  readonly cves: Set<string>;
  /** Source package -> the build that fixes it. */
  readonly fixes: Map<string, string>;
}

/** The entries of all packages, by vulnerability; an entry of several CVEs is told under each of them. */
function issuesIn(packages: z.infer<typeof secdbDocument>["packages"]): ReadonlyMap<string, Issue> {
  const issues = new Map<string, Issue>();
  const take = (source: string, fixed: string, names: readonly string[]) => {
    const cves = names.filter((text) => /^CVE-\d{4}-\d{4,19}$/.test(text));
    for (const id of cves.length > 0 ? cves : names.slice(0, 1)) {
      const issue = issues.get(id) ?? { aliases: new Set(), cves: new Set(), fixes: new Map() };
      issues.set(id, issue);
      for (const other of names) if (cves.length < 2 && other !== id) issue.aliases.add(other);
      if (cves.includes(id)) issue.cves.add(id);
      const known = issue.fixes.get(source);
      issue.fixes.set(source, known === undefined || known === never ? fixed : later(known, fixed));
    }
  };
  for (const { pkg } of packages) {
    for (const [fixed, entries] of Object.entries(pkg.secfixes ?? {})) {
      for (const entry of entries ?? []) take(pkg.name, fixed, namesIn(entry));
    }
  }
  return issues;
}

/** One record for each vulnerability that the document names, about all of its packages. */
export function readSecdb(
  { packages }: z.infer<typeof secdbDocument>,
  { database, licence, url, ecosystem, scope }: SecdbPublisher,
): readonly FeedRecord[] {
  return [...issuesIn(packages)].map(([id, { aliases, cves, fixes }]) => ({
    kind: "advisory",
    advisory: {
      id,
      ...(aliases.size > 0 && { aliases: [...aliases].sort() }),
      ...(cves.size > 0 && { cves: [...cves] }),
      database,
      summary: "",
      url: url(id),
      modified: undated,
    },
    affected: [...fixes].map(
      ([source, fixed]): AffectedPackage => ({ ecosystem, name: source, affected: affectedOf(fixed) }),
    ),
    ...(licence !== undefined && { licence }),
    ...(scope !== undefined && { scope }),
  }));
}
