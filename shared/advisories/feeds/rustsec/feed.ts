/** RustSec's own files: https://github.com/RustSec/advisory-db#advisory-format */
import { parse } from "smol-toml";
import * as z from "zod";
import { messageOf, PermanentError } from "../../../platform/errors.ts";
import { cvssScorer } from "../../reading/cvss.ts";
import { informationalMarks, isInformational } from "../../reading/informational.ts";
import { rangeOutside } from "../../reading/intervals.ts";
import { checked } from "../../reading/json-document.ts";
import { repositoryUpstream } from "../../reading/repository.ts";
import { cargoRequirements } from "../../reading/requirements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { isoTime } from "../../reading/time.ts";
import type { Affected, Feed, FeedContext, FeedRecord } from "../../types.ts";

const score = cvssScorer();
const ecosystem = "crates.io";

const requirements = z.array(z.string().max(500)).max(200).default([]);
const frontMatter = z.object({
  advisory: z.object({
    id: z.string().regex(/^(?:RUSTSEC|CVE)-[0-9]{4}-[0-9]{4,19}$/),
    package: z.string().regex(/^[A-Za-z0-9_-]{1,200}$/),
    date: z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/),
    /** `crates`, or of the language itself `rust`. */
    collection: z.string().max(100).optional(),
    withdrawn: z.string().max(100).optional(),
    informational: z.string().max(100).optional(),
    aliases: z
      .array(z.string().regex(/^[\w.:-]{1,100}$/))
      .max(100)
      .default([]),
    cvss: z.string().max(300).optional(),
    license: z.string().max(100).optional(),
  }),
  affected: z
    .object({
      os: z
        .array(z.string().regex(/^[\w-]{1,40}$/))
        .max(50)
        .default([]),
    })
    .optional(),
  versions: z.object({ patched: requirements, unaffected: requirements }),
});
type FrontMatter = z.infer<typeof frontMatter>;

/** The TOML block at the beginning, and the text after it. */
const shape = /^\s*```toml\r?\n([\s\S]*?)\r?\n```[ \t]*(?:\r?\n|$)/;

function parseToml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new PermanentError("advisory-malformed", `not TOML: ${messageOf(error).slice(0, 200)}`, { cause: error });
  }
}

function affectedOf({ advisory, affected, versions }: FrontMatter): Affected {
  const intervals = [...versions.patched, ...versions.unaffected].map((text) => cargoRequirements.interval([text]));
  const { informational } = advisory;
  const systems = affected?.os ?? [];
  const marks = [
    ...(isInformational(informational) ? informationalMarks(informational) : []),
    ...(systems.includes("linux") ? [] : systems.map((system) => `only-${system}`)),
  ];
  return {
    ranges: [rangeOutside(cargoRequirements.line, intervals)],
    ...(isInformational(informational) && { severity: "negligible" }),
    ...(marks.length > 0 && { marks }),
  };
}

function read(document: Buffer, { wants }: FeedContext): FeedRecord {
  const text = document.toString("utf8");
  const [block = "", toml = ""] = shape.exec(text) ?? [];
  const matter = checked(frontMatter, parseToml(toml));
  const { id, package: name, collection, withdrawn, aliases, cvss: vector, date, license } = matter.advisory;
  if (withdrawn !== undefined) return { kind: "withdrawn", id };
  if (collection === "rust" || !id.startsWith("RUSTSEC-")) return { kind: "ignored", reason: "no-package" };
  if (!wants(ecosystem)) return { kind: "ignored", reason: "other-ecosystem" };
  const cves = [...new Set(aliases.filter((alias) => /^CVE-[0-9]{4}-[0-9]{4,19}$/.test(alias)))].sort();
  const [, title = "", description = ""] = /^\s*#\s+([^\n]*)\n?([\s\S]*)$/.exec(text.slice(block.length)) ?? [];
  const cvss =
    vector === undefined ? undefined : score(["4", "3", "2"].map((v) => ({ type: `CVSS_V${v}`, score: vector })));
  return {
    kind: "advisory",
    advisory: {
      id,
      ...(aliases.length > 0 && { aliases: [...new Set(aliases)].sort() }),
      ...(cves.length > 0 && { cves }),
      database: "RustSec",
      summary: oneLine(title),
      ...(description.trim() !== "" && { description: paragraph(description) }),
      ...(cvss !== undefined && { cvss }),
      url: `https://rustsec.org/advisories/${id}.html`,
      modified: isoTime(date),
    },
    affected: [{ ecosystem, name, affected: affectedOf(matter) }],
    licence: license ?? "CC0-1.0",
  };
}

export const feed: Feed = {
  name: "rustsec",
  recognises: (document) =>
    /^\s*```toml\r?\n[\s#]?/.test(document.toString("latin1", 0, 64)) && document.includes("[advisory]"),
  read: (document, context) => [read(document, context)],
  upstream: repositoryUpstream(
    { name: "RustSec/advisory-db", branch: "main", files: /\/crates\/[^/]+\/RUSTSEC-[0-9-]+\.md$/ },
    {
      // OSV carries its records.
      enabled: false,
      licence: "CC0-1.0",
      attribution: "RustSec Advisory Database, https://rustsec.org",
      redistributable: true,
      staleAfterHours: 14 * 24,
      parts: (wants) => (wants(ecosystem) ? [""] : []),
    },
  ),
};
