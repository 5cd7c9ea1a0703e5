/** Azure Linux and CBL-Mariner, as OVAL: https://github.com/microsoft/AzureLinuxVulnerabilityData */
import * as z from "zod";
import { PermanentError } from "../../../platform/errors.ts";
import { child, descendants, parseXml, type XmlElement } from "../../sources/xml.ts";
import { affectedOf, type Statement } from "../../statements.ts";
import { oneLine, paragraph } from "../../text.ts";
import type { Feed, FeedRecord } from "../../types.ts";
import { severityOfWord } from "../osv/severity.ts";
import { releaseOfFile, upstream } from "./upstream.ts";

const details = z.object({
  cve: z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/),
  date: z.iso.datetime({ offset: true }),
  definition: z.string().regex(/^oval:com\.microsoft\.[\w-]+:def:[0-9]{1,20}$/),
});

/** `Package freeglut is earlier than 3.4.0-1, affected by CVE-2024-24258`, or `is greater than 0.0.0-0` of no fix. */
const criterionShape =
  /^Package ([A-Za-z0-9][\w.+-]*) is (earlier than|less than|less than or equal to|greater than) ([\w.:+~^-]+), affected by /;

function statementOf(ecosystem: string, comment: string): Statement | undefined {
  const [, name, relation, version] = criterionShape.exec(comment) ?? [];
  if (name === undefined || version === undefined) return undefined;
  const isFixed = relation === "earlier than" || relation === "less than";
  return { ecosystem, name, says: isFixed ? { fixed: version } : { state: "open" } };
}

function read(document: Buffer, wants: (ecosystem: string) => boolean, file: string): FeedRecord {
  const release = releaseOfFile(file);
  if (release === undefined) throw new PermanentError("advisory-malformed", `${file} is not named by a release`);
  const ecosystem = `Azure Linux:${release}`;
  if (!wants(ecosystem)) return { kind: "ignored", reason: "other-ecosystem" };
  const definition = parseXml(document);
  const metadata = child(definition, "metadata");
  const parsed = details.safeParse({
    cve: child(metadata, "reference")?.attributes["ref_id"],
    date: child(metadata, "advisory_date")?.text,
    definition: definition.attributes["id"],
  });
  if (metadata === undefined || !parsed.success) {
    const issue = parsed.error?.issues[0];
    throw new PermanentError(
      "advisory-malformed",
      `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no metadata"}`,
    );
  }
  const { cve, date } = parsed.data;
  const affected = affectedOf(statementsIn(definition, ecosystem));
  if (affected.length === 0) return { kind: "ignored", reason: "no-package" };
  const severity = severityOfWord(child(metadata, "severity")?.text);
  const description = paragraph(child(metadata, "description")?.text ?? "");
  return {
    kind: "advisory",
    // One definition for each package that has the vulnerability.
    scope: `${release} ${parsed.data.definition.split(":").at(-1) ?? ""}`,
    advisory: {
      id: cve,
      cves: [cve],
      database: "Azure Linux",
      summary: oneLine(child(metadata, "title")?.text ?? ""),
      ...(description !== "" && { description }),
      ...(severity !== undefined && { severity }),
      url: `https://msrc.microsoft.com/update-guide/vulnerability/${cve}`,
      modified: new Date(date).toISOString(),
    },
    affected,
    licence: "MIT",
  };
}

function* statementsIn(definition: XmlElement, ecosystem: string): Generator<Statement> {
  for (const { attributes } of descendants(definition, "criterion")) {
    const statement = statementOf(ecosystem, attributes["comment"] ?? "");
    if (statement !== undefined) yield statement;
  }
}

export const feed: Feed = {
  name: "azure-linux",
  recognises: (document) =>
    /^<definition\s[^>]*\bid="oval:com\.microsoft\.(?:azurelinux|cbl-mariner):def:/.test(
      document.toString("latin1", 0, 512),
    ),
  read: (document, { wants }, file = "") => [read(document, wants, file)],
  upstream,
};
