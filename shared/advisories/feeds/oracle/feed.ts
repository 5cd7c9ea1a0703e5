/** Oracle Linux errata (ELSA), as OVAL: https://linux.oracle.com/security/ */
import * as z from "zod";
import { PermanentError } from "../../../platform/errors.ts";
import { severityOfWord } from "../../reading/cvss.ts";
import { checked } from "../../reading/json-document.ts";
import { affectedOf, isDebugPackage, type Statement } from "../../reading/statements.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { child, descendants, parseXml, type XmlElement } from "../../sources/xml.ts";
import type { Advisory, Feed, FeedRecord } from "../../types.ts";
import { upstream } from "./upstream.ts";

/** What the criteria around a package say of where it counts. */
interface Around {
  readonly release?: string;
  readonly arch?: string;
  readonly module?: string;
}

const packageShape = /^([A-Za-z0-9][\w.+-]*) is earlier than ([0-9]+:[\w.+~^-]+)$/;

function around(outer: Around, comment: string): Around {
  const release = /^Oracle Linux ([0-9]{1,2}) is installed$/.exec(comment)?.[1];
  const arch = /^Oracle Linux arch is ([a-z0-9_]+)$/.exec(comment)?.[1];
  const module = /^Module ([\w.+-]+:[\w.+-]+) is enabled$/.exec(comment)?.[1];
  return {
    ...outer,
    ...(release !== undefined && { release }),
    ...(arch !== undefined && { arch }),
    ...(module !== undefined && { module }),
  };
}

/** The comments of criteria say what their tests check: the tests lie elsewhere in the document. */
function* statementsIn(criteria: XmlElement, outer: Around): Generator<Statement> {
  const comments = criteria.children.flatMap(({ name, attributes: { comment } }) =>
    name === "criterion" && comment !== undefined ? comment.trim() : [],
  );
  const inner = comments.reduce(around, outer);
  const { release, arch, module } = inner;
  for (const comment of comments) {
    const [, name, fixed] = packageShape.exec(comment) ?? [];
    if (release === undefined || name === undefined || fixed === undefined || isDebugPackage(name)) continue;
    yield {
      ecosystem: `Oracle Linux:${release}`,
      name,
      ...(arch !== undefined && { arch }),
      ...(module !== undefined && { modules: [module] }),
      // Without a module told, a modular build is of a stream that is not known.
      ...(module === undefined && fixed.includes(".module") && { modules: [] }),
      says: { fixed },
    };
  }
  for (const next of criteria.children) {
    if (next.name === "criteria") yield* statementsIn(next, inner);
  }
}

const details = z.object({
  id: z.string().regex(/^ELSA-[0-9]{4}-[0-9]{1,10}(?:-[0-9]+)?$/),
  issued: z.iso.date(),
});

function cvesOf(metadata: XmlElement): readonly string[] {
  const references = metadata.children.filter(({ name }) => name === "reference");
  const ids = references.map(({ attributes }) => attributes["ref_id"] ?? "");
  return [...new Set(ids.filter((id) => /^CVE-[0-9]{4}-[0-9]{4,19}$/.test(id)))].sort();
}

function advisoryOf(metadata: XmlElement, cves: readonly string[]): Advisory {
  const advisory = child(metadata, "advisory");
  const reference = metadata.children.find(({ attributes }) => attributes["source"]?.toLowerCase() === "elsa");
  const { id, issued } = checked(details, {
    id: reference?.attributes["ref_id"],
    issued: child(advisory, "issued")?.attributes["date"],
  });
  const description = paragraph(child(metadata, "description")?.text ?? "");
  const severity = severityOfWord(child(advisory, "severity")?.text);
  return {
    id,
    cves,
    bundle: true,
    database: "Oracle",
    summary: oneLine((child(metadata, "title")?.text ?? "").replace(/^\s*ELSA-[0-9-]+:\s*/, "")),
    ...(description !== "" && { description }),
    ...(severity !== undefined && { severity }),
    url: `https://linux.oracle.com/errata/${id}.html`,
    modified: `${issued}T00:00:00.000Z`,
  };
}

function read(document: Buffer, wants: (ecosystem: string) => boolean): FeedRecord {
  const definition = parseXml(document);
  const metadata = child(definition, "metadata");
  if (metadata === undefined) throw new PermanentError("advisory-malformed", "no metadata");
  const cves = cvesOf(metadata);
  const advisory = advisoryOf(metadata, cves);
  if (cves.length === 0) return { kind: "ignored", reason: "no-vulnerability" };
  const statements = [...descendants(definition, "criteria")].slice(0, 1).flatMap((top) => [...statementsIn(top, {})]);
  const affected = affectedOf(statements.filter(({ ecosystem }) => wants(ecosystem)));
  return affected.length === 0
    ? { kind: "ignored", reason: "other-ecosystem" }
    : { kind: "advisory", advisory, affected };
}

export const feed: Feed = {
  name: "oracle",
  recognises: (document) =>
    /^<definition\s[^>]*\bid="oval:com\.oracle\.elsa:def:/.test(document.toString("latin1", 0, 512)),
  read: (document, { wants }) => [read(document, wants)],
  upstream,
};
