/** AlmaLinux' errata as its own place gives them (OSV has them too, without epochs): https://errata.almalinux.org */
import * as z from "zod";
import { PermanentError } from "../../../platform/errors.ts";
import { severityOfWord } from "../../reading/cvss.ts";
import { checked, many, parseJson } from "../../reading/json-document.ts";
import { affectedOf, isDebugPackage, type Statement } from "../../reading/statements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { fetchWhole, memberDocuments } from "../../sources/whole-file.ts";
import type { Feed, FeedRecord } from "../../types.ts";

const id = z.string().regex(/^AL[SBE]A-[0-9]{4}:[0-9A-Z]{1,20}$/);
const word = z.string().regex(/^[\w.+~^:-]{1,300}$/);
/** Seconds, milliseconds in a member of its own, or ISO 8601. */
const time = z
  .union([
    z
      .number()
      .min(0)
      .max(1e11)
      .transform((seconds) => seconds * 1000),
    z.object({ $date: z.number().min(0).max(1e14) }).transform(({ $date }) => $date),
    z.iso
      .datetime({ offset: true, local: true })
      .transform((text) => Date.parse(/(?:Z|[+-][0-9]{2}:?[0-9]{2})$/.test(text) ? text : `${text}Z`)),
    z.iso.date().transform((text) => Date.parse(text)),
  ])
  .refine(Number.isFinite);
const module = z.object({ name: word.nullish(), stream: word.nullish() });
const packages = many(
  z.object({
    name: word,
    epoch: z.union([z.string().regex(/^[0-9]{0,10}$/), z.int().min(0).max(4_294_967_295)]).nullish(),
    version: word,
    release: word,
    arch: word.nullish(),
  }),
  100_000,
);
const common = {
  title: z.string().max(10_000),
  description: z.string().nullish(),
  severity: z.string().max(100).nullish(),
  issued_date: time,
  updated_date: time.nullish(),
  references: many(z.object({ id: z.string().max(1000).nullish(), type: z.string().max(100).nullish() }), 10_000),
};
/** `errata.full.json`, and the form before it, `errata.json`. */
const full = z.object({ ...common, id, packages, modules: many(module, 1000) });
const former = z
  .object({ ...common, updateinfo_id: id, pkglist: z.object({ packages, module: module.nullish() }) })
  .transform(({ updateinfo_id, pkglist, ...rest }) => ({
    ...rest,
    id: updateinfo_id,
    packages: pkglist.packages,
    modules: pkglist.module ? [pkglist.module] : [],
  }));
const erratum = z.union([full, former]);
type Erratum = z.infer<typeof erratum>;

/** `9` of `1.el9_4.1` and `1.module_el9.4.0+1`: the erratum itself does not name its release. */
const releaseOf = (release: string) => /\.(?:module[_+])?el([0-9]{1,2})(?![0-9])/.exec(release)?.[1];

function* statementsOf(told: Erratum): Generator<Statement> {
  const modules = told.modules.flatMap(({ name, stream }) => (name && stream ? [`${name}:${stream}`] : []));
  for (const { name, epoch, version, release, arch } of told.packages) {
    const major = releaseOf(release);
    if (major === undefined || arch === "src" || isDebugPackage(name)) continue;
    yield {
      ecosystem: `AlmaLinux:${major}`,
      name,
      ...(arch && { arch }),
      ...(release.includes(".module") && { modules: [...new Set(modules)].sort() }),
      says: { fixed: `${epoch || "0"}:${version}-${release}` },
    };
  }
}

function read(told: Erratum, wants: (ecosystem: string) => boolean): FeedRecord {
  const named = told.references.flatMap((reference) => reference.id ?? []);
  const cves = [...new Set(named.filter((name) => /^CVE-[0-9]{4}-[0-9]{4,19}$/.test(name)))].sort();
  if (cves.length === 0) return { kind: "ignored", reason: "no-vulnerability", id: told.id };
  const affected = affectedOf([...statementsOf(told)].filter(({ ecosystem }) => wants(ecosystem)));
  const [first] = affected;
  if (first === undefined) return { kind: "ignored", reason: "other-ecosystem", id: told.id };
  const severity = severityOfWord(told.severity);
  const description = paragraph(told.description ?? "");
  return {
    kind: "advisory",
    advisory: {
      id: told.id,
      cves,
      bundle: true,
      database: "AlmaLinux",
      summary: oneLine(told.title),
      ...(description !== "" && { description }),
      ...(severity !== undefined && { severity }),
      url: `https://errata.almalinux.org/${first.ecosystem.replace("AlmaLinux:", "")}/${told.id.replace(":", "-")}.html`,
      modified: new Date(told.updated_date ?? told.issued_date).toISOString(),
    },
    affected,
    licence: "MIT",
  };
}

/** One erratum, or the list of all in either form. */
function errataIn(value: unknown): readonly Erratum[] {
  const list: unknown =
    typeof value === "object" && value !== null && "data" in value && !("id" in value) ? value.data : value;
  if (!Array.isArray(list)) return [checked(erratum, value)];
  if (list.length > 100_000) throw new PermanentError("advisory-malformed", "more errata than there can be");
  return list.map((one) => checked(erratum, one));
}

const releases = ["8", "9", "10"];

export const feed: Feed = {
  name: "alma",
  recognises(document) {
    const head = document.toString("latin1", 0, 64);
    if (!/^\s*[[{]/.test(head) || !/"(?:updateinfo_)?id"\s*:\s*"AL[SBE]A-/.test(document.toString("latin1")))
      return false;
    return document.includes('"issued_date"') && document.includes('"references"');
  },
  read: (document, { wants }) => errataIn(parseJson(document)).map((told) => read(told, wants)),
  upstream: {
    url: "https://errata.almalinux.org",
    // OSV carries them.
    enabled: false,
    licence: "MIT",
    attribution: "AlmaLinux errata, https://errata.almalinux.org",
    redistributable: true,
    staleAfterHours: 72,
    parts: (wants) => releases.filter((release) => wants(`AlmaLinux:${release}`)),
    fetch(part, fetcher) {
      const file = `${part}/errata.full.json`;
      return fetchWhole(fetcher, file, (stored) => memberDocuments(stored, file, ["data"]));
    },
  },
};
