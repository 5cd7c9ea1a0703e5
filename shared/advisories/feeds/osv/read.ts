/** An OSV record as we keep it: https://ossf.github.io/osv-schema/ */
import { limits } from "../../../platform/limits.ts";
import { schemeOfEcosystem } from "../../../versions/compare.ts";
import { ecosystemFamily } from "../../ecosystems.ts";
import { judgeRange, sortEvents } from "../../ranges.ts";
import { type Scorer, severityOfWord } from "../../reading/cvss.ts";
import { informationalMarks, isInformational } from "../../reading/informational.ts";
import { kubernetes } from "../../reading/kubernetes.ts";
import { streamsIn } from "../../reading/module-streams.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import type { Advisory, Affected, AffectedPackage, FeedContext, FeedRecord, RangeEvent } from "../../types.ts";
import { cveOf, databaseOf } from "./databases.ts";
import { platformsOf, symbolsOf } from "./go.ts";
import { withKnownEnd } from "./last-known.ts";
import type { OsvAffected, OsvRecord } from "./schema.ts";

/**
 * Red Hat states its severity as a link to its classification page, Alma and Rocky as the first word of the summary,
 * Ubuntu as a severity of its own type, GitHub and Bitnami as `database_specific.severity`.
 */
function statedSeverity(record: OsvRecord) {
  const word = severityOfWord(record.database_specific?.severity);
  if (word !== undefined) return word;
  for (const { type, score } of record.severity) {
    const stated = type.startsWith("CVSS_") ? undefined : severityOfWord(score);
    if (stated !== undefined) return stated;
  }
  for (const { url } of record.references) {
    const stated = /^https:\/\/access\.redhat\.com\/security\/updates\/classification\/#(\w+)$/.exec(url)?.[1];
    if (stated !== undefined) return severityOfWord(stated);
  }
  return severityOfWord(/^(\w+): /.exec(record.summary ?? "")?.[1]);
}

/** The vulnerabilities that the record is about: its own names, and of an update those that it fixes. */
function cvesOf(record: OsvRecord, bundles: boolean): readonly string[] {
  const names = [record.id, ...record.aliases];
  // Records of distributions name the vulnerability as upstream's; before 2025 as a related one.
  if (bundles || cveOf(record.id) !== record.id) names.push(...record.upstream);
  if (bundles) names.push(...record.related);
  return [...new Set(names.flatMap((name) => cveOf(name) ?? []))].sort();
}

function eventsOf(range: OsvAffected["ranges"][number]): readonly RangeEvent[] {
  return range.events.flatMap((event) => {
    const events: RangeEvent[] = [];
    if (typeof event.introduced === "string") events.push(["introduced", event.introduced]);
    if (typeof event.fixed === "string") events.push(["fixed", event.fixed]);
    if (typeof event.last_affected === "string") events.push(["last_affected", event.last_affected]);
    if (typeof event.limit === "string") events.push(["limit", event.limit]);
    return events;
  });
}

/**
 * Ranges in version order, and of the listed versions only those that no range covers: publishers list every version
 * inside the ranges too, by the hundred.
 */
function versionsOf(ecosystem: string, entry: OsvAffected): Pick<Affected, "ranges" | "versions" | "versionsCut"> {
  const scheme = schemeOfEcosystem(ecosystem);
  const lastKnown = entry.database_specific?.last_known_affected_version_range;
  const unsorted = entry.ranges
    .filter((range) => range.type === "SEMVER" || range.type === "ECOSYSTEM")
    .map((range) => withKnownEnd(eventsOf(range), lastKnown));
  const ranges = scheme === undefined ? unsorted : unsorted.map((events) => sortEvents(scheme, events));
  const alone = entry.versions.filter((text) => {
    const version = scheme?.parse(text);
    if (scheme === undefined || version === undefined) return true;
    return !ranges.some((events) => {
      const verdict = judgeRange(scheme, events, version);
      return "affected" in verdict && verdict.affected;
    });
  });
  return {
    ...(ranges.length > 0 && { ranges }),
    ...(alone.length > 0 && { versions: alone.slice(0, limits.advisoryVersions) }),
    ...(alone.length > limits.advisoryVersions && { versionsCut: true }),
  };
}

const modular = new Set(["Red Hat", "AlmaLinux", "Rocky Linux"]);

/** The module streams that a modular update is for. */
function modulesOf(family: string, record: OsvRecord, entry: OsvAffected): readonly string[] | undefined {
  if (!modular.has(family)) return undefined;
  const isModular = entry.ranges.some((range) => range.events.some((event) => event.fixed?.includes(".module")));
  if (!isModular) return undefined;
  return streamsIn(record.summary ?? "");
}

/** Ecosystems whose records in OSV name source packages while other records name what is built from them. */
const bySource = new Set([kubernetes, "SUSE", "openSUSE"]);

/** SUSE: `[{"openssl": "1.1.1-2", ...}]`, what of the source package each product ships. */
function binariesOf(family: string, entry: OsvAffected): readonly string[] | undefined {
  if (family !== "SUSE" && family !== "openSUSE") return undefined;
  const binaries: unknown = entry.ecosystem_specific?.binaries;
  if (!Array.isArray(binaries)) return undefined;
  const names = binaries.flatMap((group: unknown) =>
    typeof group === "object" && group !== null ? Object.keys(group) : [],
  );
  return names.length === 0 ? undefined : [...new Set(names)].sort();
}

