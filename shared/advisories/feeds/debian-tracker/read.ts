/** What the Debian security tracker says of one CVE in each release. */

import { severityOfWord } from "../../reading/cvss.ts";
import { debianRelease } from "../../reading/debian-releases.ts";
import { oneLine, paragraph } from "../../reading/text.ts";
import { undated } from "../../reading/undated.ts";
import type { Affected, AffectedPackage, FeedContext, FeedRecord } from "../../types.ts";
import type { TrackerDocument, TrackerRelease } from "./schema.ts";

/** The urgency is a severity, or says how the bug is looked upon. Asterisks: it was taken from elsewhere. */
function urgencyOf({ urgency }: TrackerRelease): Pick<Affected, "severity" | "marks"> {
  if (urgency === "unimportant") return { severity: "negligible", marks: ["unimportant"] };
  if (urgency === "end-of-life") return { marks: ["end-of-life"] };
  const severity = severityOfWord(urgency?.replace(/\*+$/, ""));
  return severity === undefined ? {} : { severity };
}

/** `no-dsa` and `postponed`: with a later point release or update, perhaps; `ignored`: not. */
function stateOf({ status, urgency, nodsa, nodsa_reason }: TrackerRelease): Pick<Affected, "state" | "reason"> {
  const reason = nodsa === undefined || nodsa.trim() === "" ? {} : { reason: oneLine(nodsa) };
  if (urgency === "end-of-life") return { state: "end-of-life", ...reason };
  if (status === "undetermined") return { state: "under-investigation", ...reason };
  if (nodsa_reason === "ignored") return { state: "will-not-fix", ...reason };
  return nodsa === undefined ? {} : { state: "deferred", ...reason };
}

function affectedOf(release: TrackerRelease): Affected {
  const fixed = release.fixed_version;
  // No version that was ever in this release has it.
  if (fixed === "0") return { state: "not-affected" };
  if (fixed !== undefined) {
    return {
      ranges: [
        [
          ["introduced", "0"],
          ["fixed", fixed],
        ],
      ],
      ...urgencyOf(release),
    };
  }
  // Resolved in a way that is not said is not taken for resolved.
  return { ranges: [[["introduced", "0"]]], ...stateOf(release), ...urgencyOf(release) };
}

/** One record for each CVE; a document of the whole tracker has thousands, a fetched one has one. */
export function readTracker(document: TrackerDocument, { wants }: FeedContext): readonly FeedRecord[] {
  const bugs = new Map<string, { description: string; readonly affected: AffectedPackage[] }>();
  for (const [name, ofSource] of Object.entries(document)) {
    for (const [id, { description = "", releases }] of Object.entries(ofSource)) {
      let bug = bugs.get(id);
      if (bug === undefined) {
        bug = { description, affected: [] };
        bugs.set(id, bug);
      }
      if (bug.description === "") bug.description = description;
      for (const [codename, release] of Object.entries(releases)) {
        const number = debianRelease(codename);
        if (number === undefined || !wants(`Debian:${number}`)) continue;
        bug.affected.push({ ecosystem: `Debian:${number}`, name, affected: affectedOf(release) });
      }
    }
  }
  return [...bugs].map(([id, { description, affected }]) =>
    affected.length === 0
      ? { kind: "ignored", reason: "other-ecosystem" }
      : {
          kind: "advisory",
          advisory: {
            id,
            ...(id.startsWith("CVE-") && { cves: [id] }),
            database: "Debian",
            summary: oneLine(description),
            ...(description.length > 200 && { description: paragraph(description) }),
            url: `https://security-tracker.debian.org/tracker/${encodeURIComponent(id)}`,
            modified: undated,
          },
          affected,
        },
  );
}
