/**
 * What the Ubuntu CVE tracker says of one CVE: for each release and source package a status, and a note that is a
 * version or an explanation.
 */
import { PermanentError } from "../../../platform/errors.ts";
import { versionScheme } from "../../../versions/compare.ts";
import { type Scorer, severityOfWord } from "../../reading/cvss.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { undated } from "../../reading/undated.ts";
import type { Advisory, Affected, AffectedPackage, FeedContext, FeedRecord, RangeEvent } from "../../types.ts";
import { type Row, rowOf } from "./releases.ts";
import { isPackageStatus, type PackageStatus, type TrackerRecord } from "./schema.ts";

const all: RangeEvent = ["introduced", "0"];
const open = { ranges: [[all]] };

/** Why a package is left alone: nobody looks after it any more. */
const ended =
  /end[- ]of[- ](?:life|support|standard support|kernel support)|out of (?:standard )?support|reached end|\beol\b|superseded by|replaced by/i;

/** `1.2-3`, or `(1.2-3` as it was once written; nothing for words. */
function versionIn(note: string): string | undefined {
  const word = /^\(?([^\s()]+)/.exec(note.trim())?.[1];
  return word !== undefined && /^\d/.test(word) && versionScheme("deb").parse(word) !== undefined ? word : undefined;
}

/** `undefined`: the release does not have the package, or nothing is known of it. */
function affectedOf({ status, note }: PackageStatus): Affected | undefined {
  const reason = note === undefined || note === null || note === "" ? {} : { reason: oneLine(note) };
  switch (status) {
    case "released": {
      const version = versionIn(note ?? "");
      // Somebody fixed it, but who has which version cannot be told.
      return version === undefined
        ? { ...open, state: "under-investigation", reason: oneLine(`released ${note ?? ""}`) }
        : { ranges: [[all, ["fixed", version]]] };
    }
    case "needed":
      return { ...open, ...reason };
    // Made, but not there to be installed.
    case "pending":
    case "in-progress":
    case "active":
      return { ...open, reason: oneLine(`${status} ${note ?? ""}`) };
    case "needs-triage":
      return { ...open, state: "under-investigation", ...reason };
    case "deferred":
      return { ...open, state: "deferred", ...reason };
    case "ignored":
      return { ...open, state: ended.test(note ?? "") ? "end-of-life" : "will-not-fix", ...reason };
    case "not-affected":
      return { state: "not-affected", ...reason };
    case "DNE":
      return undefined;
    default:
      throw new PermanentError("advisory-malformed", `a status is ${JSON.stringify(status.slice(0, 50))}`);
  }
}

/** One row of the table that a record is: what is said of one package in one pocket of a release. */
interface Told {
  readonly row: Row;
  readonly name: string;
  readonly status: PackageStatus;
}

const sourceName = /^[A-Za-z0-9][A-Za-z0-9+.-]{0,200}$/;

/** The rows of the releases that are wanted and have the package. */
function* rowsOf({ packages }: TrackerRecord, { wants }: FeedContext): Generator<Told> {
  for (const [key, byName] of Object.entries(packages)) {
    const row = rowOf(key);
    if (row === undefined || !wants(row.base)) continue;
    if (typeof byName !== "object" || byName === null)
      throw new PermanentError("advisory-malformed", `packages.${key}`);
    for (const [name, status] of Object.entries(byName as Readonly<Record<string, unknown>>)) {
      if (!isPackageStatus(status) || !sourceName.test(name))
        throw new PermanentError("advisory-malformed", `packages.${key}.${name}`);
      if (status.status !== "DNE") yield { row, name, status };
    }
  }
}

const stillOpen = new Set(["released", "needed", "pending", "deferred", "needs-triage"]);

/**
 * The release's own rows, and of the pockets only what they fix: the vulnerability is told by the release. A package
 * of which only Expanded Security Maintenance speaks is one that the release no longer looks after.
 */
function packagesOf(record: TrackerRecord, context: FeedContext): readonly AffectedPackage[] {
  const affected: AffectedPackage[] = [];
  const told = new Set<string>();
  const maintained = new Map<string, Told>();
  for (const each of rowsOf(record, context)) {
    const { row, name, status } = each;
    const key = `${row.base}\t${name}`;
    if (row.pocket === undefined) told.add(key);
    if (row.pocket === undefined || status.status === "released") affected.push(packageOf(row.ecosystem, name, status));
    if (row.pocket === "Ubuntu:Pro" && stillOpen.has(status.status)) maintained.set(key, each);
  }
  for (const [key, { row, name }] of maintained) {
    if (!told.has(key)) affected.push({ ecosystem: row.base, name, affected: { ...open, state: "end-of-life" } });
  }
  return affected;
}

function packageOf(ecosystem: string, name: string, told: PackageStatus): AffectedPackage {
  const affected = affectedOf(told) ?? open;
  const severity = severityOfWord(told.priority);
  return { ecosystem, name, affected: { ...affected, ...(severity !== undefined && { severity }) } };
}

/** `2019-10-23 18:15:00 UTC`, `2019-10-23`; the tracker does not tell when it was changed. */
function dateOf(text: string | null | undefined): string {
  const at = Date.parse((text ?? "").replace(/^(\S+) (\S+) UTC$/, "$1T$2Z"));
  return Number.isNaN(at) ? undated : new Date(at).toISOString();
}

/** `CVSS:3.1/AV:N/... [9.8 CRITICAL]`. */
function cvssOf({ cvss }: TrackerRecord, score: Scorer): Advisory["cvss"] {
  const vectors = Object.values(cvss ?? {}).flatMap((text) => /CVSS:\S+/.exec(text)?.[0] ?? []);
  return score(vectors.map((vector) => ({ type: vector.startsWith("CVSS:4") ? "CVSS_V4" : "CVSS_V3", score: vector })));
}

export function readTrackerRecord(record: TrackerRecord, context: FeedContext, score: Scorer): FeedRecord {
  const affected = packagesOf(record, context);
  if (affected.length === 0) return { kind: "ignored", reason: "other-ecosystem" };
  const { candidate: id } = record;
  const description = record.description ?? "";
  const severity = severityOfWord(record.priority);
  const cvss = cvssOf(record, score);
  return {
    kind: "advisory",
    advisory: {
      id,
      cves: [id],
      database: "Ubuntu",
      summary: oneLine(description),
      ...(description.length > 200 && { description: paragraph(description) }),
      ...(severity !== undefined && { severity }),
      ...(cvss !== undefined && { cvss }),
      url: `https://ubuntu.com/security/${encodeURIComponent(id)}`,
      modified: dateOf(record.public_date),
    },
    affected,
    licence: "CC-BY-SA-4.0",
  };
}