/** The Debian tracker's urgency is its severity, or a state: https://security-team.debian.org/security_tracker.html */
function urgencyOf(entry: OsvAffected): Pick<Affected, "severity" | "marks"> {
  const { urgency } = entry.ecosystem_specific ?? {};
  if (urgency === "unimportant") return { severity: "negligible", marks: ["unimportant"] };
  if (urgency === "end-of-life") return { marks: ["end-of-life"] };
  const severity = severityOfWord(typeof urgency === "string" ? urgency.replace(/\*+$/, "") : undefined);
  return severity === undefined ? {} : { severity };
}

/**
 * RustSec's records that tell of no vulnerability but of a crate that is given up, unsound or otherwise worth knowing
 * about: https://github.com/RustSec/advisory-db#advisory-format
 */
function informationalOf(entry: OsvAffected): Pick<Affected, "severity" | "marks"> {
  const { informational } = entry.database_specific ?? {};
  return isInformational(informational) ? { severity: "negligible", marks: informationalMarks(informational) } : {};
}

function affectedOf(record: OsvRecord, entry: OsvAffected, ecosystem: string, score: Scorer): Affected {
  const family = ecosystemFamily(ecosystem);
  const severity =
    severityOfWord(entry.ecosystem_specific?.severity) ?? severityOfWord(entry.database_specific?.severity);
  const cvss = score(entry.severity);
  const modules = modulesOf(family, record, entry);
  const binaries = binariesOf(family, entry);
  const symbols = family === "Go" ? symbolsOf(entry.ecosystem_specific?.imports) : undefined;
  const platforms = family === "Go" ? platformsOf(entry.ecosystem_specific?.imports) : [];
  return {
    ...versionsOf(ecosystem, entry),
    ...(severity !== undefined && { severity }),
    ...(cvss !== undefined && { cvss }),
    ...(family === "Debian" && urgencyOf(entry)),
    ...(family === "crates.io" && informationalOf(entry)),
    ...(platforms.length > 0 && { marks: platforms }),
    ...(modules !== undefined && { modules }),
    ...(binaries !== undefined && { binaries }),
    ...(bySource.has(family) && { source: true }),
    ...(symbols !== undefined && { symbols }),
  };
}

function cwesOf(record: OsvRecord): readonly string[] {
  const names: unknown = record.database_specific?.cwe_ids;
  if (!Array.isArray(names)) return [];
  const cwes = names.filter((name): name is string => typeof name === "string" && /^CWE-[0-9]{1,6}$/.test(name));
  return [...new Set(cwes)].sort();
}

/** What it says at length, where that is more than the summary tells. */
function descriptionOf({ summary, details }: OsvRecord): { readonly description?: string } {
  const text = details ?? "";
  const tells = (summary ?? "") === "" ? oneLine(text).endsWith("…") : text !== "" && text !== summary;
  return tells ? { description: paragraph(text) } : {};
}

/** Members in one order, so that equal records give equal bytes. */
function advisoryOf(record: OsvRecord, ecosystem: string, score: Scorer): { advisory: Advisory; licence?: string } {
  const database = databaseOf(record.id, ecosystem);
  const aliases = [...new Set(record.aliases)].filter((alias) => alias !== record.id).sort();
  const cves = cvesOf(record, database.bundles === true);
  const severity = statedSeverity(record);
  const cvss = score(record.severity);
  const cwes = cwesOf(record);
  const advisory: Advisory = {
    id: record.id,
    ...(aliases.length > 0 && { aliases }),
    ...(cves.length > 0 && { cves }),
    ...(database.bundles === true && { bundle: true }),
    summary: oneLine(record.summary || record.details || ""),
    ...descriptionOf(record),
    ...(severity !== undefined && { severity }),
    ...(cvss !== undefined && { cvss }),
    database: database.name,
    url: database.url(record.id),
    modified: new Date(record.modified).toISOString(),
    ...(cwes.length > 0 && { cwes }),
    ...(record.id.startsWith("MAL-") && { malicious: true }),
  };
  return { advisory, ...(database.licence !== undefined && { licence: database.licence }) };
}

/** What the record says about the ecosystems that are wanted. */
export function readRecord(record: OsvRecord, context: FeedContext, score: Scorer): FeedRecord {
  if (typeof record.withdrawn === "string") return { kind: "withdrawn", id: record.id };
  const affected: AffectedPackage[] = [];
  for (const entry of record.affected) {
    if (entry.package === null || entry.package === undefined) continue;
    const { name } = entry.package;
    // As it was written before OSV defined it.
    const ecosystem = entry.package.ecosystem === "kubernetes" ? kubernetes : entry.package.ecosystem;
    if (!context.wants(ecosystem)) continue;
    affected.push({ ecosystem, name, affected: affectedOf(record, entry, ecosystem, score) });
  }
  const first = affected[0];
  if (first === undefined) return { kind: "ignored", reason: "other-ecosystem", id: record.id };
  const { advisory, licence } = advisoryOf(record, first.ecosystem, score);
  const harmless = databaseOf(record.id, first.ecosystem).mayBeHarmless === true;
  if (harmless && advisory.cves === undefined) return { kind: "ignored", reason: "no-vulnerability", id: record.id };
  return { kind: "advisory", advisory, affected, ...(licence !== undefined && { licence }) };
}
