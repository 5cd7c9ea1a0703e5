/** Azure Linux and CBL-Mariner, as OVAL: https://github.com/microsoft/AzureLinuxVulnerabilityData */
import * as z from "zod";
import { PermanentError } from "../../../platform/errors.ts";
import { severityOfWord } from "../../reading/cvss.ts";
import { checked } from "../../reading/json-document.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { undated } from "../../reading/undated.ts";
import { child, descendants, parseXml, type XmlElement } from "../../sources/xml.ts";
import type { AffectedPackage, Feed, FeedRecord, RangeEvent } from "../../types.ts";
import { releaseOfFile, upstream } from "./upstream.ts";

const details = z.object({
  cve: z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/),
  date: z.iso.datetime({ offset: true }).optional(),
  definition: z.string().regex(/^oval:com\.microsoft\.[\w-]+:def:[0-9]{1,20}$/),
});

/**
 * What the criteria of one package say: `Package golang is earlier than 1.20.7-1, affected by CVE-2023-29404`, `is
 * greater than 1.19.0`, `is installed with version 2.35-4 or earlier`.
 */
const relations: readonly (readonly [shape: RegExp, kind: RangeEvent[0]])[] = [
  [/^Package ([A-Za-z0-9][\w.+-]*) is greater than ([\w.:+~^-]+)(?:,|$)/, "introduced"],
  [/^Package ([A-Za-z0-9][\w.+-]*) is earlier than ([\w.:+~^-]+)(?:,|$)/, "fixed"],
  [/^Package ([A-Za-z0-9][\w.+-]*) is installed with version ([\w.:+~^-]+) or earlier/, "last_affected"],
];

function affectedIn(definition: XmlElement, ecosystem: string, isApplicable: boolean): readonly AffectedPackage[] {
  const events = new Map<string, RangeEvent[]>();
  for (const { attributes } of descendants(definition, "criterion")) {
    for (const [shape, kind] of relations) {
      const [, name, version] = shape.exec(attributes["comment"] ?? "") ?? [];
      if (name !== undefined && version !== undefined) events.set(name, [...(events.get(name) ?? []), [kind, version]]);
    }
  }
  return [...events].map(([name, told]) => {
    if (!isApplicable) {
      const reason = "Not Applicable";
      return { ecosystem, name, affected: { ranges: [[["introduced", "0"]]], state: "not-affected", reason } };
    }
    const first = told.filter(([kind]) => kind === "introduced");
    const last = told.filter(([kind]) => kind !== "introduced");
    const start: readonly RangeEvent[] = first.length > 0 ? first : [["introduced", "0"]];
    return { ecosystem, name, affected: { ranges: [[...start, ...last]] } };
  });
}

function read(document: Buffer, wants: (ecosystem: string) => boolean, file: string): FeedRecord {
  const release = releaseOfFile(file);
  if (release === undefined) throw new PermanentError("advisory-malformed", `${file} is not named by a release`);
  const ecosystem = `Azure Linux:${release}`;
  if (!wants(ecosystem)) return { kind: "ignored", reason: "other-ecosystem" };
  const definition = parseXml(document);
  const metadata = child(definition, "metadata");
  const told = checked(details, {
    cve: child(metadata, "reference")?.attributes["ref_id"],
    date: child(metadata, "advisory_date")?.text,
    definition: definition.attributes["id"],
  });
  const { cve, date = undated } = told;
  const affected = affectedIn(definition, ecosystem, child(metadata, "patchable")?.text !== "Not Applicable");
  if (affected.length === 0) return { kind: "ignored", reason: "no-package" };
  const severity = severityOfWord(child(metadata, "severity")?.text);
  const description = paragraph(child(metadata, "description")?.text ?? "");
  return {
    kind: "advisory",
    // One definition for each package that has the vulnerability.
    scope: `${release} ${told.definition.split(":").at(-1) ?? ""}`,
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

export const feed: Feed = {
  name: "azure-linux",
  recognises: (document) =>
    /^<definition\s[^>]*\bid="oval:com\.microsoft\.(?:azurelinux|cbl-mariner):def:/.test(
      document.toString("latin1", 0, 512),
    ),
  read: (document, { wants }, file = "") => [read(document, wants, file)],
  upstream,
};
